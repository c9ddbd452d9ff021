#include "dt_waker.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { THREAD_STACK_BYTES = 64 * 1024 };

struct dt_waker {
  struct sockaddr_un address;
  size_t directory_length; /* of the path; the socket's name follows after a slash */
  int listener;
  int connection;
  int stop; /* eventfd: ends the thread */
  int epoll;
  bool running;
  pthread_t thread;
  atomic_bool pending; /* a byte was written and not yet read */
};

/* Edge-triggered: the watched descriptor stays readable until its owner has acted, and only what
   comes after that must wake again. */
static bool add(int epoll, int fd, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void *watch(void *user) {
  dt_waker *waker = user;
  struct epoll_event event;
  for (;;) {
    if (epoll_wait(waker->epoll, &event, 1, -1) < 1)
      continue;
    if (event.data.fd == waker->stop)
      return NULL;
    if (!atomic_exchange(&waker->pending, true))
      (void)!send(waker->connection, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

/* The first directory that can be written to: a worker runs as another user than its master. */
static bool make_directory(dt_waker *waker) {
  static const char *const parents[] = {"/tmp", "/dev/shm", "/run", "/var/tmp"};
  for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
    int length = snprintf(waker->address.sun_path, sizeof waker->address.sun_path,
                          "%s/dingtalk-XXXXXX", parents[i]);
    waker->directory_length = (size_t)length;
    if (mkdtemp(waker->address.sun_path)) /* mode 0700 */
      return true;
  }
  waker->directory_length = 0;
  return false;
}

static bool listen_once(dt_waker *waker) {
  waker->address.sun_family = AF_UNIX;
  if (!make_directory(waker))
    return false;
  memcpy(waker->address.sun_path + waker->directory_length, "/s", sizeof "/s");
  int fd = waker->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const struct sockaddr *address = (const struct sockaddr *)&waker->address;
  return fd >= 0 && bind(fd, address, sizeof waker->address) == 0 && listen(fd, 1) == 0;
}

/* The name served its one connection. */
static void remove_files(dt_waker *waker) {
  if (!waker->directory_length)
    return;
  unlink(waker->address.sun_path);
  waker->address.sun_path[waker->directory_length] = '\0';
  rmdir(waker->address.sun_path);
  waker->directory_length = 0;
}

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

dt_waker *dt_waker_new(void) {
  dt_waker *waker = calloc(1, sizeof *waker);
  if (!waker)
    return NULL;
  waker->listener = waker->connection = -1;
  waker->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  waker->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (waker->stop < 0 || waker->epoll < 0 || !listen_once(waker)) {
    dt_waker_free(waker);
    return NULL;
  }
  return waker;
}

const char *dt_waker_path(const dt_waker *waker) {
  return waker->address.sun_path;
}

/* The host's signals are for its own threads. */
static bool start_thread(dt_waker *waker) {
  pthread_attr_t attributes;
  sigset_t all;
  sigset_t before;
  if (pthread_attr_init(&attributes) != 0)
    return false;
  pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  waker->running = pthread_create(&waker->thread, &attributes, watch, waker) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return waker->running;
}

bool dt_waker_start(dt_waker *waker, int fd) {
  waker->connection = accept4(waker->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  remove_files(waker);
  close_fd(&waker->listener);
  return waker->connection >= 0 && add(waker->epoll, waker->stop, EPOLLIN) &&
         add(waker->epoll, fd, EPOLLIN | EPOLLET) && start_thread(waker);
}

void dt_waker_rearm(dt_waker *waker) {
  atomic_store(&waker->pending, false);
}

static void free_storage(dt_waker *waker) {
  close_fd(&waker->listener);
  close_fd(&waker->connection);
  close_fd(&waker->epoll);
  close_fd(&waker->stop);
  free(waker);
}

void dt_waker_free(dt_waker *waker) {
  if (!waker)
    return;
  if (waker->running) {
    (void)!write(waker->stop, &(uint64_t){1}, sizeof(uint64_t));
    pthread_join(waker->thread, NULL);
  }
  remove_files(waker);
  free_storage(waker);
}

void dt_waker_abandon(dt_waker *waker) {
  if (waker)
    free_storage(waker);
}

#else

dt_waker *dt_waker_new(void) {
  return NULL;
}

const char *dt_waker_path(const dt_waker *waker) {
  (void)waker;
  return "";
}

bool dt_waker_start(dt_waker *waker, int fd) {
  (void)waker, (void)fd;
  return false;
}

void dt_waker_rearm(dt_waker *waker) {
  (void)waker;
}

void dt_waker_free(dt_waker *waker) {
  (void)waker;
}

void dt_waker_abandon(dt_waker *waker) {
  (void)waker;
}

#endif
