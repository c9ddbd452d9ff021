/*
 * Waits for many descriptors and a timer. Its own descriptor, which is readable
 * when one of them is, lets another loop wait for all: epoll and timerfd on Linux,
 * kqueue on the BSDs and macOS. Elsewhere it uses poll(2) and has no descriptor.
 *
 * Not safe to share between threads; the descriptor may be watched from any thread.
 */
#ifndef DT_POLLER_H
#define DT_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DT_POLL_IN = 1, DT_POLL_OUT = 2, DT_POLL_ERROR = 4 };

enum { DT_POLL_INTERRUPTED = -1, DT_POLL_FAILED = -2 };

typedef struct dt_poll_event {
  int fd;
  int events; /* DT_POLL_… bits */
} dt_poll_event;

typedef struct dt_poller dt_poller;

/*
 * NULL with errno: EMFILE or ENFILE when there are too many descriptors, ENOMEM when
 * there is no memory; anything else when the system has no epoll, timerfd or kqueue for us.
 */
dt_poller *dt_poller_new(void);

/* Closes the poller's own descriptors, as far as they are still ours, and frees it; NULL is fine.
 */
void dt_poller_free(dt_poller *poller);

/*
 * Whether the poller's own descriptors are still ours. They are not if the process has closed
 * them; others may have the same numbers then. After that the poller can only be freed.
 */
bool dt_poller_is_ours(const dt_poller *poller);

/* The descriptor that is readable when something watched is ready or the alarm is due; or -1. */
int dt_poller_fd(const dt_poller *poller);

/* Promises that dt_poller_closed is called before `fd` is closed, so its watch may be removed late.
 */
void dt_poller_opened(dt_poller *poller, int fd);

/* Forgets `fd`, which is about to be closed. */
void dt_poller_closed(dt_poller *poller, int fd);

/*
 * Watches `fd` for `events` from now on, instead of what was asked before; 0
 * ends the watch. False when the system refuses.
 */
bool dt_poller_watch(dt_poller *poller, int fd, int events);

/*
 * Makes the descriptor readable at `when` (dt_clock_us time; INT64_MAX: never). It may also become
 * readable at an earlier time set before: most alarms are put off, and that saves a system call.
 */
bool dt_poller_set_alarm(dt_poller *poller, int64_t when);

/*
 * Waits up to `timeout_us` microseconds, rounded up to the system's precision (negative: no
 * limit), and fills `events`. Returns how many; 0 on time-out; DT_POLL_INTERRUPTED when
 * a signal came first; DT_POLL_FAILED with errno when the system failed.
 */
int dt_poller_wait(dt_poller *poller, int64_t timeout_us, dt_poll_event *events, size_t capacity);

/* Microseconds of the monotonic clock. */
int64_t dt_clock_us(void);

#endif
