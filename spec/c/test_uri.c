#include "check.h"

#include "dt_limits.h"
#include "dt_uri.h"

#include <stdbool.h>
#include <string.h>

/* RFC 3986, section 2.3. */
static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static void every_byte(void) {
  for (unsigned byte = 0; byte <= 0xFF; byte++) {
    char segment = (char)byte;
    char expected[4] = {segment, 0};
    char out[4] = {0};
    if (byte == 0 || !strchr(unreserved, segment))
      snprintf(expected, sizeof expected, "%%%02X", byte);
    size_t length = dt_uri_encode(out, &segment, 1);
    CHECK_ROW(byte, length == strlen(expected) && memcmp(out, expected, length) == 0);
  }
}

static void all_bytes_in_a_row(void) {
  char segment[256];
  char out[3 * sizeof segment];
  for (unsigned byte = 0; byte <= 0xFF; byte++)
    segment[byte] = (char)byte;
  size_t length = dt_uri_encode(out, segment, sizeof segment);
  CHECK(length == strlen(unreserved) + 3 * (sizeof segment - strlen(unreserved)));
  CHECK(dt_uri_encode(out, segment, 0) == 0);
}

static void dot_segments(void) {
  static const struct {
    const char *segment;
    bool has;
  } rows[] = {
      {"", false},           {".", true},    {"..", true},       {"...", false},
      {"a", false},          {"a.", false},  {".a", false},      {"..a", false},
      {"a..", false},        {"a/..", true}, {"../a", true},     {"a/../b", true},
      {"a/./b", true},       {"a/.", true},  {"./a", true},      {"a/.../b", false},
      {"/", false},          {"//", false},  {"/..", true},      {"../", true},
      {"a\\..\\b", true},    {"..\\", true}, {"\\.", true},      {"a/.b/c", false},
      {"a/..b", false},      {".a.", false}, {"a.b/c.d", false}, {"%2e%2e", false},
      {"../../x?y#z", true},
  };
  for (size_t row = 0; row < LENGTH(rows); row++)
    CHECK_ROW(row, dt_uri_has_dot_segment(rows[row].segment, strlen(rows[row].segment)) ==
                       rows[row].has);
  CHECK(!dt_uri_has_dot_segment("..x", 3) && dt_uri_has_dot_segment("..x", 2));
}

static void ids(void) {
  static const struct {
    const char *id;
    const char *written; /* NULL: refused */
    dt_text_fault fault;
  } rows[] = {
      {"U5KPwll3QjgiG", "U5KPwll3QjgiG", DT_TEXT_OK},
      {"a-b_c~9", "a-b_c~9", DT_TEXT_OK},
      {"a.b", "a.b", DT_TEXT_OK},
      {"a/b", "a%2Fb", DT_TEXT_OK},
      {"100%41", "100%2541", DT_TEXT_OK},
      {"\xE5\xBC\xA0", "%E5%BC%A0", DT_TEXT_OK},
      {"", NULL, DT_TEXT_EMPTY},
      {"..", NULL, DT_TEXT_DOT_SEGMENT},
      {"a/../b", NULL, DT_TEXT_DOT_SEGMENT},
      {"a\nb", NULL, DT_TEXT_CONTROL},
      {"a\xFF", NULL, DT_TEXT_NOT_UTF8},
  };
  char out[3 * DT_MAX_ID_BYTES];
  char longest[DT_MAX_ID_BYTES + 1];
  for (size_t row = 0; row < LENGTH(rows); row++) {
    const char *id = rows[row].id;
    dt_text_fault fault = DT_TEXT_OK;
    const char *end = dt_uri_write_id(out, id, strlen(id), &fault);
    CHECK_ROW(row, fault == rows[row].fault && !end == !rows[row].written);
    if (end)
      CHECK_ROW(row, (size_t)(end - out) == strlen(rows[row].written) &&
                         memcmp(out, rows[row].written, strlen(rows[row].written)) == 0);
  }
  memset(longest, 'x', sizeof longest);
  dt_text_fault fault = DT_TEXT_OK;
  CHECK(dt_uri_write_id(out, longest, DT_MAX_ID_BYTES, &fault) == out + DT_MAX_ID_BYTES);
  CHECK(!dt_uri_write_id(out, longest, sizeof longest, &fault) && fault == DT_TEXT_TOO_LONG);
}

/* Ids are copied sixteen bytes a step where that will do. */
static void every_byte_at_every_place(void) {
  char id[40];
  char out[3 * sizeof id];
  char expected[3 * sizeof id];
  memset(id, 'z', sizeof id);
  for (size_t length = 1; length <= sizeof id; length++)
    for (size_t at = 0; at < length; at++) {
      for (unsigned byte = 0x20; byte < 0x7F; byte++) {
        dt_text_fault fault = DT_TEXT_OK;
        id[at] = (char)byte;
        size_t wanted = dt_uri_encode(expected, id, length);
        const char *end = dt_uri_write_id(out, id, length, &fault);
        bool is_dot = length == 1 && byte == '.';
        CHECK_ROW(byte, is_dot ? !end : end == out + wanted && memcmp(out, expected, wanted) == 0);
      }
      id[at] = 'z';
    }
}

int main(void) {
  ids();
  every_byte();
  all_bytes_in_a_row();
  dot_segments();
  every_byte_at_every_place();
  return 0;
}
