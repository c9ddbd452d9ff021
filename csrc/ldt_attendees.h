/* Attendees: the request bodies of one call as a userdata. */
#ifndef LDT_ATTENDEES_H
#define LDT_ATTENDEES_H

#include "compat.h"

/* Adds core.attendees and core.digest to the module table on top of the stack. */
void ldt_open_attendees(lua_State *L);

/*
 * The request body of batch `number` (from 1) of the attendees at `index`, valid
 * while that value is reachable. Raises when it is no such value or batch.
 */
const char *ldt_attendees_body(lua_State *L, int index, lua_Integer number, size_t *length);

/*
 * Counts the transfers that read from the attendees at `index`: `change` is 1
 * when one starts and -1 when it has ended. Until then the bodies stay in memory,
 * also when the attendees are freed first: finalizers run in any order. Never
 * raises; a value that is no userdata is left alone.
 */
void ldt_attendees_count(lua_State *L, int index, int change);

#endif
