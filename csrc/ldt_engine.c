/*
 * The engine as a userdata. Its user value is a table with two entries for each transfer, by its
 * slot: the attempt, a table that the answer is written into, and the request body, so that the
 * memory libcurl reads from stays while the transfer does. Both are false where a slot has none.
 */
#include "ldt_engine.h"

#include "ldt_attendees.h"
#include "ldt_metatable.h"

#include "dt_engine.h"
#include "dt_header.h"
#include "dt_poller.h"
#include "dt_waker.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TYPE_NAME "dingtalk.engine"

typedef struct ldt_engine {
  dt_engine *engine; /* NULL once closed */
  dt_waker *waker;   /* NULL unless the host needs one */
  pid_t pid;         /* the process that made it */
} ldt_engine;

enum { SMALL_ANSWER_BYTES = 1024 }; /* most answers fit, and are copied to the stack */

/* Where the user value holds functions, which it takes no memory to call from there. */
enum { TAKE_ANSWER = 0, DO_NOTHING = -1 };

/* The indices of a slot's entries in the user value. */
static int attempt_index(uint32_t slot) {
  return 2 * (int)slot - 1;
}

static int body_index(uint32_t slot) {
  return 2 * (int)slot;
}

/* Enough for what only reads memory, which is the process's own after a fork too. */
static ldt_engine *check_open(lua_State *L) {
  ldt_engine *self = ldt_check_self(L, TYPE_NAME);
  if (!self->engine)
    luaL_error(L, "the engine is closed");
  return self;
}

static bool is_usable(const ldt_engine *self) {
  return self->engine && self->pid == getpid() && !dt_engine_is_broken(self->engine);
}

static ldt_engine *check_self(lua_State *L) {
  ldt_engine *self = check_open(L);
  if (self->pid != getpid())
    luaL_error(L, "the engine belongs to another process");
  return self;
}

static dt_engine *check_engine(lua_State *L) {
  return check_self(L)->engine;
}

/* The field as a string that stays on the stack, or NULL. */
static const char *string_field(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  return lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
}

static long long_field(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  long value = (long)luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return value;
}

/* 4, 6, or 0 where the field is nil. */
static int ip_version_field(lua_State *L) {
  lua_getfield(L, 1, "ip_version");
  int version = (int)luaL_optinteger(L, -1, 0);
  lua_pop(L, 1);
  return version;
}

static const char *fault_code(dt_engine_fault fault) {
  static const char *const codes[] = {
      [DT_ENGINE_OK] = "ok",
      [DT_ENGINE_NO_MEMORY] = "out_of_memory",
      [DT_ENGINE_NO_DESCRIPTOR] = "too_many_files",
      [DT_ENGINE_NO_POLLER] = "no_poller",
      [DT_ENGINE_BUSY] = "too_many_in_flight",
      [DT_ENGINE_REFUSED] = "refused_by_libcurl",
      [DT_ENGINE_BROKEN] = "descriptors_closed",
  };
  return codes[fault];
}

static int push_fault(lua_State *L, dt_engine_fault fault) {
  lua_pushnil(L);
  lua_pushstring(L, fault_code(fault));
  return 2;
}

static int64_t to_us(lua_Number seconds) {
  if (!(seconds > 0))
    return 0;
  return seconds < 1e9 ? (int64_t)(seconds * 1e6) : INT64_C(1000000000000000);
}

/* Sets an entry of the user value, on top of the stack, to the value at `index`. */
static void set_entry(lua_State *L, int entry, int index) {
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, entry);
}

/* Keeps the attempt and the body, which may be nil, for the transfer in `slot`. Raises when out of
   memory. */
static void keep(lua_State *L, uint32_t slot, int attempt, int body) {
  lua_getuservalue(L, 1);
  set_entry(L, attempt_index(slot), attempt);
  if (lua_isnil(L, body)) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, -2, body_index(slot));
  } else {
    set_entry(L, body_index(slot), body);
  }
  lua_pop(L, 1);
  ldt_attendees_count(L, body, 1);
}

/* Leaves the attempt on top of the stack. False rather than nil takes its place: to set an entry
   that is there takes no memory. */
