/* The engine as a userdata. */
#ifndef LDT_ENGINE_H
#define LDT_ENGINE_H

#include "compat.h"

/* Adds core.engine to the module table on top of the stack. */
void ldt_open_engine(lua_State *L);

#endif
