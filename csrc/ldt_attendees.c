/*
 * The request bodies of one call, written straight from the Lua list in the one
 * pass that checks it.
 *
 * Only raw accesses are made while the list is walked, so no code of the caller
 * runs meanwhile; what is allocated hangs on the userdata from the start.
 */
#include "ldt.h"

#include "dt_buf.h"
#include "dt_idset.h"
#include "dt_limits.h"
#include "dt_text_plain.h"

#include <stdint.h>
#include <string.h>

#define TYPE_NAME "dingtalk.attendees"

enum {
  POPPED_AT_ONCE = 16,      /* values read that may lie on the stack */
  FEWEST_BY_POSITION = 16,  /* entries from which on is_all_array is worth its price */
  USUAL_ATTENDEE_BYTES = 64 /* of a body, as they are in most lists */
};

typedef struct batch {
  size_t offset;
  size_t length;
  uint32_t first; /* positions in the caller's list, from 1 */
  uint32_t last;
  uint32_t count; /* attendees in it; duplicates are left out */
} batch;

typedef struct attendees {
  dt_buf body; /* the bodies of all batches, one after the other */
  dt_idset seen;
  int transfers; /* that read from the body */
  uint32_t batch_count;
  batch batches[];
} attendees;

typedef enum optional { UNSAID, REQUIRED, OPTIONAL } optional;

typedef struct encoder {
  lua_State *L;
  attendees *out;
  batch *current;
  bool removing;
  bool unique;        /* a single attendee needs no set of those seen */
  const char *tail;   /* what closes a body */
  const void *key_id; /* the interned field names: told by pointer */
  const void *key_optional;
  uint32_t position;  /* of the entry at hand */
  const char *code;   /* what is wrong, or NULL */
  const char *detail; /* a static text, or NULL */
  uint32_t other;     /* for a duplicate: where the first one stands */
  bool with_field;    /* whether the field's name is on top of the stack */
} encoder;

static bool fail(encoder *enc, const char *code, const char *detail) {
  enc->code = code;
  enc->detail = detail;
  return false;
}

static bool fail_buffer(encoder *enc) {
  bool full = enc->out->body.state == DT_BUF_FULL;
  return fail(enc, full ? "too_large" : "out_of_memory", NULL);
}

static bool append(encoder *enc, const char *text) {
  return dt_buf_append(&enc->out->body, text, strlen(text)) || fail_buffer(enc);
}

static bool open_batch(encoder *enc) {
  attendees *out = enc->out;
  enc->current = &out->batches[out->batch_count++];
  *enc->current = (batch){.offset = out->body.length, .first = enc->position};
  return append(enc, enc->removing ? "{\"attendeesToRemove\":[" : "{\"attendeesToAdd\":[");
}

static bool close_batch(encoder *enc) {
  if (!append(enc, enc->tail))
    return false;
  enc->current->length = enc->out->body.length - enc->current->offset;
  return true;
}

/* Whether the id is new; a repeated one must not say something else. */
static bool is_new(encoder *enc, const char *id, size_t length, bool is_optional) {
  if (enc->unique)
    return true;
  const dt_idset_entry *first =
      dt_idset_add(&enc->out->seen, id, (uint32_t)length, enc->position, is_optional);
  if (first && first->optional != is_optional) {
    enc->other = first->position;
    fail(enc, "conflicting_duplicate", NULL);
  }
  return !first;
}

#define COPY(out, literal) (memcpy(out, literal, sizeof(literal) - 1), (out) + sizeof(literal) - 1)

static bool write_attendee(encoder *enc, const char *id, size_t length, optional flag) {
  static const size_t literals = sizeof ",{\"id\":\"\",\"isOptional\":false}";
  dt_buf *body = &enc->out->body;
  dt_text_fault fault = DT_TEXT_OK;
  if (body->capacity - body->length < 2 * length + literals &&
      !dt_buf_reserve(body, 2 * length + literals))
    return fail_buffer(enc);
  char *out = body->data + body->length;
  if (enc->current->count)
    *out++ = ',';
  out = COPY(out, "{\"id\":\"");
  if (dt_text_copy_plain(out, id, length)) {
    out[length] = '"';
    out += length + 1;
  } else if (!(out = dt_text_write_json(out - 1, id, length, &fault))) {
    return fail(enc, ldt_text_fault(fault), NULL);
  }
  if (flag == OPTIONAL)
    out = COPY(out, ",\"isOptional\":true");
  else if (flag == REQUIRED)
    out = COPY(out, ",\"isOptional\":false");
  *out++ = '}';
  body->length = (size_t)(out - body->data);
  enc->current->count++;
  return true;
}

