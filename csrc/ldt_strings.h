/* What a state's strings are told by. */
#ifndef LDT_STRINGS_H
#define LDT_STRINGS_H

#include <lua.h>

#include <stddef.h>

typedef struct ldt_strings {
  const void *key_id; /* the field names' ldt_identity */
  const void *key_optional;
  size_t interned; /* up to this length equal strings are one string */
} ldt_strings;

/* Pushes an ldt_strings and two strings that it needs to stay reachable. */
void ldt_push_strings(lua_State *L);

#endif
