#include "dt_buf.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void dt_buf_init(dt_buf *buf, size_t limit) {
  *buf = (dt_buf){.limit = limit};
}

void dt_buf_free(dt_buf *buf) {
  free(buf->data);
  dt_buf_init(buf, buf->limit);
}

void dt_buf_clear(dt_buf *buf, size_t keep) {
  if (buf->capacity > keep) {
    dt_buf_free(buf);
    return;
  }
  buf->length = 0;
  buf->state = DT_BUF_OK;
}

static char *fail(dt_buf *buf, dt_buf_state state) {
  dt_buf_free(buf);
  buf->state = state;
  return NULL;
}

/* Doubles, so that n appends copy O(n) bytes; a storage never exceeds the limit. */
static bool grow(dt_buf *buf, size_t needed) {
  size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
  while (capacity < needed && capacity <= buf->limit / 2)
    capacity *= 2;
  if (capacity < needed || capacity > buf->limit)
    capacity = buf->limit;
  char *data = realloc(buf->data, capacity);
  if (!data)
    return false;
  buf->data = data;
  buf->capacity = capacity;
  return true;
}

char *dt_buf_reserve(dt_buf *buf, size_t extra) {
  if (buf->state != DT_BUF_OK)
    return NULL;
  if (extra > buf->limit - buf->length)
    return fail(buf, DT_BUF_FULL);
  if (extra > buf->capacity - buf->length && !grow(buf, buf->length + extra))
    return fail(buf, DT_BUF_NO_MEMORY);
  return buf->data + buf->length;
}

bool dt_buf_append_slowly(dt_buf *buf, const char *data, size_t length) {
  char *room = dt_buf_reserve(buf, length);
  if (!room)
    return false;
  if (length)
    memcpy(room, data, length);
  buf->length += length;
  return true;
}
