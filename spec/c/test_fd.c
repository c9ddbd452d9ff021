#include "check.h"

#include "dt_engine.h"
#include "dt_fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64 };

static void closes_only_what_is_ours(void) {
  int fds[2];
  CHECK(pipe(fds) == 0);
  dt_fd fd = dt_fd_remember(fds[0]);
  CHECK(fd.number == fds[0] && dt_fd_is_ours(&fd));
  close(fds[0]);
  CHECK(!dt_fd_is_ours(&fd));
  CHECK(dup2(0, fds[0]) == fds[0]);
  CHECK(!dt_fd_is_ours(&fd));
  dt_fd_close(&fd);
  CHECK(fd.number == -1 && !dt_fd_is_ours(&fd) && fcntl(fds[0], F_GETFD) != -1);
  dt_fd_close(&fd);
  close(fds[0]);
  fd = dt_fd_remember(fds[1]);
  dt_fd_close(&fd);
  CHECK(fcntl(fds[1], F_GETFD) == -1);
  fd = dt_fd_remember(-1);
  CHECK(fd.number == -1);
  dt_fd_close(&fd);
}

static void sockets_are_not_inherited(void) {
  int fd = dt_fd_socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
  close(fd);
  CHECK(dt_fd_socket(-1, SOCK_STREAM, 0) == -1);
}

static void of_an_engine_nothing_is_inherited(void) {
  dt_engine_config config = {.connect_timeout_ms = 100, .max_connections = 1};
  dt_engine_fault fault;
  int before[MOST];
  for (int fd = 0; fd < MOST; fd++)
    before[fd] = fcntl(fd, F_GETFD);
  dt_engine *engine = dt_engine_new(&config, &fault);
  CHECK(engine);
  for (int fd = 0; fd < MOST; fd++) {
    int flags = fcntl(fd, F_GETFD);
    CHECK_ROW(fd, flags == before[fd] || flags == FD_CLOEXEC);
  }
  dt_engine_free(engine);
}

int main(void) {
  closes_only_what_is_ours();
  sockets_are_not_inherited();
  of_an_engine_nothing_is_inherited();
  return 0;
}
