#include "check.h"

#include "dt_idset.h"
#include "dt_limits.h"

#include <string.h>

enum { COUNT = DT_MAX_ATTENDEES };

static char ids[COUNT][32];

static dt_idset_entry entry(const char *id, size_t length, uint32_t position, bool optional) {
  return (dt_idset_entry){id, (uint32_t)length, position, 0, optional};
}

static const dt_idset_entry *add(dt_idset *set, dt_idset_entry one) {
  return dt_idset_add(set, one.id, one.length, one.position, one.optional);
}

static void as_many_as_an_event_takes(void) {
  dt_idset set;
  CHECK(dt_idset_init(&set, COUNT));
  for (uint32_t i = 0; i < COUNT; i++) {
    int length = snprintf(ids[i], sizeof ids[i], i % 3 ? "iiStaff%uSgjrwPRKgiEiE" : "p%u", i);
    CHECK_ROW(i, !add(&set, entry(ids[i], (size_t)length, i + 1, i % 2)));
  }
  for (uint32_t i = 0; i < COUNT; i++) {
    char same[32];
    memcpy(same, ids[i], sizeof same);
    const dt_idset_entry *seen = add(&set, entry(same, strlen(same), 0, false));
    CHECK_ROW(i, seen && seen->id == ids[i] && seen->position == i + 1 &&
                     seen->optional == (i % 2 == 1));
  }
  CHECK(set.count == COUNT);
  dt_idset_free(&set);
}

/* One is the beginning of the other, or differs in one byte: none is taken for another. */
static void ids_that_are_alike(void) {
  static char text[64];
  dt_idset set;
  CHECK(dt_idset_init(&set, 64 * 2));
  memset(text, 'a', sizeof text);
  for (uint32_t length = 1; length < 64; length++)
    CHECK_ROW(length, !add(&set, entry(text, length, length, false)));
  static char other[64][64];
  for (uint32_t at = 0; at < 64; at++) {
    memset(other[at], 'a', sizeof other[at]);
    other[at][at] = 'b';
    CHECK_ROW(at, !add(&set, entry(other[at], 64, at, false)));
    CHECK_ROW(at, add(&set, entry(other[at], 64, 0, true))->position == at);
  }
  dt_idset_free(&set);
}

static void bytes_of_any_kind(void) {
  static unsigned char bytes[256];
  dt_idset set;
  CHECK(dt_idset_init(&set, 256));
  for (unsigned i = 0; i < 256; i++) {
    bytes[i] = (unsigned char)i;
    CHECK_ROW(i, !add(&set, entry((const char *)&bytes[i], 1, i, false)));
  }
  CHECK(add(&set, entry("\0", 1, 9, false))->position == 0);
  dt_idset_free(&set);
}

static void small_ones(void) {
  for (uint32_t capacity = 0; capacity <= 9; capacity++) {
    dt_idset set;
    CHECK_ROW(capacity, dt_idset_init(&set, capacity));
    for (uint32_t i = 0; i < capacity; i++)
      CHECK_ROW(capacity, !add(&set, entry(&"0123456789"[i], 1, i, false)));
    dt_idset_free(&set);
    dt_idset_free(&set);
  }
}

int main(void) {
  as_many_as_an_event_takes();
  ids_that_are_alike();
  bytes_of_any_kind();
  small_ones();
  return 0;
}
