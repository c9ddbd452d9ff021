/* The request bodies of one call as a userdata. */
#include "ldt_attendees.h"

#include "ldt_encode.h"
#include "ldt_metatable.h"

#include "dt_limits.h"

#include <stdint.h>
#include <string.h>

#define TYPE_NAME "dingtalk.attendees"

/* The upvalues of core_attendees; two more are the strings that STRINGS needs. To look the
   metatable up by name takes a twentieth of a call with one attendee. */
enum { METATABLE = 1, STRINGS, UPVALUES = 4 };

static const char *tail_of(lua_State *L, int push, int chat) {
  static const char *const tails[3][3] = {
      {"]}", "],\"chatNotification\":false}", "],\"chatNotification\":true}"},
      {"],\"pushNotification\":false}", "],\"pushNotification\":false,\"chatNotification\":false}",
       "],\"pushNotification\":false,\"chatNotification\":true}"},
      {"],\"pushNotification\":true}", "],\"pushNotification\":true,\"chatNotification\":false}",
       "],\"pushNotification\":true,\"chatNotification\":true}"},
  };
  int first = lua_isnil(L, push) ? 0 : 1 + lua_toboolean(L, push);
  int second = lua_isnil(L, chat) ? 0 : 1 + lua_toboolean(L, chat);
  return tails[first][second];
}

static int push_wrong_type(lua_State *L) {
  lua_pushnil(L);
  lua_pushliteral(L, "wrong_type");
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushstring(L, luaL_typename(L, 1));
  return 5;
}

/* Returns nil, code, position or nil, field or nil, detail or nil. */
static int push_failure(lua_State *L, const ldt_encoder *enc) {
  if (!enc->with_field)
    lua_pushnil(L);
  int field = lua_gettop(L);
  lua_pushnil(L);
  lua_pushstring(L, enc->code);
  if (enc->position)
    lua_pushinteger(L, (lua_Integer)enc->position);
  else
    lua_pushnil(L);
  lua_pushvalue(L, field);
  if (enc->other)
    lua_pushinteger(L, (lua_Integer)enc->other);
  else
    lua_pushstring(L, enc->detail);
  return 5;
}

static ldt_attendees *new_attendees(lua_State *L, uint32_t batches) {
  ldt_attendees *out = lua_newuserdata(L, sizeof *out + batches * sizeof(ldt_batch));
  memset(out, 0, sizeof *out);
  dt_buf_init(&out->body, DT_MAX_REQUEST_BYTES);
  lua_pushvalue(L, lua_upvalueindex(METATABLE));
  lua_setmetatable(L, -2);
  return out;
}

/*
 * core.attendees(list, push, chat, removing) -> attendees, how many batches; or
 * nil, code, position, field, detail. `push` and `chat` are the API's notification
 * switches, nil to leave them out.
 */
static int core_attendees(lua_State *L) {
  lua_settop(L, 4);
  if (!lua_istable(L, 1))
    return push_wrong_type(L);
  ldt_encoder enc = {
      .L = L,
      .strings = lua_touserdata(L, lua_upvalueindex(STRINGS)),
      .removing = lua_toboolean(L, 4),
      .tail = tail_of(L, 2, 3),
  };
  size_t count = lua_rawlen(L, 1);
  luaL_checkstack(L, LDT_ENCODER_STACK, NULL);
  uint32_t batches = count > DT_MAX_ATTENDEES ? 1 : (uint32_t)count / DT_BATCH_ATTENDEES + 1;
  lua_settop(L, 3);
  enc.out = new_attendees(L, batches); /* at 4, where it stays */
  lua_pushnil(L);
  bool is_empty = count == 0 && !lua_next(L, 1);
  if (is_empty)
    enc.code = "no_attendees";
  else if (count > DT_MAX_ATTENDEES)
    enc.code = "too_many_attendees";
  lua_settop(L, 4);
  if (enc.code || !ldt_encode(&enc, (uint32_t)count))
    return push_failure(L, &enc);
  lua_settop(L, 4);
  lua_pushinteger(L, (lua_Integer)enc.out->batch_count);
  return 2;
}

