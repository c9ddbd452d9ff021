/*
 * A small Lua host: lua [-e CODE]... [SCRIPT [ARG]...]. The builds with a sanitizer
 * run their specs in it; compiled with DT_PRELOAD it carries the core inside, as an
 * application that embeds Lua would.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef DT_PRELOAD
#include <dingtalk_core.h>

static void preload_core(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_dingtalk_core);
  lua_setfield(L, -2, "dingtalk.core");
  lua_pop(L, 1);
}
#endif

static int add_traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

/* Calls what luaL_load* left on the stack, with `nargs` strings of `argv`. */
static int run(lua_State *L, int loaded, int nargs, char **argv) {
  if (loaded == LUA_OK) {
    int function = lua_gettop(L);
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, function);
    for (int i = 0; i < nargs; i++)
      lua_pushstring(L, argv[i]);
    loaded = lua_pcall(L, nargs, 0, function);
  }
  if (loaded == LUA_OK)
    return EXIT_SUCCESS;
  fprintf(stderr, "lua: %s\n", lua_tostring(L, -1));
  return EXIT_FAILURE;
}

/* The table `arg`: the script at 0, its arguments above, ours below. */
static void set_arg(lua_State *L, int argc, char **argv, int script) {
  lua_createtable(L, argc, argc);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

static int run_all(lua_State *L, int argc, char **argv) {
  int script = 1;
  while (script + 1 < argc && strcmp(argv[script], "-e") == 0)
    script += 2;
  set_arg(L, argc, argv, script);
  for (int i = 1; i < script; i += 2) {
    int status = run(L, luaL_loadstring(L, argv[i + 1]), 0, NULL);
    if (status != EXIT_SUCCESS)
      return status;
  }
  if (script >= argc)
    return EXIT_SUCCESS;
  return run(L, luaL_loadfile(L, argv[script]), argc - script - 1, argv + script + 1);
}

int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  if (!L)
    return EXIT_FAILURE;
  luaL_openlibs(L);
#ifdef DT_PRELOAD
  preload_core(L);
#endif
  int status = run_all(L, argc, argv);
  lua_close(L);
  return status;
}
