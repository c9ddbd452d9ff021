/* Texts, exhaustively where that is cheap, against slow ways of doing the same. */
#include "check.h"

#include "dt_text.h"
#include "dt_text_plain.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* UTF-8 by RFC 3629's definition: the shortest encoding of a code point that is no surrogate. */
static size_t encode(uint32_t code, unsigned char out[4]) {
  if (code < 0x80) {
    out[0] = (unsigned char)code;
    return 1;
  }
  size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = length - 1; i > 0; i--, code >>= 6)
    out[i] = (unsigned char)(0x80 | (code & 0x3F));
  out[0] = (unsigned char)(leads[length] | code);
  return length;
}

/* Which sequences of up to 3 bytes are characters, marked by encoding every code point. */
static bool one[0x100], two[0x10000];
static unsigned char three[0x1000000];

static void mark(void) {
  unsigned char s[4];
  for (uint32_t code = 0; code < 0x10000; code++) {
    if (code >= 0xD800 && code <= 0xDFFF)
      continue;
    size_t length = encode(code, s);
    if (length == 1)
      one[s[0]] = true;
    else if (length == 2)
      two[s[0] << 8 | s[1]] = true;
    else
      three[s[0] << 16 | s[1] << 8 | s[2]] = 1;
  }
}

static size_t length_of(const unsigned char *bytes, size_t length) {
  return dt_text_utf8_length((const char *)bytes, length);
}

static void utf8_of_up_to_three_bytes(void) {
  unsigned char s[3];
  for (uint32_t all = 0; all < 0x1000000; all++) {
    s[0] = (unsigned char)(all >> 16);
    s[1] = (unsigned char)(all >> 8);
    s[2] = (unsigned char)all;
    size_t expected = one[s[0]] ? 1 : two[all >> 8] ? 2 : three[all] ? 3 : 0;
    CHECK_ROW(all, length_of(s, 3) == expected);
    /* What follows does not matter, and what is cut off is no character. */
    if (s[2] == 0)
      CHECK_ROW(all, length_of(s, 2) == (expected < 3 ? expected : 0));
    if (s[1] == 0 && s[2] == 0)
      CHECK_ROW(all, length_of(s, 1) == (expected == 1 ? 1 : 0));
  }
  CHECK(length_of(s, 0) == 0);
}

