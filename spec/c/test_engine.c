/* The engine over plain HTTP, with a server in the same thread: each turn of the loop steps both.
 */
#include "check.h"

#include "dt_engine.h"
#include "dt_limits.h"
#include "dt_poller.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNECTIONS = 64, PATIENCE_US = 100000000, TURN_US = 1000 };

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-acs-request-id: R\r\n\r\n{}"

typedef struct server {
  int listener;
  char url[64];
  const char *answer; /* to each whole request; NULL: none */
  size_t answer_length;
  int fds[CONNECTIONS];
  int accepted;
  int requests;
  char last[70000]; /* the last request */
  size_t last_length;
} server;

static server the;

static void answer_with(const char *answer) {
  the.answer = answer;
  the.answer_length = answer ? strlen(answer) : 0;
}

static void server_close_all(void) {
  for (int i = 0; i < the.accepted; i++)
    if (the.fds[i] >= 0)
      close(the.fds[i]);
  the.accepted = 0;
  the.requests = 0;
  the.last_length = 0;
}

static void server_start(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  the.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK(bind(the.listener, (struct sockaddr *)&address, size) == 0);
  CHECK(listen(the.listener, CONNECTIONS) == 0);
  CHECK(getsockname(the.listener, (struct sockaddr *)&address, &size) == 0);
  snprintf(the.url, sizeof the.url, "http://127.0.0.1:%d/x", ntohs(address.sin_port));
}

static int is_whole(void) {
  the.last[the.last_length] = '\0';
  const char *end = strstr(the.last, "\r\n\r\n");
  const char *length = strstr(the.last, "Content-Length: ");
  size_t expected = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
  return end && the.last_length - (size_t)(end + 4 - the.last) >= expected;
}

static void server_read(int i) {
  ssize_t got = recv(the.fds[i], the.last + the.last_length, sizeof the.last - 1 - the.last_length,
                     MSG_DONTWAIT);
  if (got == 0) {
    close(the.fds[i]);
    the.fds[i] = -1;
  }
  if (got <= 0)
    return;
  the.last_length += (size_t)got;
  if (!is_whole())
    return;
  the.requests++;
  if (!the.answer)
    return;
  the.last_length = 0;
  for (size_t sent = 0; sent < the.answer_length;) {
    ssize_t wrote = send(the.fds[i], the.answer + sent, the.answer_length - sent, MSG_NOSIGNAL);
    if (wrote < 0)
      return;
    sent += (size_t)wrote;
  }
}

static void server_turn(void) {
  int fd = accept(the.listener, NULL, NULL);
  if (fd >= 0) {
    CHECK(the.accepted < CONNECTIONS);
    the.fds[the.accepted++] = fd;
  }
  for (int i = 0; i < the.accepted; i++)
    if (the.fds[i] >= 0)
      server_read(i);
}

static const dt_engine_config plain = {.proxy = "",
                                       .user_agent = "test",
                                       .connect_timeout_ms = 5000,
                                       .max_connections = 8,
                                       .allow_http = true};

static dt_engine *new_engine(const dt_engine_config *config) {
  dt_engine_fault fault = DT_ENGINE_NO_MEMORY;
  dt_engine *engine = dt_engine_new(config, &fault);
  CHECK(engine && fault == DT_ENGINE_OK);
  return engine;
}

static dt_transfer_id start_at(dt_engine *engine, const char *url, long timeout_ms) {
  dt_engine_fault fault = DT_ENGINE_OK;
  dt_request request = {.method = DT_POST,
                        .url = url,
                        .token = "secret-token-1",
                        .token_length = 14,
                        .client_token = "ct",
                        .client_token_length = 2,
                        .body = "{\"a\":1}",
                        .body_length = 7,
                        .timeout_ms = timeout_ms};
  dt_transfer_id id = dt_engine_start(engine, &request, &fault);
  CHECK_ROW(fault, id && fault == DT_ENGINE_OK);
  return id;
}

static dt_transfer_id start(dt_engine *engine) {
  return start_at(engine, the.url, 10000);
}

