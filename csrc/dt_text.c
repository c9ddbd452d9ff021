#include "dt_text.h"

#include "dt_text_plain.h"

#include <stdint.h>
#include <string.h>

const char *dt_text_fault_name(dt_text_fault fault) {
  static const char *const names[] = {
      [DT_TEXT_OK] = "ok",
      [DT_TEXT_EMPTY] = "empty",
      [DT_TEXT_TOO_LONG] = "too_long",
      [DT_TEXT_CONTROL] = "control_byte",
      [DT_TEXT_NOT_UTF8] = "not_utf8",
      [DT_TEXT_NOT_VISIBLE] = "not_visible_ascii",
      [DT_TEXT_DOT_SEGMENT] = "dot_segment",
  };
  return names[fault];
}

/* Accepts what Unicode allows: no overlong form, no surrogate, nothing above U+10FFFF. */
size_t dt_text_utf8_length(const char *text, size_t length) {
  const unsigned char *s = (const unsigned char *)text;
  if (length == 0)
    return 0;
  if (s[0] < 0x80)
    return 1;
  size_t need = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (s[0] == 0xE0)
    low = 0xA0;
  else if (s[0] == 0xED)
    high = 0x9F;
  else if (s[0] == 0xF0)
    low = 0x90;
  else if (s[0] == 0xF4)
    high = 0x8F;
  if (s[0] < 0xC2 || s[0] > 0xF4 || length < need || s[1] < low || s[1] > high)
    return 0;
  for (size_t i = 2; i < need; i++)
    if ((s[i] & 0xC0) != 0x80)
      return 0;
  return need;
}

static bool is_control(unsigned char byte) {
  return byte < 0x20 || byte == 0x7F;
}

static dt_text_fault check_bytes(const char *text, size_t length) {
  for (size_t i = 0; i < length;) {
    if (is_control((unsigned char)text[i]))
      return DT_TEXT_CONTROL;
    bool is_ascii = (unsigned char)text[i] < 0x80;
    size_t step = is_ascii ? 1 : dt_text_utf8_length(text + i, length - i);
    if (!step)
      return DT_TEXT_NOT_UTF8;
    i += step;
  }
  return DT_TEXT_OK;
}

dt_text_fault dt_text_check_id(const char *text, size_t length, size_t limit) {
  if (length == 0)
    return DT_TEXT_EMPTY;
  if (length > limit)
    return DT_TEXT_TOO_LONG;
  return check_bytes(text, length);
}

/* Takes eight bytes a step, since tokens are long; the last step overlaps. A byte below 0x21 has
   its top bit set if 0x21 is subtracted: see dt_text_marks. */
static bool is_all_visible(const char *text, size_t length) {
  uint64_t bad = 0;
  if (length < 8)
    return false;
  for (size_t i = 0; i < length; i += 8) {
    uint64_t w;
    memcpy(&w, text + (i + 8 <= length ? i : length - 8), sizeof w);
    bad |= w | (w + DT_EACH_BYTE(1)) | (w - DT_EACH_BYTE(0x21));
  }
  return (bad & DT_EACH_BYTE(0x80)) == 0;
}

dt_text_fault dt_text_check_visible(const char *text, size_t length, size_t limit) {
  if (length == 0)
    return DT_TEXT_EMPTY;
  if (length > limit)
    return DT_TEXT_TOO_LONG;
  if (is_all_visible(text, length))
    return DT_TEXT_OK;
  for (size_t i = 0; i < length; i++)
    if (text[i] <= 0x20 || text[i] > 0x7E)
      return is_control((unsigned char)text[i]) ? DT_TEXT_CONTROL : DT_TEXT_NOT_VISIBLE;
  return DT_TEXT_OK;
}

static char *write_checked(char *out, const char *text, size_t length, dt_text_fault *fault) {
  for (size_t i = 0; i < length;) {
    unsigned char byte = (unsigned char)text[i];
    if (byte < 0x80) {
      if (is_control(byte)) {
        *fault = DT_TEXT_CONTROL;
        return NULL;
      }
      if (byte == '"' || byte == '\\')
        *out++ = '\\';
      *out++ = text[i++];
      continue;
    }
    size_t step = dt_text_utf8_length(text + i, length - i);
    if (!step) {
      *fault = DT_TEXT_NOT_UTF8;
      return NULL;
    }
    for (; step; step--)
      *out++ = text[i++];
  }
  return out;
}

char *dt_text_write_json(char *out, const char *text, size_t length, dt_text_fault *fault) {
  *out++ = '"';
  if (dt_text_copy_plain(out, text, length))
    out += length;
  else
    out = write_checked(out, text, length, fault);
  if (!out)
    return NULL;
  *out++ = '"';
  return out;
}
