/*
 * Which ids of a list were seen already. Keeps pointers, not copies: the ids
 * must stay where they are while the set is used.
 *
 * A hash table with open addressing. Its hashes depend on a random key of the
 * process, so nobody can prepare a list whose ids collide.
 */
#ifndef DT_IDSET_H
#define DT_IDSET_H

#include "dt_inline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct dt_idset_entry {
  const char *id;
  size_t length;
  unsigned said; /* the caller's own note on this id */
} dt_idset_entry;

typedef struct dt_idset {
  dt_idset_entry *entries; /* by position; one allocation holds them and the slots after them */
  uint16_t *slots;         /* the position of an entry, or 0 */
  uint64_t multiplier;     /* of the process: odd, hashes addresses */
  uint32_t mask;
  uint32_t shift; /* a slot's number is the upper bits of a hash: hash >> shift */
} dt_idset;

/* Makes room for positions from 1 to `capacity`, at most 65,535; false when out of memory. Free it
   in either case. */
bool dt_idset_init(dt_idset *set, uint32_t capacity);

/* Frees the storage; idempotent. */
void dt_idset_free(dt_idset *set);

/* The entry at `position`, for the caller to fill in. */
static inline dt_idset_entry *dt_idset_at(const dt_idset *set, uint32_t position) {
  return &set->entries[position - 1];
}

/*
 * Adds the entry at `position`, whose id has at most DT_MAX_ID_BYTES, and returns
 * `position`, also when it was added before. If an equal id was added at another
 * position, returns that one and adds nothing.
 */
uint32_t dt_idset_add(dt_idset *set, uint32_t position);

/*
 * The same for an interned id: one whose address is equal to another's exactly when the
 * two ids are equal. A set may hold interned ids and others, but all ids of one length are
 * of the same kind. Inline, since it is done for each attendee: half as many instructions.
 */
static DT_INLINE uint32_t dt_idset_add_interned(dt_idset *set, uint32_t position, const char *id) {
  size_t slot = (size_t)((uintptr_t)id * set->multiplier >> set->shift);
  while (!DT_LIKELY(!set->slots[slot])) {
    if (dt_idset_at(set, set->slots[slot])->id == id)
      return set->slots[slot];
    slot = (slot + 1) & set->mask;
  }
  set->slots[slot] = (uint16_t)position;
  return position;
}

#endif