static bool add(encoder *enc, const char *id, size_t length, optional flag) {
  if (length == 0 || length > DT_MAX_ID_BYTES)
    return fail(enc, length ? "too_long" : "empty", NULL);
  if (!is_new(enc, id, length, flag == OPTIONAL)) {
    enc->current->last = enc->position;
    return !enc->code;
  }
  if (enc->current->count == DT_BATCH_ATTENDEES && !(close_batch(enc) && open_batch(enc)))
    return false;
  enc->current->last = enc->position;
  return write_attendee(enc, id, length, flag);
}

/* Leaves the field's name on top, for the message. */
static bool fail_field(encoder *enc, const char *code, const char *detail) {
  enc->with_field = true;
  lua_pop(enc->L, 1);
  return fail(enc, code, detail);
}

/* The fields of the entry on top. */
static bool read_fields(encoder *enc, const char **id, size_t *length, optional *flag) {
  lua_State *L = enc->L;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    const void *key = ldt_identity(L, -2);
    if (key == enc->key_id) {
      if (lua_type(L, -1) != LUA_TSTRING)
        return fail_field(enc, "wrong_type", luaL_typename(L, -1));
      *id = lua_tolstring(L, -1, length);
    } else if (key == enc->key_optional && !enc->removing) {
      if (!lua_isboolean(L, -1))
        return fail_field(enc, "wrong_type", luaL_typename(L, -1));
      *flag = lua_toboolean(L, -1) ? OPTIONAL : REQUIRED;
    } else {
      return fail_field(enc, "unknown_field", NULL);
    }
    lua_pop(L, 1);
  }
  return *id || fail(enc, "missing_id", NULL);
}

/* The entry on top of the stack, a string or a table, and its type. */
static bool add_entry(encoder *enc, int type) {
  lua_State *L = enc->L;
  size_t length = 0;
  const char *id = NULL;
  optional flag = UNSAID;
  if (type == LUA_TSTRING)
    id = lua_tolstring(L, -1, &length);
  else if (type == LUA_TNIL)
    return fail(enc, "hole", NULL);
  else if (type != LUA_TTABLE)
    return fail(enc, "wrong_type", luaL_typename(L, -1));
  else if (!read_fields(enc, &id, &length, &flag))
    return false;
  return add(enc, id, length, flag);
}

/* Most lists are walked by lua_next in order. Returns whether all of this one was. There is room
   for `count`: finalizers, run since they were counted, may have added others. */
static bool add_in_order(encoder *enc, uint32_t count, bool *in_order) {
  lua_State *L = enc->L;
  *in_order = true;
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    enc->position++;
    if (enc->position > count || lua_type(L, -2) != LUA_TNUMBER ||
        lua_tonumber(L, -2) != (lua_Number)enc->position) {
      *in_order = false;
      return false;
    }
    if (!add_entry(enc, lua_type(L, -1)))
      return false;
    lua_pop(L, 1);
  }
  return true;
}

/* Whether every key is a position from 1 to `count`. */
static bool check_keys(encoder *enc, uint32_t count) {
  lua_State *L = enc->L;
  uint32_t found = 0;
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
    if (key < 1 || key > DT_MAX_ATTENDEES * 1000.0 || key != (lua_Number)(uint32_t)key) {
      enc->position = 0;
      return fail_field(enc, "not_a_list", NULL);
    }
    found++;
    lua_pop(L, 1);
  }
  if (found == count)
    return true;
  for (enc->position = 1;; enc->position++) {
    lua_rawgeti(L, 1, (int)enc->position);
    if (lua_isnil(L, -1))
      return fail(enc, "hole", NULL);
    lua_pop(L, 1);
  }
}

