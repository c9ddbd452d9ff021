/*
 * The body encoder through a Lua state. The bytes build a list with all kinds of values beside a
 * model of it; what is accepted must read back, by a strict reader of ours, as the model says.
 */
#include "fuzz_support.h"
#include "with_lua.h"

#include "dt_limits.h"
#include "dt_text.h"

#include <string.h>

enum { MAX_ENTRIES = 1300, MAX_TEXT = 1100, BUCKETS = 1024 };

typedef struct entry {
  char text[MAX_TEXT];
  size_t length;
  int optional; /* -1 where it says nothing */
  bool repeated;
  int older; /* another entry of the same bucket, or -1 */
} entry;

/* What the list must be read as. It has to be accepted while it is good and refused once it is bad;
   odd values leave it neither. */
static struct {
  entry entries[MAX_ENTRIES];
  int count;
  bool good;
  bool bad;
  bool removing;
  int push;
  int chat;
} model;

static lua_State *L;

static bool is_good_id(const char *text, size_t length) {
  return dt_text_check_id(text, length, DT_MAX_ID_BYTES) == DT_TEXT_OK;
}

static void note(const char *text, size_t length, int optional) {
  entry *now = &model.entries[model.count++];
  CHECK(length <= MAX_TEXT);
  now->length = length;
  now->optional = optional;
  memcpy(now->text, text, length);
  if (!is_good_id(text, length))
    model.bad = true;
}

/* Each value goes to the next position of the list at 1. */
static void put(void) {
  lua_rawseti(L, 1, model.count);
}

static void add_string(const char *text, size_t length) {
  note(text, length, -1);
  lua_pushlstring(L, text, length);
  put();
}

static void add_table(const char *text, size_t length, int optional) {
  note(text, length, optional);
  lua_newtable(L);
  lua_pushlstring(L, text, length);
  lua_setfield(L, -2, "id");
  if (optional >= 0) {
    lua_pushboolean(L, optional);
    lua_setfield(L, -2, "isOptional");
    model.bad = model.bad || model.removing;
  }
  put();
}

static void add_many(input *in) {
  int many = next_byte(in) * 4;
  bool in_tables = next_byte(in) & 1;
  char text[32];
  for (int i = 0; i < many && model.count < MAX_ENTRIES - 1; i++) {
    int length = snprintf(text, sizeof text, "person-%d", model.count);
    if (in_tables)
      add_table(text, (size_t)length, model.removing ? -1 : i & 1);
    else
      add_string(text, (size_t)length);
  }
}

static void add_again(input *in) {
  if (!model.count)
    return;
  const entry *old = &model.entries[(next_byte(in) * 256 + next_byte(in)) % model.count];
  entry copy = *old;
  if (next_byte(in) & 1)
    add_string(copy.text, copy.length);
  else
    add_table(copy.text, copy.length, copy.optional);
}

static void add_long(input *in) {
  char text[MAX_TEXT];
  size_t length = 1000 + next_byte(in) % 100;
  memset(text, next_byte(in), length);
  add_string(text, length);
}

static int raise(lua_State *state) {
  return luaL_error(state, "the caller's code was run");
}

static void push_odd(input *in) {
  switch (next_byte(in) % 8) {
  case 0:
    lua_pushnumber(L, next_byte(in) / 2.0);
    break;
  case 1:
    lua_pushboolean(L, next_byte(in) & 1);
    break;
  case 2:
    lua_pushcfunction(L, raise);
    break;
  case 3:
    lua_pushlightuserdata(L, &model);
    break;
  case 4:
    lua_newtable(L);
    break;
  case 5:
    lua_newthread(L);
    break;
  case 6:
    lua_newuserdata(L, 1);
    break;
  default:
    lua_pushnil(L);
    break;
  }
}

/* An entry of which the model says nothing. */
static void note_odd(void) {
  model.good = false;
  model.entries[model.count++].length = 0;
}

static void add_odd(input *in) {
  note_odd();
  push_odd(in);
  put();
}

static void push_text(input *in) {
  size_t length;
  const char *text = next_bytes(in, next_byte(in) % 40, &length);
  lua_pushlstring(L, text, length);
}

/* A table with a field that may be of any name and value. */
static void add_odd_table(input *in) {
  static const char *const names[] = {"id", "isOptional", "isoptional", "ID"};
  note_odd();
  lua_newtable(L);
  if (next_byte(in) & 1) {
    push_text(in);
    lua_setfield(L, -2, "id");
  }
  int which = next_byte(in) % 6;
  if (which < 4)
    lua_pushstring(L, names[which]);
  else if (which == 4)
    push_text(in);
  else
    lua_pushnumber(L, next_byte(in) / 2.0);
  push_odd(in);
  lua_rawset(L, -3);
  put();
}

