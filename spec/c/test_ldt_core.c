/* The bindings in a Lua state of their own: loaded again and again, and with each allocation
 * failing in turn. */
#include "check.h"
#include "with_lua.h"

#include <string.h>

typedef struct memory {
  long left; /* allocations until one fails; negative: none does */
  bool failed;
} memory;

static void *allocate(void *user, void *block, size_t old_size, size_t new_size) {
  memory *heap = user;
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  bool grows = !block || new_size > old_size;
  if (grows && heap->left == 0) {
    heap->failed = true;
    return NULL;
  }
  if (grows && heap->left > 0)
    heap->left--;
  return realloc(block, new_size);
}

static void fail_with(lua_State *L) {
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  exit(1);
}

/* Runs `chunk` with the core as its argument. */
static int run(lua_State *L, const char *chunk) {
  int status = luaL_loadstring(L, chunk);
  if (status != 0)
    return status;
  lua_getglobal(L, "core");
  return lua_pcall(L, 1, 0, 0);
}

static lua_State *new_state(memory *heap) {
  lua_State *L = new_lua_state(allocate, heap);
  if (!L)
    return NULL;
  luaL_openlibs(L);
  lua_pushcfunction(L, luaopen_dingtalk_core);
  if (lua_pcall(L, 0, 1, 0) != 0)
    fail_with(L);
  lua_setglobal(L, "core");
  return L;
}

static void loads_twice_in_one_state(lua_State *L) {
  lua_getglobal(L, "core");
  lua_pushcfunction(L, luaopen_dingtalk_core);
  CHECK(lua_pcall(L, 0, 1, 0) == 0);
  lua_setglobal(L, "again");
  lua_settop(L, 0);
  if (run(L, "local core = ... local body = core.attendees({'a'}) body = nil collectgarbage()\n"
             "assert(core ~= again and again.attendees({'a'}):body(1) == "
             "'{\"attendeesToAdd\":[{\"id\":\"a\"}]}')\n"
             "assert(core.attendees({'a'}):batches() == 1)") != 0)
    fail_with(L);
}

static void states_know_nothing_of_each_other(void) {
  memory heap = {-1, false};
  lua_State *states[5];
  for (size_t i = 0; i < LENGTH(states); i++) {
    states[i] = new_state(&heap);
    CHECK(run(states[i], "local core = ... engine = core.engine { connect_timeout_ms = 100, "
                         "max_connections = 1 }") == 0);
  }
  for (size_t i = LENGTH(states); i > 0; i--)
    lua_close(states[i - 1]);
}

/* Each with the first allocation failing, then the second, and so on until all goes well: every
   time a plain "not enough memory", and nothing lost, which a sanitizer or valgrind would see. */
static const char *const chunks[] = {
    "local core = ... core.attendees({ 'a', { id = 'b', isOptional = true }, 'a' })",
    "local core, list = ..., {} for i = 1, 1200 do list[i] = 'p' .. i end\n"
    "local body = core.attendees(list, true, false) body:body(3) body:digest('x') body:batch(2)",
    "local core = ... core.attendees({ [3] = 'a', [2] = 'b', [1] = 'c' })",
    "local core = ... core.attendees({ 'a', nil, 'c' }) core.attendees({ { id = 'a', name = 1 } "
    "})\n"
    "core.attendees({ x = 1 }) core.attendees({ 'a', { id = 'a', isOptional = true } })",
    "local core = ... core.url('https://h', '/', ('ü'):rep(300), '/', 'b') core.uuid() "
    "core.random()",
    "local core = ... local engine = assert(core.engine {\n"
    "  connect_timeout_ms = 100, max_connections = 1, allow_http = true, proxy = '', user_agent = "
    "'x' })\n"
    "local body = core.attendees({ 'a' })\n"
    "engine:start({}, 'POST', 'http://127.0.0.1:1/', 't', 'c', body, 1, 5)\n"
    "while not engine:step(1) do end\n"
    "local attempt = {} engine:start(attempt, 'GET', 'http://127.0.0.1:1/', nil, nil, nil, nil, "
    "5)\n"
    "engine:cancel(attempt) "
    "engine:close()",
};

static void survives_every_failing_allocation(size_t row) {
  for (long count = 0;; count++) {
    memory heap = {-1, false};
    lua_State *L = new_state(&heap);
    lua_gc(L, LUA_GCSTOP, 0);
    heap.left = count;
    int status = run(L, chunks[row]);
    heap.left = -1;
    bool failed = heap.failed;
    if (!failed && status != 0)
      fail_with(L);
    /* A collector that is run in need may find room after all. */
    CHECK_ROW(row, status == 0 || strstr(lua_tostring(L, -1), "not enough memory"));
    lua_close(L);
    if (!failed)
      return;
    CHECK_ROW(row, count < 100000);
  }
}

int main(void) {
  memory heap = {-1, false};
  lua_State *L = new_state(&heap);
  if (!L) {
    puts("this Lua takes no allocator of ours");
    return 0;
  }
  loads_twice_in_one_state(L);
  lua_close(L);
  states_know_nothing_of_each_other();
  for (size_t row = 0; row < LENGTH(chunks); row++)
    survives_every_failing_allocation(row);
  return 0;
}
