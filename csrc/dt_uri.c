#include "dt_uri.h"

#include <string.h>

static bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

size_t dt_uri_encode(char *out, const char *segment, size_t length) {
  static const char digits[] = "0123456789ABCDEF";
  char *start = out;
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)segment[i];
    if (is_unreserved(segment[i])) {
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
  for (size_t i = 0; i <= length; i++) {
    if (i < length && segment[i] != '/' && segment[i] != '\\')
      continue;
    if (is_dots(segment + start, i - start))
      return true;
    start = i + 1;
  }
  return false;
}
