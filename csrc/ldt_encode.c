/*
 * The encoder walks the list in chunks: it reads the entries of a chunk, then checks
 * and writes them.
 *
 * From the first entry on it makes only raw accesses and allocates nothing in Lua. So
 * no code of the caller runs, and no string is freed, even when it is popped. What it
 * allocates outside Lua belongs to the userdata. Calls into Lua take nine tenths of
 * the time of a table; the rest of the work for each entry is inline.
 */
#include "ldt_encode.h"

#include "ldt_sequence.h"

#include "dt_inline.h"
#include "dt_limits.h"
#include "dt_text.h"
#include "dt_text_plain.h"

#include <string.h>

enum {
  LAST_ARGUMENT = 4,        /* the top of the stack when a walk of the list begins */
  LONGEST_USUAL = 64,       /* bytes: add_usual takes no longer id */
  USUAL_ATTENDEE_BYTES = 96 /* add_usual writes no more for one attendee */
};

#define OPENING "{\"id\":\""

enum { OPENING_LENGTH = sizeof OPENING - 1 };

/* What is written after an id, and the opening of the next attendee. The whole array is copied,
   which takes a move of fixed size and no branch; the next attendee overwrites what was too much.
 */
typedef struct ending {
  char text[32];
  size_t length; /* up to the opening */
} ending;

_Static_assert(USUAL_ATTENDEE_BYTES >= LONGEST_USUAL + sizeof((ending *)0)->text,
               "add_usual copies a whole ending after the longest id");

/* What an entry says about isOptional. UNSAID: it has no such field. */
enum { UNSAID, REQUIRED, OPTIONAL };

static const ending endings[] = {
    [UNSAID] = {"\"}," OPENING, 3},
    [REQUIRED] = {"\",\"isOptional\":false}," OPENING, 22},
    [OPTIONAL] = {"\",\"isOptional\":true}," OPENING, 21},
};

