/*
 * opts.resume of any form through a Lua state: see fuzz_ldt_resume.lua for what must hold. Input: a
 * byte that says whether the rest is JSON or orders to build a value.
 */
#include "fuzz_support.h"
#include "with_lua.h"

#include <math.h>

static lua_State *L;

static void open_state(void) {
  L = luaL_newstate();
  CHECK(L);
  open_modules(L);
  CHECK(run_loaded(L, luaL_loadfile(L, DT_SOURCE_DIR "/spec/c/fuzz_ldt_resume.lua"), 1));
}

static void push_number(input *in) {
  static const double odd[] = {0, -1, 0.5, 4, 1e300, INFINITY, -INFINITY, NAN, 0x1p63, 3};
  uint8_t which = next_byte(in);
  if (which < 128)
    lua_pushinteger(L, which % 5);
  else
    lua_pushnumber(L, odd[which % (sizeof odd / sizeof *odd)]);
}

static void push_text(input *in) {
  static const char *const names[] = {"digest", "batches", "done", "client_tokens", "D",  "B",
                                      "1",      "2",       "3",    "0x1",           "1e0"};
  uint8_t which = next_byte(in);
  size_t length;
  if (which < 192) {
    lua_pushstring(L, names[which % (sizeof names / sizeof *names)]);
    return;
  }
  const char *text = next_bytes(in, which - 192u, &length);
  lua_pushlstring(L, text, length);
}

static void push_value(input *in, int depth);

static void push_table(input *in, int depth) {
  int fields = next_byte(in) % 8;
  lua_newtable(L);
  for (int i = 0; i < fields && in->left; i++) {
    push_value(in, depth);
    /* A key may be neither nil nor not a number. */
    if (lua_isnil(L, -1) || (lua_type(L, -1) == LUA_TNUMBER && isnan(lua_tonumber(L, -1)))) {
      lua_pop(L, 1);
      continue;
    }
    push_value(in, depth);
    lua_rawset(L, -3);
  }
}

static void push_value(input *in, int depth) {
  int kind = next_byte(in) % 10;
  if (kind < 3)
    push_text(in);
  else if (kind < 5)
    push_number(in);
  else if (kind == 5)
    lua_pushboolean(L, next_byte(in) & 1);
  else if (kind == 6)
    lua_pushlightuserdata(L, NULL);
  else if (kind == 7 || depth == 0)
    lua_pushnil(L);
  else
    push_table(in, depth - 1);
}

/* The four fields, each of the right or of any kind. */
static void push_likely(input *in) {
  static const char *const names[] = {"digest", "batches", "done", "client_tokens"};
  uint8_t any = next_byte(in);
  lua_newtable(L);
  for (int i = 0; i < 4; i++) {
    if (any >> i & 1)
      push_value(in, 3);
    else if (i < 2)
      lua_pushstring(L, i ? "B" : "D");
    else
      push_table(in, 2);
    lua_setfield(L, -2, names[i]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!L)
    open_state();
  input in = {data, size};
  uint8_t form = next_byte(&in) % 3;
  lua_pushvalue(L, 1);
  if (form == 0)
    lua_pushlstring(L, (const char *)in.at, in.left);
  else if (form == 1)
    push_value(&in, 4);
  else
    push_likely(&in);
  lua_pushboolean(L, form == 0);
  if (lua_pcall(L, 2, 0, 0) != 0) {
    fprintf(stderr, "raised: %s\n", lua_tostring(L, -1));
    abort();
  }
  lua_settop(L, 1);
  return 0;
}
