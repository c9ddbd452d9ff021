/* Metatables of the core's userdata types. */
#ifndef LDT_METATABLE_H
#define LDT_METATABLE_H

#include "compat.h"

/*
 * Fills the metatable registered under `name` with `metamethods`, and its
 * __index with `methods`; each has the metatable as its first upvalue. Filling it again, when the
 * core is loaded twice, is fine.
 */
void ldt_new_metatable(lua_State *L, const char *name, const luaL_Reg *metamethods,
                       const luaL_Reg *methods);

/*
 * In a method or metamethod: the userdata that it was called with, recognised by the metatable in
 * the function's upvalue, which costs less than to find it by its name. Raises for any other value.
 */
void *ldt_check_self(lua_State *L, const char *name);

#endif
