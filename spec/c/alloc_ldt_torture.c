/*
 * Fails one allocation after the other. The script given as the first argument runs in a Lua state
 * of its own and drives a second one, the victim, whose allocations can be made to fail: those of
 * Lua, of libcurl, or of the core (linked with --wrap). See alloc_torture.lua for what must hold
 * each time.
 */
#include "with_lua.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <string.h>

#if defined(__GLIBC__)
#include <execinfo.h>
#endif

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

typedef enum owner { OF_LUA, OF_CURL, OF_CORE, OWNERS } owner;

static const char *const owner_names[] = {"lua", "curl", "core", NULL};

typedef struct account {
  long live;    /* blocks */
  long asked;   /* allocations since it was armed */
  long fail_at; /* the one that fails; 0: none */
  bool lasting; /* all after it fail too */
  bool fired;
} account;

static account accounts[OWNERS];
static lua_State *victim;

/* libcurl before 8.10 frees a name twice when it is out of memory while it keeps a TLS session,
   which it does from within OpenSSL. Nothing can be done about that from outside, so what it asks
   for there it gets. */
static bool in_openssl(void) {
#if defined(__GLIBC__) /* musl has no backtrace */
  void *frames[24];
  int count = backtrace(frames, 24);
  for (int i = 0; i < count; i++) {
    Dl_info info;
    if (dladdr(frames[i], &info) && info.dli_fname && strstr(info.dli_fname, "libssl"))
      return true;
  }
#endif
  return false;
}

/* Lua collects and asks again when an allocation fails, so its second try fails as well. */
static bool fails(owner of) {
  account *at = &accounts[of];
  if (at->fail_at == 0)
    return false;
  long past = ++at->asked - at->fail_at;
  bool failing = past == 0 || (past > 0 && at->lasting) || (past == 1 && of == OF_LUA);
  at->fired = at->fired || failing;
  return failing && !(of == OF_CURL && in_openssl());
}

static void *take(owner of, void *block) {
  if (block)
    accounts[of].live++;
  return block;
}

static void give(owner of, void *block) {
  if (block)
    accounts[of].live--;
  __real_free(block);
}

static void *resize(owner of, void *block, size_t size) {
  if (fails(of))
    return NULL;
  void *moved = __real_realloc(block, size);
  return block ? moved : take(of, moved);
}

static void *lua_memory(void *user, void *block, size_t old_size, size_t size) {
  (void)user;
  if (size == 0) {
    give(OF_LUA, block);
    return NULL;
  }
  /* Shrinking never fails: Lua relies on it. */
  if (block && size <= old_size)
    return __real_realloc(block, size);
  return resize(OF_LUA, block, size);
}

static void *curl_malloc(size_t size) {
  return fails(OF_CURL) ? NULL : take(OF_CURL, __real_malloc(size));
}

static void *curl_calloc(size_t count, size_t size) {
  return fails(OF_CURL) ? NULL : take(OF_CURL, __real_calloc(count, size));
}

static void *curl_realloc(void *block, size_t size) {
  return resize(OF_CURL, block, size);
}

static char *curl_strdup(const char *text) {
  return fails(OF_CURL) ? NULL : take(OF_CURL, __real_strdup(text));
}

static void curl_free_block(void *block) {
  give(OF_CURL, block);
}

