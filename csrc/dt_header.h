/* Reads an answer's header block. Pure functions, safe from any thread. */
#ifndef DT_HEADER_H
#define DT_HEADER_H

#include <stddef.h>

/*
 * The value of the first header `name` (in any case) in `block`, without the blanks
 * around it; its length is stored in `value_length`. NULL when there is none. The
 * value points into `block` and is not NUL-terminated. `block` may be NULL if
 * `length` is 0.
 */
const char *dt_header_find(const char *block, size_t length, const char *name,
                           size_t *value_length);

/* Seconds since 1970 of a date in one of HTTP's three forms (RFC 9110, 5.6.7), of any year; -1 when
   it is none. */
double dt_header_date(const char *value, size_t length);

/*
 * How many seconds to wait by a Retry-After value: a number of seconds, or a date, which
 * is compared with `now` (seconds since 1970). 0 for a date in the past, and never more
 * than a day. -1 when it is neither, as for a negative number: treat it as absent.
 */
double dt_header_retry_after(const char *value, size_t length, double now);

/*
 * How many seconds to wait by the Retry-After of a header block; -1 when there is none. A date is
 * compared with the answer's own Date, since the local clock may be wrong, or with `now` if
 * there is no Date.
 */
double dt_header_wait(const char *block, size_t length, double now);

#endif
