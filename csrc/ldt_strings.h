/* By which addresses the strings of a Lua state are recognized. */
#ifndef LDT_STRINGS_H
#define LDT_STRINGS_H

#include <lua.h>

#include <stddef.h>

typedef struct ldt_strings {
  const void *key_id; /* ldt_identity of the field names */
  const void *key_optional;
  size_t interned; /* up to this length equal strings are one string */
} ldt_strings;

/* Pushes an ldt_strings and the two field names, which must stay reachable while it is used. */
void ldt_push_strings(lua_State *L);

#endif
