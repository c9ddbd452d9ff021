#include "dt_poller.h"

#include "dt_fd.h"
#include "dt_random.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(DT_POLLER_USE_POLL)
#define DT_POLLER_POLL 1
#elif defined(DT_POLLER_USE_KQUEUE) || defined(__APPLE__) || defined(__FreeBSD__) || \
    defined(__NetBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#define DT_POLLER_KQUEUE 1
#elif defined(__linux__)
#define DT_POLLER_EPOLL 1
#else
#define DT_POLLER_POLL 1
#endif

/* A watch holds the events that were asked for, the events registered with the system (the same two
   bits, shifted), and whether dt_poller_opened was called. */
enum { WANTED = DT_POLL_IN | DT_POLL_OUT, REGISTERED_SHIFT = 2, OPENED = 16 };

struct dt_poller {
  unsigned char *watches; /* by descriptor */
  size_t capacity;
  int fd;               /* epoll or kqueue; -1 with plain poll */
  int timer;            /* timerfd; -1 elsewhere */
  struct timespec mark; /* a random value by which the timer is known */
  int64_t alarm;        /* what the timer is set to */
};

int64_t dt_clock_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int dt_poller_fd(const dt_poller *poller) {
  return poller->fd;
}

static bool make_room(dt_poller *poller, int fd) {
  size_t needed = (size_t)fd + 1;
  if (needed <= poller->capacity)
    return true;
  size_t capacity = needed < 64 ? 64 : needed * 2;
  unsigned char *watches = realloc(poller->watches, capacity);
  if (!watches)
    return false;
  memset(watches + poller->capacity, 0, capacity - poller->capacity);
  poller->watches = watches;
  poller->capacity = capacity;
  return true;
}

static bool change(dt_poller *poller, int fd, int before, int after);

static int registered(const dt_poller *poller, int fd) {
  return (poller->watches[fd] >> REGISTERED_SHIFT) & WANTED;
}

static bool reregister(dt_poller *poller, int fd, int events) {
  int before = registered(poller, fd);
  if (before == events)
    return true;
  if (!change(poller, fd, before, events))
    return false;
  int kept = poller->watches[fd] & (WANTED | OPENED);
  poller->watches[fd] = (unsigned char)(kept | events << REGISTERED_SHIFT);
  return true;
}

bool dt_poller_watch(dt_poller *poller, int fd, int events) {
  if (fd < 0 || !make_room(poller, fd))
    return false;
  poller->watches[fd] = (unsigned char)((poller->watches[fd] & ~WANTED) | events);
  /* A kept connection is unwatched and watched again at each request. Its registration for reading
     is left in place, which saves two system calls a request; is_wanted removes it if need be. */
  bool lazy = events == 0 && registered(poller, fd) == DT_POLL_IN && poller->watches[fd] & OPENED;
  return lazy || reregister(poller, fd, events);
}

/* False for an event that was not asked for: the server closed an idle connection. The registration
   is then removed, or the poller's descriptor would stay readable. */
static inline bool is_wanted(dt_poller *poller, int fd) {
  if (poller->watches[fd] & WANTED)
    return true;
  reregister(poller, fd, 0);
  return false;
}

void dt_poller_opened(dt_poller *poller, int fd) {
  if (make_room(poller, fd))
    poller->watches[fd] = OPENED;
}

void dt_poller_closed(dt_poller *poller, int fd) {
  if (fd < 0 || (size_t)fd >= poller->capacity)
    return;
  reregister(poller, fd, 0);
  poller->watches[fd] = 0;
}

/* Rounds up to whole milliseconds: whoever wakes early spins until the time has come. */
static inline int to_ms(int64_t us) {
  if (us < 0)
    return -1;
  int64_t ms = us / 1000 + (us % 1000 ? 1 : 0);
  return ms > INT_MAX ? INT_MAX : (int)ms;
}

static inline int wait_failure(void) {
  return errno == EINTR ? DT_POLL_INTERRUPTED : DT_POLL_FAILED;
}

static dt_poller *poller_alloc(void) {
  dt_poller *poller = calloc(1, sizeof *poller);
  if (!poller)
    return NULL;
  poller->fd = -1;
  poller->timer = -1;
  poller->alarm = INT64_MAX;
  return poller;
}

void dt_poller_free(dt_poller *poller) {
  if (!poller)
    return;
  if (dt_poller_is_ours(poller)) {
    if (poller->timer >= 0)
      close(poller->timer);
    if (poller->fd >= 0)
      close(poller->fd);
  }
  free(poller->watches);
  free(poller);
}

#if defined(DT_POLLER_EPOLL)

#include <sys/epoll.h>
#include <sys/timerfd.h>

/*
 * A process may have closed our descriptors and have others of their kind under the
 * same numbers. The timer is recognized by the interval it would be repeated after: a
 * random one of more than 17 years. The epoll instance is ours if it watches that timer.
 */
static struct timespec random_mark(const dt_poller *poller) {
  uint32_t bits[2] = {(uint32_t)(uintptr_t)poller, (uint32_t)dt_clock_us()};
  dt_random_bytes(bits, sizeof bits); /* if that fails, the bits as they are will do */
  enum { YEARS_17 = 1 << 29 };
  return (struct timespec){YEARS_17 + (time_t)(bits[0] % YEARS_17), (long)(bits[1] % 1000000000)};
}

bool dt_poller_is_ours(const dt_poller *poller) {
  struct itimerspec spec;
  return timerfd_gettime(poller->timer, &spec) == 0 &&
         spec.it_interval.tv_sec == poller->mark.tv_sec &&
         spec.it_interval.tv_nsec == poller->mark.tv_nsec &&
         dt_fd_is_watched(poller->fd, poller->timer);
}

static bool open_descriptors(dt_poller *poller) {
  poller->fd = epoll_create1(EPOLL_CLOEXEC);
  if (poller->fd < 0)
    return false;
  poller->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  poller->mark = random_mark(poller);
  struct itimerspec disarmed = {.it_interval = poller->mark};
  struct epoll_event event = {.events = EPOLLIN, .data.fd = poller->timer};
  return poller->timer >= 0 && timerfd_settime(poller->timer, 0, &disarmed, NULL) == 0 &&
         epoll_ctl(poller->fd, EPOLL_CTL_ADD, poller->timer, &event) == 0;
}

dt_poller *dt_poller_new(void) {
  dt_poller *poller = poller_alloc();
  if (!poller || open_descriptors(poller))
    return poller;
  int cause = errno;
  if (poller->fd >= 0)
    close(poller->fd);
  if (poller->timer >= 0)
    close(poller->timer);
  free(poller);
  errno = cause;
  return NULL;
}

static bool change(dt_poller *poller, int fd, int before, int after) {
  struct epoll_event event = {.data.fd = fd};
  if (after & DT_POLL_IN)
    event.events |= EPOLLIN;
  if (after & DT_POLL_OUT)
    event.events |= EPOLLOUT;
  int op = !after ? EPOLL_CTL_DEL : before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(poller->fd, op, fd, &event) == 0)
    return true;
  /* The number may have been closed, and may be in use again, without our knowledge. */
  if (errno == ENOENT || errno == EBADF)
    return !after || (errno == ENOENT && epoll_ctl(poller->fd, EPOLL_CTL_ADD, fd, &event) == 0);
  return errno == EEXIST && epoll_ctl(poller->fd, EPOLL_CTL_MOD, fd, &event) == 0;
}

