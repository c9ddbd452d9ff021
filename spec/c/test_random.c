#include "check.h"

#include "dt_random.h"

#include <string.h>

enum { COUNT = 2000 };

static char uuids[COUNT][DT_UUID_BYTES];

static int compare(const void *a, const void *b) {
  return memcmp(a, b, DT_UUID_BYTES);
}

/* RFC 9562, section 5.4. */
static void uuid_has_its_form(const char *uuid) {
  for (int i = 0; i < DT_UUID_BYTES; i++) {
    if (i == 8 || i == 13 || i == 18 || i == 23)
      CHECK_ROW(i, uuid[i] == '-');
    else
      CHECK_ROW(i, memchr("0123456789abcdef", uuid[i], 16));
  }
  CHECK(uuid[14] == '4');
  CHECK(memchr("89ab", uuid[19], 4));
}

static void uuids_differ(void) {
  for (int i = 0; i < COUNT; i++) {
    CHECK(dt_random_uuid(uuids[i]));
    uuid_has_its_form(uuids[i]);
  }
  qsort(uuids, COUNT, DT_UUID_BYTES, compare);
  for (int i = 1; i < COUNT; i++)
    CHECK_ROW(i, compare(uuids[i - 1], uuids[i]) != 0);
}

static void numbers_fill_the_unit(void) {
  unsigned seen = 0;
  for (int i = 0; i < COUNT; i++) {
    double number = -1;
    CHECK(dt_random_unit(&number));
    CHECK(number >= 0 && number < 1);
    seen |= 1u << (int)(number * 16);
  }
  CHECK(seen == 0xFFFF);
}

int main(void) {
  uuids_differ();
  numbers_fill_the_unit();
  return 0;
}
