#include "dt_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool make_room(dt_sockets *sockets, int fd) {
  size_t needed = (size_t)fd + 1;
  if (needed <= sockets->capacity)
    return true;
  size_t capacity = needed < 32 ? 32 : needed * 2;
  dt_socket *list = realloc(sockets->list, capacity * sizeof *list);
  if (!list)
    return false;
  memset(list + sockets->capacity, 0, (capacity - sockets->capacity) * sizeof *list);
  sockets->list = list;
  sockets->capacity = capacity;
  return true;
}

bool dt_sockets_add(dt_sockets *sockets, int fd, struct dt_origin *origin) {
  if (!make_room(sockets, fd))
    return false;
  sockets->list[fd] = (dt_socket){.is_open = true, .fd = dt_fd_remember(fd), .origin = origin};
  sockets->open++;
  return true;
}

dt_socket *dt_sockets_find(const dt_sockets *sockets, int fd) {
  bool is_known = fd >= 0 && (size_t)fd < sockets->capacity && sockets->list[fd].is_open;
  return is_known ? &sockets->list[fd] : NULL;
}

void dt_sockets_remove(dt_sockets *sockets, int fd) {
  dt_socket *socket = dt_sockets_find(sockets, fd);
  if (!socket)
    return;
  sockets->open--;
  sockets->doomed -= socket->is_doomed;
  *socket = (dt_socket){.is_open = false};
}

void dt_sockets_doom(dt_sockets *sockets, dt_socket *socket) {
  sockets->doomed += !socket->is_doomed;
  socket->is_doomed = true;
}

void dt_sockets_pardon(dt_sockets *sockets, dt_socket *socket) {
  sockets->doomed -= socket->is_doomed;
  socket->is_doomed = false;
}

/* 0 when it has none. */
static int local_port(int fd) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address = {.any.sa_family = AF_UNSPEC};
  socklen_t size = sizeof address;
  if (getsockname(fd, &address.any, &size) != 0)
    return 0;
  return address.any.sa_family == AF_INET    ? ntohs(address.v4.sin_port)
         : address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port)
                                             : 0;
}

dt_socket *dt_sockets_find_port(const dt_sockets *sockets, const struct dt_origin *origin,
                                int port) {
  for (size_t fd = 0; fd < sockets->capacity; fd++)
    if (sockets->list[fd].is_open && sockets->list[fd].origin == origin &&
        local_port((int)fd) == port)
      return &sockets->list[fd];
  return NULL;
}

void dt_sockets_feign_end(const dt_sockets *sockets, int fd) {
  if (dt_fd_is_ours(&sockets->list[fd].fd))
    shutdown(fd, SHUT_RD);
}

#ifdef POLLRDHUP
enum { ENDED = POLLRDHUP };
#else
enum { ENDED = 0 };
#endif

static bool was_ended(int fd) {
  struct pollfd ask = {.fd = fd, .events = ENDED};
  return poll(&ask, 1, 0) == 1 && ask.revents & ENDED;
}

void dt_sockets_doom_ended(dt_sockets *sockets) {
  uint32_t left = sockets->open;
  for (size_t fd = 0; left && fd < sockets->capacity; fd++) {
    dt_socket *socket = &sockets->list[fd];
    left -= socket->is_open;
    if (socket->is_open && !socket->is_doomed && was_ended((int)fd) &&
        dt_fd_is_ours(&sockets->list[fd].fd))
      dt_sockets_doom(sockets, socket);
  }
}

bool dt_sockets_has_doomed(const dt_sockets *sockets, const struct dt_origin *origin) {
  for (size_t fd = 0; fd < sockets->capacity; fd++)
    if (sockets->list[fd].is_doomed && sockets->list[fd].origin == origin)
      return true;
  return false;
}

bool dt_sockets_are_ours(const dt_sockets *sockets) {
  uint32_t left = sockets->open;
  for (size_t fd = 0; left && fd < sockets->capacity; fd++) {
    if (!sockets->list[fd].is_open)
      continue;
    if (sockets->list[fd].is_connected && !dt_fd_is_ours(&sockets->list[fd].fd))
      return false;
    left--;
  }
  return true;
}

void dt_sockets_abandon(dt_sockets *sockets) {
  for (size_t fd = 0; fd < sockets->capacity; fd++)
    if (sockets->list[fd].is_open)
      dt_fd_close(&sockets->list[fd].fd);
  dt_sockets_free(sockets);
}

void dt_sockets_free(dt_sockets *sockets) {
  free(sockets->list);
  *sockets = (dt_sockets){.list = NULL};
}

bool dt_sockets_is_shortage(int error) {
  return error == EMFILE || error == ENFILE;
}

/* Beside its socket: two for the resolver's thread, its own files and socket, a file of
   certificates. */
enum { NEEDED_FILES = 4 };

bool dt_sockets_are_scarce(void) {
  int fds[NEEDED_FILES];
  int count = 0;
  while (count < NEEDED_FILES && (fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
    count++;
  bool is_short = count < NEEDED_FILES && dt_sockets_is_shortage(errno);
  while (count > 0)
    close(fds[--count]);
  return is_short;
}
