/*
 * Which ids of a list were seen already. Keeps pointers, not copies: the ids
 * must stay where they are while the set is used.
 */
#ifndef DT_IDSET_H
#define DT_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dt_idset_entry {
  const char *id;
  uint32_t length;
  uint32_t position; /* where in the caller's list it stood first, from 1 */
  bool optional;
} dt_idset_entry;

typedef struct dt_idset {
  dt_idset_entry *entries; /* one allocation holds the entries and the slots after them */
  uint32_t *slots;         /* index of an entry + 1, or 0 */
  uint32_t mask;
  uint32_t count;
} dt_idset;

/* Makes room for `capacity` ids; false when out of memory. Free it in any case. */
bool dt_idset_init(dt_idset *set, uint32_t capacity);

/* Frees the storage; idempotent. */
void dt_idset_free(dt_idset *set);

/* Adds `entry` and returns NULL, or returns the entry that has the same id already. */
const dt_idset_entry *dt_idset_add(dt_idset *set, dt_idset_entry entry);

#endif