/* Both go on until a transfer has ended. */
static dt_transfer_id wait_for_any(dt_engine *engine) {
  int64_t until = dt_clock_us() + PATIENCE_US;
  for (;;) {
    CHECK(dt_clock_us() < until);
    dt_engine_step(engine, TURN_US);
    dt_transfer_id id = dt_engine_next_finished(engine);
    if (id)
      return id;
    server_turn();
  }
}

static dt_answer answer_of(dt_engine *engine, dt_transfer_id id) {
  dt_answer answer;
  CHECK(dt_engine_answer(engine, id, &answer));
  return answer;
}

static dt_answer ended(dt_engine *engine, dt_transfer_id id) {
  CHECK(wait_for_any(engine) == id);
  return answer_of(engine, id);
}

static void a_request_and_its_answer(dt_engine *engine) {
  answer_with(NULL);
  dt_transfer_id id = start(engine);
  dt_answer none;
  CHECK(!dt_engine_answer(engine, id, &none));
  while (!the.requests) {
    dt_engine_step(engine, TURN_US);
    server_turn();
  }
  static const char *const lines[] = {
      "POST /x HTTP/1.1\r\n",         "x-acs-dingtalk-access-token: secret-token-1\r\n",
      "x-client-token: ct\r\n",       "Content-Type: application/json; charset=utf-8\r\n",
      "Accept: application/json\r\n", "User-Agent: test\r\n",
      "Content-Length: 7\r\n",        "\r\n\r\n{\"a\":1}"};
  for (size_t i = 0; i < LENGTH(lines); i++)
    CHECK_ROW(i, strstr(the.last, lines[i]));
  CHECK(!strstr(the.last, "Expect") && !strstr(the.last, "Authorization") &&
        !strstr(the.last, "Cookie"));
  CHECK(send(the.fds[0], OK, strlen(OK), 0) == (ssize_t)strlen(OK));
  the.last_length = 0;
  dt_answer answer = ended(engine, id);
  CHECK(answer.failure == DT_ANSWERED && answer.status == 200 && answer.sent);
  CHECK(answer.body_length == 2 && memcmp(answer.body, "{}", 2) == 0);
  CHECK(answer.headers_length && memcmp(answer.headers, "HTTP/1.1 200", 12) == 0);
  CHECK(answer.message && !*answer.message);
  CHECK(dt_engine_in_flight(engine) == 1);
  CHECK(dt_engine_release(engine, id));
  CHECK(dt_engine_in_flight(engine) == 0);
  answer_with(OK);
}

static void a_stale_id_is_nobody(dt_engine *engine) {
  dt_transfer_id id = start(engine);
  ended(engine, id);
  dt_engine_release(engine, id);
  dt_answer answer;
  CHECK(!dt_engine_answer(engine, id, &answer) && !dt_engine_release(engine, id));
  CHECK(dt_engine_slot(engine, id) == 0 || start(engine) != id);
  dt_transfer_id next = wait_for_any(engine);
  CHECK(dt_engine_slot(engine, id) == 0 && dt_engine_slot(engine, next) == 1);
  dt_engine_release(engine, next);
  static const dt_transfer_id nobody[] = {0, 1, 2, 0xFFFF, 0x10000, 0xFFFFFFFF};
  for (size_t i = 0; i < LENGTH(nobody); i++)
    CHECK_ROW(i, !dt_engine_slot(engine, nobody[i]) && !dt_engine_release(engine, nobody[i]));
}

static void connections_are_kept(dt_engine *engine) {
  int accepted = the.accepted;
  for (int i = 0; i < 20; i++) {
    dt_transfer_id id = start(engine);
    CHECK_ROW(i, ended(engine, id).status == 200);
    dt_engine_release(engine, id);
  }
  CHECK(the.accepted == accepted);
}

