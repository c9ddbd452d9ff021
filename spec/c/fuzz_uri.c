/* The percent-encoder: what it writes decodes to what went in and holds nothing that means anything
   in a path; the dot segments, against a slow search. */
#include "fuzz_support.h"

#include "dt_uri.h"

#include <string.h>

static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static int digit(char c) {
  static const char digits[] = "0123456789ABCDEF";
  const char *found = c ? strchr(digits, c) : NULL;
  CHECK(found);
  return (int)(found - digits);
}

static void check_encoding(const char *segment, size_t length) {
  char *out = malloc(3 * length + 1);
  CHECK(out);
  size_t written = dt_uri_encode(out, segment, length);
  CHECK(written <= 3 * length);
  size_t read = 0;
  for (size_t i = 0; i < written; read++) {
    CHECK(read < length);
    if (out[i] != '%') {
      CHECK(out[i] && strchr(unreserved, out[i]) && out[i] == segment[read]);
      i++;
      continue;
    }
    CHECK(i + 2 < written);
    char byte = (char)(digit(out[i + 1]) << 4 | digit(out[i + 2]));
    CHECK(byte == segment[read] && !(byte && strchr(unreserved, byte)));
    i += 3;
  }
  CHECK(read == length);
  free(out);
}

static bool is_edge(const char *segment, size_t length, size_t i) {
  return i == length || segment[i] == '/' || segment[i] == '\\';
}

/* One or two dots with an edge on both sides, tried at every place. */
static bool slow_has_dots(const char *segment, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (segment[i] != '.' || !(i == 0 || is_edge(segment, length, i - 1)))
      continue;
    if (is_edge(segment, length, i + 1))
      return true;
    if (segment[i + 1] == '.' && is_edge(segment, length, i + 2))
      return true;
  }
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *segment = malloc(size ? size : 1);
  CHECK(segment);
  if (size)
    memcpy(segment, data, size);
  check_encoding(segment, size);
  CHECK(dt_uri_has_dot_segment(segment, size) == slow_has_dots(segment, size));
  free(segment);
  return 0;
}
