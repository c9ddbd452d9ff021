/* The request bodies of one call, written straight from the Lua list. */
#ifndef LDT_ENCODE_H
#define LDT_ENCODE_H

#include "ldt_strings.h"

#include "compat.h"

#include "dt_buf.h"
#include "dt_idset.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ldt_batch {
  size_t offset;
  size_t length;
  uint32_t first; /* positions in the caller's list, from 1 */
  uint32_t last;
  uint32_t count; /* attendees in it; duplicates are left out */
} ldt_batch;

typedef struct ldt_attendees {
  dt_buf body; /* the bodies of all batches, one after the other */
  dt_idset seen;
  int transfers; /* that read from the body */
  uint32_t batch_count;
  ldt_batch batches[];
} ldt_attendees;

typedef struct ldt_encoder {
  lua_State *L;
  ldt_attendees *out;
  const ldt_strings *strings;
  const void *key_id;
  const void *key_optional; /* what no key can be, where it may not be said */
  const char *tail;         /* what closes a body */
  size_t interned; /* up to this length an id is told by its address, if it must be told at all */
  size_t longest_usual; /* up to this length an id may be usual; 0 where no more are looked for */
  dt_idset_entry *entries; /* what was read, by position: those of the set, or the only one */
  dt_idset_entry only;
  bool removing;
  bool unique;        /* a single attendee needs no set of those seen */
  bool with_field;    /* whether the field's name is on top of the stack */
  bool any_said;      /* by any of the entries read last */
  uint32_t count;     /* attendees in the batch at hand */
  uint32_t position;  /* of the entry at hand */
  uint32_t other;     /* for a duplicate: where the first one stands */
  const char *code;   /* what is wrong, or NULL */
  const char *detail; /* a static text, or NULL */
} ldt_encoder;

enum {
  LDT_ENCODER_CHUNK = 64,                    /* entries that lie on the stack at a time */
  LDT_ENCODER_STACK = LDT_ENCODER_CHUNK + 26 /* slots it takes at most */
};

/*
 * Writes the bodies of the list at 1, which had `count` entries when `out` was
 * made with room for their batches. There are four values on the stack, of which
 * it looks at none but the list. False where code, position and the rest say what
 * is wrong.
 */
bool ldt_encode(ldt_encoder *enc, uint32_t count);

#endif
