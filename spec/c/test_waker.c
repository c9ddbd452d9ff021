#include "check.h"

#include "dt_waker.h"

#if defined(__linux__)

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { A_WHILE_MS = 10000 };

typedef struct host {
  dt_waker *waker;
  int watched[2]; /* a pipe */
  int connection;
} host;

static host start(void) {
  host self = {.waker = dt_waker_new()};
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  CHECK(self.waker && pipe(self.watched) == 0);
  CHECK(strlen(dt_waker_path(self.waker)) < sizeof address.sun_path);
  strcpy(address.sun_path, dt_waker_path(self.waker));
  self.connection = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(connect(self.connection, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(dt_waker_start(self.waker, self.watched[0]));
  CHECK(access(address.sun_path, F_OK) != 0);
  return self;
}

static bool is_readable_within(int fd, int ms) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  return poll(&one, 1, ms) == 1;
}

static void make_event(const host *self) {
  CHECK(write(self->watched[1], "x", 1) == 1);
}

static void deal_with_event(const host *self) {
  char byte;
  CHECK(read(self->watched[0], &byte, 1) == 1);
}

static void expect_byte(const host *self) {
  char bytes[8];
  CHECK(is_readable_within(self->connection, A_WHILE_MS));
  CHECK(read(self->connection, bytes, sizeof bytes) == 1);
}

static void expect_end(const host *self) {
  char byte;
  CHECK(is_readable_within(self->connection, A_WHILE_MS));
  CHECK(read(self->connection, &byte, 1) == 0);
}

static void close_host(const host *self) {
  close(self->watched[0]);
  close(self->watched[1]);
  close(self->connection);
}

/* The lowest number that is free: equal before and after, if nothing was left open. */
static int next_number(void) {
  int fd = dup(0);
  close(fd);
  return fd;
}

static void writes_a_byte_whenever_it_is_armed(void) {
  int before = next_number();
  host self = start();
  make_event(&self); /* not armed */
  CHECK(!is_readable_within(self.connection, 50));
  for (int i = 0; i < 3; i++) {
    dt_waker_rearm(self.waker); /* the event has come before */
    expect_byte(&self);
    deal_with_event(&self);
    make_event(&self);
  }
  CHECK(!is_readable_within(self.connection, 50));
  deal_with_event(&self);
  dt_waker_rearm(self.waker);
  CHECK(!is_readable_within(self.connection, 50));
  make_event(&self);
  expect_byte(&self);
  dt_waker_free(self.waker);
  expect_end(&self);
  close_host(&self);
  CHECK(next_number() == before);
}

static void ends_when_the_host_went(void) {
  host self = start();
  dt_waker_rearm(self.waker);
  close(self.connection);
  make_event(&self);
  dt_waker_free(self.waker);
  self.connection = -1;
  close_host(&self);
}

static void nobody_connects(void) {
  int before = next_number();
  dt_waker *waker = dt_waker_new();
  CHECK(waker && !dt_waker_start(waker, 0));
  dt_waker_free(waker);
  dt_waker_free(dt_waker_new());
  dt_waker_free(NULL);
  CHECK(next_number() == before);
}

/* The child's end changes nothing for the parent. */
static void abandoned_by_a_child(void) {
  host self = start();
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    dt_waker_abandon(self.waker);
    close_host(&self);
    _exit(next_number() < 6 ? 0 : 1);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  make_event(&self);
  dt_waker_rearm(self.waker);
  expect_byte(&self);
  dt_waker_free(self.waker);
  close_host(&self);
}

/* As a daemon does it: other descriptors, among them of our kinds, then have the numbers of ours.
 */
static void leaves_what_is_not_its_own(void) {
  enum { END = 20 };
  host self = start();
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    for (int fd = 3; fd < END; fd++) {
      close(fd);
      CHECK((fd % 2 ? epoll_create1(0) : socket(AF_UNIX, SOCK_STREAM, 0)) == fd);
    }
    dt_waker_abandon(self.waker);
    for (int fd = 3; fd < END; fd++)
      CHECK_ROW(fd, fcntl(fd, F_GETFD) != -1);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  dt_waker_free(self.waker);
  close_host(&self);
}

#if !defined(__SANITIZE_THREAD__)
/* The process then has an epoll instance of its own under each number. */
static void rearm_leaves_others_alone(void) {
  enum { END = 20, MOVED = 40, MARK = 1000 };
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    host self = start();
    int own[2];
    CHECK(pipe(own) == 0 && dup2(own[0], MOVED) == MOVED && dup2(own[1], MOVED + 1) == MOVED + 1);
    for (int fd = 3; fd < END; fd++)
      close(fd);
    CHECK(dup2(MOVED, self.watched[0]) == self.watched[0]);
    for (int fd = 3; fd < END; fd++) {
      struct epoll_event event = {.events = EPOLLIN, .data.fd = MARK};
      if (fd == self.watched[0])
        continue;
      CHECK(epoll_create1(0) == fd);
      CHECK(epoll_ctl(fd, EPOLL_CTL_ADD, self.watched[0], &event) == 0);
    }
    dt_waker_rearm(self.waker);
    CHECK(write(MOVED + 1, "x", 1) == 1);
    for (int fd = 3; fd < END; fd++) {
      struct epoll_event event;
      if (fd != self.watched[0])
        CHECK_ROW(fd, epoll_wait(fd, &event, 1, 0) == 1 && event.data.fd == MARK);
    }
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void closed_behind_its_back(void) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    host self = start();
    for (int fd = 3; fd < 32; fd++)
      close(fd);
    host other = start();
    dt_waker_free(self.waker);
    make_event(&other);
    dt_waker_rearm(other.waker);
    expect_byte(&other);
    dt_waker_free(other.waker);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}
#endif

int main(void) {
  writes_a_byte_whenever_it_is_armed();
  ends_when_the_host_went();
  nobody_connects();
  abandoned_by_a_child();
  leaves_what_is_not_its_own();
#if !defined(__SANITIZE_THREAD__) /* it takes the closing for a data race */
  closed_behind_its_back();
  rearm_leaves_others_alone();
#endif
  return 0;
}

#else

int main(void) {
  CHECK(!dt_waker_new());
  return 0;
}

#endif