static bool add_by_position(encoder *enc, uint32_t count) {
  lua_State *L = enc->L;
  for (enc->position = 1; enc->position <= count; enc->position++) {
    if (!add_entry(enc, ldt_rawgeti(L, 1, enc->position)))
      return false;
    /* Each pop costs half as much as the read, whatever it pops. */
    if (enc->position % POPPED_AT_ONCE == 0)
      lua_pop(L, POPPED_AT_ONCE);
  }
  return true;
}

/* The list at 1, its last position at 2 and one behind it at 3, which raises when it is neither a
   key nor a slot. */
static int nothing_follows(lua_State *L) {
  lua_pushvalue(L, 2);
  bool is = !lua_next(L, 1);
  lua_settop(L, 3);
  lua_pushboolean(L, is && !lua_next(L, 1));
  return 1;
}

/*
 * Whether the list is all there is in the table. lua_next takes an absent key
 * for a slot of the array part, or for one of the other part that was emptied:
 * so it is asked for the end that the array part has when Lua made it grow, a
 * power of two. The last entry then stands in that part too, and nothing came
 * behind it in the order of lua_next, which visits the other keys last. False
 * when that cannot be told so: a walk by lua_next tells it always and costs
 * three times as much a plain string.
 */
static bool is_all_array(lua_State *L, uint32_t count) {
  uint32_t end = FEWEST_BY_POSITION;
  while (end <= count)
    end *= 2;
  lua_pushcfunction(L, nothing_follows);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, (lua_Integer)count);
  lua_pushinteger(L, (lua_Integer)end);
  bool is = lua_pcall(L, 3, 1, 0) == 0 && lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

/* Empties what was written, to start or to start again. */
static bool start(encoder *enc, uint32_t count) {
  attendees *out = enc->out;
  dt_buf_clear(&out->body, out->body.capacity);
  dt_idset_free(&out->seen);
  if (!enc->unique && !dt_idset_init(&out->seen, count))
    return fail(enc, "out_of_memory", NULL);
  out->batch_count = 0;
  enc->position = 1;
  if (!dt_buf_reserve(&out->body, (count + (size_t)1) * USUAL_ATTENDEE_BYTES))
    return fail_buffer(enc);
  bool done = open_batch(enc);
  enc->position = 0;
  return done;
}

static bool add_all(encoder *enc, uint32_t count) {
  bool in_order = true;
  enc->unique = count == 1;
  if (!start(enc, count))
    return false;
  if (count >= FEWEST_BY_POSITION && is_all_array(enc->L, count))
    return add_by_position(enc, count);
  if (add_in_order(enc, count, &in_order))
    return true;
  if (in_order)
    return false;
  lua_settop(enc->L, 4);
  return check_keys(enc, count) && start(enc, count) && add_by_position(enc, count);
}

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

/* Returns nil, code, position or nil, field or nil, detail or nil. */
static int push_failure(lua_State *L, const encoder *enc) {
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

static attendees *new_attendees(lua_State *L, size_t batches) {
  attendees *out = lua_newuserdata(L, sizeof *out + batches * sizeof(batch));
  memset(out, 0, sizeof *out);
  dt_buf_init(&out->body, DT_MAX_REQUEST_BYTES);
  luaL_setmetatable(L, TYPE_NAME);
  return out;
}

/*
 * core.attendees(list, push, chat, removing) -> attendees; or nil, code,
 * position, field, detail. `push` and `chat` are the API's notification
 * switches, nil to leave them unsaid.
 */
static int core_attendees(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 4);
  size_t count = lua_rawlen(L, 1);
  encoder enc = {.L = L, .removing = lua_toboolean(L, 4), .tail = tail_of(L, 2, 3)};
  lua_pushvalue(L, lua_upvalueindex(1));
  enc.key_id = ldt_identity(L, -1);
  lua_pushvalue(L, lua_upvalueindex(2));
  enc.key_optional = ldt_identity(L, -1);
  lua_settop(L, 3);
  luaL_checkstack(L, POPPED_AT_ONCE + 10, NULL);
  size_t batches = count > DT_MAX_ATTENDEES ? 1 : count / DT_BATCH_ATTENDEES + 1;
  enc.out = new_attendees(L, batches); /* at 4, where it stays */
  lua_pushnil(L);
  bool is_empty = count == 0 && !lua_next(L, 1);
  if (is_empty)
    fail(&enc, "no_attendees", NULL);
  else if (count > DT_MAX_ATTENDEES)
    fail(&enc, "too_many_attendees", NULL);
  lua_settop(L, 4);
  bool done = !enc.code && add_all(&enc, (uint32_t)count) && close_batch(&enc);
  dt_idset_free(&enc.out->seen);
  if (!done)
    return push_failure(L, &enc);
  lua_settop(L, 4);
  return 1;
}