bool dt_poller_set_alarm(dt_poller *poller, int64_t when) {
  if (poller->alarm >= 0 && poller->alarm <= when)
    return true;
  struct itimerspec spec = {.it_interval = poller->mark};
  /* A time of zero disarms the timer, so "at once" is the clock's first nanosecond. */
  if (when != INT64_MAX) {
    spec.it_value.tv_sec = when > 0 ? (time_t)(when / 1000000) : 0;
    spec.it_value.tv_nsec = when > 0 ? (long)(when % 1000000) * 1000 + 1 : 1;
  }
  if (timerfd_settime(poller->timer, TFD_TIMER_ABSTIME, &spec, NULL) != 0)
    return false;
  poller->alarm = when;
  return true;
}

static int to_events(uint32_t events) {
  return (events & EPOLLIN ? DT_POLL_IN : 0) | (events & EPOLLOUT ? DT_POLL_OUT : 0) |
         (events & (EPOLLERR | EPOLLHUP) ? DT_POLL_ERROR : 0);
}

int dt_poller_wait(dt_poller *poller, int64_t timeout_us, dt_poll_event *events, size_t capacity) {
  struct epoll_event ready[64];
  int room = capacity < 64 ? (int)capacity : 64;
  int count = epoll_wait(poller->fd, ready, room, to_ms(timeout_us));
  int found = 0;
  for (int i = 0; i < count; i++) {
    if (ready[i].data.fd == poller->timer)
      /* The caller looks at the clock; setting a new time makes the timer unreadable again. */
      poller->alarm = -1;
    else if (is_wanted(poller, ready[i].data.fd))
      events[found++] = (dt_poll_event){ready[i].data.fd, to_events(ready[i].events)};
  }
  return count < 0 ? wait_failure() : found;
}

#elif defined(DT_POLLER_KQUEUE)

#include <sys/event.h>

enum { ALARM_IDENT = 1, A_DAY_MS = 24 * 60 * 60 * 1000 };

static bool apply(dt_poller *poller, uintptr_t ident, short filter, unsigned short flags,
                  intptr_t data) {
  struct kevent event;
  EV_SET(&event, ident, filter, flags, 0, data, NULL);
  return kevent(poller->fd, &event, 1, NULL, 0, NULL) == 0 ||
         ((flags & EV_DELETE) && (errno == ENOENT || errno == EBADF));
}

/* A process may have closed our queue and have another one under the same number. Ours is
   recognized by a timer that is never enabled, whose name is an address of ours. */
static uintptr_t mark_of(const dt_poller *poller) {
  return (uintptr_t)poller;
}

