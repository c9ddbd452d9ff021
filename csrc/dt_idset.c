#include "dt_idset.h"

#include <stdlib.h>
#include <string.h>

bool dt_idset_init(dt_idset *set, uint32_t capacity) {
  uint32_t slots = 8;
  while (slots < capacity * 2)
    slots *= 2;
  *set = (dt_idset){.mask = slots - 1};
  size_t entries_size = capacity * sizeof(dt_idset_entry);
  set->entries = calloc(1, entries_size + slots * sizeof(uint32_t));
  if (!set->entries)
    return false;
  set->slots = (uint32_t *)(void *)((char *)set->entries + entries_size);
  return true;
}

void dt_idset_free(dt_idset *set) {
  free(set->entries);
  *set = (dt_idset){0};
}

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ (hash >> 32);
}

/* Eight bytes a step, the last step overlapping; at most 5,000 ids, so a list made to collide
   costs milliseconds at worst. */
static uint32_t hash_of(const char *id, size_t length) {
  uint64_t hash = length;
  uint64_t word = 0;
  if (length < sizeof word) {
    memcpy(&word, id, length);
    return (uint32_t)mix(hash, word);
  }
  for (size_t i = 0; i + sizeof word <= length; i += sizeof word) {
    memcpy(&word, id + i, sizeof word);
    hash = mix(hash, word);
  }
  memcpy(&word, id + length - sizeof word, sizeof word);
  return (uint32_t)mix(hash, word);
}

const dt_idset_entry *dt_idset_add(dt_idset *set, dt_idset_entry entry) {
  uint32_t slot = hash_of(entry.id, entry.length) & set->mask;
  for (; set->slots[slot]; slot = (slot + 1) & set->mask) {
    const dt_idset_entry *seen = &set->entries[set->slots[slot] - 1];
    if (seen->length == entry.length && memcmp(seen->id, entry.id, entry.length) == 0)
      return seen;
  }
  set->entries[set->count++] = entry;
  set->slots[slot] = set->count;
  return NULL;
}