static void let_go(lua_State *L, uint32_t slot) {
  lua_getuservalue(L, 1);
  lua_rawgeti(L, -1, body_index(slot));
  ldt_attendees_count(L, -1, -1);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -3, body_index(slot));
  lua_pop(L, 1);
  lua_rawgeti(L, -1, attempt_index(slot));
  lua_pushboolean(L, 0);
  lua_rawseti(L, -3, attempt_index(slot));
  lua_remove(L, -2);
}

/* Gives the transfer back, leaves its attempt on top; whether any byte of it may have gone out. */
static bool release(lua_State *L, dt_engine *engine, dt_transfer_id id) {
  uint32_t slot = dt_engine_slot(engine, id);
  bool sent = dt_engine_release(engine, id);
  let_go(L, slot);
  return sent;
}

/* Sets a field of the attempt on top, which has it already: see attempts.new. */
static void set_string(lua_State *L, const char *name, const char *text, size_t length) {
  if (text)
    lua_pushlstring(L, text, length);
  else
    lua_pushnil(L);
  lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static void set_header(lua_State *L, const char *field, const dt_answer *answer, const char *name) {
  size_t length = 0;
  const char *value = dt_header_find(answer->headers, answer->headers_length, name, &length);
  set_string(L, field, value, length);
}

static void set_seconds(lua_State *L, const char *name, double seconds) {
  if (seconds >= 0)
    lua_pushnumber(L, seconds);
  else
    lua_pushnil(L);
  lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *text) {
  set_string(L, name, text, text ? strlen(text) : 0);
}

/* A step of a transfer, if it took place: the seconds since the one before. */
static void set_step(lua_State *L, const char *name, int64_t before, int64_t at) {
  if (at <= 0)
    return;
  lua_pushnumber(L, (lua_Number)(at > before ? at - before : 0) / 1e6);
  lua_setfield(L, -2, name);
}

static int64_t later(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* The table becomes what the hook is given, 16 fields of a success. */
static void set_timing(lua_State *L, const dt_timing *timing) {
  lua_createtable(L, 0, 16);
  set_boolean(L, "reused", timing->reused);
  set_step(L, "dns", 0, timing->resolved);
  set_step(L, "connect", timing->resolved, timing->connected);
  set_step(L, "tls", timing->connected, timing->secured);
  set_step(L, "first_byte", later(timing->connected, timing->secured), timing->first_byte);
  lua_setfield(L, -2, "timing");
}

/* Writes the answer into the attempt on top. */
static void set_answer(lua_State *L, const dt_answer *answer) {
  if (answer->failure != DT_ANSWERED)
    set_text(L, "failure", dt_failure_code(answer->failure));
  set_integer(L, "status", answer->status);
  if (answer->body_length)
    set_string(L, "body", answer->body, answer->body_length);
  set_header(L, "request_id", answer, "x-acs-request-id");
  if (answer->timing.first_byte || answer->timing.resolved || answer->timing.reused)
    set_timing(L, &answer->timing);
  if (answer->failure == DT_ANSWERED && answer->status == 200 && !answer->body_length)
    return; /* the rest only explains a failure */
  set_boolean(L, "sent", answer->sent);
  set_seconds(L, "retry_after",
              dt_header_wait(answer->headers, answer->headers_length, (double)time(NULL)));
  set_text(L, "message", answer->message);
}

static size_t size_of_texts(const dt_answer *answer) {
  return answer->headers_length + answer->body_length + strlen(answer->message) + 1;
}

/* Copies the texts of the answer, so that it outlives its transfer. */
static void move_texts(dt_answer *answer, char *to) {
  if (answer->headers_length)
    answer->headers = memcpy(to, answer->headers, answer->headers_length);
  to += answer->headers_length;
  if (answer->body_length)
    answer->body = memcpy(to, answer->body, answer->body_length);
  to += answer->body_length;
  answer->message = memcpy(to, answer->message, strlen(answer->message) + 1);
}

/* Called with the engine, the attempt and the transfer's id: writes the answer into the attempt and
   gives the transfer back. Whatever allocates in Lua may run a finalizer, which may close the
   engine or take this answer itself: so nothing of the engine is needed when the answer is
   written. */
static int take_answer(lua_State *L) {
  const ldt_engine *self = lua_touserdata(L, 1);
  dt_transfer_id id = (dt_transfer_id)lua_tointeger(L, 3);
  dt_answer answer;
  char small[SMALL_ANSWER_BYTES];
  /* The call of this very function may have run one. */
  if (!self->engine || !dt_engine_answer(self->engine, id, &answer))
    return 0;
  size_t size = size_of_texts(&answer);
  char *texts = size <= sizeof small ? small : lua_newuserdata(L, size);
  if (!self->engine || !dt_engine_answer(self->engine, id, &answer))
    return 0;
  move_texts(&answer, texts);
  release(L, self->engine, id);
  set_answer(L, &answer);
  return 0;
}

/* Without memory for an answer: all that is known of it is that it came. Sets only fields that the
   attempt has from its start, which takes none. */
static void set_lost(lua_State *L, int attempt) {
  lua_pushvalue(L, attempt);
  set_boolean(L, "status", false);
  set_boolean(L, "sent", true);
}

/* Calls in protected mode without the debug hook, which may raise (Ctrl-C in Lua's own
   interpreter): it comes after the call. */
static int call_unhooked(lua_State *L, int arguments) {
  lua_Hook hook = lua_gethook(L);
  int mask = lua_gethookmask(L), count = lua_gethookcount(L);
  if (hook)
    lua_sethook(L, NULL, 0, 0);
  int status = lua_pcall(L, arguments, 0, 0);
  if (hook)
    lua_sethook(L, hook, mask, count);
  return status;
}

/* Pushes the attempt of a transfer that has ended, with its answer. Never raises: who waits for the
   attempt would wait forever. */
static void push_ended(lua_State *L, const ldt_engine *self, dt_transfer_id id) {
  lua_getuservalue(L, 1);
  lua_rawgeti(L, -1, attempt_index(dt_engine_slot(self->engine, id)));
  int attempt = lua_gettop(L);
  lua_rawgeti(L, -2, TAKE_ANSWER);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, attempt);
  lua_pushinteger(L, (lua_Integer)id);
  if (call_unhooked(L, 3) != 0) {
    if (self->engine && dt_engine_slot(self->engine, id))
      release(L, self->engine, id);
    set_lost(L, attempt);
  }
  lua_settop(L, attempt);
}

static int do_nothing(lua_State *L) {
  (void)L;
  return 0;
}

/*
 * core.engine{ ca_file, ca_path, client_cert, client_key, proxy, interface, ip_version (4, 6; nil:
 * both), user_agent, connect_timeout_ms, max_connections, allow_http } -> engine; or nil, code.
 */
static int core_engine(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  dt_engine_config config = {
      .connect_timeout_ms = long_field(L, "connect_timeout_ms"),
      .max_connections = long_field(L, "max_connections"),
      .ca_file = string_field(L, "ca_file"),
      .ca_path = string_field(L, "ca_path"),
      .client_cert = string_field(L, "client_cert"),
      .client_key = string_field(L, "client_key"),
      .proxy = string_field(L, "proxy"),
      .interface = string_field(L, "interface"),
      .ip_version = ip_version_field(L),
      .user_agent = string_field(L, "user_agent"),
  };
  lua_getfield(L, 1, "allow_http");
  config.allow_http = lua_toboolean(L, -1);
  ldt_engine *self = lua_newuserdata(L, sizeof *self);
  *self = (ldt_engine){.pid = getpid()};
  luaL_setmetatable(L, TYPE_NAME);
  lua_newtable(L);
  lua_pushcfunction(L, take_answer);
  lua_rawseti(L, -2, TAKE_ANSWER);
  lua_pushcfunction(L, do_nothing);
  lua_rawseti(L, -2, DO_NOTHING);
  lua_setuservalue(L, -2);
  dt_engine_fault fault = DT_ENGINE_OK;
  self->engine = dt_engine_new(&config, &fault);
  return self->engine ? 1 : push_fault(L, fault);
}

static void read_body(lua_State *L, int index, dt_request *request) {
  if (lua_isnil(L, index))
    return;
  if (lua_type(L, index) == LUA_TSTRING)
    request->body = lua_tolstring(L, index, &request->body_length);
  else
    request->body =
        ldt_attendees_body(L, index, luaL_checkinteger(L, index + 1), &request->body_length);
}

/* Rounded up, at least 1. */
static long to_ms(lua_Number seconds) {
  long whole = (long)(seconds * 1000);
  whole += (lua_Number)whole < seconds * 1000;
  return whole < 1 ? 1 : whole;
}

/* The arguments of engine:start. */
enum {
  ATTEMPT = 2,
  METHOD,
  URL,
  TOKEN,
  CLIENT_TOKEN,
  BODY,
  BATCH,
  TIMEOUT,
  WAIT,
  HEADERS,
  WANTS_TIMING,
  TOKEN_IN_URL
};

/* The array of lines at HEADERS, whose strings that keeps. */
static void read_headers(lua_State *L, dt_request *request) {
  if (lua_isnoneornil(L, HEADERS))
    return;
  luaL_checktype(L, HEADERS, LUA_TTABLE);
  size_t count = lua_rawlen(L, HEADERS);
  const char **lines = lua_newuserdata(L, (count + 1) * sizeof *lines);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, HEADERS, (int)i + 1);
    lines[i] = luaL_checkstring(L, -1);
    lua_pop(L, 1);
  }
  request->headers = lines;
  request->header_count = count;
}

