/* Which descriptors are still ours. */
#include "check.h"

#include "dt_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void open_pair(int fds[2]) {
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) != -1;
}

static void a_number_that_is_used_again_is_not_ours(void) {
  int fds[2];
  dt_sockets sockets = {.list = NULL};
  open_pair(fds);
  CHECK(dt_sockets_add(&sockets, fds[0], NULL) && dt_sockets_add(&sockets, fds[1], NULL));
  dt_sockets_find(&sockets, fds[0])->is_connected = true;
  CHECK(dt_sockets_are_ours(&sockets));
  int file = open("/dev/null", O_RDONLY);
  CHECK(dup2(file, fds[0]) == fds[0]);
  CHECK(!dt_sockets_are_ours(&sockets));
  dt_sockets_abandon(&sockets);
  CHECK(is_open(fds[0]) && !is_open(fds[1]));
  close(fds[0]), close(file);
}

static void one_that_was_never_used_may_be_gone(void) {
  int fds[2];
  dt_sockets sockets = {.list = NULL};
  open_pair(fds);
  CHECK(dt_sockets_add(&sockets, fds[0], NULL));
  close(fds[0]), close(fds[1]);
  CHECK(dt_sockets_are_ours(&sockets));
  dt_sockets_remove(&sockets, fds[0]);
  dt_sockets_remove(&sockets, fds[0]);
  CHECK(!dt_sockets_find(&sockets, fds[0]) && sockets.open == 0);
  dt_sockets_free(&sockets);
}

static void what_the_peer_has_ended_is_doomed(void) {
  int fds[2];
  dt_sockets sockets = {.list = NULL};
  open_pair(fds);
  CHECK(dt_sockets_add(&sockets, fds[0], NULL));
  dt_sockets_doom_ended(&sockets);
  CHECK(!dt_sockets_has_doomed(&sockets, NULL));
  CHECK(write(fds[1], "x", 1) == 1); /* unread bytes before the end change nothing */
  close(fds[1]);
  dt_sockets_doom_ended(&sockets);
#ifdef __linux__
  CHECK(dt_sockets_has_doomed(&sockets, NULL) && sockets.doomed == 1);
#endif
  dt_sockets_pardon(&sockets, dt_sockets_find(&sockets, fds[0]));
  CHECK(!dt_sockets_has_doomed(&sockets, NULL) && sockets.doomed == 0);
  dt_sockets_abandon(&sockets);
}

static void found_by_its_local_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  dt_sockets sockets = {.list = NULL};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(fd, (struct sockaddr *)&address, size) == 0);
  CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
  CHECK(dt_sockets_add(&sockets, fd, NULL));
  int port = ntohs(address.sin_port);
  CHECK(dt_sockets_find_port(&sockets, NULL, port) == dt_sockets_find(&sockets, fd));
  CHECK(!dt_sockets_find_port(&sockets, NULL, port ^ 1));
  dt_sockets_abandon(&sockets);
  CHECK(!is_open(fd));
}

int main(void) {
  a_number_that_is_used_again_is_not_ours();
  one_that_was_never_used_may_be_gone();
  what_the_peer_has_ended_is_doomed();
  found_by_its_local_port();
  return 0;
}