static void many_at_a_time(dt_engine *engine) {
  enum { COUNT = 40 };
  dt_transfer_id ids[COUNT];
  for (int i = 0; i < COUNT; i++) {
    uint32_t slot = dt_engine_next_slot(engine);
    ids[i] = start(engine);
    CHECK_ROW(i, dt_engine_slot(engine, ids[i]) == slot);
  }
  CHECK(dt_engine_in_flight(engine) == COUNT);
  for (int i = 0; i < COUNT; i++) {
    dt_transfer_id id = wait_for_any(engine);
    CHECK_ROW(i, answer_of(engine, id).status == 200);
    dt_engine_release(engine, id);
  }
  CHECK(dt_engine_in_flight(engine) == 0 && dt_engine_next_finished(engine) == 0);
  CHECK(the.accepted <= 8 + 1);
}

/* Released while it runs, when it has ended, and when its end was reported: in any order. */
static void released_at_any_time(dt_engine *engine) {
  for (int order = 0; order < 6; order++) {
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    dt_transfer_id ids[3];
    for (int i = 0; i < 3; i++)
      ids[i] = start(engine);
    for (int turn = 0; turn < 20 * (order % 3); turn++) {
      dt_engine_step(engine, TURN_US / 10);
      server_turn();
    }
    for (int i = 0; i < 3; i++)
      dt_engine_release(engine, ids[orders[order][i]]);
    CHECK_ROW(order, dt_engine_in_flight(engine) == 0 && dt_engine_next_finished(engine) == 0);
  }
}

/* More handles than are kept for reuse. */
static void a_burst_is_trimmed(dt_engine *engine) {
  enum { BURST = DT_MAX_IDLE_TRANSFERS + 40 };
  static dt_transfer_id ids[BURST];
  for (int i = 0; i < BURST; i++)
    ids[i] = start(engine);
  CHECK(dt_engine_in_flight(engine) == BURST);
  for (int i = 0; i < BURST; i++)
    dt_engine_release(engine, ids[(i * 7) % BURST]);
  CHECK(dt_engine_in_flight(engine) == 0);
  CHECK(dt_engine_next_slot(engine) == 1);
  dt_transfer_id id = start(engine);
  CHECK(ended(engine, id).status == 200);
  dt_engine_release(engine, id);
}

static void answers_that_are_too_large(dt_engine *engine) {
  static char huge[DT_MAX_ANSWER_BYTES + 200];
  int head = snprintf(huge, sizeof huge, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                      DT_MAX_ANSWER_BYTES + 1);
  memset(huge + head, 'x', DT_MAX_ANSWER_BYTES + 1);
  answer_with(huge);
  the.answer_length = (size_t)head;
  dt_transfer_id id = start(engine);
  while (!the.requests || the.last_length)
    dt_engine_step(engine, TURN_US), server_turn();
  /* The server's part is written while the engine reads: neither may wait for the other. */
  int fd = the.fds[the.accepted - 1];
  size_t sent = 0;
  dt_transfer_id done = 0;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  for (int turn = 0; turn < 100000 && !done; turn++) {
    ssize_t wrote = send(fd, huge + head + sent, DT_MAX_ANSWER_BYTES + 1 - sent, MSG_NOSIGNAL);
    sent += wrote > 0 ? (size_t)wrote : 0;
    dt_engine_step(engine, 0);
    done = dt_engine_next_finished(engine);
  }
  CHECK(done == id);
  dt_answer answer = answer_of(engine, id);
  CHECK(answer.failure == DT_BODY_TOO_LARGE && answer.sent);
  dt_engine_release(engine, id);

  memset(huge, 'x', sizeof huge - 1);
  memcpy(huge, "HTTP/1.1 200 OK\r\n", 17);
  for (int i = 17; i < DT_MAX_ANSWER_HEADER_BYTES + 1000; i += 1000)
    memcpy(huge + i, "x-a: ", 5), memcpy(huge + i + 998, "\r\n", 2);
  answer_with(huge);
  the.answer_length = 17 + 70 * 1000;
  id = start(engine);
  answer = ended(engine, id);
  CHECK(answer.failure == DT_HEADERS_TOO_LARGE);
  dt_engine_release(engine, id);
  answer_with(OK);
}