static void read_request(lua_State *L, dt_request *request) {
  static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", NULL};
  luaL_checktype(L, ATTEMPT, LUA_TTABLE);
  request->method = (dt_method)luaL_checkoption(L, METHOD, NULL, methods);
  request->url = luaL_checkstring(L, URL);
  request->token = luaL_optlstring(L, TOKEN, NULL, &request->token_length);
  request->client_token = luaL_optlstring(L, CLIENT_TOKEN, NULL, &request->client_token_length);
  request->timeout_ms = to_ms(luaL_checknumber(L, TIMEOUT));
  request->wants_timing = lua_toboolean(L, WANTS_TIMING);
  request->token_in_url = lua_toboolean(L, TOKEN_IN_URL);
  read_headers(L, request);
  read_body(L, BODY, request);
}

/* A signal may have set a debug hook that raises an error, as Ctrl-C does in the program lua. It is
   let do so here, where the transfer can be given back. */
static void run_hook(lua_State *L, const ldt_engine *self, dt_transfer_id id) {
  lua_getuservalue(L, 1);
  lua_rawgeti(L, -1, DO_NOTHING);
  if (lua_pcall(L, 0, 0, 0) != 0) {
    int message = lua_gettop(L);
    if (self->engine && dt_engine_slot(self->engine, id))
      release(L, self->engine, id);
    lua_settop(L, message);
    lua_error(L);
  }
  lua_pop(L, 1);
}

