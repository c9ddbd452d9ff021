/*
 * To ask a table whether it has other keys than 1 to n takes a walk over all of
 * them, which costs three times what writing a plain string does. The way Lua
 * lays out a table allows to ask with four steps of that walk.
 *
 * The invariant, in PUC Lua 5.1 to 5.5 and LuaJIT:
 *
 *   A table keeps its values in an array, with a slot for every key from 1 to the
 *   array's size, and all others in a hash. lua_next visits the array in order and
 *   then the hash. It can start from every key that has a slot, also from one whose
 *   value is nil, and raises an error for a key without a slot.
 *
 * Therefore: if lua_next can start from a key k beyond n, and k is absent from
 * the table, then k has a slot in the array. So 1 to n lie in the array, too. If
 * lua_next then finds nothing after n, the table holds nothing but 1 to n.
 *
 * The exception: a key that was removed from the hash keeps its slot there for a
 * while, and looks like a key of the array. So two such keys are tried: the next
 * one after n, and the last one of the array, whose size is a power of two where
 * Lua made it grow. Only a table in which both were removed from the hash may hide
 * a key from us. The list is then sent without that key.
 */
#include "ldt_sequence.h"

#include <stddef.h>

enum {
  LIST = 1,   /* where the table is on the stack */
  FEWEST = 16 /* a shorter list is walked as quickly */
};

static bool starts_with_1(lua_State *L) {
  lua_pushnil(L);
  bool does = lua_next(L, LIST) && lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) == 1;
  lua_settop(L, LIST);
  return does;
}

/* Raises an error if `key` has no slot. */
static bool is_nothing_after(lua_State *L, lua_Integer key) {
  lua_pushinteger(L, key);
  bool is = !lua_next(L, LIST);
  lua_settop(L, LIST);
  return is;
}

/* With the table, n and the last key of the array. */
static int array_holds_only_list(lua_State *L) {
  lua_Integer n = lua_tointeger(L, 2);
  lua_Integer end = lua_tointeger(L, 3);
  lua_settop(L, LIST);
  lua_pushboolean(L, starts_with_1(L) && is_nothing_after(L, n) && is_nothing_after(L, n + 1) &&
                         is_nothing_after(L, end));
  return 1;
}

bool ldt_is_sequence(lua_State *L, uint32_t count) {
  uint32_t end = FEWEST;
  while (end < count)
    end *= 2;
  /* A full array has no absent key to start from. LuaJIT takes as long to raise an error as to walk
     300 entries, so that is not tried. */
  if (count < FEWEST || end == count)
    return false;
  lua_pushcfunction(L, array_holds_only_list);
  lua_pushvalue(L, LIST);
  lua_pushinteger(L, (lua_Integer)count);
  lua_pushinteger(L, (lua_Integer)end);
  bool is = lua_pcall(L, 3, 1, 0) == 0 && lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}
