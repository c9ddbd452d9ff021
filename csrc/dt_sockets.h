/*
 * The sockets libcurl has open for an engine: whose they are, and when bytes
 * last came. A number alone does not say that a descriptor is still the one
 * that was opened: a process may close all it has and open others.
 */
#ifndef DT_SOCKETS_H
#define DT_SOCKETS_H

#include "dt_fd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dt_origin;

typedef struct dt_socket {
  bool is_open;
  bool is_connected; /* as far as is known */
  bool is_doomed;    /* no further request is to use it */
  dt_fd fd;
  struct dt_origin *origin;
  int64_t heard; /* dt_clock_us time at which bytes last came */
} dt_socket;

/* By descriptor. */
typedef struct dt_sockets {
  dt_socket *list;
  size_t capacity;
  uint32_t open;
  uint32_t doomed;
} dt_sockets;

/* False when out of memory; then nothing is known of it. */
bool dt_sockets_add(dt_sockets *sockets, int fd, struct dt_origin *origin);

void dt_sockets_remove(dt_sockets *sockets, int fd);

/* NULL when it is none of them. */
dt_socket *dt_sockets_find(const dt_sockets *sockets, int fd);

/* No further request is to use it; and the other way round. */
void dt_sockets_doom(dt_sockets *sockets, dt_socket *socket);
void dt_sockets_pardon(dt_sockets *sockets, dt_socket *socket);

/* The one of that origin with that local port; NULL when there is none. */
dt_socket *dt_sockets_find_port(const dt_sockets *sockets, const struct dt_origin *origin,
                                int port);

/* Lets it look as if the peer had ended it. */
void dt_sockets_feign_end(const dt_sockets *sockets, int fd);

/* Dooms the sockets that the peer has ended, where the system can tell. */
void dt_sockets_doom_ended(dt_sockets *sockets);

/* Whether one of that origin is doomed. */
bool dt_sockets_has_doomed(const dt_sockets *sockets, const struct dt_origin *origin);

/* Whether each number still is the socket that was opened, of those that were connected: libcurl
   7.88 closes one that was not without a word. */
bool dt_sockets_are_ours(const dt_sockets *sockets);

/* Closes the sockets that are still open, sending nothing to the peer, and frees all records. */
void dt_sockets_abandon(dt_sockets *sockets);

void dt_sockets_free(dt_sockets *sockets);

/* Whether `error` (errno) says that no descriptor was left. */
bool dt_sockets_is_shortage(int error);

/* Whether too few descriptors are left for what a connection takes. */
bool dt_sockets_are_scarce(void);

#endif