/* Whether the transfer has ended and its answer is in the attempt. Steps once where the caller may
   block: a signal, the alarm and the end of another transfer cut that short. */
static bool has_answered(lua_State *L, const ldt_engine *self, dt_transfer_id id) {
  dt_answer answer;
  if (lua_toboolean(L, WAIT))
    dt_engine_step(self->engine, -1);
  if (dt_engine_answer(self->engine, id, &answer)) {
    push_ended(L, self, id);
    return true;
  }
  if (lua_toboolean(L, WAIT))
    run_hook(L, self, id);
  return false;
}

/*
 * engine:start(attempt, method, url, token, client_token, body, batch, timeout, wait, headers,
 * wants_timing, token_in_url) -> true when the answer is in the attempt, false when it is in
 * flight; or nil, code, and the option that libcurl refused or nil. `body` is a string, nil, or
 * attendees with the number of the batch; `timeout` is in seconds; with `wait` it waits for the
 * answer if nothing else ends first. Of an engine of another process: nil, "forked".
 */
static int engine_start(lua_State *L) {
  dt_request request = {0};
  dt_engine_fault fault = DT_ENGINE_OK;
  lua_settop(L, TOKEN_IN_URL);
  const ldt_engine *self = check_open(L);
  if (self->pid != getpid()) {
    lua_pushnil(L);
    lua_pushliteral(L, "forked");
    return 2;
  }
  read_request(L, &request);
  /* Before the start: afterwards a raised "not enough memory" would leave a transfer that reads
     from a body nothing holds. */
  uint32_t slot = dt_engine_next_slot(self->engine);
  keep(L, slot, ATTEMPT, BODY);
  dt_transfer_id id = dt_engine_start(self->engine, &request, &fault);
  if (!id) {
    let_go(L, slot);
    push_fault(L, fault);
    lua_pushstring(L, dt_engine_refused(self->engine));
    return 3;
  }
  lua_pushboolean(L, has_answered(L, self, id));
  return 1;
}

