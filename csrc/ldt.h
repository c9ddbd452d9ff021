/* What the binding files share. Each opens its part with the module table on top of the stack. */
#ifndef LDT_H
#define LDT_H

#include "compat.h"

#include "dt_text.h"

#if defined(__GNUC__)
#define LDT_EXPORT __attribute__((visibility("default")))
#else
#define LDT_EXPORT
#endif

/* All that is exported. */
LDT_EXPORT int luaopen_dingtalk_core(lua_State *L);

/* Adds the functions of the part to the module table on top. */
void ldt_open_attendees(lua_State *L);
void ldt_open_engine(lua_State *L);

/* The name a fault has in Lua, as an error code. */
const char *ldt_text_fault(dt_text_fault fault);

/*
 * The request body of the batch `number` (from 1) of the attendees at `index`: valid
 * while that value is reachable. Raises when it is no such value or batch.
 */
const char *ldt_attendees_body(lua_State *L, int index, lua_Integer number, size_t *length);

/*
 * Counts a transfer that reads from the attendees at `index` (`change` is 1), or has ended (-1):
 * their memory stays meanwhile, whoever frees them, since finalizers run in any order. Never
 * raises; a value that is no userdata is left alone.
 */
void ldt_attendees_count(lua_State *L, int index, int change);

/* Makes the metatable `name` with `metamethods` and, as __index, `methods`. */
void ldt_new_metatable(lua_State *L, const char *name, const luaL_Reg *metamethods,
                       const luaL_Reg *methods);

#endif
