/* Percent-encoding of one path segment (RFC 3986). Pure functions, safe from any thread. */
#ifndef DT_URI_H
#define DT_URI_H

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

#endif
