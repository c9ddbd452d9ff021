/*
 * Which ids of a list were seen already. Keeps pointers, not copies: the ids
 * must stay where they are while the set is used.
 */
#ifndef DT_IDSET_H
#define DT_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct dt_idset_entry {
  const char *id;
  uint32_t length;
  uint32_t position; /* where in the caller's list it stood first, from 1 */
  uint32_t hash;     /* the set's own */
  bool optional;
} dt_idset_entry;

typedef struct dt_idset {
  dt_idset_entry *entries; /* one allocation holds the entries and the slots after them */
  uint16_t *slots;         /* index of an entry + 1, or 0 */
  uint32_t mask;
  uint32_t count;
} dt_idset;

/* Makes room for `capacity` ids, at most 16,000; false when out of memory. Free it in any case. */
bool dt_idset_init(dt_idset *set, uint32_t capacity);

/* Frees the storage; idempotent. */
void dt_idset_free(dt_idset *set);

static inline uint64_t dt_idset_word(const char *text) {
  uint64_t word;
  memcpy(&word, text, sizeof word);
  return word;
}

static inline uint64_t dt_idset_mix(uint64_t hash, uint64_t word) {
  return (hash + word) * UINT64_C(0x9E3779B97F4A7C15);
}

/* The upper bits depend on all that was mixed in, the lower ones do not. */
static inline uint32_t dt_idset_fold(uint64_t hash) {
  return (uint32_t)(dt_idset_mix(hash ^ (hash >> 32), 0) >> 32);
}

/* Eight bytes a step, the last step overlapping; at most 5,000 ids, so a list made to collide
   costs milliseconds at worst. */
static inline uint32_t dt_idset_hash(const char *id, size_t length) {
  if (length < 8) {
    uint64_t word = 0;
    memcpy(&word, id, length);
    return dt_idset_fold(dt_idset_mix(length, word));
  }
  uint64_t hash = dt_idset_mix(length, dt_idset_word(id + length - 8));
  for (size_t i = 0; i + 8 < length; i += 8)
    hash = dt_idset_mix(hash, dt_idset_word(id + i));
  return dt_idset_fold(hash);
}

/*
 * Adds an entry and returns NULL, or returns the one that has the same id
 * already. Inline, as it is done for each attendee: a quarter cheaper.
 */
static inline const dt_idset_entry *dt_idset_add(dt_idset *set, const char *id, uint32_t length,
                                                 uint32_t position, bool optional) {
  uint32_t hash = dt_idset_hash(id, length);
  uint32_t slot = hash & set->mask;
  for (; set->slots[slot]; slot = (slot + 1) & set->mask) {
    const dt_idset_entry *seen = &set->entries[set->slots[slot] - 1];
    if (seen->hash == hash && seen->length == length && memcmp(seen->id, id, length) == 0)
      return seen;
  }
  set->entries[set->count++] = (dt_idset_entry){id, length, position, hash, optional};
  set->slots[slot] = (uint16_t)set->count;
  return NULL;
}

#endif