static void set_odd_key(input *in) {
  static const double keys[] = {0, -1, 1.5, 0x1p40, 0x1p53, 6000};
  int which = next_byte(in) % 8;
  model.good = false;
  if (which < 6)
    lua_pushnumber(L, keys[which]);
  else if (which == 6)
    push_text(in);
  else
    lua_pushboolean(L, next_byte(in) & 1);
  push_text(in);
  lua_rawset(L, 1);
}

/* Metamethods that raise: the encoder must not call them. */
static void add_guarded(input *in) {
  static const char *const events[] = {"__index", "__newindex", "__len", "__pairs", "__eq"};
  size_t length;
  const char *text = next_bytes(in, next_byte(in) % 40, &length);
  add_table(text, length, -1);
  lua_rawgeti(L, 1, model.count);
  lua_newtable(L);
  for (int i = 0; i < 5; i++) {
    lua_pushcfunction(L, raise);
    lua_setfield(L, -2, events[i]);
  }
  if (next_byte(in) & 1) {
    lua_pushvalue(L, -1);
    lua_setmetatable(L, 1);
  }
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

static void add_one(input *in) {
  uint8_t op = next_byte(in);
  size_t length;
  const char *text;
  switch (op % 16) {
  case 7:
    add_many(in);
    return;
  case 8:
    add_again(in);
    return;
  case 9:
    add_odd(in);
    return;
  case 10:
    add_odd_table(in);
    return;
  case 11:
    set_odd_key(in);
    return;
  case 12:
    add_guarded(in);
    return;
  case 13:
    add_long(in);
    return;
  default:
    break;
  }
  text = next_bytes(in, next_byte(in) % 40, &length);
  if (op % 16 < 5)
    add_string(text, length);
  else
    add_table(text, length, op % 16 == 5 ? -1 : op >> 7);
}

/* The same entries in a table whose hash part holds them in another order. */
static void shuffle(void) {
  lua_newtable(L);
  lua_pushnil(L);
  int keys = 0;
  while (lua_next(L, 1)) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    keys++;
  }
  /* The keys lie on the stack now, above them nothing. */
  for (; keys > 0; keys--) {
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    lua_rawset(L, 2);
  }
  lua_remove(L, 1);
}

static unsigned bucket_of(const entry *of) {
  unsigned sum = (unsigned)of->length;
  for (size_t i = 0; i < of->length; i++)
    sum = sum * 31 + (unsigned char)of->text[i];
  return sum % BUCKETS;
}

static void mark_repeated(void) {
  static int newest[BUCKETS];
  memset(newest, -1, sizeof newest);
  for (int i = 0; i < model.count; i++) {
    entry *now = &model.entries[i];
    int *bucket = &newest[bucket_of(now)];
    int at = *bucket;
    while (at >= 0 && !(model.entries[at].length == now->length &&
                        memcmp(model.entries[at].text, now->text, now->length) == 0))
      at = model.entries[at].older;
    now->repeated = at >= 0;
    if (at >= 0 && (model.entries[at].optional == 1) != (now->optional == 1))
      model.bad = model.bad || model.good;
    if (at >= 0)
      continue;
    now->older = *bucket;
    *bucket = i;
  }
}

/* A reader that knows nothing but the one form a body may have. */
typedef struct reader {
  const char *at;
  const char *end;
} reader;

static bool skips(reader *in, const char *literal) {
  size_t length = strlen(literal);
  if ((size_t)(in->end - in->at) < length || memcmp(in->at, literal, length) != 0)
    return false;
  in->at += length;
  return true;
}

static size_t read_text(reader *in, char *out) {
  size_t length = 0;
  CHECK(skips(in, "\""));
  for (; in->at < in->end && *in->at != '"'; in->at++) {
    if (*in->at == '\\') {
      in->at++;
      CHECK(in->at < in->end && (*in->at == '"' || *in->at == '\\'));
    }
    CHECK(length < MAX_TEXT);
    out[length++] = *in->at;
  }
  CHECK(skips(in, "\""));
  return length;
}

static void read_attendee(reader *in, const entry *expected) {
  char text[MAX_TEXT];
  CHECK(skips(in, "{\"id\":"));
  size_t length = read_text(in, text);
  CHECK(length == expected->length && memcmp(text, expected->text, length) == 0);
  CHECK(is_good_id(text, length));
  if (expected->optional >= 0)
    CHECK(skips(in, expected->optional ? ",\"isOptional\":true" : ",\"isOptional\":false"));
  CHECK(skips(in, "}"));
}

