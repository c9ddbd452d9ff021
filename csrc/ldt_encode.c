/*
 * The encoder walks the list and writes in the same pass that checks.
 *
 * Only raw accesses are made meanwhile and nothing of Lua's is allocated, so no
 * code of the caller runs and no string is freed; what else is allocated hangs on
 * the userdata from the start. The calls into Lua take nine tenths of the time of
 * a table: what is done beside them for each entry is inline.
 */
#include "ldt_encode.h"

#include "ldt.h"

#include "dt_inline.h"
#include "dt_limits.h"
#include "dt_text_plain.h"

#include <string.h>

enum {
  LAST_ARGUMENT = 4,         /* the top of the stack where a walk of the list begins */
  POPPED_AT_ONCE = 16,       /* values read that may lie on the stack */
  FEWEST_BY_POSITION = 16,   /* entries from which on is_all_array is worth its price */
  USUAL_ATTENDEE_BYTES = 64, /* of a body, as they are in most lists */
  LONGEST_TRIED = 64         /* bytes of a string, to see whether it is interned */
};

/* What follows an id. Copied whole, and what is too much overwritten by the next one: moves of a
   fixed size, and no branch on the flag. */
typedef struct ending {
  char text[24];
  size_t length;
} ending;

static const ending unsaid = {"\"},", 3};
static const ending required = {"\",\"isOptional\":false},", 22};
static const ending optional = {"\",\"isOptional\":true},", 21};

DT_RARE static bool fail(ldt_encoder *enc, const char *code, const char *detail) {
  enc->code = code;
  enc->detail = detail;
  return false;
}

DT_RARE static bool fail_buffer(ldt_encoder *enc) {
  bool full = enc->out->body.state == DT_BUF_FULL;
  return fail(enc, full ? "too_large" : "out_of_memory", NULL);
}

static bool append(ldt_encoder *enc, const char *text) {
  return dt_buf_append(&enc->out->body, text, strlen(text)) || fail_buffer(enc);
}

static ldt_batch *current(const ldt_encoder *enc) {
  return &enc->out->batches[enc->out->batch_count - 1];
}

static bool open_batch(ldt_encoder *enc, uint32_t first) {
  enc->out->batch_count++;
  enc->count = 0;
  *current(enc) = (ldt_batch){.offset = enc->out->body.length, .first = first};
  return append(enc, enc->removing ? "{\"attendeesToRemove\":[" : "{\"attendeesToAdd\":[");
}

/* A comma follows each attendee, so the last of them is dropped. */
static bool close_batch(ldt_encoder *enc, uint32_t last) {
  ldt_batch *batch = current(enc);
  enc->out->body.length--;
  if (!append(enc, enc->tail))
    return false;
  batch->last = last;
  batch->count = enc->count;
  batch->length = enc->out->body.length - batch->offset;
  return true;
}

/* Also where the last entries only repeat others: they belong to the batch before. */
DT_RARE static bool next_batch(ldt_encoder *enc) {
  return close_batch(enc, enc->position - 1) && open_batch(enc, enc->position);
}

/* A repeated id must not say something else. */
DT_RARE static bool repeat(ldt_encoder *enc, uint32_t first, bool is_optional) {
  if (enc->out->seen.entries[first - 1].optional == is_optional)
    return true;
  enc->other = first;
  return fail(enc, "conflicting_duplicate", NULL);
}

DT_RARE static char *write_escaped(ldt_encoder *enc, char *out, const char *id, size_t length) {
  dt_text_fault fault = DT_TEXT_OK;
  out = dt_text_write_json(out, id, length, &fault);
  if (!out)
    fail(enc, ldt_text_fault(fault), NULL);
  return out;
}

static DT_INLINE bool write_attendee(ldt_encoder *enc, const char *id, size_t length,
                                     const ending *end) {
  static const char start[8] = "{\"id\":\"";
  dt_buf *body = &enc->out->body;
  size_t room = sizeof start + 2 * length + sizeof end->text;
  if (!DT_LIKELY(body->capacity - body->length >= room) && !dt_buf_reserve(body, room))
    return fail_buffer(enc);
  char *out = body->data + body->length;
  memcpy(out, start, sizeof start);
  out += sizeof start - 1;
  if (dt_text_copy_plain(out, id, length))
    out += length;
  else if ((out = write_escaped(enc, out - 1, id, length)))
    out--;
  else
    return false;
  memcpy(out, end->text, sizeof end->text);
  body->length = (size_t)(out - body->data) + end->length;
  enc->count++;
  return true;
}