static void interim_answers_are_left_out(dt_engine *engine) {
  answer_with("HTTP/1.1 103 Early Hints\r\nx-acs-request-id: early\r\n\r\n" OK);
  dt_transfer_id id = start(engine);
  dt_answer answer = ended(engine, id);
  CHECK(answer.status == 200 && memcmp(answer.headers, "HTTP/1.1 200", 12) == 0);
  dt_engine_release(engine, id);
  answer_with(OK);
}

/* Whether any byte went out decides what may be said of the outcome. */
static void what_was_sent(dt_engine *engine) {
  dt_transfer_id id = start_at(engine, "http://127.0.0.1:1/x", 10000);
  dt_answer answer = ended(engine, id);
  CHECK(answer.failure == DT_CONNECT_FAILED && !answer.sent && answer.status == 0 &&
        *answer.message);
  CHECK(!dt_engine_release(engine, id));

  id = start_at(engine, "https://127.0.0.1:99999/x", 10000);
  answer = ended(engine, id);
  CHECK(answer.failure == DT_BAD_URL && !answer.sent);
  dt_engine_release(engine, id);

  answer_with(NULL);
  id = start_at(engine, the.url, 50);
  answer = ended(engine, id);
  CHECK(answer.failure == DT_TIMEOUT && answer.sent && answer.status == 0);
  CHECK(dt_engine_release(engine, id));
  answer_with(OK);
}

static void plain_http_only_where_allowed(void) {
  dt_engine_config config = plain;
  config.allow_http = false;
  dt_engine *engine = new_engine(&config);
  dt_transfer_id id = start(engine);
  CHECK(ended(engine, id).failure == DT_BAD_HTTP);
  CHECK(!dt_engine_release(engine, id));
  dt_engine_free(engine);
}

static void redirects_are_not_followed(dt_engine *engine) {
  char answer[200];
  int requests = the.requests;
  snprintf(answer, sizeof answer, "HTTP/1.1 307 No\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
           the.url);
  answer_with(answer);
  dt_transfer_id id = start(engine);
  CHECK(ended(engine, id).status == 307 && the.requests == requests + 1);
  dt_engine_release(engine, id);
  answer_with(OK);
}

static void an_alarm_ends_a_wait(dt_engine *engine) {
  CHECK(dt_engine_timeout_us(engine) == -1);
  dt_engine_set_alarm(engine, dt_clock_us() + 2000);
  CHECK(dt_engine_timeout_us(engine) >= 0);
  dt_engine_step(engine, -1);
  CHECK(dt_engine_timeout_us(engine) == 0);
  dt_engine_set_alarm(engine, INT64_MAX);
  int64_t begin = dt_clock_us();
  dt_engine_step(engine, 3000);
  CHECK(dt_clock_us() - begin >= 3000);
}

/* Whoever watches the descriptor and calls step(0) when it is readable needs nothing else. */
static void the_descriptor_tells_when_to_step(dt_engine *engine) {
  struct pollfd fd = {.fd = dt_engine_fd(engine), .events = POLLIN};
  if (fd.fd < 0) /* the portable poller */
    return;
  CHECK(poll(&fd, 1, 0) == 0);
  dt_transfer_id id = start(engine);
  dt_transfer_id done = 0;
  int64_t until = dt_clock_us() + PATIENCE_US;
  while (!done && dt_clock_us() < until) {
    server_turn();
    if (poll(&fd, 1, 1) == 1)
      dt_engine_step(engine, 0);
    done = dt_engine_next_finished(engine);
  }
  CHECK(done == id);
  dt_engine_release(engine, id);
  id = start_at(engine, the.url, 30);
  answer_with(NULL);
  /* Nothing comes from the server: it is a timer that makes it readable. */
  for (done = 0; !done && dt_clock_us() < until; done = dt_engine_next_finished(engine))
    if (poll(&fd, 1, 1000) == 1)
      dt_engine_step(engine, 0);
  CHECK(done == id && answer_of(engine, id).failure == DT_TIMEOUT);
  dt_engine_release(engine, id);
  answer_with(OK);
}

