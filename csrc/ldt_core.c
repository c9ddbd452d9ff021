#include "dingtalk_core.h"

#include "ldt_attendees.h"
#include "ldt_engine.h"

#include "compat.h"

#include "dt_header.h"
#include "dt_limits.h"
#include "dt_poller.h"
#include "dt_random.h"
#include "dt_text.h"
#include "dt_uri.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* core.now() -> seconds of the monotonic clock. */
static int core_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)dt_clock_us() / 1e6);
  return 1;
}

/* core.uuid() -> a random UUIDv4. Raises when the system's source fails: a guessable one, or none,
   would make a request unsafe to repeat. */
static int core_uuid(lua_State *L) {
  char uuid[DT_UUID_BYTES];
  if (!dt_random_uuid(uuid))
    return luaL_error(L, "the system's random source fails");
  lua_pushlstring(L, uuid, sizeof uuid);
  return 1;
}

/* core.random() -> a number in [0, 1), or nil when the system's source fails. */
static int core_random(lua_State *L) {
  double number = 0;
  if (!dt_random_unit(&number))
    return 0;
  lua_pushnumber(L, number);
  return 1;
}

/* core.retry_after(value, now) -> seconds, or nil when the value says nothing usable. */
static int core_retry_after(lua_State *L) {
  size_t length = 0;
  const char *value = luaL_checklstring(L, 1, &length);
  double seconds = dt_header_retry_after(value, length, luaL_checknumber(L, 2));
  if (seconds < 0)
    return 0;
  lua_pushnumber(L, seconds);
  return 1;
}

static int push_fault(lua_State *L, dt_text_fault fault) {
  if (fault == DT_TEXT_OK)
    return 0;
  lua_pushstring(L, dt_text_fault_name(fault));
  return 1;
}

/* core.check_id(text) -> nil, or the code of what is wrong with it as an id. */
static int core_check_id(lua_State *L) {
  size_t length = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  return push_fault(L, dt_text_check_id(text, length, DT_MAX_ID_BYTES));
}

/* core.check_visible(text, limit) -> nil, or the code of what is wrong with it in a header. */
static int core_check_visible(lua_State *L) {
  size_t length = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  return push_fault(L, dt_text_check_visible(text, length, (size_t)luaL_checkinteger(L, 2)));
}

/* Whether the first DT_SECRET_MARK_BYTES of a secret stand in the text. */
static bool shows(const char *text, size_t length, const char *secret) {
  for (const char *at = text; (size_t)(text + length - at) >= DT_SECRET_MARK_BYTES; at++) {
    at = memchr(at, secret[0], length - (size_t)(at - text));
    if (!at || (size_t)(text + length - at) < DT_SECRET_MARK_BYTES)
      return false;
    if (memcmp(at, secret, DT_SECRET_MARK_BYTES) == 0)
      return true;
  }
  return false;
}

/* core.is_plain(text, limit, secret) -> whether it is visible ASCII, of at most so many bytes, and
   does not show the secret (nil: none; one that is shorter than its mark is not looked for). */
static int core_is_plain(lua_State *L) {
  size_t length = 0;
  size_t secret_length = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  const char *secret = luaL_optlstring(L, 3, NULL, &secret_length);
  bool is = dt_text_check_visible(text, length, (size_t)luaL_checkinteger(L, 2)) == DT_TEXT_OK;
  if (is && secret_length >= DT_SECRET_MARK_BYTES)
    is = !shows(text, length, secret);
  lua_pushboolean(L, is);
  return 1;
}

/* What core.url returns of a segment that is refused. */
static int push_refusal(lua_State *L, int index, const char *fault, const char *type) {
  lua_pushnil(L);
  lua_pushinteger(L, index / 2);
  lua_pushstring(L, fault);
  lua_pushstring(L, type);
  return 4;
}

/*
 * core.url(base, literal, segment, literal, …) -> the literals as they are with
 * the segments between them checked and percent-encoded; or nil, which segment
 * (from 1; 0: the whole), the code of what is wrong with it, for "wrong_type" what it is.
 */
