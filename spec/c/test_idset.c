#include "check.h"

#include "dt_idset.h"
#include "dt_limits.h"

#include <string.h>

enum { COUNT = DT_MAX_ATTENDEES, INTERNED = 40 };

static char ids[COUNT][32];

/* By content. Returns the position that has it already, or 0. */
static uint32_t add(dt_idset *set, const char *id, size_t length, uint32_t position) {
  *dt_idset_at(set, position) = (dt_idset_entry){id, length, position % 2};
  uint32_t first = dt_idset_add(set, position);
  return first == position ? 0 : first;
}

/* By address, as a Lua does that interns strings of up to INTERNED bytes. */
static uint32_t add_lua(dt_idset *set, const char *id, size_t length, uint32_t position) {
  if (length > INTERNED)
    return add(set, id, length, position);
  *dt_idset_at(set, position) = (dt_idset_entry){id, length, position % 2};
  uint32_t first = dt_idset_add_interned(set, position, id);
  return first == position ? 0 : first;
}

static void as_many_as_an_event_takes(void) {
  dt_idset set;
  CHECK(dt_idset_init(&set, COUNT + 1));
  for (uint32_t i = 0; i < COUNT; i++) {
    int length = snprintf(ids[i], sizeof ids[i], i % 3 ? "iiStaff%uSgjrwPRKgiEiE" : "p%u", i);
    CHECK_ROW(i, !add(&set, ids[i], (size_t)length, i + 1));
  }
  for (uint32_t i = 0; i < COUNT; i++) {
    char same[32];
    memcpy(same, ids[i], sizeof same);
    CHECK_ROW(i, add(&set, same, strlen(same), COUNT + 1) == i + 1);
    CHECK_ROW(i, set.entries[i].id == ids[i] && set.entries[i].said == (i + 1) % 2);
  }
  dt_idset_free(&set);
}

static void as_many_by_address(void) {
  static char places[COUNT][48];
  dt_idset set;
  CHECK(dt_idset_init(&set, COUNT + 1));
  for (uint32_t i = 0; i < COUNT; i++)
    CHECK_ROW(i, !add_lua(&set, places[i], 24, i + 1));
  for (uint32_t i = 0; i < COUNT; i++)
    CHECK_ROW(i, add_lua(&set, places[i], 24, COUNT + 1) == i + 1);
  dt_idset_free(&set);
}

/* Each position has an id of its own, but those that repeat one: their entries are never read. */
static void repeated_ones_between_others(void) {
  static const char text[] = "abcdefghijklmnopqrstuvwxyz";
  dt_idset set;
  CHECK(dt_idset_init(&set, 52));
  for (uint32_t i = 0; i < 26; i++) {
    CHECK_ROW(i, !add_lua(&set, &text[i], 1, 2 * i + 1));
    CHECK_ROW(i, add_lua(&set, &text[i / 2], 1, 2 * i + 2) == i / 2 * 2 + 1);
  }
  dt_idset_free(&set);
}

/* One is the beginning of the other, or differs in one byte: none is taken for another. */
static void ids_that_are_alike(void) {
  static char text[64];
  dt_idset set;
  CHECK(dt_idset_init(&set, 64 * 2));
  memset(text, 'a', sizeof text);
  for (uint32_t length = 1; length < 64; length++)
    CHECK_ROW(length, !add(&set, text, length, length));
  static char other[64][64];
  for (uint32_t at = 0; at < 64; at++) {
    memset(other[at], 'a', sizeof other[at]);
    other[at][at] = 'b';
    CHECK_ROW(at, !add(&set, other[at], 64, 64 + at));
    CHECK_ROW(at, add(&set, other[at], 64, 128) == 64 + at);
  }
  dt_idset_free(&set);
}

/* Both kinds in one set, around the length where one begins and the other ends: equal content is
   found wherever it lies where strings are not interned. */
static void lengths_around_the_longest_interned(void) {
  static char first[64][64];
  static char second[64][64];
  dt_idset set;
  CHECK(dt_idset_init(&set, 64 * 2));
  memset(first, 'a', sizeof first);
  memset(second, 'a', sizeof second);
  for (uint32_t length = 1; length < 64; length++)
    CHECK_ROW(length, !add_lua(&set, first[length], length, length));
  for (uint32_t length = 1; length < 64; length++) {
    CHECK_ROW(length, add_lua(&set, first[length], length, 128) == length);
    if (length > INTERNED)
      CHECK_ROW(length, add_lua(&set, second[length], length, 128) == length);
  }
  dt_idset_free(&set);
}

/* What is at a position may be added again, and stays the first with its id. */
static void added_twice(void) {
  static const char id[] = "iiStaff1SgjrwPRKgiEiE";
  dt_idset set;
  CHECK(dt_idset_init(&set, 4));
  for (int i = 0; i < 2; i++) {
    CHECK(!add_lua(&set, id, 21, 1) && !add_lua(&set, id + 1, 20, 2));
    CHECK(add_lua(&set, id, 21, 3) == 1);
    CHECK(!add(&set, "long enough not to be interned by any Lua", 41, 4));
  }
  dt_idset_free(&set);
}

