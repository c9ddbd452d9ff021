/* Writes the request bodies of one call straight from the Lua list. */
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
  uint32_t count; /* attendees written; duplicates are left out */
} ldt_batch;

typedef struct ldt_attendees {
  dt_buf body; /* the bodies of all batches, one after the other */
  dt_idset seen;
  int transfers; /* how many read from `body` now */
  uint32_t batch_count;
  ldt_batch batches[];
} ldt_attendees;

typedef struct ldt_encoder {
  lua_State *L;
  ldt_attendees *out;
  const ldt_strings *strings;
  const void *key_id;
  const void *key_optional; /* equal to no key while removing: isOptional is unknown then */
  const char *tail;         /* closes a body */
  size_t interned;          /* ids up to this length are equal if their addresses are */
  size_t longest_usual;     /* add_usual takes ids up to this length; 0: it is not tried */
  dt_idset_entry *entries;  /* what was read, by position: the set's, or `only` */
  dt_idset_entry only;
  bool removing;
  bool unique;        /* a single attendee needs no set */
  bool with_field;    /* the wrong field's name is on top of the stack */
  bool any_said;      /* an entry of the last chunk says isOptional */
  uint32_t count;     /* attendees in the open batch */
  uint32_t position;  /* of the current entry */
  uint32_t other;     /* of a conflicting duplicate: where the id stood first */
  const char *code;   /* what is wrong, or NULL */
  const char *detail; /* a static text, or NULL */
} ldt_encoder;

enum {
  LDT_ENCODER_CHUNK = 64,                    /* entries on the stack at a time */
  LDT_ENCODER_STACK = LDT_ENCODER_CHUNK + 26 /* stack slots it needs at most */
};

/*
 * Writes the bodies of the list at stack index 1. It had `count` entries when `out` was
 * made, with room for their batches. Expects four values on the stack, of which it reads
 * only the list. False if something is wrong: `code`, `position`, `detail` say what.
 */
bool ldt_encode(ldt_encoder *enc, uint32_t count);

#endif
