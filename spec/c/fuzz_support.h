/* What the fuzz targets share: a check that ends the program, and bytes read one by one. */
#ifndef FUZZ_SUPPORT_H
#define FUZZ_SUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert it stays whatever NDEBUG says. */
#define CHECK(condition)                                                            \
  do {                                                                              \
    if (!(condition)) {                                                             \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      abort();                                                                      \
    }                                                                               \
  } while (0)

typedef struct input {
  const uint8_t *at;
  size_t left;
} input;

static inline uint8_t next_byte(input *in) {
  if (in->left == 0)
    return 0;
  in->left--;
  return *in->at++;
}

/* The next `wanted` bytes, or what is left of them. */
static inline const char *next_bytes(input *in, size_t wanted, size_t *length) {
  const char *bytes = (const char *)in->at;
  *length = wanted < in->left ? wanted : in->left;
  in->at += *length;
  in->left -= *length;
  return bytes;
}

#endif