static int push_finished(lua_State *L, const ldt_engine *self) {
  dt_transfer_id id = dt_engine_next_finished(self->engine);
  if (!id)
    return 0;
  push_ended(L, self, id);
  return 1;
}

/*
 * engine:step(wait) -> the attempt of a transfer that ended, its answer in it, or nil. Waits up to
 * `wait` seconds (0: not at all; nil: no limit) for one to end.
 */
static int engine_step(lua_State *L) {
  const ldt_engine *self = check_self(L);
  dt_engine_step(self->engine, lua_isnoneornil(L, 2) ? -1 : to_us(luaL_checknumber(L, 2)));
  return push_finished(L, self);
}

/* engine:finished() -> the attempt of the next transfer that ended, or nil. */
static int engine_finished(lua_State *L) {
  return push_finished(L, check_open(L));
}

/* Pushes an array of the attempts in flight. A finalizer that runs meanwhile may close the engine.
 */
static void push_attempts(lua_State *L, const ldt_engine *self) {
  int found = 0;
  lua_newtable(L);
  lua_getuservalue(L, 1);
  for (uint32_t slot = 0; self->engine && (slot = dt_engine_next_used(self->engine, slot));) {
    lua_rawgeti(L, -1, attempt_index(slot));
    lua_rawseti(L, -3, ++found);
  }
  lua_pop(L, 1);
}

/* engine:attempts() -> an array of the attempts in flight. */
static int engine_attempts(lua_State *L) {
  const ldt_engine *self = check_open(L);
  lua_settop(L, 1);
  push_attempts(L, self);
  return 1;
}

/* engine:cancel(attempt) -> whether any byte of it may have gone out; nil, and nothing is done, for
   one that is not in flight. */
static int engine_cancel(lua_State *L) {
  dt_engine *engine = check_engine(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushnil(L);
  for (uint32_t slot = dt_engine_next_used(engine, 0); slot;
       slot = dt_engine_next_used(engine, slot)) {
    lua_getuservalue(L, 1);
    lua_rawgeti(L, -1, attempt_index(slot));
    if (lua_rawequal(L, -1, 2)) {
      lua_pushboolean(L, release(L, engine, dt_engine_id(engine, slot)));
      lua_replace(L, 3);
    }
    lua_settop(L, 3);
  }
  return 1;
}

static void close_engine(lua_State *L, ldt_engine *self) {
  dt_engine *engine = self->engine;
  dt_waker *waker = self->waker;
  bool is_own = self->pid == getpid();
  self->engine = NULL;
  self->waker = NULL;
  (is_own ? dt_waker_free : dt_waker_abandon)(waker);
  (is_own ? dt_engine_free : dt_engine_abandon)(engine);
  if (!engine)
    return;
  /* The transfers have ended: what they read from may go. */
  lua_getuservalue(L, 1);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    ldt_attendees_count(L, -1, -1);
    lua_pop(L, 1);
  }
}

static int engine_gc(lua_State *L) {
  close_engine(L, ldt_check_self(L, TYPE_NAME));
  return 0;
}

/* Ends the transfers in flight, and says in each attempt whether any byte of it may have gone out.
   In the child of a fork all may have: the parent goes on. Takes no memory. */
static void end_all(lua_State *L, const ldt_engine *self) {
  dt_engine *engine = self->engine;
  bool is_own = self->pid == getpid();
  for (uint32_t slot = dt_engine_next_used(engine, 0); slot;
       slot = dt_engine_next_used(engine, slot)) {
    lua_getuservalue(L, 1);
    lua_rawgeti(L, -1, attempt_index(slot));
    bool sent = is_own ? release(L, engine, dt_engine_id(engine, slot)) : true;
    set_boolean(L, "sent", sent);
    lua_settop(L, 2);
  }
}

/*
 * engine:close() -> an array of the attempts that were in flight, `sent` in each: whether any byte
 * of it may have gone out. Idempotent. Without memory for the array it raises and closes nothing.
 */
