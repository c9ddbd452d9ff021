/*
 * The short way through a call, from the arguments to the result: for calls that ask for nothing
 * beyond the defaults, in a thread that may block, as long as all goes well.
 *
 * It knows one rule, that an empty 200 means done. What is amiss with the arguments, and whatever
 * else is answered, is for Lua to say: there every call can take the long way from its beginning,
 * or from a first attempt that was sent here (lua/dingtalk/attendees.lua).
 */
#include "ldt_encode.h"
#include "ldt_engine.h"

#include "dt_header.h"
#include "dt_limits.h"
#include "dt_poller.h"
#include "dt_random.h"
#include "dt_uri.h"

#include <stdlib.h>
#include <string.h>

/* The URL's literals: those between the ids, then the end for each of the calls. */
enum { BEFORE_USER, BEFORE_CALENDAR, BEFORE_EVENT, AFTER_ADDING, AFTER_REMOVING, LITERALS };

enum { IDS = 3, MAX_LITERAL_BYTES = DT_MAX_URL_BYTES - IDS * 3 * DT_MAX_ID_BYTES };

typedef struct literal {
  char *text;
  size_t length;
} literal;

typedef struct ldt_shortcut {
  long timeout_ms;
  literal literals[LITERALS];
  char storage[];
} ldt_shortcut;

/* Where things stand on the stack: the arguments, then what is made of them. */
enum {
  CLIENT = 1,
  TOKEN,
  USER,
  CALENDAR,
  EVENT,
  LIST,
  OPTIONS,
  ARGUMENTS = OPTIONS,
  ENGINE,
  BODY,
  CLIENT_TOKEN,
  BATCH,
  RESULT,
  ANSWERED
};

/* The functions' upvalues. The names of the fields are among them: to push one costs a fraction of
   what lua_setfield takes to find it by its text. */
enum {
  ENGINE_METATABLE = 1,
  ENCODE,
  SPARE, /* attendees that the next call may use, or nil */
  NAME_ENGINE,
  NAME_COUNT,
  NAME_FIRST,
  NAME_LAST,
  NAME_STATUS,
  NAME_ATTEMPTS,
  NAME_ELAPSED,
  NAME_CLIENT_TOKEN,
  NAME_REQUEST_ID,
  NAME_BATCHES,
  UPVALUES = NAME_BATCHES
};

/*
 * engine:shortcut(timeout, literal, …) lets core.add_attendees and core.remove_attendees use this
 * engine: with so many seconds a call, and the literals of the URL, base included. Without memory
 * for them calls take the long way.
 */
int ldt_engine_shortcut(lua_State *L) {
  ldt_engine *self = luaL_checkudata(L, 1, LDT_ENGINE_TYPE);
  size_t size = 0;
  long timeout_ms = ldt_milliseconds(luaL_checknumber(L, 2));
  for (int i = 0; i < LITERALS; i++) {
    size_t length = 0;
    luaL_checklstring(L, 3 + i, &length);
    size += length;
  }
  if (self->shortcut || size > MAX_LITERAL_BYTES)
    return 0;
  ldt_shortcut *shortcut = self->shortcut = malloc(sizeof *shortcut + size);
  if (!shortcut)
    return 0;
  shortcut->timeout_ms = timeout_ms;
  char *out = shortcut->storage;
  for (int i = 0; i < LITERALS; i++) {
    literal *at = &shortcut->literals[i];
    const char *text = lua_tolstring(L, 3 + i, &at->length);
    at->text = memcpy(out, text, at->length);
    out += at->length;
  }
  return 0;
}

/* Pushes the client's engine, and returns it where it can be used. */
static ldt_engine *push_engine(lua_State *L) {
  if (lua_type(L, CLIENT) != LUA_TTABLE)
    return NULL;
  lua_pushvalue(L, lua_upvalueindex(NAME_ENGINE));
  lua_rawget(L, CLIENT);
  ldt_engine *self = lua_touserdata(L, ENGINE);
  if (!self || !lua_getmetatable(L, ENGINE))
    return NULL;
  bool is_engine = lua_rawequal(L, -1, lua_upvalueindex(ENGINE_METATABLE));
  lua_settop(L, ENGINE);
  return is_engine && self->shortcut && ldt_engine_is_usable(self) ? self : NULL;
}

static bool read_token(lua_State *L, dt_request *request) {
  if (lua_type(L, TOKEN) != LUA_TSTRING)
    return false;
  request->token = lua_tolstring(L, TOKEN, &request->token_length);
  return dt_text_check_visible(request->token, request->token_length, DT_MAX_TOKEN_BYTES) ==
         DT_TEXT_OK;
}