static void a_step_sends_what_was_started_in_a_rest(dt_engine *engine) {
  struct pollfd fd = {.fd = dt_engine_fd(engine), .events = POLLIN};
  dt_transfer_id id = start(engine);
  CHECK(ended(engine, id).failure == DT_ANSWERED);
  dt_engine_release(engine, id);
  dt_engine_rest(engine, true);
  CHECK(!dt_engine_release(engine, start(engine)));
  id = start(engine);
  CHECK(fd.fd < 0 || poll(&fd, 1, 0) == 0);
  dt_engine_rest(engine, false);
  CHECK(fd.fd < 0 || poll(&fd, 1, 1000) == 1);
  CHECK(ended(engine, id).failure == DT_ANSWERED);
  dt_engine_release(engine, id);
}

static void freed_with_all_in_flight(void) {
  dt_engine *engine = new_engine(&plain);
  for (int i = 0; i < 20; i++)
    start(engine);
  for (int i = 0; i < 5; i++) {
    dt_engine_step(engine, TURN_US);
    server_turn();
  }
  dt_engine_free(engine);
  dt_engine_free(NULL);
  dt_engine_abandon(NULL);
}

/* The child lets go; the parent's connection and request go on. */
static void abandoned_by_a_child(dt_engine *engine) {
  answer_with(NULL);
  dt_transfer_id id = start(engine);
  int requests = the.requests;
  while (the.requests == requests)
    dt_engine_step(engine, TURN_US), server_turn();
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    dt_engine_abandon(engine);
    _exit(0);
  }
  int status = 1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  answer_with(OK);
  for (int i = 0; i < the.accepted; i++)
    if (the.fds[i] >= 0)
      send(the.fds[i], OK, strlen(OK), MSG_NOSIGNAL);
  the.last_length = 0;
  CHECK(ended(engine, id).status == 200);
  dt_engine_release(engine, id);
}

static dt_engine *new_engine_of_one_connection(void) {
  dt_engine_config config = plain;
  config.max_connections = 1;
  return new_engine(&config);
}

/* libcurl itself does not time out what waits for a connection that others have. */
static void a_wait_for_a_connection_ends_in_time(void) {
  dt_engine *engine = new_engine_of_one_connection();
  answer_with(NULL);
  dt_transfer_id slow = start(engine);
  dt_transfer_id waits = start_at(engine, the.url, 30);
  int64_t begin = dt_clock_us();
  dt_answer answer = ended(engine, waits);
  CHECK(answer.failure == DT_CONNECT_TIMEOUT && !answer.sent);
  CHECK(dt_clock_us() - begin < PATIENCE_US / 2);
  dt_engine_release(engine, waits);
  send(the.fds[0], OK, strlen(OK), MSG_NOSIGNAL);
  the.last_length = 0;
  CHECK(ended(engine, slow).status == 200);
  dt_engine_release(engine, slow);
  /* And the connection is kept. */
  answer_with(OK);
  dt_transfer_id next = start(engine);
  CHECK(ended(engine, next).status == 200 && the.accepted == 1);
  dt_engine_release(engine, next);
  dt_engine_free(engine);
  server_close_all();
}

/* The one that was released had the only connection. */
static void a_release_wakes_who_waits_for_a_connection(dt_engine *engine) {
  struct pollfd fd = {.fd = dt_engine_fd(engine), .events = POLLIN};
  answer_with(NULL);
  dt_transfer_id first = start(engine);
  dt_transfer_id second = start(engine);
  while (poll(&fd, 1, 400) == 1) /* libcurl's own short timers go first */
    dt_engine_step(engine, 0), server_turn();
  CHECK(the.accepted == 1);
  dt_engine_release(engine, first);
  CHECK(poll(&fd, 1, 1000) == 1);
  dt_engine_release(engine, second);
  answer_with(OK);
}

/* The path of the last request is its number. */
static int last_number(void) {
  return atoi(the.last + strlen("POST /"));
}

static dt_transfer_id start_numbered(dt_engine *engine, int number, long timeout_ms) {
  char url[80];
  snprintf(url, sizeof url, "%.*s%d", (int)(strlen(the.url) - 1), the.url, number);
  return start_at(engine, url, timeout_ms);
}

