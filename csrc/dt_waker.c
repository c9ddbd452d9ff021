#include "dt_waker.h"

#include <stddef.h>

#if defined(__linux__)

#include "dt_fd.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { THREAD_STACK_BYTES = 64 * 1024 };

struct dt_waker {
  struct sockaddr_un address;
  size_t directory_length; /* in address.sun_path; after it come a slash and the socket's name */
  dt_fd listener;
  dt_fd connection;
  int epoll; /* watches the connection, too: its end ends the thread */
  bool running;
  pthread_t thread;
  int watched; /* the host's descriptor */
};

static bool add(int epoll, int fd, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void *watch(void *user) {
  dt_waker *waker = user;
  struct epoll_event event;
  for (;;) {
    int count = epoll_wait(waker->epoll, &event, 1, -1);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 1 || event.data.fd == waker->connection.number)
      return NULL;
    (void)!send(waker->connection.number, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

/* In the first directory that this process may write to: a worker runs as another user than its
 * master. */
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
  int fd = dt_fd_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  waker->listener = dt_fd_remember(fd);
  const struct sockaddr *address = (const struct sockaddr *)&waker->address;
  return fd >= 0 && bind(fd, address, sizeof waker->address) == 0 && listen(fd, 1) == 0;
}

/* The socket needs its name only until the one connection is made. */
static void remove_files(dt_waker *waker) {
  if (!waker->directory_length)
    return;
  unlink(waker->address.sun_path);
  waker->address.sun_path[waker->directory_length] = '\0';
  rmdir(waker->address.sun_path);
  waker->directory_length = 0;
}

dt_waker *dt_waker_new(void) {
  dt_waker *waker = calloc(1, sizeof *waker);
  if (!waker)
    return NULL;
  waker->listener = waker->connection = dt_fd_remember(-1);
  waker->epoll = -1;
  if (!listen_once(waker)) {
    dt_waker_free(waker);
    return NULL;
  }
  return waker;
}

const char *dt_waker_path(const dt_waker *waker) {
  return waker->address.sun_path;
}

/* Blocks all signals in the thread: the host's own threads handle them. */
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

/* Watched from the first dt_waker_rearm on. */
bool dt_waker_start(dt_waker *waker, int fd) {
  int listener = waker->listener.number;
  int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  waker->connection = dt_fd_remember(connection);
  remove_files(waker);
  dt_fd_close(&waker->listener);
  if (connection < 0)
    return false;
  waker->watched = fd;
  waker->epoll = epoll_create1(EPOLL_CLOEXEC);
  return waker->epoll >= 0 && add(waker->epoll, connection, 0) &&
         add(waker->epoll, fd, EPOLLONESHOT) && start_thread(waker);
}

/* The epoll instance can be told from another under its number while the connection is ours: it
   watches that. */
static bool epoll_is_ours(const dt_waker *waker) {
  return dt_fd_is_ours(&waker->connection) &&
         dt_fd_is_watched(waker->epoll, waker->connection.number);
}

/* A process that closed all its descriptors may have an epoll instance of its own under our number,
   which must not be changed. */
void dt_waker_rearm(const dt_waker *waker) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = waker->watched};
  if (epoll_is_ours(waker))
    (void)!epoll_ctl(waker->epoll, EPOLL_CTL_MOD, waker->watched, &event);
}

static void free_storage(dt_waker *waker) {
  if (epoll_is_ours(waker))
    close(waker->epoll);
  dt_fd_close(&waker->connection);
  dt_fd_close(&waker->listener);
  free(waker);
}

/* False when the host has closed the connection behind our back: nothing ends the thread then. */
static bool stop_thread(dt_waker *waker) {
  if (!waker->running)
    return true;
  if (!dt_fd_is_ours(&waker->connection)) {
    pthread_detach(waker->thread);
    return false;
  }
  shutdown(waker->connection.number, SHUT_RDWR);
  pthread_join(waker->thread, NULL);
  return true;
}

void dt_waker_free(dt_waker *waker) {
  if (!waker)
    return;
  remove_files(waker);
  if (stop_thread(waker)) /* otherwise the thread keeps it */
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

void dt_waker_rearm(const dt_waker *waker) {
  (void)waker;
}

void dt_waker_free(dt_waker *waker) {
  (void)waker;
}

void dt_waker_abandon(dt_waker *waker) {
  (void)waker;
}

#endif
