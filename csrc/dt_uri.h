/* Percent-encoding of one path segment (RFC 3986). Pure functions, safe from any thread. */
#ifndef DT_URI_H
#define DT_URI_H

#include "dt_text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes `segment` with every byte outside the unreserved set (letters, digits,
 * "-", ".", "_", "~") as %XX. `out` must have room for 3 * length bytes.
 * Returns the number of bytes written.
 */
size_t dt_uri_encode(char *out, const char *segment, size_t length);

/*
 * Whether `segment` holds "." or ".." between slashes or backslashes. Encoding
 * does not make those safe: dots are unreserved, and a proxy that decodes %2F
 * before it removes dot segments would send the request to another resource.
 */
bool dt_uri_has_dot_segment(const char *segment, size_t length);

/*
 * Checks an id (dt_text_check_id with DT_MAX_ID_BYTES, dt_uri_has_dot_segment)
 * and writes it percent-encoded. Returns the end of what was written, or NULL
 * with the fault in `fault`. `out` must have room for 3 * DT_MAX_ID_BYTES bytes.
 */
char *dt_uri_write_id(char *out, const char *id, size_t length, dt_text_fault *fault);

#endif