/* The ids that `add` leaves to it: those of a wrong length, the only one of a list and those that
   Lua does not intern. Whether this one is to be written. */
DT_RARE static bool check_other(ldt_encoder *enc, const char *id, size_t length, bool is_optional) {
  if (length == 0 || length > DT_MAX_ID_BYTES)
    return fail(enc, length ? "too_long" : "empty", NULL);
  if (enc->unique)
    return true;
  dt_idset_entry entry = {id, (uint32_t)length, is_optional};
  uint32_t first = dt_idset_add(&enc->out->seen, enc->position, entry);
  if (first)
    repeat(enc, first, is_optional);
  return !first;
}

static DT_INLINE bool add(ldt_encoder *enc, const char *id, size_t length, const ending *end) {
  /* 0 less one is more than any length. */
  bool is_optional = end == &optional;
  if (DT_LIKELY(length - 1 < enc->interned)) {
    dt_idset_entry entry = {id, (uint32_t)length, is_optional};
    uint32_t first = dt_idset_add_interned(&enc->out->seen, enc->position, entry);
    if (!DT_LIKELY(!first))
      return repeat(enc, first, is_optional);
  } else if (!check_other(enc, id, length, is_optional)) {
    return !enc->code;
  }
  if (!DT_LIKELY(enc->count != DT_BATCH_ATTENDEES) && !next_batch(enc))
    return false;
  return write_attendee(enc, id, length, end);
}

/* Leaves the field's name on top, for the message. */
DT_RARE static bool fail_field(ldt_encoder *enc, const char *code, const char *detail) {
  enc->with_field = true;
  lua_pop(enc->L, 1);
  return fail(enc, code, detail);
}

/* The fields of the entry `at`, which is on top. The indices are absolute, as a call that counts
   from the top has to wait until the one before it has moved that: a tenth of the time. */
static DT_INLINE bool read_fields(ldt_encoder *enc, int at, const char **id, size_t *length,
                                  const ending **end) {
  lua_State *L = enc->L;
  lua_pushnil(L);
  while (lua_next(L, at)) {
    const void *key = ldt_identity(L, at + 1);
    if (DT_LIKELY(key == enc->strings->key_id)) {
      if (lua_type(L, at + 2) != LUA_TSTRING)
        return fail_field(enc, "wrong_type", luaL_typename(L, at + 2));
      *id = lua_tolstring(L, at + 2, length);
    } else if (DT_LIKELY(key == enc->strings->key_optional && !enc->removing)) {
      if (lua_type(L, at + 2) != LUA_TBOOLEAN)
        return fail_field(enc, "wrong_type", luaL_typename(L, at + 2));
      *end = lua_toboolean(L, at + 2) ? &optional : &required;
    } else {
      return fail_field(enc, "unknown_field", NULL);
    }
    lua_settop(L, at + 1);
  }
  return true;
}

/* The entry `at`, which is on top, a string or a table, and its type. */
static DT_INLINE bool add_entry(ldt_encoder *enc, int at, int type) {
  lua_State *L = enc->L;
  size_t length = 0;
  const char *id = NULL;
  const ending *end = &unsaid;
  if (type == LUA_TSTRING)
    id = lua_tolstring(L, at, &length);
  else if (type == LUA_TNIL)
    return fail(enc, "hole", NULL);
  else if (type != LUA_TTABLE)
    return fail(enc, "wrong_type", luaL_typename(L, at));
  else if (!read_fields(enc, at, &id, &length, &end))
    return false;
  if (!DT_LIKELY(id != NULL))
    return fail(enc, "missing_id", NULL);
  return add(enc, id, length, end);
}

/* Most lists are walked by lua_next in order. Returns whether all of this one was. There is room
   for `count`: finalizers, run since they were counted, may have added others. */
