/*
 * Checks texts that come from outside, and writes them as JSON strings. Pure
 * functions, safe from any thread.
 */
#ifndef DT_TEXT_H
#define DT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum dt_text_fault {
  DT_TEXT_OK,
  DT_TEXT_EMPTY,
  DT_TEXT_TOO_LONG,
  DT_TEXT_CONTROL, /* a byte below 0x20, or 0x7F; NUL, CR and LF are among them */
  DT_TEXT_NOT_UTF8,
  DT_TEXT_NOT_VISIBLE, /* a byte that is not visible ASCII (0x21 to 0x7E) */
  DT_TEXT_DOT_SEGMENT  /* a "." or ".." between slashes: could leave its path segment */
} dt_text_fault;

/* The error code of a fault, like "too_long". */
const char *dt_text_fault_name(dt_text_fault fault);

/* What makes `text` unfit to be an id: empty, longer than `limit`, control bytes, not UTF-8. */
dt_text_fault dt_text_check_id(const char *text, size_t length, size_t limit);

/* What makes `text` unfit to be a header value of ours: only visible ASCII will do. */
dt_text_fault dt_text_check_visible(const char *text, size_t length, size_t limit);

/* Bytes of the UTF-8 sequence at `text` (1 to 4), or 0 when it is not valid UTF-8. */
size_t dt_text_utf8_length(const char *text, size_t length);

/*
 * Writes `text` as a JSON string with its quotes. In the same pass it checks the
 * bytes as dt_text_check_id does; the caller checks the length. `out` must have
 * room for 2 * length + 2 bytes. Returns the end of what was written, or NULL with
 * the fault in `fault`.
 */
char *dt_text_write_json(char *out, const char *text, size_t length, dt_text_fault *fault);

#endif