static void utf8_of_four_bytes(void) {
  unsigned char s[5];
  for (uint32_t code = 0x10000; code < 0x110000; code++) {
    CHECK_ROW(code, encode(code, s) == 4 && length_of(s, 4) == 4);
    CHECK_ROW(code, length_of(s, 3) == 0);
  }
  /* Each value of the first two bytes, the last two at the edges of what continues a character. */
  static const unsigned char edges[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
  for (unsigned first = 0xF0; first <= 0xFF; first++)
    for (unsigned second = 0; second <= 0xFF; second++)
      for (size_t i = 0; i < LENGTH(edges) * LENGTH(edges); i++) {
        unsigned char last[2] = {edges[i / LENGTH(edges)], edges[i % LENGTH(edges)]};
        uint32_t code =
            (first & 7) << 18 | (second & 0x3F) << 12 | (last[0] & 0x3Fu) << 6 | (last[1] & 0x3Fu);
        bool is_form = first < 0xF8 && (second & 0xC0) == 0x80 && (last[0] & 0xC0) == 0x80 &&
                       (last[1] & 0xC0) == 0x80;
        bool is_good = is_form && code >= 0x10000 && code <= 0x10FFFF;
        memcpy(s, (unsigned char[]){(unsigned char)first, (unsigned char)second, last[0], last[1]},
               4);
        CHECK_ROW(code, length_of(s, 4) == (is_good ? 4 : 0));
      }
}

/* Byte by byte, as the JSON grammar has it. */
static size_t write_slowly(char *out, const char *text, size_t length, dt_text_fault *fault) {
  size_t n = 0;
  out[n++] = '"';
  for (size_t i = 0; i < length;) {
    unsigned char byte = (unsigned char)text[i];
    size_t step = dt_text_utf8_length(text + i, length - i);
    if (byte < 0x20 || byte == 0x7F || !step) {
      *fault = step ? DT_TEXT_CONTROL : DT_TEXT_NOT_UTF8;
      return 0;
    }
    if (byte == '"' || byte == '\\')
      out[n++] = '\\';
    for (; step; step--)
      out[n++] = text[i++];
  }
  out[n++] = '"';
  return n;
}

static void check_written(const char *text, size_t length) {
  static char fast[300];
  static char slow[300];
  dt_text_fault fault = DT_TEXT_OK;
  dt_text_fault expected_fault = DT_TEXT_OK;
  memset(fast, '#', sizeof fast);
  size_t expected = write_slowly(slow, text, length, &expected_fault);
  const char *end = dt_text_write_json(fast, text, length, &fault);
  CHECK(fault == expected_fault);
  CHECK((end == NULL) == (expected == 0));
  CHECK(!end || ((size_t)(end - fast) == expected && memcmp(fast, slow, expected) == 0));
  for (size_t i = 2 * length + 2; i < sizeof fast; i++)
    CHECK(fast[i] == '#');
}

static void json_with_every_byte_at_every_place(void) {
  char text[64];
  for (size_t length = 0; length <= sizeof text; length++) {
    for (size_t i = 0; i < length; i++)
      text[i] = (char)('a' + i % 26);
    check_written(text, length);
    for (size_t at = 0; at < length; at++)
      for (unsigned byte = 0; byte <= 0xFF; byte++) {
        char kept = text[at];
        text[at] = (char)byte;
        check_written(text, length);
        text[at] = kept;
      }
  }
}

/* Eight bytes are looked at in one word: a borrow from a byte must not change what its neighbour
 * is. */
static void json_with_every_pair_of_bytes(void) {
  char text[9];
  for (size_t at = 0; at + 1 < sizeof text; at++)
    for (unsigned pair = 0; pair <= 0xFFFF; pair++) {
      memset(text, 'a', sizeof text);
      text[at] = (char)(pair >> 8);
      text[at + 1] = (char)pair;
      check_written(text, 8);
      check_written(text, 9);
    }
}

static void json_with_characters_at_every_place(void) {
  static const char *const characters[] = {"\xC2\x80", "\xDF\xBF", "\xE4\xB8\xAD", "\xEF\xBF\xBF",
                                           "\xF0\x9F\x98\x80"};
  char text[64];
  for (size_t row = 0; row < LENGTH(characters); row++)
    for (size_t length = 2; length <= sizeof text; length++)
      for (size_t at = 0; at < length; at++) {
        size_t size = strlen(characters[row]);
        memset(text, 'a', sizeof text);
        /* Also cut off at the end of the text. */
        memcpy(text + at, characters[row], size < length - at ? size : length - at);
        check_written(text, length);
      }
}

static void ids(void) {
  static const struct {
    const char *text;
    size_t length;
    size_t limit;
    dt_text_fault fault;
  } rows[] = {
      {"", 0, 10, DT_TEXT_EMPTY},           {"a", 1, 1, DT_TEXT_OK},
      {"ab", 2, 1, DT_TEXT_TOO_LONG},       {"\xE4\xB8\xAD", 3, 3, DT_TEXT_OK},
      {"\xE4\xB8", 2, 3, DT_TEXT_NOT_UTF8}, {"a\0b", 3, 3, DT_TEXT_CONTROL},
      {"a\x7F", 2, 3, DT_TEXT_CONTROL},     {"a\n", 2, 3, DT_TEXT_CONTROL},
      {"a b\"\\/", 6, 6, DT_TEXT_OK},       {"\xFF", 1, 3, DT_TEXT_NOT_UTF8},
      {"\x01\xFF", 2, 3, DT_TEXT_CONTROL},  {"\xFF\x01", 2, 3, DT_TEXT_NOT_UTF8},
      {"\xFF\xFF", 2, 1, DT_TEXT_TOO_LONG},
  };
  for (size_t row = 0; row < LENGTH(rows); row++)
    CHECK_ROW(row, dt_text_check_id(rows[row].text, rows[row].length, rows[row].limit) ==
                       rows[row].fault);
}

static void header_values(void) {
  for (unsigned byte = 0; byte <= 0xFF; byte++) {
    char text[3] = {'a', (char)byte, 'b'};
    dt_text_fault expected = byte < 0x20 || byte == 0x7F   ? DT_TEXT_CONTROL
                             : byte == 0x20 || byte > 0x7F ? DT_TEXT_NOT_VISIBLE
                                                           : DT_TEXT_OK;
    CHECK_ROW(byte, dt_text_check_visible(text, 3, 3) == expected);
    CHECK_ROW(byte, dt_text_check_visible(text + 1, 1, 3) == expected);
    for (size_t length = 1; length <= 24; length++)
      for (size_t place = 0; place < length; place++) {
        char token[24];
        memset(token, place % 2 ? '~' : '!', sizeof token);
        token[place] = (char)byte;
        CHECK_ROW(byte, dt_text_check_visible(token, length, sizeof token) == expected);
      }
  }
  CHECK(dt_text_check_visible("", 0, 3) == DT_TEXT_EMPTY);
  CHECK(dt_text_check_visible("aaaa", 4, 3) == DT_TEXT_TOO_LONG);
}

/* Copied as they are, and doubted at the end if any was not plain: by the place of one byte among
   good ones. The bytes doubted without need are two. */
static void many_doubted_together(void) {
  for (size_t length = DT_TEXT_SHORTEST_DOUBTED; length <= DT_TEXT_LONGEST_DOUBTED; length++) {
    for (unsigned at = 0; at < length * 256; at++) {
      char text[DT_TEXT_LONGEST_DOUBTED];
      char out[DT_TEXT_LONGEST_DOUBTED + 1];
      memset(text, 'x', sizeof text);
      memset(out, '?', sizeof out);
      dt_text_doubts doubts = dt_text_no_doubts();
      dt_text_copy_doubting(out, text, length, &doubts);
      CHECK_ROW(at, dt_text_were_plain(&doubts));
      text[at / 256] = (char)(at % 256);
      dt_text_copy_doubting(out, text, length, &doubts);
      CHECK_ROW(at, memcmp(out, text, length) == 0 && out[length] == '?');
      bool were = dt_text_were_plain(&doubts);
      bool is = dt_text_copy_plain(out, text, length);
      CHECK_ROW(at, were == is || (is && (at % 256 == ' ' || at % 256 == '!')));
      memset(text, 'x', sizeof text);
      dt_text_copy_doubting(out, text, length, &doubts);
      CHECK_ROW(at, dt_text_were_plain(&doubts) == were);
    }
  }
}

int main(void) {
  mark();
  utf8_of_up_to_three_bytes();
  utf8_of_four_bytes();
  json_with_every_byte_at_every_place();
  json_with_every_pair_of_bytes();
  json_with_characters_at_every_place();
  ids();
  header_values();
  many_doubted_together();
  return 0;
}
