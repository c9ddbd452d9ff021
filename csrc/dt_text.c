#include "dt_text.h"

#include <stdint.h>
#include <string.h>

/* The sequences Unicode allows: no overlong form, no surrogate, nothing above U+10FFFF. */
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

dt_text_fault dt_text_check_visible(const char *text, size_t length, size_t limit) {
  if (length == 0)
    return DT_TEXT_EMPTY;
  if (length > limit)
    return DT_TEXT_TOO_LONG;
  for (size_t i = 0; i < length; i++)
    if (text[i] <= 0x20 || text[i] > 0x7E)
      return is_control((unsigned char)text[i]) ? DT_TEXT_CONTROL : DT_TEXT_NOT_VISIBLE;
  return DT_TEXT_OK;
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/*
 * No top bit is set when all eight bytes can be copied as they are: ASCII, no
 * control byte, no quote, no backslash. A byte below 0x80 minus more than itself
 * sets its top bit, and so does 0x7F plus one; a carry or a borrow can only
 * spread from a byte that is itself refused.
 */
static uint64_t marks(uint64_t w) {
  return w | (w + EACH_BYTE(1)) | (w - EACH_BYTE(0x20)) |
         ((w ^ EACH_BYTE('"')) - EACH_BYTE(1)) | ((w ^ EACH_BYTE('\\')) - EACH_BYTE(1));
}

static uint64_t copy_eight(char *out, const char *text) {
  uint64_t w;
  memcpy(&w, text, sizeof w);
  memcpy(out, &w, sizeof w);
  return marks(w);
}

static bool copy_eights(char *out, const char *text, size_t length) {
  uint64_t bad = copy_eight(out + length - 8, text + length - 8);
  for (size_t i = 0; i + 8 < length; i += 8)
    bad |= copy_eight(out + i, text + i);
  return (bad & EACH_BYTE(0x80)) == 0;
}

#if defined(__GNUC__)
typedef signed char block __attribute__((vector_size(16)));
typedef unsigned char unsigned_block __attribute__((vector_size(16)));

/* The same for sixteen bytes: all bits of a byte are set where it is refused. One more than itself
   is below 0x21, as a signed number, for each byte that is no visible ASCII. */
static block copy_sixteen(char *out, const char *text) {
  block w;
  memcpy(&w, text, sizeof w);
  memcpy(out, &w, sizeof w);
  return (block)((block)((unsigned_block)w + 1) < 0x21) | (block)(w == '"') | (block)(w == '\\');
}

static bool copy_sixteens(char *out, const char *text, size_t length) {
  block bad = copy_sixteen(out + length - 16, text + length - 16);
  for (size_t i = 0; i + 16 < length; i += 16)
    bad |= copy_sixteen(out + i, text + i);
  uint64_t halves[2];
  memcpy(halves, &bad, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}
#else
#define copy_sixteens copy_eights
#endif

/* Most ids are plain ASCII of 13 to 40 bytes: a step a word, the last step overlapping, and one
   look at the end whether there was anything else. */
static bool copy_plain(char *out, const char *text, size_t length) {
  if (length >= 16)
    return copy_sixteens(out, text, length);
  return length >= 8 && copy_eights(out, text, length);
}

static char *write_checked(char *out, const char *text, size_t length, dt_text_fault *fault) {
  for (size_t i = 0; i < length;) {
    size_t step = dt_text_utf8_length(text + i, length - i);
    if (is_control((unsigned char)text[i]) || !step) {
      *fault = step ? DT_TEXT_CONTROL : DT_TEXT_NOT_UTF8;
      return NULL;
    }
    if (text[i] == '"' || text[i] == '\\')
      *out++ = '\\';
    memcpy(out, text + i, step);
    out += step;
    i += step;
  }
  return out;
}

char *dt_text_write_json(char *out, const char *text, size_t length, dt_text_fault *fault) {
  *out++ = '"';
  if (copy_plain(out, text, length))
    out += length;
  else
    out = write_checked(out, text, length, fault);
  if (!out)
    return NULL;
  *out++ = '"';
  return out;
}
