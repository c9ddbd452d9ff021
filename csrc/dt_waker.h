/*
 * Tells a stream socket when a descriptor becomes readable, for a host that can
 * wait for sockets of its own making and for nothing else (nginx).
 *
 * A thread of its own watches the descriptor and writes one byte into a
 * connection of a unix socket; all other calls are the owner's thread's. Where
 * the platform has no epoll, dt_waker_new gives NULL and the host must poll.
 */
#ifndef DT_WAKER_H
#define DT_WAKER_H

#include <stdbool.h>

typedef struct dt_waker dt_waker;

/*
 * Listens on a new unix socket in a new directory that only this user may
 * enter. NULL when there is no directory to write to, or no memory.
 */
dt_waker *dt_waker_new(void);

/* Where to connect to, once; valid until dt_waker_start. */
const char *dt_waker_path(const dt_waker *waker);

/*
 * Takes the connection that was made, removes the socket's file and starts the
 * thread that watches `fd`. False when nobody connected or there is no thread.
 */
bool dt_waker_start(dt_waker *waker, int fd);

/* The byte was read: the next event writes another. Call it before acting on the events. */
void dt_waker_rearm(dt_waker *waker);

/* Ends the thread, closes the connection and frees the waker; NULL is fine. */
void dt_waker_free(dt_waker *waker);

/* In the child of a fork, where the thread does not exist: closes the descriptors and frees it. */
void dt_waker_abandon(dt_waker *waker);

#endif
