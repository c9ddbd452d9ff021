#include "ldt_strings.h"

#include "compat.h"

enum { LONGEST_TRIED = 64 }; /* bytes */

/* Pushes a string of these bytes and returns its address. */
static const char *place_of(lua_State *L, const char *text, size_t length) {
  lua_pushlstring(L, text, length);
  return lua_tostring(L, -1);
}

/*
 * Up to which length, of those tried, equal strings are one string; 0 for none. Lua
 * interns all strings of a length or none of them: LuaJIT and 5.1 those of any length,
 * the others those of up to 40 bytes unless built otherwise. It does not say so, hence
 * the trial. In 5.5 a host can make short strings that are not interned
 * (lua_pushexternalstring), so there no length is safe. Field names are interned in all
 * versions: 5.5 interns a short string when it becomes a table's key.
 */
static size_t longest_interned(lua_State *L) {
  static const char texts[2][LONGEST_TRIED]; /* equal, at two addresses */
  size_t longest = LUA_VERSION_NUM < 505 ? LONGEST_TRIED : 0;
  for (size_t length = 1; length <= longest; length++) {
    const char *first = place_of(L, texts[0], length);
    if (place_of(L, texts[1], length) != first)
      longest = length - 1;
    lua_pop(L, 2);
  }
  return longest;
}

void ldt_push_strings(lua_State *L) {
  ldt_strings *strings = lua_newuserdata(L, sizeof *strings);
  lua_pushliteral(L, "id");
  strings->key_id = ldt_identity(L, -1);
  lua_pushliteral(L, "isOptional");
  strings->key_optional = ldt_identity(L, -1);
  strings->interned = longest_interned(L);
  if (!strings->key_id || !strings->key_optional)
    luaL_error(L, "this Lua does not tell the address of a string");
}
