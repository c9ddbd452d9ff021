#include "dt_idset.h"

#include <stdlib.h>
#include <string.h>

/* A quarter full at most: an id that meets another costs more than the room. */
bool dt_idset_init(dt_idset *set, uint32_t capacity) {
  uint32_t slots = 8;
  while (slots < capacity * 4)
    slots *= 2;
  *set = (dt_idset){.mask = slots - 1};
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
