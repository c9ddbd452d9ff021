/* A Lua state for the programs in this folder: the standard libraries, this clone's modules, and
   the core that is linked into the program. */
#ifndef WITH_LUA_H
#define WITH_LUA_H

#include "compat.h"
#include "dingtalk_core.h"

#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>

/* Lua 5.5 wants a seed for its hashes, too. */
#if LUA_VERSION_NUM >= 505
#define new_lua_state(allocate, user) lua_newstate(allocate, user, 0)
#else
#define new_lua_state(allocate, user) lua_newstate(allocate, user)
#endif

/* Raises, like everything of Lua, when out of memory. */
static inline void open_modules(lua_State *L) {
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_pushliteral(L, DT_SOURCE_DIR "/lua/?.lua;" DT_SOURCE_DIR "/?.lua;");
  lua_getfield(L, -2, "path");
  lua_concat(L, 2);
  lua_setfield(L, -2, "path");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_dingtalk_core);
  lua_setfield(L, -2, "dingtalk.core");
  lua_pop(L, 2);
}

/* Runs what luaL_load* left on the stack; false with the message on stderr. */
static inline bool run_loaded(lua_State *L, int loaded, int results) {
  if (loaded == 0)
    loaded = lua_pcall(L, 0, results, 0);
  if (loaded == 0)
    return true;
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "%s\n", message ? message : "(no message)");
  return false;
}

#endif