static void bytes_of_any_kind(void) {
  static unsigned char bytes[256];
  dt_idset set;
  CHECK(dt_idset_init(&set, 257));
  for (unsigned i = 0; i < 256; i++) {
    bytes[i] = (unsigned char)i;
    CHECK_ROW(i, !add(&set, (const char *)&bytes[i], 1, i + 1));
  }
  CHECK(add(&set, "\0", 1, 257) == 1);
  dt_idset_free(&set);
}

static void small_ones(void) {
  for (uint32_t capacity = 0; capacity <= 9; capacity++) {
    dt_idset set;
    CHECK_ROW(capacity, dt_idset_init(&set, capacity));
    for (uint32_t i = 0; i < capacity; i++)
      CHECK_ROW(capacity, !add(&set, &"0123456789"[i], 1, i + 1));
    dt_idset_free(&set);
    dt_idset_free(&set);
  }
}

/* A look-up walks a run of taken slots to its end. Of 5,000 hashes that nobody chose, in 32,768
   slots, the longest run has some ten; an ordinary list comes close to it, too. */
enum { LONGEST_RUN = 200 };

static uint32_t longest_run(const dt_idset *set) {
  uint32_t run = 0;
  uint32_t longest = 0;
  for (uint32_t i = 0; i < 2 * (set->mask + 1); i++) {
    run = set->slots[i & set->mask] ? run + 1 : 0;
    longest = run > longest ? run : longest;
  }
  return longest;
}

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

/* 48 bytes that multiplying and adding without a key hashes to 0, from whatever the first 32 are.
 */
static void make_colliding(char out[48], uint32_t number) {
  uint64_t words[6] = {number, number * GOLDEN, ~(uint64_t)number, 7, 0, 5};
  uint64_t hash = (48 + words[5]) * GOLDEN;
  for (int i = 0; i < 4; i++)
    hash = (hash + words[i]) * GOLDEN;
  words[4] = 0 - hash;
  CHECK((hash + words[4]) * GOLDEN == 0);
  memcpy(out, words, sizeof words);
}

static void ids_made_to_collide(void) {
  static char made[COUNT][48];
  dt_idset set;
  CHECK(dt_idset_init(&set, COUNT));
  for (uint32_t i = 0; i < COUNT; i++) {
    make_colliding(made[i], i + 1);
    CHECK_ROW(i, !add(&set, made[i], sizeof made[i], i + 1));
  }
  CHECK(longest_run(&set) < LONGEST_RUN);
  dt_idset_free(&set);
}

/* Ids that differ in one byte each, at the same place or at another, in one bit or in all. */
static void ids_in_a_pattern(void) {
  static char made[COUNT][1024];
  static const size_t lengths[] = {41, 64, 1000, 1024};
  for (size_t row = 0; row < LENGTH(lengths); row++) {
    size_t length = lengths[row];
    dt_idset set;
    CHECK_ROW(row, dt_idset_init(&set, COUNT));
    for (uint32_t i = 0; i < COUNT; i++) {
      memset(made[i], 0, length);
      for (uint32_t bit = 0; bit < 13; bit++)
        made[i][bit * 3] = i >> bit & 1 ? (char)(row % 2 ? 0x80 : 0x40) : 0;
      CHECK_ROW(row, !add(&set, made[i], length, i + 1));
    }
    CHECK_ROW(row, longest_run(&set) < LONGEST_RUN);
    dt_idset_free(&set);
  }
}

/* Whoever has many strings made knows how far apart they lie, and picks those for the list that a
   fixed multiplication sends to neighbouring slots. */
static void addresses_made_to_collide(void) {
  enum { NEIGHBOURS = 1700 };
  static char heap[120000][16];
  dt_idset set;
  CHECK(dt_idset_init(&set, COUNT));
  uint32_t found = 0;
  for (size_t i = 0; i < LENGTH(heap) && found < COUNT; i++) {
    if (((uint64_t)i * 16 * GOLDEN) >> set.shift < NEIGHBOURS) {
      found++;
      CHECK_ROW(i, !add_lua(&set, heap[i], 15, found));
    }
  }
  CHECK(found == COUNT && longest_run(&set) < LONGEST_RUN);
  dt_idset_free(&set);
}

int main(void) {
  ids_made_to_collide();
  ids_in_a_pattern();
  addresses_made_to_collide();
  as_many_as_an_event_takes();
  as_many_by_address();
  repeated_ones_between_others();
  ids_that_are_alike();
  lengths_around_the_longest_interned();
  added_twice();
  bytes_of_any_kind();
  small_ones();
  return 0;
}
