#include "dt_idset.h"

#include <stdlib.h>
#include <string.h>

/* A quarter full at most: an id that meets another costs more than the room. */
bool dt_idset_init(dt_idset *set, uint32_t capacity) {
  uint32_t slots = 8;
  uint32_t shift = 64 - 3;
  for (; slots < capacity * 4; slots *= 2)
    shift--;
  *set = (dt_idset){.mask = slots - 1, .shift = shift};
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

/* Eight bytes a step, the last step overlapping; at most 5,000 ids, so a list made to collide
   costs milliseconds at worst. */
static uint64_t hash_of(const char *id, size_t length) {
  uint64_t hash;
  if (length < 8) {
    uint64_t word = 0;
    memcpy(&word, id, length);
    hash = dt_idset_mix(length, word);
  } else {
    hash = dt_idset_mix(length, word_of(id + length - 8));
    for (size_t i = 0; i + 8 < length; i += 8)
      hash = dt_idset_mix(hash, word_of(id + i));
  }
  return dt_idset_mix(hash ^ (hash >> 32), 0);
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
