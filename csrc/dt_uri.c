#include "dt_uri.h"

#include "dt_inline.h"

#include "dt_limits.h"

#include <stdint.h>
#include <string.h>

/* One bit a byte: the letters, the digits and "-._~". */
static bool is_unreserved(unsigned char c) {
  static const uint32_t bits[8] = {0, 0x03FF6000, 0x87FFFFFE, 0x47FFFFFE};
  return (bits[c >> 5] >> (c & 31)) & 1;
}

size_t dt_uri_encode(char *out, const char *segment, size_t length) {
  static const char digits[] = "0123456789ABCDEF";
  char *start = out;
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)segment[i];
    if (is_unreserved(byte)) {
      *out++ = segment[i];
      continue;
    }
    *out++ = '%';
    *out++ = digits[byte >> 4];
    *out++ = digits[byte & 15];
  }
  return (size_t)(out - start);
}

static bool is_dots(const char *part, size_t length) {
  return (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.');
}

bool dt_uri_has_dot_segment(const char *segment, size_t length) {
  size_t start = 0;
  if (!memchr(segment, '.', length))
    return false;
  for (size_t i = 0; i <= length; i++) {
    if (i < length && segment[i] != '/' && segment[i] != '\\')
      continue;
    if (is_dots(segment + start, i - start))
      return true;
    start = i + 1;
  }
  return false;
}

#if defined(DT_HAS_VECTORS)
typedef unsigned char block __attribute__((vector_size(16)));

/* All bits of a byte are set where it is no letter, digit, "-", "_" or "~". */
static block marks(block w) {
  block lower = w | 0x20;
  return ~((block)(lower - 'a' < 26) | (block)(w - '0' < 10) | (block)(w == '-') |
           (block)(w == '_') | (block)(w == '~'));
}

static bool is_clear(block bad) {
  uint64_t halves[2];
  memcpy(halves, &bad, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

static block copy_block(char *out, const char *from) {
  block w;
  memcpy(&w, from, sizeof w);
  memcpy(out, &w, sizeof w);
  return marks(w);
}

static bool copy_short(char *out, const char *id, size_t length) {
  block w = (block){0} + 'a';
  memcpy(&w, id, length);
  memcpy(out, id, length);
  return is_clear(marks(w));
}

/* Most ids have unreserved bytes only, without a dot: then there is nothing more to look for.
   Sixteen bytes a step, the last one overlapping. */
static bool copy_plain(char *out, const char *id, size_t length) {
  if (length < sizeof(block))
    return copy_short(out, id, length);
  block bad = copy_block(out + length - sizeof bad, id + length - sizeof bad);
  for (size_t i = 0; i + sizeof bad < length; i += sizeof bad)
    bad |= copy_block(out + i, id + i);
  return is_clear(bad);
}
#else
static bool copy_plain(char *out, const char *id, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (!is_unreserved((unsigned char)id[i]) || id[i] == '.')
      return false;
    out[i] = id[i];
  }
  return true;
}
#endif

char *dt_uri_write_id(char *out, const char *id, size_t length, dt_text_fault *fault) {
  if (length - 1 < DT_MAX_ID_BYTES && copy_plain(out, id, length))
    return out + length;
  *fault = dt_text_check_id(id, length, DT_MAX_ID_BYTES);
  if (*fault == DT_TEXT_OK && dt_uri_has_dot_segment(id, length))
    *fault = DT_TEXT_DOT_SEGMENT;
  return *fault == DT_TEXT_OK ? out + dt_uri_encode(out, id, length) : NULL;
}
