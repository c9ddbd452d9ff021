/*
 * The engine as a userdata. Its user value is a table that holds the request
 * body of each transfer by slot, false where the slot has none, so that the memory libcurl reads
 * from stays while the transfer does.
 */
#include "ldt.h"

#include "dt_engine.h"
#include "dt_header.h"
#include "dt_poller.h"
#include "dt_waker.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TYPE_NAME "dingtalk.engine"

typedef struct ldt_engine {
  dt_engine *engine; /* NULL once closed */
  dt_waker *waker;   /* NULL unless the host needs one */
  pid_t pid;         /* the process that made it */
} ldt_engine;

enum { SMALL_ANSWER_BYTES = 1024 }; /* of one that lies on the stack: nearly all */

/* The transfers have ended: what they read from may go. */
static void let_go_of_all(lua_State *L) {
  lua_getuservalue(L, 1);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    ldt_attendees_count(L, -1, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static int engine_close(lua_State *L) {
  ldt_engine *self = luaL_checkudata(L, 1, TYPE_NAME);
  dt_engine *engine = self->engine;
  dt_waker *waker = self->waker;
  bool is_own = self->pid == getpid();
  self->engine = NULL;
  self->waker = NULL;
  (is_own ? dt_waker_free : dt_waker_abandon)(waker);
  (is_own ? dt_engine_free : dt_engine_abandon)(engine);
  if (engine)
    let_go_of_all(L);
  return 0;
}

/* Enough for what only reads memory, which is the process's own after a fork too. */
static ldt_engine *check_open(lua_State *L) {
  ldt_engine *self = luaL_checkudata(L, 1, TYPE_NAME);
  if (!self->engine)
    luaL_error(L, "the engine is closed");
  return self;
}

static bool is_usable(const ldt_engine *self) {
  return self->engine && self->pid == getpid();
}

static ldt_engine *check_self(lua_State *L) {
  ldt_engine *self = check_open(L);
  if (!is_usable(self))
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

static const char *fault_code(dt_engine_fault fault) {
  static const char *const codes[] = {
      [DT_ENGINE_OK] = "ok",
      [DT_ENGINE_NO_MEMORY] = "out_of_memory",
      [DT_ENGINE_NO_DESCRIPTOR] = "too_many_files",
      [DT_ENGINE_BUSY] = "too_many_in_flight",
      [DT_ENGINE_REFUSED] = "refused_by_libcurl",
  };
  return codes[fault];
}

static int push_fault(lua_State *L, dt_engine_fault fault) {
  lua_pushnil(L);
  lua_pushstring(L, fault_code(fault));
  return 2;
}

/*
 * core.engine{ ca_file, ca_path, proxy, user_agent, connect_timeout_ms,
 * max_connections, allow_http } -> engine; or nil, code.
 */
static int core_engine(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  dt_engine_config config = {
      .connect_timeout_ms = long_field(L, "connect_timeout_ms"),
      .max_connections = long_field(L, "max_connections"),
      .ca_file = string_field(L, "ca_file"),
      .ca_path = string_field(L, "ca_path"),
      .proxy = string_field(L, "proxy"),
      .user_agent = string_field(L, "user_agent"),
  };
  lua_getfield(L, 1, "allow_http");
  config.allow_http = lua_toboolean(L, -1);
  ldt_engine *self = lua_newuserdata(L, sizeof *self);
  *self = (ldt_engine){.pid = getpid()};
  luaL_setmetatable(L, TYPE_NAME);
  lua_newtable(L);
  lua_setuservalue(L, -2);
  dt_engine_fault fault = DT_ENGINE_OK;
  self->engine = dt_engine_new(&config, &fault);
  return self->engine ? 1 : push_fault(L, fault);
}

static int64_t to_us(lua_Number seconds) {
  if (!(seconds > 0))
    return 0;
  return seconds < 1e9 ? (int64_t)(seconds * 1e6) : INT64_C(1000000000000000);
}

static dt_transfer_id check_id(lua_State *L) {
  return (dt_transfer_id)luaL_checkinteger(L, 2);
}

/* Keeps the value at `body` for the transfer in `slot`. */
static void anchor(lua_State *L, int engine, uint32_t slot, int body) {
  lua_getuservalue(L, engine);
  lua_pushvalue(L, body);
  lua_rawseti(L, -2, (int)slot);
  lua_pop(L, 1);
  ldt_attendees_count(L, body, 1);
}

static void let_go(lua_State *L, int engine, uint32_t slot) {
  lua_getuservalue(L, engine);
  lua_rawgeti(L, -1, (int)slot);
  ldt_attendees_count(L, -1, -1);
  lua_pop(L, 1);
  lua_pushboolean(L, 0); /* rather than nil: a field that is there takes no memory to be set */
  lua_rawseti(L, -2, (int)slot);
  lua_pop(L, 1);
}

static dt_transfer_id start(lua_State *L, int engine, const dt_request *request, int body,
                            dt_engine_fault *fault) {
  const ldt_engine *self = lua_touserdata(L, engine);
  /* Before the start: afterwards a raised "not enough memory" would leave a transfer that reads
     from a body nothing holds. */
  uint32_t slot = dt_engine_next_slot(self->engine);
  anchor(L, engine, slot, body);
  dt_transfer_id id = dt_engine_start(self->engine, request, fault);
  if (!id)
    let_go(L, engine, slot);
  return id;
}

static bool release(lua_State *L, int engine, dt_transfer_id id) {
  const ldt_engine *self = lua_touserdata(L, engine);
  uint32_t slot = dt_engine_slot(self->engine, id);
  bool sent = dt_engine_release(self->engine, id);
  let_go(L, engine, slot);
  return sent;
}

/* Rounded up, at least 1. */
static long to_ms(lua_Number seconds) {
  long whole = (long)(seconds * 1000);
  whole += (lua_Number)whole < seconds * 1000;
  return whole < 1 ? 1 : whole;
}

static void read_body(lua_State *L, dt_request *request) {
  if (lua_isnil(L, 6))
    return;
  if (lua_type(L, 6) == LUA_TSTRING)
    request->body = lua_tolstring(L, 6, &request->body_length);
  else
    request->body = ldt_attendees_body(L, 6, luaL_checkinteger(L, 7), &request->body_length);
}

/*
 * engine:start(method, url, token, client_token, body, batch, timeout) -> id; or
 * nil, code. `body` is a string, nil, or attendees with the number of the batch;
 * `timeout` is in seconds.
 */
static int engine_start(lua_State *L) {
  static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", NULL};
  lua_settop(L, 8);
  check_engine(L);
  dt_engine_fault fault = DT_ENGINE_OK;
  dt_request request = {.method = (dt_method)luaL_checkoption(L, 2, NULL, methods),
                        .url = luaL_checkstring(L, 3)};
  request.token = luaL_optlstring(L, 4, NULL, &request.token_length);
  request.client_token = luaL_optlstring(L, 5, NULL, &request.client_token_length);
  request.timeout_ms = to_ms(luaL_checknumber(L, 8));
  read_body(L, &request);
  dt_transfer_id id = start(L, 1, &request, 6, &fault);
  if (!id)
    return push_fault(L, fault);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

static int push_finished(lua_State *L, dt_engine *engine) {
  dt_transfer_id id = dt_engine_next_finished(engine);
  if (!id)
    return 0;
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

/*
 * engine:step(wait) -> the id of a transfer that ended, or nil. Waits up to
 * `wait` seconds (0: not at all; nil: no limit) for one to end. Raises when the
 * system refuses to wait.
 */
static int engine_step(lua_State *L) {
  dt_engine *engine = check_engine(L);
  if (!dt_engine_step(engine, lua_isnoneornil(L, 2) ? -1 : to_us(luaL_checknumber(L, 2))))
    return luaL_error(L, "waiting for the network failed: %s", strerror(errno));
  return push_finished(L, engine);
}

/* engine:finished() -> the id of the next transfer that ended, or nil. */
static int engine_finished(lua_State *L) {
  return push_finished(L, check_open(L)->engine);
}

static void push_header(lua_State *L, const dt_answer *answer, const char *name) {
  size_t length = 0;
  const char *value = dt_header_find(answer->headers, answer->headers_length, name, &length);
  if (value)
    lua_pushlstring(L, value, length);
  else
    lua_pushnil(L);
}

static const char *overflow_code(dt_overflow overflow) {
  static const char *const codes[] = {
      [DT_OVERFLOW_NONE] = NULL,
      [DT_OVERFLOW_HEADERS] = "headers_too_large",
      [DT_OVERFLOW_BODY] = "body_too_large",
  };
  return codes[overflow];
}

static int push_answer(lua_State *L, const dt_answer *answer) {
  lua_pushinteger(L, answer->curl_code);
  lua_pushinteger(L, (lua_Integer)answer->status);
  lua_pushboolean(L, answer->sent);
  if (answer->body_length)
    lua_pushlstring(L, answer->body, answer->body_length);
  else
    lua_pushnil(L);
  push_header(L, answer, "x-acs-request-id");
  /* The rest only explains a failure. */
  if (answer->curl_code == 0 && answer->status == 200 && !answer->body_length)
    return 5;
  push_header(L, answer, "retry-after");
  lua_pushstring(L, answer->message);
  lua_pushstring(L, overflow_code(answer->overflow));
  lua_pushboolean(L, answer->resent);
  lua_pushinteger(L, (lua_Integer)answer->proxy_status);
  return 10;
}

static size_t size_of_texts(const dt_answer *answer) {
  return answer->headers_length + answer->body_length + strlen(answer->message) + 1;
}

/* Lets the answer live without its transfer. */
static void move_texts(dt_answer *answer, char *to) {
  if (answer->headers_length)
    answer->headers = memcpy(to, answer->headers, answer->headers_length);
  to += answer->headers_length;
  if (answer->body_length)
    answer->body = memcpy(to, answer->body, answer->body_length);
  to += answer->body_length;
  answer->message = memcpy(to, answer->message, strlen(answer->message) + 1);
}

/*
 * engine:take(id) -> curl code, HTTP status, sent, body or nil, request id or
 * nil; unless it is a 200 without a body also Retry-After or nil, libcurl's
 * message, the code of the limit of ours that ended it or nil, whether libcurl
 * sent it a second time, and the status of a proxy's answer to CONNECT or 0.
 * Gives the transfer back. Nothing when a finalizer has just closed the engine.
 */
static int engine_take(lua_State *L) {
  const ldt_engine *self = luaL_checkudata(L, 1, TYPE_NAME);
  dt_transfer_id id = check_id(L);
  dt_answer answer;
  char small[SMALL_ANSWER_BYTES];
  if (!self->engine)
    return 0;
  if (!dt_engine_answer(self->engine, id, &answer))
    return luaL_argerror(L, 2, "no transfer that has ended");
  /* Whatever allocates in Lua may run a finalizer, and that close the engine: so nothing of it is
     needed any more when the values are pushed. */
  size_t size = size_of_texts(&answer);
  char *texts = size <= sizeof small ? small : lua_newuserdata(L, size);
  if (!self->engine)
    return 0;
  move_texts(&answer, texts);
  release(L, 1, id);
  return push_answer(L, &answer);
}

/* engine:cancel(id) -> whether any byte of it may have gone out. Harmless for an unknown id. */
static int engine_cancel(lua_State *L) {
  dt_engine *engine = check_engine(L);
  dt_transfer_id id = check_id(L);
  if (!dt_engine_slot(engine, id))
    return 0;
  lua_pushboolean(L, release(L, 1, id));
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
  lua_pushinteger(L, (lua_Integer)dt_engine_in_flight(check_engine(L)));
  return 1;
}

/* engine:is_usable() -> whether it is open and of this process. */
static int engine_is_usable(lua_State *L) {
  lua_pushboolean(L, is_usable(luaL_checkudata(L, 1, TYPE_NAME)));
  return 1;
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

/* engine:rearm() lets the next event send a byte again; to be called before the step. */
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
  static const luaL_Reg metamethods[] = {
      {"__gc", engine_close}, {"__close", engine_close}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"start", engine_start},
      {"step", engine_step},
      {"finished", engine_finished},
      {"take", engine_take},
      {"cancel", engine_cancel},
      {"alarm", engine_alarm},
      {"timeout", engine_timeout},
      {"pollfd", engine_pollfd},
      {"in_flight", engine_in_flight},
      {"close", engine_close},
      {"is_usable", engine_is_usable},
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
