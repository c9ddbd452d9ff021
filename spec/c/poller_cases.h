/* The poller's promises, the same for every way of waiting. */
#ifndef POLLER_CASES_H
#define POLLER_CASES_H

#include "check.h"

#include "dt_poller.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MANY = 100, A_WHILE_US = 5000000 };

typedef struct pair {
  int here;
  int there;
} pair;

static pair open_pair(void) {
  int fds[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
  return (pair){fds[0], fds[1]};
}

static void close_pair(pair p) {
  close(p.here);
  close(p.there);
}

static void write_byte(int fd) {
  CHECK(write(fd, "x", 1) == 1);
}

/* The events of `fd` that are there now; 0 when none. kqueue reports each kind on its own. */
static int events_of(dt_poller *poller, int fd) {
  dt_poll_event events[MANY];
  int count = dt_poller_wait(poller, 0, events, MANY);
  int found = 0;
  CHECK(count >= 0);
  for (int i = 0; i < count; i++)
    if (events[i].fd == fd)
      found |= events[i].events;
  return found;
}

/* Whether who watches the poller's own descriptor would be woken. */
static bool is_readable_within(const dt_poller *poller, int ms) {
  struct pollfd fd = {.fd = dt_poller_fd(poller), .events = POLLIN};
  return poll(&fd, 1, ms) == 1;
}

static bool is_readable(const dt_poller *poller) {
  return is_readable_within(poller, 0);
}

static bool becomes_readable(const dt_poller *poller) {
  return is_readable_within(poller, A_WHILE_US / 1000);
}

static void tells_what_was_asked_for(dt_poller *poller) {
  pair p = open_pair();
  CHECK(events_of(poller, p.here) == 0);
  CHECK(dt_poller_watch(poller, p.here, DT_POLL_IN));
  CHECK(events_of(poller, p.here) == 0);
  write_byte(p.there);
  CHECK(events_of(poller, p.here) == DT_POLL_IN);
  CHECK(events_of(poller, p.here) == DT_POLL_IN); /* as long as it is not read */
  CHECK(dt_poller_watch(poller, p.here, DT_POLL_OUT));
  CHECK(events_of(poller, p.here) == DT_POLL_OUT);
  CHECK(dt_poller_watch(poller, p.here, DT_POLL_IN | DT_POLL_OUT));
  CHECK(events_of(poller, p.here) == (DT_POLL_IN | DT_POLL_OUT));
  CHECK(dt_poller_watch(poller, p.here, 0));
  CHECK(events_of(poller, p.here) == 0);
  CHECK(dt_poller_watch(poller, p.here, DT_POLL_IN));
  CHECK(events_of(poller, p.here) == DT_POLL_IN);
  dt_poller_closed(poller, p.here);
  CHECK(events_of(poller, p.here) == 0);
  close_pair(p);
}

static void tells_that_the_other_side_went(dt_poller *poller) {
  pair p = open_pair();
  CHECK(dt_poller_watch(poller, p.here, DT_POLL_IN));
  close(p.there);
  CHECK(events_of(poller, p.here) & (DT_POLL_IN | DT_POLL_ERROR));
  dt_poller_closed(poller, p.here);
  close(p.here);
}

/* A kept connection is unwatched and watched again at each request, and may be closed by the other
   side in between. */
static void a_kept_descriptor_does_not_wake_for_nothing(dt_poller *poller) {
  pair p = open_pair();
  dt_poller_opened(poller, p.here);
  for (int i = 0; i < 3; i++) {
    CHECK(dt_poller_watch(poller, p.here, DT_POLL_IN));
    CHECK(events_of(poller, p.here) == 0);
    CHECK(dt_poller_watch(poller, p.here, 0));
  }
  write_byte(p.there);
  CHECK(events_of(poller, p.here) == 0);
  CHECK(events_of(poller, p.here) == 0);
  CHECK(dt_poller_fd(poller) < 0 || !is_readable(poller));
  CHECK(dt_poller_watch(poller, p.here, DT_POLL_IN));
  CHECK(events_of(poller, p.here) == DT_POLL_IN);
  dt_poller_closed(poller, p.here);
  close_pair(p);
}

static void a_number_that_is_used_again(dt_poller *poller) {
  pair p = open_pair();
  dt_poller_opened(poller, p.here);
  CHECK(dt_poller_watch(poller, p.here, DT_POLL_IN));
  CHECK(dt_poller_watch(poller, p.here, 0));
  dt_poller_closed(poller, p.here);
  close_pair(p);
  pair again = open_pair();
  dt_poller_opened(poller, again.here);
  write_byte(again.there);
  CHECK(events_of(poller, again.here) == 0);
  CHECK(dt_poller_watch(poller, again.here, DT_POLL_IN));
  CHECK(events_of(poller, again.here) == DT_POLL_IN);
  dt_poller_closed(poller, again.here);
  close_pair(again);
}

static void watches_many(dt_poller *poller) {
  pair pairs[MANY];
  for (int i = 0; i < MANY; i++) {
    pairs[i] = open_pair();
    CHECK(dt_poller_watch(poller, pairs[i].here, DT_POLL_IN));
    if (i % 2)
      write_byte(pairs[i].there);
  }
  /* A round may report fewer than all of them: those that it reports are read. */
  int told = 0;
  for (int round = 0; round < MANY && told < MANY / 2; round++) {
    dt_poll_event events[7];
    int count = dt_poller_wait(poller, 0, events, LENGTH(events));
    CHECK(count > 0 && count <= (int)LENGTH(events));
    for (int i = 0; i < count; i++, told++) {
      char byte;
      CHECK(read(events[i].fd, &byte, 1) == 1);
    }
  }
  CHECK(told == MANY / 2);
  for (int i = 0; i < MANY; i++) {
    dt_poller_closed(poller, pairs[i].here);
    close_pair(pairs[i]);
  }
}

static void refuses_what_is_no_descriptor(dt_poller *poller) {
  CHECK(!dt_poller_watch(poller, -1, DT_POLL_IN));
  dt_poller_closed(poller, -1);
  dt_poller_closed(poller, 1 << 20);
}

static void waits_no_longer_than_told(dt_poller *poller) {
  dt_poll_event events[1];
  int64_t start = dt_clock_us();
  CHECK(dt_poller_wait(poller, 2000, events, 1) == 0);
  CHECK(dt_clock_us() - start >= 2000);
  start = dt_clock_us();
  CHECK(dt_poller_wait(poller, 1, events, 1) == 0);
  CHECK(dt_poller_wait(poller, 0, events, 1) == 0);
}

static void ignore(int signal_number) {
  (void)signal_number;
}

static void a_signal_ends_a_wait(dt_poller *poller) {
  dt_poll_event events[1];
  struct sigaction action = {.sa_handler = ignore};
  struct itimerval soon = {.it_value = {0, 5000}, .it_interval = {0, 5000}};
  struct itimerval never = {.it_value = {0, 0}};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
  CHECK(dt_poller_wait(poller, -1, events, 1) == DT_POLL_INTERRUPTED);
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

static void an_alarm_makes_it_readable(dt_poller *poller) {
  dt_poll_event events[1];
  if (dt_poller_fd(poller) < 0)
    return;
  CHECK(!is_readable(poller));
  CHECK(dt_poller_set_alarm(poller, dt_clock_us() + A_WHILE_US));
  CHECK(!is_readable(poller));
  CHECK(dt_poller_set_alarm(poller, dt_clock_us() - 1));
  CHECK(becomes_readable(poller)); /* after the wait it need not be any more */
  CHECK(dt_poller_wait(poller, A_WHILE_US, events, 1) == 0);
  CHECK(dt_poller_set_alarm(poller, INT64_MAX));
  CHECK(!is_readable(poller));
  CHECK(dt_poller_set_alarm(poller, 0));
  CHECK(becomes_readable(poller));
  CHECK(dt_poller_set_alarm(poller, dt_clock_us() + 3000));
  int64_t start = dt_clock_us();
  CHECK(dt_poller_wait(poller, A_WHILE_US, events, 1) == 0);
  CHECK(dt_clock_us() - start < A_WHILE_US);
  CHECK(dt_poller_set_alarm(poller, INT64_MAX));
}

/* As a daemon does it: another poller then has the numbers of the first one. */
static void leaves_what_is_not_its_own(void) {
  dt_poller *first = dt_poller_new();
  CHECK(first && dt_poller_is_ours(first));
  if (dt_poller_fd(first) < 0) {
    dt_poller_free(first);
    return;
  }
  for (int fd = 3; fd <= dt_poller_fd(first) + 1; fd++)
    close(fd);
  CHECK(!dt_poller_is_ours(first));
  dt_poller *second = dt_poller_new();
  CHECK(second && dt_poller_fd(second) == 3);
  CHECK(!dt_poller_is_ours(first) && dt_poller_is_ours(second));
  dt_poller_free(first);
  CHECK(dt_poller_is_ours(second));
  dt_poller_free(second);
  pair p = open_pair();
  CHECK(p.here == 3); /* nothing was left open */
  close_pair(p);
}

static void says_that_descriptors_are_short(void) {
  struct rlimit before;
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  int next = dup(0);
  close(next);
  for (int room = 0; room < 2; room++) {
    struct rlimit few = {(rlim_t)(next + room), before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    errno = 0;
    dt_poller *poller = dt_poller_new();
    CHECK_ROW(room, poller || errno == EMFILE);
    dt_poller_free(poller);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    int again = dup(0);
    CHECK_ROW(room, again == next);
    close(again);
  }
}

static void test_poller(void) {
  signal(SIGPIPE, SIG_IGN);
  dt_poller *poller = dt_poller_new();
  CHECK(poller);
  tells_what_was_asked_for(poller);
  tells_that_the_other_side_went(poller);
  a_kept_descriptor_does_not_wake_for_nothing(poller);
  a_number_that_is_used_again(poller);
  watches_many(poller);
  refuses_what_is_no_descriptor(poller);
  waits_no_longer_than_told(poller);
  a_signal_ends_a_wait(poller);
  an_alarm_makes_it_readable(poller);
  dt_poller_free(poller);
  dt_poller_free(NULL);
  leaves_what_is_not_its_own();
  says_that_descriptors_are_short();
}

#endif
