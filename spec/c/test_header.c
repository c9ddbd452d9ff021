#include "check.h"

#include "dt_header.h"
#include "dt_limits.h"

#include <string.h>

static void find(void) {
  static const struct {
    const char *block;
    const char *value; /* of the header "x-id"; NULL: none */
  } rows[] = {
      {"", NULL},
      {"HTTP/1.1 200 OK\r\n\r\n", NULL},
      {"HTTP/1.1 200 OK\r\nx-id: abc\r\n\r\n", "abc"},
      {"X-ID: abc\r\n", "abc"},
      {"x-Id:abc\r\n", "abc"},
      {"x-id: \t abc \t \r\n", "abc"},
      {"x-id: a b\tc\r\n", "a b\tc"},
      {"x-id:\r\n", ""},
      {"x-id: \r\n", ""},
      {"x-id:", ""},
      {"x-id", NULL},
      {"x-id : abc\r\n", NULL},
      {"x-idx: abc\r\n", NULL},
      {"ax-id: abc\r\n", NULL},
      {" x-id: abc\r\n", NULL},
      {"x-i", NULL},
      {"x-id: abc", "abc"},
      {"x-id: abc\n", "abc"},
      {"a: x-id: abc\r\nx-id: def\r\n", "def"},
      {"x-id: first\r\nx-id: second\r\n", "first"},
      {"x-id: a:b\r\n", "a:b"},
      {"\r\n\r\nx-id: abc\r\n", "abc"},
  };
  for (size_t row = 0; row < LENGTH(rows); row++) {
    size_t length = 99;
    const char *value = dt_header_find(rows[row].block, strlen(rows[row].block), "x-id", &length);
    CHECK_ROW(row, (value == NULL) == (rows[row].value == NULL));
    if (value)
      CHECK_ROW(row,
                length == strlen(rows[row].value) && memcmp(value, rows[row].value, length) == 0);
  }
}

/* The block is no C string: nothing after its end is read. */
static void find_within_bounds(void) {
  static const char block[] = "x-id: abcdef\r\nx-id2: g\r\n";
  for (size_t length = 0; length < sizeof block; length++) {
    char *exact = malloc(length + 1);
    CHECK(exact);
    memcpy(exact, block, length);
    size_t found = 0;
    const char *value = dt_header_find(exact, length, "x-id", &found);
    CHECK_ROW(length, (value != NULL) == (length >= 5));
    CHECK_ROW(length, !value || (value >= exact && value + found <= exact + length));
    free(exact);
  }
  size_t found = 0;
  CHECK(!dt_header_find(NULL, 0, "x-id", &found));
}

static void retry_after(void) {
  enum { NOW = 1445412480 }; /* Wed, 21 Oct 2015 07:28:00 GMT */
  static const struct {
    const char *value;
    double seconds;
  } rows[] = {
      {"0", 0},
      {"1", 1},
      {"007", 7},
      {"120", 120},
      {"86400", DT_MAX_RETRY_AFTER_SECONDS},
      {"86401", DT_MAX_RETRY_AFTER_SECONDS},
      {"99999999999999999999999999999999999999999999999999999999999999",
       DT_MAX_RETRY_AFTER_SECONDS},
      {"9999999999999999999999999999999999999999999999999999999999999999",
       -1}, /* too long to be one */
      {"", -1},
      {"-1", -1},
      {"+1", -1},
      {"1.5", -1},
      {"1e3", -1},
      {"0x10", -1},
      {" 1", -1},
      {"1 ", -1},
      {"1s", -1},
      {"soon", -1},
      {"Wed, 21 Oct 2015 07:28:00 GMT", 0},
      {"Wed, 21 Oct 2015 07:27:00 GMT", 0},
      {"Wed, 21 Oct 2015 07:28:30 GMT", 30},
      {"Wednesday, 21-Oct-15 07:29:00 GMT", 60},
      {"Wed Oct 21 07:29:00 2015", 60},
      {"Fri, 01 Jan 2100 00:00:00 GMT", DT_MAX_RETRY_AFTER_SECONDS},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"21 Oct 2015 07:29:00", -1},
  };
  for (size_t row = 0; row < LENGTH(rows); row++) {
    double seconds = dt_header_retry_after(rows[row].value, strlen(rows[row].value), NOW);
    CHECK_ROW(row, seconds >= rows[row].seconds && seconds <= rows[row].seconds);
  }
  CHECK(dt_header_retry_after("12", 1, NOW) < 1.5);
}

static void date(void) {
  static const struct {
    const char *value;
    double seconds;
  } rows[] = {
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
      {"Sun Nov  6 08:49:37 1994", 784111777},
      {"sun, 06 NOV 1994 08:49:37 GMT", 784111777},
      {"Thu, 29 Feb 2024 23:59:60 GMT", 1709251200},
      {"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
      {"Friday, 01-Jan-69 00:00:00 GMT", 3124224000},
      {"Fri, 01 Jan 2100 00:00:00 GMT", 4102444800},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
      {"", -1},
      {"GMT", -1},
      {"Sun, 06 Nov 1994", -1},
      {"Sun, 06 Nov 08:49:37 GMT", -1},
      {"Sun, 06 Nov 1994 24:00:00 GMT", -1},
      {"Sun, 06 Nov 1994 08:60:00 GMT", -1},
      {"Sun, 06 Nov 1994 08:49:61 GMT", -1},
      {"Sun, 06 Nov 1994 08:49:37 GMT+8", -1},
      {"Sun, -6 Nov 1994 08:49:37 GMT", -1},
      {"Sun, 06 Nov 1994 08:49:3x GMT", -1},
      {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
      {"Sun, 32 Nov 1994 08:49:37 GMT", -1},
      {"Sun, 06 Now 1994 08:49:37 GMT", -1},
      {"Sun, 06 Nov 1994 08:49:37 CET", -1},
      {"Sun, 06 Nov 94x 08:49:37 GMT", -1},
      {"Sun, 06 Nov 19940 08:49:37 GMT", -1},
      {"1994-11-06T08:49:37Z", -1},
  };
  for (size_t row = 0; row < LENGTH(rows); row++) {
    double seconds = dt_header_date(rows[row].value, strlen(rows[row].value));
    CHECK_ROW(row, seconds >= rows[row].seconds && seconds <= rows[row].seconds);
  }
  CHECK(dt_header_date(NULL, 0) < 0);
}

int main(void) {
  date();
  find();
  find_within_bounds();
  retry_after();
  return 0;
}
