/* Random bytes from the system's source; safe from any thread. */
#ifndef DT_RANDOM_H
#define DT_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

enum { DT_UUID_BYTES = 36 };

/* Fills `out` with up to 256 random bytes; false when the source fails. */
bool dt_random_bytes(void *out, size_t length);

/* Writes a random UUID (version 4, RFC 9562), 36 bytes without NUL; false when the source fails. */
bool dt_random_uuid(char out[DT_UUID_BYTES]);

/* A number evenly spread over [0, 1) in `out`; false when the source fails. */
bool dt_random_unit(double *out);

#endif
