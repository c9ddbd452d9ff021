/*
 * As much of kqueue(2) as dt_poller.c uses, over epoll and timerfd, so that what
 * runs on the BSDs and macOS can be tried on Linux. Like some of the real ones, it
 * never fires a timer of 0. For one thread; nothing is ever freed but descriptors.
 */
#ifndef KQUEUE_IMITATION_H
#define KQUEUE_IMITATION_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVFILT_READ = -1, EVFILT_WRITE = -2, EVFILT_TIMER = -7 };

enum {
  EV_ADD = 1,
  EV_DELETE = 2,
  EV_ENABLE = 4,
  EV_DISABLE = 8,
  EV_ONESHOT = 0x10,
  EV_ERROR = 0x4000
};

struct kevent {
  uintptr_t ident;
  short filter;
  unsigned short flags;
  unsigned fflags;
  intptr_t data;
  void *udata;
};

#define EV_SET(event, ident_, filter_, flags_, fflags_, data_, udata_) \
  (*(event) = (struct kevent){ident_, filter_, flags_, fflags_, data_, udata_})

/* A registration: a descriptor with one filter, or a timer. */
typedef struct kq_item {
  int queue;
  uintptr_t ident;
  short filter;
  int fd; /* a timerfd, or a duplicate of the descriptor: epoll takes each number once */
} kq_item;

static kq_item kq_items[4096];
static size_t kq_count;

static inline int kqueue(void) {
  int queue = epoll_create1(EPOLL_CLOEXEC);
  for (size_t i = 0; queue >= 0 && i < kq_count; i++)
    if (kq_items[i].queue == queue)
      kq_items[i].queue = -1; /* of one that was closed */
  return queue;
}

static inline kq_item *kq_find(int queue, uintptr_t ident, short filter) {
  for (size_t i = 0; i < kq_count; i++)
    if (kq_items[i].queue == queue && kq_items[i].ident == ident && kq_items[i].filter == filter)
      return &kq_items[i];
  return NULL;
}

static inline kq_item *kq_free_item(void) {
  for (size_t i = 0; i < kq_count; i++)
    if (kq_items[i].queue < 0)
      return &kq_items[i];
  return kq_count < sizeof kq_items / sizeof *kq_items ? &kq_items[kq_count++] : NULL;
}

static inline void kq_set_timer(const kq_item *item, intptr_t ms) {
  struct itimerspec spec = {.it_value = {ms / 1000, ms % 1000 * 1000000}};
  timerfd_settime(item->fd, 0, &spec, NULL);
}

static inline kq_item *kq_add(int queue, const struct kevent *change) {
  kq_item *item = kq_find(queue, change->ident, change->filter);
  if (item)
    return item;
  item = kq_free_item();
  bool is_timer = change->filter == EVFILT_TIMER;
  int fd = is_timer ? timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)
                    : dup((int)change->ident);
  struct epoll_event event = {.events = change->filter == EVFILT_WRITE ? EPOLLOUT : EPOLLIN};
  event.data.u32 = (uint32_t)(item - kq_items);
  if (!item || fd < 0 || epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) != 0) {
    int cause = errno;
    close(fd);
    errno = cause;
    return NULL;
  }
  *item = (kq_item){queue, change->ident, change->filter, fd};
  return item;
}

static inline void kq_remove(kq_item *item) {
  epoll_ctl(item->queue, EPOLL_CTL_DEL, item->fd, NULL);
  close(item->fd);
  item->queue = -1;
}

static inline int kq_apply(int queue, const struct kevent *change) {
  kq_item *item = change->flags & EV_ADD ? kq_add(queue, change)
                                         : kq_find(queue, change->ident, change->filter);
  if (!item) {
    if (!(change->flags & EV_ADD))
      errno = ENOENT;
    return -1;
  }
  if (change->flags & EV_DELETE)
    kq_remove(item);
  else if (change->filter == EVFILT_TIMER)
    kq_set_timer(item, change->flags & EV_DISABLE ? 0 : change->data);
  return 0;
}

static inline int kevent(int queue, const struct kevent *changes, int change_count,
                         struct kevent *events, int capacity, const struct timespec *limit) {
  struct epoll_event ready[64];
  if (epoll_wait(queue, ready, 1, 0) < 0)
    return -1; /* closed, or by now something else under that number */
  for (int i = 0; i < change_count; i++)
    if (kq_apply(queue, &changes[i]) != 0)
      return -1;
  if (!events)
    return 0;
  int ms = limit ? (int)(limit->tv_sec * 1000 + (limit->tv_nsec + 999999) / 1000000) : -1;
  int count = epoll_wait(queue, ready, capacity < 64 ? capacity : 64, ms);
  for (int i = 0; i < count; i++) {
    kq_item *item = &kq_items[ready[i].data.u32];
    EV_SET(&events[i], item->ident, item->filter, 0, 0, 0, NULL);
    if (item->filter == EVFILT_TIMER)
      kq_remove(item);
  }
  return count;
}

#endif
