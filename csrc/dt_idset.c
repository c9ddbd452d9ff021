#include "dt_idset.h"

#include "dt_limits.h"
#include "dt_random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The key of the process: a factor for each four bytes of an id, and two more numbers. */
static struct {
  uint64_t length;
  uint64_t address;
  uint64_t words[DT_MAX_ID_BYTES / 4 + 2];
} key;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;

/* SplitMix64 makes a long key of a short one. */
static uint64_t next_number(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static void make_key(void) {
  uint64_t state = 0;
  if (!dt_random_bytes(&state, sizeof state))
    state = (uintptr_t)&state; /* the system places the stack at random */
  key.length = next_number(&state);
  key.address = next_number(&state) | 1;
  for (size_t i = 0; i < sizeof key.words / sizeof *key.words; i++)
    key.words[i] = next_number(&state);
}

/* At most a quarter of the slots are taken: a collision costs more than the room. */
bool dt_idset_init(dt_idset *set, uint32_t capacity) {
  pthread_once(&key_once, make_key);
  uint32_t slots = 8;
  uint32_t shift = 64 - 3;
  for (; slots < capacity * 4; slots *= 2)
    shift--;
  *set = (dt_idset){.multiplier = key.address, .mask = slots - 1, .shift = shift};
  size_t entries_size = capacity * sizeof(dt_idset_entry);
  set->entries = malloc(entries_size + slots * sizeof *set->slots);
  if (!set->entries)
    return false;
  set->slots = (uint16_t *)(void *)((char *)set->entries + entries_size);
  memset(set->slots, 0, slots * sizeof *set->slots);
  return true;
}

void dt_idset_free(dt_idset *set) {
  free(set->entries);
  *set = (dt_idset){0};
}

static uint64_t word_of(const char *text) {
  uint64_t word;
  memcpy(&word, text, sizeof word);
  return word;
}

static uint64_t product(const uint64_t *factors, uint64_t word) {
  return factors[0] * (uint32_t)word + factors[1] * (word >> 32);
}

static uint64_t hash_of_short(const char *id, size_t length) {
  uint64_t word = 0;
  for (size_t i = 0; i < length; i++)
    word = word << 8 | (unsigned char)id[i];
  return key.length * length + product(key.words, word);
}

/* Multilinear hashing (Carter and Wegman): whatever two ids somebody chose, the upper 32 bits of
   their hashes are equal for one key in 2^32. Reads eight bytes a step; the one at the end overlaps
   the step before it. */
static uint64_t hash_of(const char *id, size_t length) {
  const uint64_t *factors = key.words;
  if (length < 8)
    return hash_of_short(id, length);
  uint64_t hash = key.length * length + product(factors, word_of(id + length - 8));
  for (size_t i = 0; i + 8 < length; i += 8)
    hash += product(factors += 2, word_of(id + i));
  return hash;
}

uint32_t dt_idset_add(dt_idset *set, uint32_t position) {
  const dt_idset_entry *entry = dt_idset_at(set, position);
  uint32_t slot = (uint32_t)(hash_of(entry->id, entry->length) >> set->shift);
  for (; set->slots[slot]; slot = (slot + 1) & set->mask) {
    const dt_idset_entry *seen = dt_idset_at(set, set->slots[slot]);
    if (seen->length == entry->length && memcmp(seen->id, entry->id, entry->length) == 0)
      return set->slots[slot];
  }
  set->slots[slot] = (uint16_t)position;
  return position;
}
