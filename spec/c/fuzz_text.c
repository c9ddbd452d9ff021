/* The checks of ids and the JSON writer, against slow ones that decode code point by code point. */
#include "fuzz_support.h"

#include "dt_text.h"

#include <string.h>

/* RFC 3629, by the value that was decoded. 0 for what is no UTF-8. */
static size_t slow_utf8_length(const unsigned char *s, size_t length) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (length == 0)
    return 0;
  size_t need = s[0] < 0x80             ? 1
                : (s[0] & 0xE0) == 0xC0 ? 2
                : (s[0] & 0xF0) == 0xE0 ? 3
                : (s[0] & 0xF8) == 0xF0 ? 4
                                        : 0;
  if (need == 0 || need > length)
    return 0;
  uint32_t value = need == 1 ? s[0] : s[0] & (0x7Fu >> need);
  for (size_t i = 1; i < need; i++) {
    if ((s[i] & 0xC0) != 0x80)
      return 0;
    value = value << 6 | (s[i] & 0x3F);
  }
  if (value < least[need] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    return 0;
  return need;
}

static dt_text_fault slow_check(const char *text, size_t length) {
  for (size_t i = 0; i < length;) {
    unsigned char byte = (unsigned char)text[i];
    size_t step = slow_utf8_length((const unsigned char *)text + i, length - i);
    if (byte < 0x20 || byte == 0x7F)
      return DT_TEXT_CONTROL;
    if (step == 0)
      return DT_TEXT_NOT_UTF8;
    i += step;
  }
  return DT_TEXT_OK;
}

static size_t slow_write(char *out, const char *text, size_t length) {
  size_t n = 0;
  out[n++] = '"';
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '"' || text[i] == '\\')
      out[n++] = '\\';
    out[n++] = text[i];
  }
  out[n++] = '"';
  return n;
}

static void check_json(const char *text, size_t length) {
  /* Exactly what the header asks for: a byte more written is a byte too many. */
  char *fast = malloc(2 * length + 2);
  char *slow = malloc(2 * length + 2);
  CHECK(fast && slow);
  dt_text_fault fault = DT_TEXT_OK;
  dt_text_fault expected = slow_check(text, length);
  const char *end = dt_text_write_json(fast, text, length, &fault);
  CHECK(fault == expected && (end != NULL) == (expected == DT_TEXT_OK));
  if (end) {
    size_t written = slow_write(slow, text, length);
    CHECK((size_t)(end - fast) == written && memcmp(fast, slow, written) == 0);
  }
  free(fast);
  free(slow);
}

static dt_text_fault by_length(size_t length, size_t limit) {
  return length == 0 ? DT_TEXT_EMPTY : length > limit ? DT_TEXT_TOO_LONG : DT_TEXT_OK;
}

static void check_visible(const char *text, size_t length, size_t limit) {
  dt_text_fault expected = by_length(length, limit);
  for (size_t i = 0; expected == DT_TEXT_OK && i < length; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte < 0x20 || byte == 0x7F)
      expected = DT_TEXT_CONTROL;
    else if (byte == 0x20 || byte > 0x7F)
      expected = DT_TEXT_NOT_VISIBLE;
  }
  CHECK(dt_text_check_visible(text, length, limit) == expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input in = {data, size};
  size_t limit = next_byte(&in);
  size_t length;
  const char *bytes = next_bytes(&in, in.left, &length);
  /* A copy of its exact size, so that a read past the end is seen. */
  char *text = malloc(length ? length : 1);
  CHECK(text);
  memcpy(text, bytes, length);
  dt_text_fault expected = by_length(length, limit);
  CHECK(dt_text_check_id(text, length, limit) ==
        (expected == DT_TEXT_OK ? slow_check(text, length) : expected));
  CHECK(dt_text_utf8_length(text, length) == slow_utf8_length((const unsigned char *)text, length));
  check_visible(text, length, limit);
  check_json(text, length);
  free(text);
  return 0;
}
