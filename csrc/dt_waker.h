/*
 * Writes a byte into a unix socket when a descriptor becomes readable. It is for a
 * host that can wait only for sockets that it has connected itself (nginx).
 *
 * The waker has a thread that watches the descriptor and writes the byte. All
 * functions are for the thread of the owner. On a platform without epoll
 * dt_waker_new gives NULL, and the host must poll.
 */
#ifndef DT_WAKER_H
#define DT_WAKER_H

#include <stdbool.h>

typedef struct dt_waker dt_waker;

/*
 * Listens on a new unix socket in a new directory that only this user may
 * enter. NULL when there is no directory to write to, no descriptor or no memory.
 */
dt_waker *dt_waker_new(void);

/* Where to connect to, once; valid until dt_waker_start. */
const char *dt_waker_path(const dt_waker *waker);

/*
 * Takes the connection that was made, removes the socket's file and starts the
 * thread that watches `fd`. False when nothing connected or there is no thread.
 */
bool dt_waker_start(dt_waker *waker, int fd);

/* Lets one more byte be written: at once where the descriptor is readable. Call it before each
 * wait. */
void dt_waker_rearm(const dt_waker *waker);

/* Ends the thread, closes what is still the waker's and frees it; NULL is fine. */
void dt_waker_free(dt_waker *waker);

/* The same in the child of a fork, where the thread does not exist. */
void dt_waker_abandon(dt_waker *waker);

#endif