static char *write_literal(char *out, const literal *from) {
  memcpy(out, from->text, from->length);
  return out + from->length;
}

/* Whether all ids are as they must be. The URL has room for the longest. */
static bool write_url(lua_State *L, const ldt_shortcut *shortcut, int tail, char *url) {
  for (int i = 0; i < IDS; i++) {
    int index = USER + i;
    size_t length = 0;
    dt_text_fault fault = DT_TEXT_OK;
    bool is_primary = index == CALENDAR && lua_isnil(L, index);
    if (!is_primary && lua_type(L, index) != LUA_TSTRING)
      return false;
    const char *id = is_primary ? "primary" : lua_tolstring(L, index, &length);
    url = write_literal(url, &shortcut->literals[BEFORE_USER + i]);
    url = dt_uri_write_id(url, id, is_primary ? strlen(id) : length, &fault);
    if (!url)
      return false;
  }
  url = write_literal(url, &shortcut->literals[tail]);
  *url = '\0';
  return true;
}

/* The body of the list, where that is as it must be and fits into one request. */
static const ldt_attendees *push_body(lua_State *L, bool removing) {
  if (lua_type(L, LIST) != LUA_TTABLE || lua_rawlen(L, LIST) > DT_BATCH_ATTENDEES)
    return NULL;
  lua_pushvalue(L, lua_upvalueindex(ENCODE));
  lua_pushvalue(L, LIST);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushboolean(L, removing);
  lua_pushvalue(L, lua_upvalueindex(SPARE));
  /* In use now, also where a finalizer makes a call. */
  lua_pushnil(L);
  lua_replace(L, lua_upvalueindex(SPARE));
  lua_call(L, 5, 1);
  return lua_touserdata(L, BODY);
}

static void keep_body(lua_State *L) {
  ldt_attendees_keep(lua_touserdata(L, BODY));
  lua_pushvalue(L, BODY);
  lua_replace(L, lua_upvalueindex(SPARE));
}

static void set_integer(lua_State *L, int table, int name, lua_Integer value) {
  lua_pushvalue(L, lua_upvalueindex(name));
  lua_pushinteger(L, value);
  lua_rawset(L, table);
}

static void set_value(lua_State *L, int table, int name, int value) {
  lua_pushvalue(L, lua_upvalueindex(name));
  lua_pushvalue(L, value);
  lua_rawset(L, table);
}

/* The result of a success, but for what the answer says: made before anything is sent, since what
   follows should not fail for want of memory. */
static void push_result(lua_State *L, const ldt_batch *batch) {
  lua_createtable(L, 0, 7);
  set_integer(L, BATCH, NAME_FIRST, batch->first);
  set_integer(L, BATCH, NAME_LAST, batch->last);
  set_integer(L, BATCH, NAME_STATUS, 200);
  set_integer(L, BATCH, NAME_ATTEMPTS, 1);
  set_value(L, BATCH, NAME_CLIENT_TOKEN, CLIENT_TOKEN);
  lua_createtable(L, 0, 6);
  set_integer(L, RESULT, NAME_COUNT, batch->count);
  set_integer(L, RESULT, NAME_STATUS, 200);
  set_integer(L, RESULT, NAME_ATTEMPTS, 1);
  set_value(L, RESULT, NAME_CLIENT_TOKEN, CLIENT_TOKEN);
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, BATCH);
  lua_rawseti(L, ANSWERED, 1);
  set_value(L, RESULT, NAME_BATCHES, ANSWERED);
  lua_settop(L, RESULT);
}

typedef struct request_id {
  size_t length; /* 0: the answer has none */
  char text[DT_MAX_PLAIN_REQUEST_ID_BYTES];
} request_id;

/* False when there is no room for it: no plain answer's is that long. */
static bool copy_request_id(request_id *to, const dt_answer *answer) {
  const char *text =
      dt_header_find(answer->headers, answer->headers_length, "x-acs-request-id", &to->length);
  if (!text)
    to->length = 0;
  else if (to->length <= sizeof to->text)
    memcpy(to->text, text, to->length);
  return to->length <= sizeof to->text;
}

/* Waits for the transfer where that is for us to do: in the main coroutine, since another may be
   one of several of ours. A signal, the client's alarm and another's end cut it short. */
