/*
 * Who may run: libcurl is given no more transfers than it can run at once, and
 * the others wait here, first come first served, each origin (scheme, host and
 * port) for itself. libcurl would take them all, but sets up each of them in
 * vain first, and looks at those that wait whenever one has ended. Internal to
 * the engine.
 *
 * The rule is to be no stricter than libcurl's own, which stays in force: where
 * this one lets too many through, they wait inside libcurl.
 */
#ifndef DT_QUEUE_H
#define DT_QUEUE_H

#include "dt_transfer.h"

enum {
  DT_MOST_STREAMS = 1024,   /* at a time on one HTTP/2 connection, if the server allows them */
  DT_ORIGINS = 16,          /* known at a time; busy ones beyond share an entry */
  DT_MAX_ORIGIN_BYTES = 264 /* "https://", a host name of 253 and a port; what is longer is cut */
};

struct dt_origin {
  dt_engine *engine;
  uint32_t serial; /* never 0, and another one whenever the entry is another origin's */
  uint32_t running;
  uint32_t sockets;
  bool is_tls;
  /* Since the first of its open sockets was opened: */
  bool begun;    /* a connection stood and a request was about to be written */
  bool answered; /* an answer came */
  bool is_http1; /* the last answer, however long ago, was of HTTP/1.x */
  int64_t told;  /* when a connection of HTTP/2 must have told its limit */
  dt_transfer_list held;
  size_t length;
  char name[DT_MAX_ORIGIN_BYTES];
};

typedef struct dt_queue {
  uint32_t held;    /* of all origins */
  int64_t deadline; /* no held transfer is to end before; INT64_MAX: none is held */
  uint32_t used;    /* entries */
  uint32_t serial;  /* the last one given */
  uint32_t turn;    /* the entry whose transfer may run next, if it has room */
  dt_origin *recent;
  uint32_t max_connections; /* open at a time to one origin */
  dt_origin origins[DT_ORIGINS];
} dt_queue;

void dt_queue_init(dt_queue *queue, dt_engine *engine, long max_connections);

/* The entry of a URL's origin. */
dt_origin *dt_queue_origin(dt_queue *queue, const char *url);

/* Whether one more of it may run: nobody waits and there is room. */
bool dt_queue_has_room(const dt_queue *queue, const dt_origin *origin);

/* Makes a transfer of that origin wait. */
void dt_queue_hold(dt_queue *queue, dt_transfer **slots, dt_transfer *transfer);

/* The next that may run now, no longer held, of any origin; NULL when there is none. */
dt_transfer *dt_queue_next(dt_queue *queue, dt_transfer **slots);

/* Takes those whose deadline is over, into a list. */
void dt_queue_take_overdue(dt_queue *queue, dt_transfer **slots, int64_t now,
                           dt_transfer_list *into);

/* A held transfer is held no longer. */
void dt_queue_remove(dt_queue *queue, dt_transfer **slots, dt_transfer *transfer);

/* When one may run or is overdue, as far as time alone decides; INT64_MAX: never, 0: now. */
int64_t dt_queue_due(const dt_queue *queue);

/* Whether a URL begins with it, rather than sharing the entry with it. */
bool dt_origin_has(const dt_origin *origin, const char *url);

void dt_origin_opened(dt_origin *origin);

void dt_origin_closed(dt_origin *origin);

/* A request of this origin is about to be written, for the first time since its sockets opened. */
void dt_origin_begun(dt_origin *origin, int64_t round_trip_us);

/* An answer of this origin was read to its end. */
void dt_origin_answered(dt_origin *origin, const dt_transfer *transfer);

#endif