static void read_flag(reader *in, const char *name, int value) {
  if (value < 0)
    return;
  CHECK(skips(in, ",\"") && skips(in, name) && skips(in, value ? "\":true" : "\":false"));
}

static lua_Integer call_integer(const char *method, int argument, int result) {
  int top = lua_gettop(L);
  lua_getfield(L, 2, method);
  lua_pushvalue(L, 2);
  lua_pushinteger(L, argument);
  CHECK(lua_pcall(L, 2, LUA_MULTRET, 0) == LUA_OK);
  lua_Integer value = lua_tointeger(L, top + result);
  lua_settop(L, top);
  return value;
}

/* Reads a batch; returns the position after its last attendee. */
static int check_batch(int batch, int position) {
  int first = (int)call_integer("batch", batch, 1);
  int last = (int)call_integer("batch", batch, 2);
  int count = (int)call_integer("batch", batch, 3);
  CHECK(count >= 1 && count <= DT_BATCH_ATTENDEES && first == position + 1);
  CHECK(last >= first && last <= model.count);
  lua_getfield(L, 2, "body");
  lua_pushvalue(L, 2);
  lua_pushinteger(L, batch);
  CHECK(lua_pcall(L, 2, 1, 0) == LUA_OK);
  size_t length;
  const char *body = lua_tolstring(L, -1, &length);
  reader in = {body, body + length};
  CHECK(skips(&in, model.removing ? "{\"attendeesToRemove\":[" : "{\"attendeesToAdd\":["));
  int read = 0;
  for (; position < last; position++) {
    if (model.entries[position].repeated)
      continue;
    CHECK(read == 0 || skips(&in, ","));
    read_attendee(&in, &model.entries[position]);
    read++;
  }
  CHECK(read == count);
  CHECK(skips(&in, "]"));
  read_flag(&in, "pushNotification", model.push);
  read_flag(&in, "chatNotification", model.chat);
  CHECK(skips(&in, "}") && in.at == in.end);
  lua_pop(L, 1);
  return last;
}

static void check_accepted(void) {
  int batches = (int)call_integer("batches", 0, 1);
  int position = 0;
  for (int i = 1; i <= batches; i++)
    position = check_batch(i, position);
  CHECK(batches >= 1 && position == model.count);
}

static void check_refused(void) {
  static const char *const codes[] = {"no_attendees",
                                      "too_many_attendees",
                                      "missing_id",
                                      "hole",
                                      "not_a_list",
                                      "wrong_type",
                                      "unknown_field",
                                      "empty",
                                      "too_long",
                                      "control_byte",
                                      "not_utf8",
                                      "too_large",
                                      "conflicting_duplicate"};
  const char *code = lua_tostring(L, 3);
  bool known = false;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    known = known || (code && strcmp(code, codes[i]) == 0);
  CHECK(known);
}

static void push_switch(int value) {
  if (value < 0)
    lua_pushnil(L);
  else
    lua_pushboolean(L, value);
}

/* The list at 1 becomes: the list, what core.attendees returned. */
static void encode(void) {
  lua_getglobal(L, "encode");
  lua_pushvalue(L, 1);
  push_switch(model.push);
  push_switch(model.chat);
  lua_pushboolean(L, model.removing);
  if (lua_pcall(L, 4, LUA_MULTRET, 0) != LUA_OK) {
    fprintf(stderr, "raised: %s\n", lua_tostring(L, -1));
    abort();
  }
}

static void open_state(void) {
  L = luaL_newstate();
  CHECK(L);
  open_modules(L);
  CHECK(run_loaded(L, luaL_loadstring(L, "encode = require('dingtalk.core').attendees"), 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!L)
    open_state();
  input in = {data, size};
  uint8_t flags = next_byte(&in);
  model.count = 0;
  model.good = true;
  model.bad = false;
  model.push = flags % 3 - 1;
  model.chat = flags / 3 % 3 - 1;
  model.removing = flags / 9 % 2;
  lua_settop(L, 0);
  CHECK(lua_checkstack(L, MAX_ENTRIES + 50));
  lua_newtable(L);
  while (in.left && model.count < MAX_ENTRIES - 1)
    add_one(&in);
  mark_repeated();
  if (flags / 18 % 2)
    shuffle();
  encode();
  if (lua_isnil(L, 2)) {
    CHECK(model.bad || !model.good || model.count == 0);
    check_refused();
  } else {
    CHECK(!model.bad);
    if (model.good)
      check_accepted();
  }
  lua_settop(L, 0);
  return 0;
}
