/*
 * Which ids of a list were seen already. Keeps pointers, not copies: the ids
 * must stay where they are while the set is used.
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
  unsigned said; /* by the caller, about this one */
} dt_idset_entry;

typedef struct dt_idset {
  dt_idset_entry *entries; /* by position; one allocation holds them and the slots after them */
  uint16_t *slots;         /* the position of an entry, or 0 */
  uint32_t mask;
  uint32_t shift; /* leaves of a hash's 64 bits the upper ones that number a slot */
} dt_idset;

/* Makes room for positions from 1 to `capacity`, at most 65,535; false when out of memory. Free it
   in any case. */
bool dt_idset_init(dt_idset *set, uint32_t capacity);

/* Frees the storage; idempotent. */
void dt_idset_free(dt_idset *set);

/* The entry at `position`, for the caller to fill in. */
static inline dt_idset_entry *dt_idset_at(const dt_idset *set, uint32_t position) {
  return &set->entries[position - 1];
}

/*
 * Adds the entry at `position` and returns `position`, also where that was done
 * before; or returns the position that was added with the same id.
 */
uint32_t dt_idset_add(dt_idset *set, uint32_t position);

/* The upper bits depend on all that was mixed in, the lower ones do not. */
static inline uint64_t dt_idset_mix(uint64_t hash, uint64_t word) {
  return (hash + word) * UINT64_C(0x9E3779B97F4A7C15);
}

/*
 * The same for an entry with this id that lies where the same id lay before, if it did, and where
 * no other one does. One set may hold both kinds, but all ids of one length are of one kind.
 * Inline, as it is done for each attendee: half as many instructions.
 */
static DT_INLINE uint32_t dt_idset_add_interned(dt_idset *set, uint32_t position, const char *id) {
  size_t slot = dt_idset_mix(0, (uintptr_t)id) >> set->shift;
  while (!DT_LIKELY(!set->slots[slot])) {
    if (dt_idset_at(set, set->slots[slot])->id == id)
      return set->slots[slot];
    slot = (slot + 1) & set->mask;
  }
  set->slots[slot] = (uint16_t)position;
  return position;
}

#endif
