/*
 * The judging of arbitrary answers through a Lua state: see fuzz_ldt_answers.lua for what must
 * hold. Input: a byte each for libcurl's code, what was sent, and the status twice; then the header
 * block up to an empty line; then the body.
 */
#include "fuzz_support.h"
#include "with_lua.h"

#include "dt_header.h"

#include <string.h>

static lua_State *L;

static void open_state(void) {
  L = luaL_newstate();
  CHECK(L);
  open_modules(L);
  CHECK(run_loaded(L, luaL_loadfile(L, DT_SOURCE_DIR "/spec/c/fuzz_ldt_answers.lua"), 1));
}

static void push_header(const char *block, size_t length, const char *name) {
  size_t value_length;
  const char *value = dt_header_find(block, length, name, &value_length);
  if (value)
    lua_pushlstring(L, value, value_length);
  else
    lua_pushnil(L);
}

/* Most bytes stand for a status that the service is known to answer. */
static int read_status(input *in) {
  static const int known[] = {200, 400, 401, 403, 404, 409, 429, 500, 502, 503, 302, 204, 100};
  uint8_t which = next_byte(in);
  uint8_t rest = next_byte(in);
  if (which < 250)
    return known[which % (sizeof known / sizeof *known)];
  return which * 4 - 1000 + rest * 4;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!L)
    open_state();
  input in = {data, size};
  uint8_t curl = next_byte(&in);
  uint8_t flags = next_byte(&in);
  int status = read_status(&in);
  const char *block = (const char *)in.at;
  const char *end = in.left ? memmem(block, in.left, "\r\n\r\n", 4) : NULL;
  size_t block_length = end ? (size_t)(end + 4 - block) : 0;
  lua_pushvalue(L, 1);
  lua_pushinteger(L, curl < 128 ? 0 : curl - 128);
  lua_pushinteger(L, status);
  lua_pushinteger(L, flags);
  lua_pushlstring(L, block + block_length, in.left - block_length);
  push_header(block, block_length, "x-acs-request-id");
  push_header(block, block_length, "retry-after");
  if (lua_pcall(L, 6, 0, 0) != 0) {
    fprintf(stderr, "raised: %s\n", lua_tostring(L, -1));
    abort();
  }
  lua_settop(L, 1);
  return 0;
}