/* First come, first served, but for those that are released before. */
static void those_that_wait_keep_their_order(void) {
  enum { COUNT = 30, GONE = 7 };
  dt_engine *engine = new_engine_of_one_connection();
  dt_transfer_id ids[COUNT];
  for (int i = 0; i < COUNT; i++)
    ids[i] = start_numbered(engine, i, 10000);
  CHECK(!dt_engine_release(engine, ids[GONE]));
  CHECK(!dt_engine_release(engine, ids[COUNT - 1]));
  CHECK(dt_engine_in_flight(engine) == COUNT - 2);
  for (int i = 0; i < COUNT - 1; i++) {
    if (i == GONE)
      continue;
    CHECK_ROW(i, ended(engine, ids[i]).status == 200);
    CHECK_ROW(i, last_number() == i);
    dt_engine_release(engine, ids[i]);
  }
  CHECK(the.accepted == 1 && the.requests == COUNT - 2);
  dt_engine_free(engine);
  server_close_all();
}

/* In time, whatever waits before or after it. */
static void those_that_wait_end_in_time(void) {
  static const long timeouts[] = {10000, 10000, 60, 30, 10000, 90};
  static const int order[] = {3, 2, 5};
  dt_engine *engine = new_engine_of_one_connection();
  dt_transfer_id ids[LENGTH(timeouts)];
  answer_with(NULL);
  int64_t begin = dt_clock_us();
  for (size_t i = 0; i < LENGTH(timeouts); i++)
    ids[i] = start_at(engine, the.url, timeouts[i]);
  for (size_t i = 0; i < LENGTH(order); i++) {
    dt_answer answer = ended(engine, ids[order[i]]);
    CHECK_ROW(i, answer.failure == DT_CONNECT_TIMEOUT && !answer.sent && *answer.message);
    int64_t took = dt_clock_us() - begin;
    CHECK_ROW(i, took >= timeouts[order[i]] * 1000 && took < PATIENCE_US / 2);
    CHECK_ROW(i, !dt_engine_release(engine, ids[order[i]]));
  }
  CHECK(dt_engine_in_flight(engine) == 3);
  dt_engine_free(engine); /* with one running and two waiting */
  answer_with(OK);
  server_close_all();
}

/* A service that answers nothing holds up its own callers only. */
static void origins_do_not_wait_for_each_other(void) {
  char url[80];
  dt_engine *engine = new_engine_of_one_connection();
  answer_with(NULL);
  dt_transfer_id slow = start(engine);
  dt_transfer_id behind = start(engine);
  while (!the.requests)
    dt_engine_step(engine, TURN_US), server_turn();
  the.last_length = 0;
  answer_with(OK);
  snprintf(url, sizeof url, "http://localhost%s", strrchr(the.url, ':'));
  for (int i = 0; i < 3; i++) {
    dt_transfer_id id = start_at(engine, url, 10000);
    CHECK_ROW(i, ended(engine, id).status == 200);
    dt_engine_release(engine, id);
  }
  CHECK(the.accepted == 2);
  dt_engine_release(engine, slow);
  CHECK(ended(engine, behind).status == 200);
  dt_engine_release(engine, behind);
  dt_engine_free(engine);
  server_close_all();
}

