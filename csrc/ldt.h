/* What the binding files share. Each opens its part with the module table on top of the stack. */
#ifndef LDT_H
#define LDT_H

#include "compat.h"

#include "dt_text.h"

#include <stdbool.h>
#include <stdint.h>

/* Adds the functions of the part to the module table on top. */
void ldt_open_attendees(lua_State *L);
void ldt_open_engine(lua_State *L);
void ldt_open_shortcut(lua_State *L);

/* The name a fault has in Lua, as an error code. */
const char *ldt_text_fault(dt_text_fault fault);

/*
 * The request body of the batch `number` (from 1) of the attendees at `index`: valid
 * while that value is reachable. Raises when it is no such value or batch.
 */
const char *ldt_attendees_body(lua_State *L, int index, lua_Integer number, size_t *length);

typedef struct ldt_batch {
  const char *body;
  size_t length;
  uint32_t first; /* positions in the caller's list, from 1 */
  uint32_t last;
  uint32_t count; /* attendees in it */
} ldt_batch;

/* The batch of attendees that need no second one; false for others. */
bool ldt_attendees_only_batch(lua_State *L, int index, ldt_batch *out);

/* Frees the bodies once no transfer reads from them. */
void ldt_attendees_free(lua_State *L, int index);

/*
 * Counts a transfer that reads from the attendees at `index` (`change` is 1), or has ended (-1):
 * their memory stays meanwhile, whoever frees them, since finalizers run in any order. Never
 * raises; a value that is no userdata is left alone.
 */
void ldt_attendees_count(lua_State *L, int index, int change);

#define LDT_ENGINE_TYPE "dingtalk.engine"

/* A method of the engine that stands in ldt_shortcut.c. */
int ldt_engine_shortcut(lua_State *L);

/* Makes the metatable `name` with `metamethods` and, as __index, `methods`. */
void ldt_new_metatable(lua_State *L, const char *name, const luaL_Reg *metamethods,
                       const luaL_Reg *methods);

#endif