bool dt_poller_is_ours(const dt_poller *poller) {
  struct kevent event;
  EV_SET(&event, mark_of(poller), EVFILT_TIMER, EV_DISABLE, 0, 0, NULL);
  return kevent(poller->fd, &event, 1, NULL, 0, NULL) == 0;
}

dt_poller *dt_poller_new(void) {
  dt_poller *poller = poller_alloc();
  if (!poller)
    return NULL;
  poller->fd = kqueue();
  if (poller->fd >= 0 &&
      apply(poller, mark_of(poller), EVFILT_TIMER, EV_ADD | EV_DISABLE, A_DAY_MS))
    return poller;
  int cause = errno;
  if (poller->fd >= 0)
    close(poller->fd);
  free(poller);
  errno = cause;
  return NULL;
}

static bool change_filter(dt_poller *poller, int fd, short filter, bool before, bool after) {
  if (before == after)
    return true;
  return apply(poller, (uintptr_t)fd, filter, after ? EV_ADD : EV_DELETE, 0);
}

static bool change(dt_poller *poller, int fd, int before, int after) {
  return change_filter(poller, fd, EVFILT_READ, before & DT_POLL_IN, after & DT_POLL_IN) &&
         change_filter(poller, fd, EVFILT_WRITE, before & DT_POLL_OUT, after & DT_POLL_OUT);
}

bool dt_poller_set_alarm(dt_poller *poller, int64_t when) {
  if (when == poller->alarm)
    return true;
  int64_t left = when == INT64_MAX ? 0 : when - dt_clock_us();
  unsigned short flags = when == INT64_MAX ? EV_DELETE : EV_ADD | EV_ONESHOT;
  /* Some systems never fire a timer of 0. */
  bool done = apply(poller, ALARM_IDENT, EVFILT_TIMER, flags, left > 0 ? to_ms(left) : 1);
  if (done)
    poller->alarm = when;
  return done;
}

int dt_poller_wait(dt_poller *poller, int64_t timeout_us, dt_poll_event *events, size_t capacity) {
  struct kevent ready[64];
  struct timespec limit = {(time_t)(timeout_us / 1000000), (long)(timeout_us % 1000000) * 1000};
  int room = capacity < 64 ? (int)capacity : 64;
  int count = kevent(poller->fd, NULL, 0, ready, room, timeout_us < 0 ? NULL : &limit);
  int found = 0;
  for (int i = 0; i < count; i++) {
    if (ready[i].filter == EVFILT_TIMER) {
      poller->alarm = -1;
      continue;
    }
    int what = ready[i].filter == EVFILT_READ ? DT_POLL_IN : DT_POLL_OUT;
    if (ready[i].flags & EV_ERROR)
      what |= DT_POLL_ERROR;
    if (is_wanted(poller, (int)ready[i].ident))
      events[found++] = (dt_poll_event){(int)ready[i].ident, what};
  }
  return count < 0 ? wait_failure() : found;
}

#else

#include <poll.h>

dt_poller *dt_poller_new(void) {
  return poller_alloc();
}

bool dt_poller_is_ours(const dt_poller *poller) {
  (void)poller; /* it has no descriptor */
  return true;
}

static bool change(dt_poller *poller, int fd, int before, int after) {
  (void)poller, (void)fd, (void)before, (void)after;
  return true;
}

bool dt_poller_set_alarm(dt_poller *poller, int64_t when) {
  poller->alarm = when;
  return true;
}

static short from_watch(int watch) {
  return (short)((watch & DT_POLL_IN ? POLLIN : 0) | (watch & DT_POLL_OUT ? POLLOUT : 0));
}

static size_t list_watches(const dt_poller *poller, struct pollfd *list) {
  size_t count = 0;
  for (size_t fd = 0; fd < poller->capacity; fd++) {
    int watch = poller->watches[fd] & WANTED;
    if (watch)
      list[count++] = (struct pollfd){.fd = (int)fd, .events = from_watch(watch)};
  }
  return count;
}

static int to_events(int events) {
  return (events & POLLIN ? DT_POLL_IN : 0) | (events & POLLOUT ? DT_POLL_OUT : 0) |
         (events & (POLLERR | POLLHUP | POLLNVAL) ? DT_POLL_ERROR : 0);
}

int dt_poller_wait(dt_poller *poller, int64_t timeout_us, dt_poll_event *events, size_t capacity) {
  struct pollfd *list = calloc(poller->capacity + 1, sizeof *list);
  if (!list)
    return DT_POLL_FAILED;
  size_t count = list_watches(poller, list);
  int ready = poll(list, (nfds_t)count, to_ms(timeout_us));
  int failure = ready < 0 ? wait_failure() : 0;
  int found = 0;
  for (size_t i = 0; ready > 0 && i < count && (size_t)found < capacity; i++)
    if (list[i].revents)
      events[found++] = (dt_poll_event){list[i].fd, to_events(list[i].revents)};
  free(list);
  return failure ? failure : found;
}

#endif