static bool add_in_order(ldt_encoder *enc, uint32_t count, bool *in_order) {
  lua_State *L = enc->L;
  enum { KEY = LAST_ARGUMENT + 1, VALUE };
  *in_order = true;
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    enc->position++;
    if (enc->position > count || lua_type(L, KEY) != LUA_TNUMBER ||
        lua_tonumber(L, KEY) != (lua_Number)enc->position) {
      *in_order = false;
      return false;
    }
    if (!add_entry(enc, VALUE, lua_type(L, VALUE)))
      return false;
    lua_settop(L, KEY);
  }
  return true;
}

/* Whether every key is a position from 1 to `count`. */
static bool check_keys(ldt_encoder *enc, uint32_t count) {
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

static bool add_by_position(ldt_encoder *enc, uint32_t count) {
  lua_State *L = enc->L;
  int at = LAST_ARGUMENT;
  while (enc->position < count) {
    enc->position++;
    at++;
    if (!add_entry(enc, at, ldt_rawgeti(L, 1, enc->position)))
      return false;
    /* A pop costs half as much as the read, whatever it pops. */
    if (at == LAST_ARGUMENT + POPPED_AT_ONCE)
      lua_settop(L, at = LAST_ARGUMENT);
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
 * three times as much a plain string. A part that is full has no such slot, and
 * LuaJIT takes as long to raise an error as to walk 300 entries: not asked then.
 */
static bool is_all_array(lua_State *L, uint32_t count) {
  uint32_t end = FEWEST_BY_POSITION;
  while (end < count)
    end *= 2;
  if (end == count)
    return false;
  lua_pushcfunction(L, nothing_follows);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, (lua_Integer)count);
  lua_pushinteger(L, (lua_Integer)end);
  bool is = lua_pcall(L, 3, 1, 0) == 0 && lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

/* Empties what was written, to start or to start again. */
static bool start(ldt_encoder *enc, uint32_t count) {
  ldt_attendees *out = enc->out;
  dt_buf_clear(&out->body, out->body.capacity);
  dt_idset_free(&out->seen);
  out->batch_count = 0;
  enc->position = 0;
  if (!enc->unique && !dt_idset_init(&out->seen, count))
    return fail(enc, "out_of_memory", NULL);
  if (!dt_buf_reserve(&out->body, (count + (size_t)1) * USUAL_ATTENDEE_BYTES))
    return fail_buffer(enc);
  return open_batch(enc, 1);
}

static bool add_all(ldt_encoder *enc, uint32_t count) {
  bool in_order = true;
  enc->unique = count == 1;
  enc->interned = enc->unique ? 0 : enc->strings->interned;
  if (!start(enc, count))
    return false;
  if (count >= FEWEST_BY_POSITION && is_all_array(enc->L, count))
    return add_by_position(enc, count);
  if (add_in_order(enc, count, &in_order))
    return true;
  if (in_order)
    return false;
  lua_settop(enc->L, LAST_ARGUMENT);
  return check_keys(enc, count) && start(enc, count) && add_by_position(enc, count);
}

bool ldt_encode(ldt_encoder *enc, uint32_t count) {
  bool done = add_all(enc, count);
  /* Finalizers, run since the entries were counted, may have removed them all. */
  if (done && !enc->count)
    done = fail(enc, "no_attendees", NULL);
  done = done && close_batch(enc, enc->position);
  dt_idset_free(&enc->out->seen);
  return done;
}

/* Where Lua keeps a string of these bytes. */
static const char *place_of(lua_State *L, const char *text, size_t length) {
  lua_pushlstring(L, text, length);
  return lua_tostring(L, -1);
}

/*
 * The longest of the lengths tried up to which equal strings are one string, 0
 * for none. Lua interns all strings of a length or none (5.1 and LuaJIT all, the
 * others those of up to 40 bytes where it was built as usual), but does not say
 * which. From 5.5 on lua_pushexternalstring makes short ones that are not.
 */
static size_t longest_interned(lua_State *L) {
  static const char texts[2][LONGEST_TRIED]; /* equal ones at two places */
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