static int engine_close(lua_State *L) {
  ldt_engine *self = ldt_check_self(L, TYPE_NAME);
  lua_settop(L, 1);
  push_attempts(L, self);
  if (!self->engine) { /* closed before, or by a finalizer just now */
    lua_newtable(L);
    return 1;
  }
  end_all(L, self);
  close_engine(L, self);
  lua_settop(L, 2);
  return 1;
}

/* engine:alarm(when) makes a step due at `when`, in seconds of core.now(); nil for none. */
static int engine_alarm(lua_State *L) {
  dt_engine *engine = check_engine(L);
  dt_engine_set_alarm(engine, lua_isnoneornil(L, 2) ? INT64_MAX : to_us(luaL_checknumber(L, 2)));
  return 0;
}

/* engine:timeout() -> seconds until a step is due whatever the descriptor says, or nil. */
static int engine_timeout(lua_State *L) {
  int64_t us = dt_engine_timeout_us(check_engine(L));
  if (us < 0)
    return 0;
  lua_pushnumber(L, (lua_Number)us / 1e6);
  return 1;
}

/* engine:pollfd() -> the descriptor that is readable when a step is due; nil if there is none. */
static int engine_pollfd(lua_State *L) {
  int fd = dt_engine_fd(check_engine(L));
  if (fd < 0)
    return 0;
  lua_pushinteger(L, fd);
  return 1;
}

/* engine:in_flight() -> how many transfers run or wait to be taken. */
static int engine_in_flight(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)dt_engine_in_flight(check_open(L)->engine));
  return 1;
}

/* engine:is_usable() -> whether it is open and of this process. */
static int engine_is_usable(lua_State *L) {
  lua_pushboolean(L, is_usable(ldt_check_self(L, TYPE_NAME)));
  return 1;
}

/* engine:rest(rests) tells whether the next step comes within a moment, whatever the descriptor
   says: it sends what is started until then. */
static int engine_rest(lua_State *L) {
  dt_engine_rest(check_engine(L), lua_toboolean(L, 2));
  return 0;
}

/*
 * engine:waker() -> the path of a unix socket to connect to, once; nil where
 * there is none to be had. A waker made before is ended.
 */
static int engine_waker(lua_State *L) {
  ldt_engine *self = check_self(L);
  dt_waker_free(self->waker);
  self->waker = dt_waker_new();
  if (!self->waker)
    return 0;
  lua_pushstring(L, dt_waker_path(self->waker));
  return 1;
}

/* engine:start_waker() -> whether bytes now come through the connection when a step is due. */
static int engine_start_waker(lua_State *L) {
  ldt_engine *self = check_self(L);
  lua_pushboolean(L, self->waker && dt_waker_start(self->waker, dt_engine_fd(self->engine)));
  return 1;
}

/* engine:rearm() lets one more byte come: at once where a step is due. */
static int engine_rearm(lua_State *L) {
  const ldt_engine *self = check_self(L);
  if (self->waker)
    dt_waker_rearm(self->waker);
  return 0;
}

/* engine:stop_waker() ends the thread and closes the connection. */
static int engine_stop_waker(lua_State *L) {
  ldt_engine *self = check_self(L);
  dt_waker *waker = self->waker;
  self->waker = NULL;
  dt_waker_free(waker);
  return 0;
}

void ldt_open_engine(lua_State *L) {
  static const luaL_Reg metamethods[] = {{"__gc", engine_gc}, {"__close", engine_gc}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"start", engine_start},
      {"step", engine_step},
      {"finished", engine_finished},
      {"cancel", engine_cancel},
      {"attempts", engine_attempts},
      {"alarm", engine_alarm},
      {"timeout", engine_timeout},
      {"pollfd", engine_pollfd},
      {"in_flight", engine_in_flight},
      {"close", engine_close},
      {"is_usable", engine_is_usable},
      {"rest", engine_rest},
      {"waker", engine_waker},
      {"start_waker", engine_start_waker},
      {"rearm", engine_rearm},
      {"stop_waker", engine_stop_waker},
      {NULL, NULL},
  };
  ldt_new_metatable(L, TYPE_NAME, metamethods, methods);
  lua_pushcfunction(L, core_engine);
  lua_setfield(L, -2, "engine");
}
