#include "ldt_metatable.h"

#include <stdbool.h>

void ldt_new_metatable(lua_State *L, const char *name, const luaL_Reg *metamethods,
                       const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  lua_pushvalue(L, -1);
  luaL_setfuncs(L, metamethods, 1);
  lua_newtable(L);
  lua_pushvalue(L, -2);
  luaL_setfuncs(L, methods, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void *ldt_check_self(lua_State *L, const char *name) {
  void *self = lua_touserdata(L, 1); /* a table may have this metatable, too */
  bool is_one = self && lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1));
  if (!is_one)
    return luaL_checkudata(L, 1, name);
  lua_pop(L, 1);
  return self;
}
