/* What the bindings use of the API of Lua 5.4 and 5.5, for 5.1, 5.2, 5.3 and LuaJIT. */
#ifndef LDT_COMPAT_H
#define LDT_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

/* Returns the type of the value it pushes, as lua_rawgeti does since 5.3. */
static inline int ldt_rawgeti(lua_State *L, int index, unsigned position) {
#if LUA_VERSION_NUM >= 503
  return lua_rawgeti(L, index, (lua_Integer)position);
#else
  lua_rawgeti(L, index, (int)position);
  return lua_type(L, -1);
#endif
}

/* An address that tells an interned string, like a field's name, from all other values.
   lua_topointer gives it since 5.4 and in LuaJIT. Elsewhere it is NULL for any value but a string.
 */
static inline const void *ldt_identity(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 504 || defined(LUA_LJDIR)
  return lua_topointer(L, index);
#else
  return lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;
#endif
}

#if LUA_VERSION_NUM < 502

#define lua_rawlen lua_objlen
/* In 5.1 a userdata has an environment table where later versions have a user value. */
#define lua_setuservalue lua_setfenv
#define lua_getuservalue lua_getfenv

#if !defined(LUA_LJDIR)
static inline void luaL_setfuncs(lua_State *L, const luaL_Reg *functions, int upvalues) {
  luaI_openlib(L, NULL, functions, upvalues);
}

static inline void luaL_setmetatable(lua_State *L, const char *name) {
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
}

static inline void *luaL_testudata(lua_State *L, int index, const char *name) {
  void *data = lua_touserdata(L, index);
  if (!data || !lua_getmetatable(L, index))
    return NULL;
  luaL_getmetatable(L, name);
  int same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? data : NULL;
}
#endif

#endif

#endif