/* Where a server ends each connection, all transfers end all the same. */
static void connections_that_end_are_replaced(void) {
  enum { COUNT = 20 };
  dt_engine_config config = plain;
  config.max_connections = 2;
  dt_engine *engine = new_engine(&config);
  answer_with("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
  for (int i = 0; i < COUNT; i++)
    start(engine);
  for (int i = 0; i < COUNT; i++) {
    dt_transfer_id id = wait_for_any(engine);
    CHECK_ROW(i, answer_of(engine, id).status == 200);
    dt_engine_release(engine, id);
  }
  CHECK(the.accepted == COUNT && the.requests == COUNT);
  dt_engine_free(engine);
  answer_with(OK);
  server_close_all();
}

/* As at many times: those that fail at once let the next ones try. */
static void all_that_fail_are_told(void) {
  enum { COUNT = 50 };
  dt_engine *engine = new_engine(&plain);
  static const char *const urls[] = {"http://127.0.0.1:1/x", "https://127.0.0.1:1/x",
                                     "https://127.0.0.1:99999/x"};
  for (int i = 0; i < COUNT; i++)
    start_at(engine, urls[i % 3], 10000);
  for (int i = 0; i < COUNT; i++) {
    dt_transfer_id id = wait_for_any(engine);
    dt_answer answer = answer_of(engine, id);
    CHECK_ROW(i, (answer.failure == DT_CONNECT_FAILED || answer.failure == DT_BAD_URL) &&
                     !answer.sent && answer.status == 0 && *answer.message);
    dt_engine_release(engine, id);
  }
  CHECK(dt_engine_in_flight(engine) == 0);
  dt_engine_free(engine);
}

static dt_transfer_id start_request(dt_engine *engine, const dt_request *request) {
  dt_engine_fault fault = DT_ENGINE_OK;
  dt_transfer_id id = dt_engine_start(engine, request, &fault);
  CHECK_ROW(fault, id && fault == DT_ENGINE_OK);
  return id;
}

/* They need not stay until the transfer runs. */
static void more_headers(dt_engine *engine) {
  char first[] = "x-trace: 1";
  char second[] = "x-other: two words";
  const char *const lines[] = {first, second};
  dt_request request = {
      .url = the.url, .timeout_ms = 10000, .headers = lines, .header_count = LENGTH(lines)};
  answer_with(NULL);
  dt_transfer_id id = start_request(engine, &request);
  memset(first, 'x', sizeof first - 1);
  memset(second, 'x', sizeof second - 1);
  while (!the.requests)
    dt_engine_step(engine, TURN_US), server_turn();
  CHECK(strstr(the.last, "x-trace: 1\r\n") && strstr(the.last, "x-other: two words\r\n") &&
        strstr(the.last, "Accept: application/json\r\n"));
  dt_engine_release(engine, id);
  request.header_count = 0;
  the.last_length = 0;
  id = start_request(engine, &request);
  for (int requests = the.requests; the.requests == requests;)
    dt_engine_step(engine, TURN_US), server_turn();
  CHECK(!strstr(the.last, "x-trace"));
  dt_engine_release(engine, id);
  answer_with(OK);
}

static void headers_beyond_the_limit_are_refused(dt_engine *engine) {
  static char line[DT_MAX_REQUEST_HEADER_BYTES + 1] = "x: ";
  const char *const lines[] = {line};
  dt_engine_fault fault = DT_ENGINE_OK;
  dt_request request = {.url = the.url, .timeout_ms = 10000, .headers = lines, .header_count = 1};
  memset(line + 3, 'x', sizeof line - 4);
  CHECK(!dt_engine_start(engine, &request, &fault) && fault == DT_ENGINE_NO_MEMORY);
  CHECK(dt_engine_in_flight(engine) == 0);
}

static void timing_where_it_is_wanted(dt_engine *engine) {
  dt_request request = {.url = the.url, .timeout_ms = 10000};
  for (int i = 0; i < 3; i++) {
    request.wants_timing = i > 0;
    dt_transfer_id id = start_request(engine, &request);
    dt_timing timing = ended(engine, id).timing;
    CHECK_ROW(i, timing.reused == (i > 0));
    CHECK_ROW(i, (timing.first_byte > 0) == (i > 0) && timing.secured == 0);
    CHECK_ROW(i, timing.resolved == 0 && timing.connected == 0); /* it is kept */
    dt_engine_release(engine, id);
  }
}

static void timing_of_a_new_connection(dt_engine *engine) {
  dt_request request = {.url = the.url, .timeout_ms = 10000, .wants_timing = true};
  dt_transfer_id id = start_request(engine, &request);
  dt_timing timing = ended(engine, id).timing;
  CHECK(!timing.reused && timing.connected > 0 && timing.resolved <= timing.connected &&
        timing.connected <= timing.first_byte);
  dt_engine_release(engine, id);
}

static void where_it_connects_from(void) {
  static const struct {
    const char *interface;
    int ip_version;
    dt_failure expected;
  } rows[] = {{"127.0.0.1", 0, DT_ANSWERED},
              {NULL, 4, DT_ANSWERED},
              {NULL, 6, DT_CONNECT_FAILED}, /* the address in the URL is one of IPv4 */
              {"no-such-interface", 0, DT_INTERFACE_FAILED},
              {"127.0.0.1", 4, DT_ANSWERED}};
  for (size_t i = 0; i < LENGTH(rows); i++) {
    dt_engine_config config = plain;
    config.interface = rows[i].interface;
    config.ip_version = rows[i].ip_version;
    dt_engine *engine = new_engine(&config);
    dt_transfer_id id = start(engine);
    CHECK_ROW(i, ended(engine, id).failure == rows[i].expected);
    dt_engine_free(engine);
    server_close_all();
  }
}

/* A process may close all that it has. What libcurl holds is lost then, so it is a child. */
static void closed_behind_its_back(void) {
  dt_engine *engine = new_engine(&plain);
  dt_transfer_id id = start(engine);
  CHECK(ended(engine, id).status == 200);
  dt_engine_release(engine, id);
  answer_with(NULL);
  id = start(engine);
  for (int fd = the.listener + 1; fd < 64; fd++)
    close(fd);
  for (int i = 0; i < CONNECTIONS; i++)
    the.fds[i] = -1;
  dt_engine_step(engine, 1000);
  CHECK(dt_engine_is_broken(engine) && dt_engine_next_finished(engine) == id);
  CHECK(answer_of(engine, id).failure == DT_DESCRIPTORS_CLOSED);
  dt_engine_release(engine, id);
  dt_engine_fault fault = DT_ENGINE_OK;
  dt_request request = {.url = the.url, .timeout_ms = 10000};
  CHECK(!dt_engine_start(engine, &request, &fault) && fault == DT_ENGINE_BROKEN);
  dt_engine_step(engine, -1);
  CHECK(!dt_engine_next_finished(engine) && dt_engine_in_flight(engine) == 0);
  dt_engine_free(engine);
}

static void in_a_child(void (*work)(void)) {
  int status = 1;
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    work();
    _exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  server_start();
  dt_engine *engine = new_engine(&plain);
  a_request_and_its_answer(engine);
  a_stale_id_is_nobody(engine);
  connections_are_kept(engine);
  many_at_a_time(engine);
  released_at_any_time(engine);
  interim_answers_are_left_out(engine);
  redirects_are_not_followed(engine);
  an_alarm_ends_a_wait(engine);
  dt_engine_free(engine);
  server_close_all();

  static void (*const cases[])(dt_engine *) = {answers_that_are_too_large,
                                               what_was_sent,
                                               a_burst_is_trimmed,
                                               the_descriptor_tells_when_to_step,
                                               a_step_sends_what_was_started_in_a_rest,
                                               abandoned_by_a_child,
                                               more_headers,
                                               headers_beyond_the_limit_are_refused,
                                               timing_where_it_is_wanted,
                                               timing_of_a_new_connection};
  for (size_t i = 0; i < LENGTH(cases); i++) {
    engine = new_engine(&plain);
    cases[i](engine);
    dt_engine_free(engine);
    server_close_all();
  }
  where_it_connects_from();
  in_a_child(closed_behind_its_back);
  a_wait_for_a_connection_ends_in_time();
  engine = new_engine_of_one_connection();
  if (dt_engine_fd(engine) >= 0)
    a_release_wakes_who_waits_for_a_connection(engine);
  dt_engine_free(engine);
  server_close_all();
  those_that_wait_keep_their_order();
  those_that_wait_end_in_time();
  origins_do_not_wait_for_each_other();
  connections_that_end_are_replaced();
  all_that_fail_are_told();
  freed_with_all_in_flight();
  plain_http_only_where_allowed();
  server_close_all();
  close(the.listener);
  return 0;
}
