/* Reading an answer's header block. Pure functions, safe from any thread. */
#ifndef DT_HEADER_H
#define DT_HEADER_H

#include <stddef.h>
#include <time.h>

/*
 * The value of the first header `name` (compared without case) in `block`, with
 * the blanks around it left out; its length in `value_length`. NULL when there
 * is none. The value points into `block` and is not NUL-terminated.
 */
const char *dt_header_find(const char *block, size_t length, const char *name,
                           size_t *value_length);

/*
 * Seconds to wait, as a Retry-After value says: a number of seconds, or a date
 * compared with `now`. A date gone by is 0, more than a day is one day. -1 when
 * it is neither (negative numbers among them), to be treated as absent.
 */
double dt_header_retry_after(const char *value, size_t length, time_t now);

/*
 * Seconds to wait, as the Retry-After of a header block says; -1 where there is none. A date is
 * compared with the answer's own Date, since the local clock may be wrong; with `now` without one.
 */
double dt_header_wait(const char *block, size_t length, time_t now);

#endif
