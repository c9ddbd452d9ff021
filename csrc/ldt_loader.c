/*
 * What Lua finds as dingtalk.core, where the linker can bind late. The core itself lies beside it.
 *
 * Lua loads C modules with RTLD_NOW, which goes for the libraries they need, too: all that the
 * thirty of libcurl could ever call of each other is looked up at once, three million instructions
 * in a script that makes one call. Loaded from here, they bind each call when it is first made, as
 * in any C program.
 */
#include "ldt.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Of the process: another state may come when the path, which may be relative, leads elsewhere. */
static _Atomic(lua_CFunction) open_core;

/* Pushes the path of the core beside the file `own`. */
static const char *push_path(lua_State *L, const char *own) {
  const char *slash = strrchr(own, '/');
  lua_pushlstring(L, own, slash ? (size_t)(slash + 1 - own) : 0);
  lua_pushliteral(L, LDT_CORE_FILE);
  lua_concat(L, 2);
  return lua_tostring(L, -1);
}

/* The core beside this file, or beside the one that a link of this name leads to. */
static void *load(lua_State *L) {
  char resolved[PATH_MAX];
  Dl_info info;
  if (!dladdr(&open_core, &info))
    return NULL;
  void *core = dlopen(push_path(L, info.dli_fname), RTLD_LAZY | RTLD_LOCAL);
  if (!core && realpath(info.dli_fname, resolved) && strcmp(resolved, info.dli_fname) != 0)
    core = dlopen(push_path(L, resolved), RTLD_LAZY | RTLD_LOCAL);
  return core;
}

int luaopen_dingtalk_core(lua_State *L) {
  lua_CFunction function = atomic_load(&open_core);
  if (!function) {
    void *core = load(L);
    /* ISO C has no cast from what dlsym gives; POSIX promises that the bytes are the same. */
    void *symbol = core ? dlsym(core, "luaopen_dingtalk_core") : NULL;
    if (!symbol) {
      const char *why = dlerror();
      return luaL_error(L, "dingtalk.core cannot be loaded: %s", why ? why : "its file is unknown");
    }
    memcpy(&function, &symbol, sizeof function);
    atomic_store(&open_core, function);
  }
  return function(L);
}
