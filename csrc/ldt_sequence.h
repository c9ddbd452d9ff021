/* Is a table exactly a sequence? */
#ifndef LDT_SEQUENCE_H
#define LDT_SEQUENCE_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether the table at index 1, whose length is `count`, has no key beyond `count` and
 * none that is not a positive whole number. There may still be a nil among the first `count`.
 *
 * True is certain but for one case, see ldt_sequence.c; false also means that it
 * cannot be told cheaply. Makes only raw accesses. May allocate, and so raise.
 */
bool ldt_is_sequence(lua_State *L, uint32_t count);

#endif
