/*
 * A growable byte buffer born with a limit.
 *
 * A failed append frees the storage and sticks: later appends fail too, so a
 * writer may check once, after the last one. Not safe to share between threads.
 */
#ifndef DT_BUF_H
#define DT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef enum dt_buf_state { DT_BUF_OK, DT_BUF_FULL, DT_BUF_NO_MEMORY } dt_buf_state;

typedef struct dt_buf {
  char *data; /* NULL until the first append; not NUL-terminated */
  size_t length;
  size_t capacity;
  size_t limit; /* bytes it may never exceed */
  dt_buf_state state;
} dt_buf;

/* Makes an empty buffer that allocates nothing yet. */
void dt_buf_init(dt_buf *buf, size_t limit);

/* Frees the storage; the buffer is empty and usable again. */
void dt_buf_free(dt_buf *buf);

/* Empties the buffer and keeps storage of up to `keep` bytes for the next use. */
void dt_buf_clear(dt_buf *buf, size_t keep);

/*
 * Room for `extra` more bytes at data + length, to be filled and added to
 * length by the caller. NULL when over the limit or out of memory.
 */
char *dt_buf_reserve(dt_buf *buf, size_t extra);

/* dt_buf_append where there is no room yet. */
bool dt_buf_append_slowly(dt_buf *buf, const char *data, size_t length);

/* Appends `length` bytes; false when over the limit or out of memory. */
static inline bool dt_buf_append(dt_buf *buf, const char *data, size_t length) {
  if (buf->state != DT_BUF_OK || length > buf->capacity - buf->length || length == 0)
    return dt_buf_append_slowly(buf, data, length);
  memcpy(buf->data + buf->length, data, length);
  buf->length += length;
  return true;
}

#endif