static bool has_succeeded(lua_State *L, dt_engine *engine, dt_transfer_id id, request_id *said) {
  dt_answer answer;
  bool is_main = lua_pushthread(L);
  lua_settop(L, RESULT);
  return is_main && dt_engine_step(engine, -1) && dt_engine_answer(engine, id, &answer) &&
         answer.curl_code == 0 && answer.status == 200 && !answer.body_length &&
         copy_request_id(said, &answer);
}

static int push_sent(lua_State *L, dt_transfer_id id, int64_t started) {
  ldt_engine_hold(L, ENGINE, id, BODY);
  lua_pushnil(L);
  lua_pushvalue(L, BODY);
  lua_pushvalue(L, CLIENT_TOKEN);
  lua_pushinteger(L, (lua_Integer)id);
  lua_pushnumber(L, (lua_Number)started / 1e6);
  return 5;
}

/* Whatever allocates in Lua may run a finalizer, and that close the engine: so nothing of it is
   needed any more when this is called. */
static int complete_result(lua_State *L, const request_id *said, int64_t elapsed_us) {
  if (said->length) {
    lua_pushlstring(L, said->text, said->length);
    set_value(L, BATCH, NAME_REQUEST_ID, ANSWERED);
    set_value(L, RESULT, NAME_REQUEST_ID, ANSWERED);
  }
  lua_pushvalue(L, lua_upvalueindex(NAME_ELAPSED));
  lua_pushnumber(L, (lua_Number)elapsed_us / 1e6);
  lua_rawset(L, BATCH);
  lua_settop(L, RESULT);
  return 1;
}

static int send(lua_State *L, dt_request request, bool removing) {
  char uuid[DT_UUID_BYTES];
  dt_engine_fault fault = DT_ENGINE_OK;
  request_id said;
  const ldt_attendees *attendees = push_body(L, removing);
  if (!attendees || !dt_random_uuid(uuid))
    return 0;
  lua_pushlstring(L, uuid, sizeof uuid);
  push_result(L, &attendees->batches[0]);
  const ldt_engine *self = lua_touserdata(L, ENGINE);
  if (!self->engine) /* closed by a finalizer meanwhile */
    return 0;
  ldt_engine_reserve(L, ENGINE);
  request.client_token = uuid;
  request.client_token_length = sizeof uuid;
  request.body = attendees->body.data;
  request.body_length = attendees->body.length;
  int64_t started = dt_clock_us();
  dt_transfer_id id = dt_engine_start(self->engine, &request, &fault);
  if (!id)
    return 0;
  if (!has_succeeded(L, self->engine, id, &said))
    return push_sent(L, id, started);
  dt_engine_release(self->engine, id);
  keep_body(L);
  return complete_result(L, &said, dt_clock_us() - started);
}

static int call(lua_State *L, bool removing) {
  char url[DT_MAX_URL_BYTES + 1];
  lua_settop(L, ARGUMENTS);
  const ldt_engine *self = lua_isnil(L, OPTIONS) ? push_engine(L) : NULL;
  dt_request request = {.method = DT_POST, .url = url};
  if (!self || !read_token(L, &request) ||
      !write_url(L, self->shortcut, removing ? AFTER_REMOVING : AFTER_ADDING, url))
    return 0;
  request.timeout_ms = self->shortcut->timeout_ms;
  return send(L, request, removing);
}

/*
 * core.add_attendees(client, token, user, cal, event, list, opts) -> result; or
 * nothing, when the long way is to be taken; or nil, attendees, client token,
 * id, start: a transfer that was started and is to be waited for, and when.
 */
static int core_add_attendees(lua_State *L) {
  return call(L, false);
}

/* core.remove_attendees: the same. */
static int core_remove_attendees(lua_State *L) {
  return call(L, true);
}

static void add_function(lua_State *L, const char *name, lua_CFunction function,
                         const char *counted) {
  static const char *const names[] = {"first",   "last",         "status",     "attempts",
                                      "elapsed", "client_token", "request_id", "batches"};
  luaL_getmetatable(L, LDT_ENGINE_TYPE);
  lua_getfield(L, -2, "attendees");
  lua_pushnil(L);
  lua_pushliteral(L, "engine");
  lua_pushstring(L, counted);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    lua_pushstring(L, names[i]);
  lua_pushcclosure(L, function, UPVALUES);
  lua_setfield(L, -2, name);
}

void ldt_open_shortcut(lua_State *L) {
  add_function(L, "add_attendees", core_add_attendees, "added");
  add_function(L, "remove_attendees", core_remove_attendees, "removed");
}