DT_RARE static bool fail(ldt_encoder *enc, const char *code, const char *detail) {
  enc->code = code;
  enc->detail = detail;
  enc->with_field = false;
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

/* Every attendee was written with a comma after it; the last comma is dropped. */
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

/* Duplicates at the end of a batch belong to that batch, so a batch is closed only when another
   attendee is to be written. */
DT_RARE static bool next_batch(ldt_encoder *enc) {
  return close_batch(enc, enc->position - 1) && open_batch(enc, enc->position);
}

/* An id may be repeated, but must not be required in one place and optional in another. */
DT_RARE static bool repeat(ldt_encoder *enc, uint32_t first, bool is_optional) {
  if ((enc->entries[first - 1].said == OPTIONAL) == is_optional)
    return true;
  enc->other = first;
  return fail(enc, "conflicting_duplicate", NULL);
}

DT_RARE static char *write_escaped(ldt_encoder *enc, char *out, const char *id, size_t length) {
  dt_text_fault fault = DT_TEXT_OK;
  out = dt_text_write_json(out, id, length, &fault);
  if (!out)
    fail(enc, dt_text_fault_name(fault), NULL);
  return out;
}

static DT_INLINE bool write_attendee(ldt_encoder *enc, const char *id, size_t length,
                                     const ending *end) {
  dt_buf *body = &enc->out->body;
  size_t room = sizeof OPENING + 2 * length + sizeof end->text;
  if (!DT_LIKELY(body->capacity - body->length >= room) && !dt_buf_reserve(body, room))
    return fail_buffer(enc);
  char *out = body->data + body->length;
  memcpy(out, OPENING, sizeof OPENING);
  out += OPENING_LENGTH;
  if (dt_text_copy_plain(out, id, length))
    out += length;
  else if ((out = write_escaped(enc, out - 1, id, length)))
    out--; /* its quotes take the place of those in the opening and the ending */
  else
    return false;
  memcpy(out, end->text, sizeof end->text);
  body->length = (size_t)(out - body->data) + end->length;
  enc->count++;
  return true;
}

/* Writes the entry at `position`, which has been read, unless it repeats an earlier id. */
static bool add(ldt_encoder *enc) {
  const dt_idset_entry *entry = &enc->entries[enc->position - 1];
  uint32_t first = enc->position;
  /* For an empty id, length - 1 wraps to the largest number. */
  if (DT_LIKELY(entry->length - 1 < enc->interned))
    first = dt_idset_add_interned(&enc->out->seen, first, entry->id);
  else if (entry->length == 0 || entry->length > DT_MAX_ID_BYTES)
    return fail(enc, entry->length ? "too_long" : "empty", NULL);
  else if (!enc->unique)
    first = dt_idset_add(&enc->out->seen, first);
  if (!DT_LIKELY(first == enc->position))
    return repeat(enc, first, entry->said == OPTIONAL);
  if (!DT_LIKELY(enc->count != DT_BATCH_ATTENDEES) && !next_batch(enc))
    return false;
  return write_attendee(enc, entry->id, entry->length, &endings[entry->said]);
}

/*
 * Writes the next `count` entries, which have been read, in a tight loop: nothing is
 * called in it, so all that does not change stays in registers, and whether all ids
 * were plain text is asked once, at the end. Writes all of them or none: none if one
 * id is unusual (long, escaped, not ASCII) or repeated. The caller then adds them one
 * by one; that the set has some of them already does no harm.
 */
static DT_INLINE bool add_usual(ldt_encoder *enc, uint32_t count, bool all_unsaid) {
  dt_buf *body = &enc->out->body;
  size_t room = OPENING_LENGTH + count * (size_t)USUAL_ATTENDEE_BYTES;
  if (body->capacity - body->length < room && !dt_buf_reserve(body, room))
    return false;
  dt_idset seen = enc->out->seen;
  char *out = body->data + body->length;
  memcpy(out, OPENING, OPENING_LENGTH);
  out += OPENING_LENGTH;
  dt_text_doubts doubts = dt_text_no_doubts();
  uint32_t position = enc->position + 1;
  uint32_t end = position + count;
  for (const dt_idset_entry *entry = dt_idset_at(&seen, position); position != end; entry++) {
    const char *id = entry->id;
    size_t length = entry->length;
    if (DT_LIKELY(length - DT_TEXT_SHORTEST_DOUBTED <=
                  DT_TEXT_LONGEST_DOUBTED - DT_TEXT_SHORTEST_DOUBTED))
      dt_text_copy_doubting(out, id, length, &doubts);
    else if (length - 1 >= enc->longest_usual || !dt_text_copy_plain(out, id, length))
      return false;
    if (!DT_LIKELY(dt_idset_add_interned(&seen, position, id) == position))
      return false;
    out += length;
    const ending *after = &endings[all_unsaid ? UNSAID : entry->said];
    memcpy(out, after->text, all_unsaid ? sizeof after->text / 2 : sizeof after->text);
    out += after->length + OPENING_LENGTH;
    position++;
  }
  if (!DT_LIKELY(dt_text_were_plain(&doubts)))
    return false;
  body->length = (size_t)(out - body->data) - OPENING_LENGTH;
  enc->position += count;
  enc->count += count;
  return true;
}

static DT_APART bool add_unsaid(ldt_encoder *enc, uint32_t count) {
  return add_usual(enc, count, true);
}

static DT_APART bool add_said(ldt_encoder *enc, uint32_t count) {
  return add_usual(enc, count, false);
}

/* Reads one field: its name is at `key`, its value above that. False if the field is wrong. */
static DT_INLINE bool read_field(lua_State *L, ldt_encoder *enc, int key, dt_idset_entry *entry) {
  const void *name = ldt_identity(L, key);
  if (DT_LIKELY(name == enc->key_id)) {
    if (!DT_LIKELY(lua_type(L, key + 1) == LUA_TSTRING))
      return false;
    entry->id = lua_tolstring(L, key + 1, &entry->length);
    return true;
  }
  if (!DT_LIKELY(name == enc->key_optional))
    return false;
  /* A value that is false is the boolean false: a field cannot be nil. */
  bool is_optional = lua_toboolean(L, key + 1);
  entry->said = is_optional ? OPTIONAL : REQUIRED;
  enc->any_said = true;
  return !is_optional || lua_type(L, key + 1) == LUA_TBOOLEAN;
}

/*
 * Reads the fields of the table at `at`, the top of the stack. False if one is wrong or the
 * id is missing; then the field's name and value may lie above the table.
 *
 * Two choices save time. All indices are absolute: a call that counts from the top has to
 * wait for the call before it to move the top (a tenth of the time). And lua_settop, which
 * leaves the name for lua_next, is faster than to push the name again, though it takes
 * more instructions.
 */
static DT_INLINE bool read_fields(lua_State *L, ldt_encoder *enc, int at, dt_idset_entry *entry) {
  const int key = at + 1;
  entry->id = NULL;
  entry->said = UNSAID;
  lua_pushnil(L);
  while (lua_next(L, at)) {
    if (!DT_LIKELY(read_field(L, enc, key, entry)))
      return false;
    lua_settop(L, key);
  }
  return entry->id;
}

/* Says why read_fields failed. Leaves the field's name on top of the stack, for the message. */
DT_RARE static bool fail_fields(ldt_encoder *enc, int at) {
  lua_State *L = enc->L;
  const int key = at + 1;
  if (lua_gettop(L) == at)
    return fail(enc, "missing_id", NULL);
  const void *name = ldt_identity(L, key);
  bool is_known = name == enc->key_id || name == enc->key_optional;
  const char *type = luaL_typename(L, key + 1);
  lua_settop(L, key);
  fail(enc, is_known ? "wrong_type" : "unknown_field", is_known ? type : NULL);
  enc->with_field = true;
  return false;
}

/* The entry is neither a string nor a table. */
DT_RARE static bool fail_entry(ldt_encoder *enc, int type) {
  if (type == LUA_TNIL)
    return fail(enc, "hole", NULL);
  return fail(enc, "wrong_type", lua_typename(enc->L, type));
}

/* Counts the keys, all of which must be positive whole numbers, none far beyond the longest list.
   Where they leave a hole is found later. There are none if a finalizer has removed them meanwhile.
 */
static bool count_keys(ldt_encoder *enc, uint32_t *found) {
  lua_State *L = enc->L;
  lua_pushnil(L);
  for (*found = 0; lua_next(L, 1); ++*found) {
    lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
    lua_pop(L, 1);
    if (key < 1 || key > DT_MAX_ATTENDEES * 1000.0 || key != (lua_Number)(uint32_t)key) {
      fail(enc, "not_a_list", NULL);
      enc->with_field = true;
      return false;
    }
  }
  return *found || fail(enc, "no_attendees", NULL);
}

/* Reads strings from `position` up to `end` or to the first entry that is none, and returns where
   it stopped. Each entry stays on the stack, and so in memory. */
static DT_APART uint32_t read_strings(const ldt_encoder *enc, uint32_t position, uint32_t end) {
  lua_State *L = enc->L;
  dt_idset_entry *entry = &enc->entries[position - 1];
  int at = LAST_ARGUMENT;
  for (; position != end && ldt_rawgeti(L, 1, position) == LUA_TSTRING; position++) {
    at++;
    entry->said = UNSAID;
    entry->id = lua_tolstring(L, at, &entry->length);
    entry++;
  }
  return position;
}

/* The same for tables. Stops also, with `code` set, at one that is wrong. */
static DT_APART uint32_t read_tables(ldt_encoder *enc, uint32_t position, uint32_t end) {
  lua_State *L = enc->L;
  dt_idset_entry *entry = &enc->entries[position - 1];
  int at = LAST_ARGUMENT;
  for (; position != end && ldt_rawgeti(L, 1, position) == LUA_TTABLE; position++) {
    at++;
    if (!DT_LIKELY(read_fields(L, enc, at, entry))) {
      fail_fields(enc, at);
      break;
    }
    entry++;
  }
  return position;
}

/* Reads the next `count` entries. Returns how many were read: fewer if the one after them is wrong,
   and then `code` says why. */
static uint32_t read_chunk(ldt_encoder *enc, uint32_t count) {
  lua_State *L = enc->L;
  uint32_t position = enc->position + 1;
  uint32_t end = position + count;
  enc->any_said = false;
  while (position != end && !enc->code) {
    int type = ldt_rawgeti(L, 1, position);
    if (type != LUA_TSTRING && type != LUA_TTABLE) {
      fail_entry(enc, type);
      break;
    }
    lua_settop(L, LAST_ARGUMENT);
    position =
        type == LUA_TTABLE ? read_tables(enc, position, end) : read_strings(enc, position, end);
    if (!enc->code)
      lua_settop(L, LAST_ARGUMENT);
  }
  return position - enc->position - 1;
}

/* Writes the next `count` entries, which have been read. Most lists hold ids of one kind, so
   after add_usual has failed once it is not tried again. */
static bool add_chunk(ldt_encoder *enc, uint32_t count) {
  bool usual = enc->longest_usual && count <= DT_BATCH_ATTENDEES - enc->count;
  if (usual && (enc->any_said ? add_said(enc, count) : add_unsaid(enc, count)))
    return true;
  if (usual)
    enc->longest_usual = 0;
  for (; count; count--) {
    enc->position++;
    if (!add(enc))
      return false;
  }
  return true;
}

static uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

static bool add_by_position(ldt_encoder *enc, uint32_t count) {
  while (enc->position < count) {
    /* No chunk goes beyond its batch. When the batch is full, the next entry is read alone: it may
       be a duplicate, which starts no new batch. */
    uint32_t wanted = least(LDT_ENCODER_CHUNK, DT_BATCH_ATTENDEES - enc->count);
    wanted = wanted ? least(wanted, count - enc->position) : 1;
    uint32_t read = read_chunk(enc, wanted);
    if (!add_chunk(enc, read))
      return false;
    if (read < wanted) {
      enc->position++;
      return false;
    }
  }
  return true;
}

/* The memory for the whole list. */
static bool start(ldt_encoder *enc, uint32_t count) {
  ldt_attendees *out = enc->out;
  if (!enc->unique && !dt_idset_init(&out->seen, count))
    return fail(enc, "out_of_memory", NULL);
  if (!dt_buf_reserve(&out->body, (count + (size_t)1) * USUAL_ATTENDEE_BYTES))
    return fail_buffer(enc);
  enc->entries = enc->unique ? &enc->only : out->seen.entries;
  return open_batch(enc, 1);
}

static bool add_all(ldt_encoder *enc, uint32_t count) {
  enc->unique = count == 1;
  enc->key_id = enc->strings->key_id;
  enc->key_optional = enc->removing ? (const void *)enc : enc->strings->key_optional;
  enc->interned = enc->unique ? 0 : enc->strings->interned;
  enc->longest_usual = enc->interned < LONGEST_USUAL ? enc->interned : LONGEST_USUAL;
  if (enc->longest_usual < DT_TEXT_LONGEST_DOUBTED)
    enc->longest_usual = 0;
  /* Before start: this may allocate in Lua, and so raise or run a finalizer. */
  bool is_sequence = ldt_is_sequence(enc->L, count);
  uint32_t keys = count;
  if (!start(enc, count) || !(is_sequence || count_keys(enc, &keys)) ||
      !add_by_position(enc, count))
    return false;
  if (keys <= count)
    return true;
  enc->position++;
  return fail(enc, "hole", NULL);
}

bool ldt_encode(ldt_encoder *enc, uint32_t count) {
  bool done = add_all(enc, count) && close_batch(enc, enc->position);
  dt_idset_free(&enc->out->seen);
  return done;
}