static int core_url(lua_State *L) {
  char url[DT_MAX_URL_BYTES];
  size_t used = 0;
  int top = lua_gettop(L);
  for (int i = 1; i <= top; i++) {
    bool is_id = i > 2 && i % 2 == 1;
    dt_text_fault fault = DT_TEXT_OK;
    size_t length = 0;
    if (is_id && lua_type(L, i) != LUA_TSTRING)
      return push_refusal(L, i, "wrong_type", luaL_typename(L, i));
    const char *text = luaL_checklstring(L, i, &length);
    size_t room = is_id ? (size_t)3 * DT_MAX_ID_BYTES : length;
    if (sizeof url - used < room)
      return push_refusal(L, 0, dt_text_fault_name(DT_TEXT_TOO_LONG), NULL);
    char *end = is_id ? dt_uri_write_id(url + used, text, length, &fault) : url + used + length;
    if (!end)
      return push_refusal(L, i, dt_text_fault_name(fault), NULL);
    if (!is_id)
      memcpy(url + used, text, length);
    used = (size_t)(end - url);
  }
  lua_pushlstring(L, url, used);
  return 1;
}

/* core.encode(text) -> the text percent-encoded for a URL's query. */
static int core_encode(lua_State *L) {
  char encoded[3 * 256];
  size_t length = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  while (length) {
    size_t part = length < 256 ? length : 256;
    luaL_addlstring(&buffer, encoded, dt_uri_encode(encoded, text, part));
    text += part;
    length -= part;
  }
  luaL_pushresult(&buffer);
  return 1;
}

/* core.check_utf8(text) -> nil, or "not_utf8". */
static int core_check_utf8(lua_State *L) {
  size_t length = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  while (length) {
    size_t sequence = dt_text_utf8_length(text, length);
    if (!sequence)
      return push_fault(L, DT_TEXT_NOT_UTF8);
    text += sequence;
    length -= sequence;
  }
  return 0;
}

/* core.pid() -> the id of the process, by which a fork shows. */
static int core_pid(lua_State *L) {
  lua_pushinteger(L, getpid());
  return 1;
}

static void add_limits(lua_State *L) {
  static const struct {
    const char *name;
    lua_Integer value;
  } limits[] = {
      {"batch_attendees", DT_BATCH_ATTENDEES},
      {"max_attendees", DT_MAX_ATTENDEES},
      {"max_id_bytes", DT_MAX_ID_BYTES},
      {"max_token_bytes", DT_MAX_TOKEN_BYTES},
      {"max_client_token_bytes", DT_MAX_CLIENT_TOKEN_BYTES},
      {"max_url_bytes", DT_MAX_URL_BYTES},
      {"max_answer_bytes", DT_MAX_ANSWER_BYTES},
      {"max_answer_header_bytes", DT_MAX_ANSWER_HEADER_BYTES},
      {"max_in_flight", DT_MAX_IN_FLIGHT},
      {"max_retry_after", DT_MAX_RETRY_AFTER_SECONDS},
      {"secret_mark_bytes", DT_SECRET_MARK_BYTES},
  };
  lua_newtable(L);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    lua_pushinteger(L, limits[i].value);
    lua_setfield(L, -2, limits[i].name);
  }
  lua_setfield(L, -2, "limits");
}

static pthread_once_t version_once = PTHREAD_ONCE_INIT;
static char version[64];

/* Not curl_version: that asks OpenLDAP for its version, which reads LDAP's configuration and loads
   every plugin of SASL. */
static void read_version(void) {
  snprintf(version, sizeof version, "libcurl/%s", curl_version_info(CURLVERSION_NOW)->version);
}

/* curl_version_info fills in the same record each time, whoever reads it in another thread. */
static const char *libcurl_version(void) {
  pthread_once(&version_once, read_version);
  return version;
}

int luaopen_dingtalk_core(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"now", core_now},
      {"uuid", core_uuid},
      {"random", core_random},
      {"retry_after", core_retry_after},
      {"check_id", core_check_id},
      {"check_visible", core_check_visible},
      {"check_utf8", core_check_utf8},
      {"is_plain", core_is_plain},
      {"url", core_url},
      {"encode", core_encode},
      {"pid", core_pid},
      {NULL, NULL},
  };
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  add_limits(L);
  lua_pushstring(L, libcurl_version());
  lua_setfield(L, -2, "libcurl");
  ldt_open_attendees(L);
  ldt_open_engine(L);
  return 1;
}