void *__wrap_malloc(size_t size) {
  return fails(OF_CORE) ? NULL : take(OF_CORE, __real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails(OF_CORE) ? NULL : take(OF_CORE, __real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size) {
  return resize(OF_CORE, block, size);
}

char *__wrap_strdup(const char *text) {
  return fails(OF_CORE) ? NULL : take(OF_CORE, __real_strdup(text));
}

void __wrap_free(void *block) {
  give(OF_CORE, block);
}

static void disarm(void) {
  for (int i = 0; i < OWNERS; i++)
    accounts[i].fail_at = 0;
}

static int open_protected(lua_State *L) {
  open_modules(L);
  return 0;
}

/* What a run in the victim left on its stack from `first` on, as strings. */
static int copy_results(lua_State *L, int first) {
  int count = lua_gettop(victim) - first + 1;
  for (int i = 0; i < count; i++) {
    size_t length;
    const char *text = luaL_tolstring(victim, first + i, &length);
    lua_pushlstring(L, text, length);
    lua_pop(victim, 1);
  }
  lua_settop(victim, 0);
  return count;
}

/* Returns whether it worked, and what it returned or raised. */
static int finish(lua_State *L, int status) {
  disarm();
  lua_pushboolean(L, status == LUA_OK);
  return 1 + copy_results(L, 1);
}

/* victim.open() -> whether it worked, the message. What is armed stays so for the run that follows.
 */
static int victim_open(lua_State *L) {
  victim = new_lua_state(lua_memory, NULL);
  if (!victim) {
    disarm();
    lua_pushboolean(L, false);
    lua_pushliteral(L, "not enough memory");
    return 2;
  }
  lua_pushcfunction(victim, open_protected);
  int status = lua_pcall(victim, 0, 0, 0);
  if (status != LUA_OK)
    return finish(L, status);
  lua_pushboolean(L, true);
  return 1;
}

/* victim.run(code) -> whether it worked, what it returned as strings or the message. */
static int victim_run(lua_State *L) {
  size_t length;
  const char *code = luaL_checklstring(L, 1, &length);
  account armed[OWNERS];
  memcpy(armed, accounts, sizeof armed);
  disarm();
  int status = luaL_loadbuffer(victim, code, length, "=victim");
  for (int i = 0; i < OWNERS; i++)
    accounts[i].fail_at = armed[i].fail_at;
  return finish(L, status == LUA_OK ? lua_pcall(victim, 0, LUA_MULTRET, 0) : status);
}

/* victim.arm(owner, n, lasting): the n-th allocation of the next open or run fails. */
static int victim_arm(lua_State *L) {
  account *at = &accounts[luaL_checkoption(L, 1, NULL, owner_names)];
  at->fail_at = (long)luaL_checkinteger(L, 2);
  at->lasting = lua_toboolean(L, 3);
  at->asked = 0;
  at->fired = false;
  return 0;
}

/* victim.fired(owner) -> whether an allocation failed since it was armed. */
static int victim_fired(lua_State *L) {
  lua_pushboolean(L, accounts[luaL_checkoption(L, 1, NULL, owner_names)].fired);
  return 1;
}

/* victim.close() -> blocks that are still allocated: of Lua, of libcurl, of the core. */
static int victim_close(lua_State *L) {
  if (victim)
    lua_close(victim);
  victim = NULL;
  for (int i = 0; i < OWNERS; i++)
    lua_pushinteger(L, accounts[i].live);
  return OWNERS;
}

/* victim.pin(path) keeps a library loaded to the end of the process. */
static int victim_pin(lua_State *L) {
  if (!dlopen(luaL_checkstring(L, 1), RTLD_NOW | RTLD_NODELETE))
    return luaL_error(L, "%s", dlerror());
  return 0;
}

static void open_victim(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"open", victim_open}, {"run", victim_run},     {"arm", victim_arm}, {"fired", victim_fired},
      {"pin", victim_pin},   {"close", victim_close}, {NULL, NULL},
  };
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  lua_setglobal(L, "victim");
}

int main(int argc, char **argv) {
  /* Before the core does it: then the core's own only counts. */
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_free_block, curl_realloc,
                           curl_strdup, curl_calloc) != CURLE_OK)
    return 2;
  lua_State *L = luaL_newstate();
  if (!L || argc < 2)
    return 2;
  open_modules(L);
  open_victim(L);
  lua_newtable(L);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setglobal(L, "arg");
  bool done = run_loaded(L, luaL_loadfile(L, argv[1]), 0);
  lua_close(L);
  return done ? 0 : 1;
}