static attendees *check_attendees(lua_State *L, int index) {
  return luaL_checkudata(L, index, TYPE_NAME);
}

static const batch *check_batch(lua_State *L, const attendees *self, lua_Integer number) {
  if (number < 1 || number > (lua_Integer)self->batch_count)
    luaL_error(L, "no batch %d", (int)number);
  return &self->batches[number - 1];
}

const char *ldt_attendees_body(lua_State *L, int index, lua_Integer number, size_t *length) {
  const attendees *self = check_attendees(L, index);
  const batch *at = check_batch(L, self, number);
  *length = at->length;
  return self->body.data + at->offset;
}

/* attendees:batches() -> how many requests it takes. */
static int attendees_batches(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_attendees(L, 1)->batch_count);
  return 1;
}

/* attendees:batch(i) -> first and last position in the list, number of attendees. */
static int attendees_batch(lua_State *L) {
  const batch *at = check_batch(L, check_attendees(L, 1), luaL_checkinteger(L, 2));
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

/* FNV-1a: tells other arguments by mistake, not by malice. */
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

/* core.digest(text) -> 16 hex digits that tell texts apart. */
static int core_digest(lua_State *L) {
  size_t length = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  return push_digest(L, digest(DIGEST_START, text, length));
}

/* attendees:digest(text) -> 16 hex digits that change when the text or a body does. */
static int attendees_digest(lua_State *L) {
  const attendees *self = check_attendees(L, 1);
  size_t length = 0;
  const char *text = luaL_checklstring(L, 2, &length);
  uint64_t hash = digest(DIGEST_START, text, length + 1);
  return push_digest(L, digest(hash, self->body.data, self->body.length));
}

void ldt_attendees_count(lua_State *L, int index, int change) {
  attendees *self = lua_touserdata(L, index);
  if (!self)
    return;
  self->transfers += change;
  if (!self->transfers && !self->batch_count)
    dt_buf_free(&self->body);
}

bool ldt_attendees_only_batch(lua_State *L, int index, ldt_batch *out) {
  const attendees *self = lua_touserdata(L, index);
  const batch *only = &self->batches[0];
  *out = (ldt_batch){self->body.data, only->length, only->first, only->last, only->count};
  return self->batch_count == 1;
}

void ldt_attendees_free(lua_State *L, int index) {
  attendees *self = lua_touserdata(L, index);
  dt_idset_free(&self->seen);
  self->batch_count = 0;
  if (!self->transfers)
    dt_buf_free(&self->body);
}

/* attendees:free() frees the bodies, which the collector would take for small, once no transfer
   reads from them. Idempotent. */
static int attendees_free(lua_State *L) {
  check_attendees(L, 1);
  ldt_attendees_free(L, 1);
  return 0;
}

void ldt_open_attendees(lua_State *L) {
  static const luaL_Reg metamethods[] = {{"__gc", attendees_free}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"batches", attendees_batches}, {"batch", attendees_batch}, {"body", attendees_body},
      {"digest", attendees_digest},   {"free", attendees_free},   {NULL, NULL},
  };
  ldt_new_metatable(L, TYPE_NAME, metamethods, methods);
  lua_pushliteral(L, "id");
  lua_pushliteral(L, "isOptional");
  lua_pushcclosure(L, core_attendees, 2);
  lua_setfield(L, -2, "attendees");
  lua_pushcfunction(L, core_digest);
  lua_setfield(L, -2, "digest");
}
