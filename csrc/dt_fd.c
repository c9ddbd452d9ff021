#include "dt_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

dt_fd dt_fd_remember(int number) {
  struct stat status;
  if (number < 0 || fstat(number, &status) != 0)
    return (dt_fd){.number = -1};
  return (dt_fd){number, status.st_dev, status.st_ino};
}

bool dt_fd_is_ours(const dt_fd *fd) {
  struct stat status;
  return fd->number >= 0 && fstat(fd->number, &status) == 0 && status.st_dev == fd->device &&
         status.st_ino == fd->inode;
}

void dt_fd_close(dt_fd *fd) {
  if (dt_fd_is_ours(fd))
    close(fd->number);
  fd->number = -1;
}

#if defined(SOCK_CLOEXEC)
int dt_fd_socket(int domain, int type, int protocol) {
  return socket(domain, type | SOCK_CLOEXEC, protocol);
}
#else
/* macOS: another thread that starts a program between the two calls hands the socket down. */
int dt_fd_socket(int domain, int type, int protocol) {
  int fd = socket(domain, type, protocol);
  if (fd >= 0)
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}
#endif

void dt_fd_next_two(int numbers[2]) {
  /* A pipe takes the two lowest numbers that are free, as a pair of sockets does. */
  if (pipe(numbers) != 0) {
    numbers[0] = numbers[1] = -1;
    return;
  }
  close(numbers[0]);
  close(numbers[1]);
}

static bool is_unix_socket(int fd) {
  struct sockaddr_storage name = {0};
  socklen_t length = sizeof name;
  return fd >= 0 && getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
         name.ss_family == AF_UNIX;
}

void dt_fd_keep_private(const int numbers[2]) {
  for (int i = 0; i < 2; i++)
    if (is_unix_socket(numbers[i]))
      fcntl(numbers[i], F_SETFD, FD_CLOEXEC);
}

#if defined(__linux__)

#include <sys/epoll.h>

bool dt_fd_is_watched(int epoll, int fd) {
  struct epoll_event nothing = {.events = 0};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &nothing) != 0)
    return errno == EEXIST;
  epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &nothing);
  return false;
}

#endif
