/*
 * Which transfers run, and which wait. libcurl is given no more transfers of an
 * origin (scheme, host and port) than it can run at once. The others wait here, first
 * come first served; over HTTP/1.1 no customer (access token) takes all connections.
 * libcurl would take them all, but it sets up each of them to no avail, and again whenever another
 * has ended. Internal to the engine.
 *
 * libcurl's own limits stay in force: a transfer that is given to it too early
 * waits there.
 */
#ifndef DT_QUEUE_H
#define DT_QUEUE_H

#include "dt_transfer.h"

enum {
  DT_MOST_STREAMS =
      1024,        /* what libcurl may put on one HTTP/2 connection: a server may allow less */
  DT_ORIGINS = 16, /* entries; if all are busy, another origin shares one of them */
  DT_MAX_ORIGIN_BYTES =
      264 /* "https://", a host name of 253 bytes and a port; the rest is cut off */
};

struct dt_origin {
  dt_engine *engine;
  uint32_t serial; /* never 0; a new one when the entry is given to another origin */
  uint32_t running;
  uint32_t sockets; /* open ones */
  bool is_tls;
  bool answered; /* since the first of the open sockets was opened */
  bool is_http1; /* the last answer, however long ago, was of HTTP/1.x */
  dt_transfer_list held;
  dt_transfer_list active; /* those that run */
  bool none_may_run;       /* no transfer that waits, until one that runs has ended */
  size_t length;
  char name[DT_MAX_ORIGIN_BYTES];
};

typedef struct dt_queue {
  uint32_t held;    /* transfers that wait, of all origins */
  int64_t deadline; /* none of them has an earlier one; INT64_MAX: none waits */
  uint32_t used;    /* entries */
  uint32_t serial;  /* the last one given */
  uint32_t turn;    /* the entry that is asked first for the next transfer */
  dt_origin *recent;
  uint32_t max_connections; /* open at a time to one origin */
  dt_origin origins[DT_ORIGINS];
} dt_queue;

void dt_queue_init(dt_queue *queue, dt_engine *engine, long max_connections);

/* The entry for the origin of a URL. */
dt_origin *dt_queue_origin(dt_queue *queue, const char *url);

/* Whether a transfer may run at once: none that could run waits, and no limit is reached. */
bool dt_queue_has_room(const dt_queue *queue, dt_transfer **slots, const dt_transfer *transfer);

/* Counts a transfer that starts to run, and one that has ended. */
void dt_queue_started(dt_transfer **slots, dt_transfer *transfer);
void dt_queue_stopped(dt_transfer **slots, dt_transfer *transfer);

/* Makes a transfer wait for its turn. */
void dt_queue_hold(dt_queue *queue, dt_transfer **slots, dt_transfer *transfer);

/* Takes the next transfer that may run, of any origin; NULL if there is none. */
dt_transfer *dt_queue_next(dt_queue *queue, dt_transfer **slots);

/* Moves the transfers whose deadline is over into a list. */
void dt_queue_take_overdue(dt_queue *queue, dt_transfer **slots, int64_t now,
                           dt_transfer_list *into);

/* Takes out a transfer that waits. */
void dt_queue_remove(dt_queue *queue, dt_transfer **slots, dt_transfer *transfer);

/* When to look again: 0 if one may run now, else the earliest deadline; INT64_MAX if none waits. */
int64_t dt_queue_due(dt_queue *queue, dt_transfer **slots);

/* Whether the URL is of this origin, rather than of one that shares the entry. */
bool dt_origin_has(const dt_origin *origin, const char *url);

/* Whether its connections carry many transfers at a time, as far as is known. */
bool dt_origin_is_shared(const dt_origin *origin);

/* A socket to the origin was opened, or closed. */
void dt_origin_opened(dt_origin *origin);
void dt_origin_closed(dt_origin *origin);

/* An answer of this origin was read to its end. */
void dt_origin_answered(dt_origin *origin, const dt_transfer *transfer);

#endif