static ldt_attendees *check_self(lua_State *L) {
  return ldt_check_self(L, TYPE_NAME);
}

static const ldt_batch *check_batch(lua_State *L, const ldt_attendees *self, lua_Integer number) {
  if (number < 1 || number > (lua_Integer)self->batch_count)
    luaL_error(L, "no batch %d", (int)number);
  return &self->batches[number - 1];
}

const char *ldt_attendees_body(lua_State *L, int index, lua_Integer number, size_t *length) {
  const ldt_attendees *self = luaL_checkudata(L, index, TYPE_NAME);
  const ldt_batch *at = check_batch(L, self, number);
  *length = at->length;
  return self->body.data + at->offset;
}

/* attendees:batches() -> how many requests it takes. */
static int attendees_batches(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_self(L)->batch_count);
  return 1;
}

/* attendees:batch(i) -> first and last position in the list, number of attendees. */
static int attendees_batch(lua_State *L) {
  const ldt_batch *at = check_batch(L, check_self(L), luaL_checkinteger(L, 2));
  lua_pushinteger(L, (lua_Integer)at->first);
  lua_pushinteger(L, (lua_Integer)at->last);
  lua_pushinteger(L, (lua_Integer)at->count);
  return 3;
}

/* attendees:body(i) -> the request body of batch i. */
static int attendees_body(lua_State *L) {
  size_t length = 0;
  const char *body = ldt_attendees_body(L, 1, luaL_checkinteger(L, 2), &length);
  lua_pushlstring(L, body, length);
  return 1;
}

/* FNV-1a: finds arguments that differ by mistake, not by malice. */
#define DIGEST_START UINT64_C(0xCBF29CE484222325)

static uint64_t digest(uint64_t hash, const char *data, size_t length) {
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001B3);
  return hash;
}

static int push_digest(lua_State *L, uint64_t hash) {
  static const char digits[] = "0123456789abcdef";
  char hex[16];
  for (int i = 0; i < 16; i++)
    hex[i] = digits[(hash >> (60 - 4 * i)) & 15];
  lua_pushlstring(L, hex, sizeof hex);
  return 1;
}

/* core.digest(text) -> a hash of 16 hex digits. */
static int core_digest(lua_State *L) {
  size_t length = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  return push_digest(L, digest(DIGEST_START, text, length));
}

/* attendees:digest(text) -> 16 hex digits that change when the text or a body does. */
static int attendees_digest(lua_State *L) {
  const ldt_attendees *self = check_self(L);
  size_t length = 0;
  const char *text = luaL_checklstring(L, 2, &length);
  uint64_t hash = digest(DIGEST_START, text, length + 1);
  return push_digest(L, digest(hash, self->body.data, self->body.length));
}

void ldt_attendees_count(lua_State *L, int index, int change) {
  ldt_attendees *self = lua_touserdata(L, index);
  if (!self)
    return;
  self->transfers += change;
  if (!self->transfers && !self->batch_count)
    dt_buf_free(&self->body);
}

/* attendees:free() frees the bodies, which the collector would take for small, once no transfer
   reads from them. Idempotent. */
static int attendees_free(lua_State *L) {
  ldt_attendees *self = check_self(L);
  self->batch_count = 0;
  dt_idset_free(&self->seen);
  if (!self->transfers)
    dt_buf_free(&self->body);
  return 0;
}

void ldt_open_attendees(lua_State *L) {
  static const luaL_Reg metamethods[] = {{"__gc", attendees_free}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"batches", attendees_batches}, {"batch", attendees_batch}, {"body", attendees_body},
      {"digest", attendees_digest},   {"free", attendees_free},   {NULL, NULL},
  };
  ldt_new_metatable(L, TYPE_NAME, metamethods, methods);
  luaL_getmetatable(L, TYPE_NAME);
  ldt_push_strings(L);
  lua_pushcclosure(L, core_attendees, UPVALUES);
  lua_setfield(L, -2, "attendees");
  lua_pushcfunction(L, core_digest);
  lua_setfield(L, -2, "digest");
}
