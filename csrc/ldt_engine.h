/* The engine as the binding files see it. */
#ifndef LDT_ENGINE_H
#define LDT_ENGINE_H

#include "ldt.h"

#include "dt_engine.h"

#include <stdbool.h>
#include <sys/types.h>

struct dt_waker;
struct ldt_shortcut;

typedef struct ldt_engine {
  dt_engine *engine;             /* NULL once closed */
  struct dt_waker *waker;        /* NULL unless the host needs one */
  struct ldt_shortcut *shortcut; /* NULL where calls take the long way: see ldt_shortcut.c */
  pid_t pid;                     /* the process that made it */
  uint32_t slots;                /* of the table of bodies that need no memory to be filled */
} ldt_engine;

/* Rounded up, at least 1. Not with ceil: a library more would be searched for every symbol of
 * libcurl's. */
static inline long ldt_milliseconds(lua_Number seconds) {
  long whole = (long)(seconds * 1000);
  whole += (lua_Number)whole < seconds * 1000;
  return whole < 1 ? 1 : whole;
}

/* Whether it is open and of this process. Costs a system call: getpid is not cached. */
bool ldt_engine_is_usable(const ldt_engine *self);

/*
 * Starts a transfer of the engine at the stack index `engine`, which holds on to the value at
 * `body` until its release. 0 with the fault in `fault`. May raise, before it starts; runs no
 * finalizer.
 */
dt_transfer_id ldt_engine_start(lua_State *L, int engine, const dt_request *request, int body,
                                dt_engine_fault *fault);

/*
 * For a transfer that is started without ldt_engine_start, since it ends before anything else of
 * Lua's runs: so that ldt_engine_hold can be called should it not end. May raise; runs no
 * finalizer.
 */
void ldt_engine_reserve(lua_State *L, int engine);

/* Holds on to the value at `body` until the transfer's release, as ldt_engine_start does. */
void ldt_engine_hold(lua_State *L, int engine, dt_transfer_id id, int body);

/* Gives the transfer back; whether any byte of it may have gone out. */
bool ldt_engine_release(lua_State *L, int engine, dt_transfer_id id);

#endif
