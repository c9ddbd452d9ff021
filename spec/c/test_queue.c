#include "check.h"

#include "dt_limits.h"
#include "dt_poller.h"
#include "dt_queue.h"

#include <string.h>

enum { CONNECTIONS = 8, STREAMS = 100 };

#define TLS "https://api.example.com"
#define PLAIN "http://api.example.com"

static dt_queue queue;
static dt_transfer_pool pool;

static void begin(long max_connections) {
  dt_queue_init(&queue, NULL, max_connections);
}

/* A customer's request; NULL: without a token. */
static dt_transfer *make(const char *url, const char *token) {
  dt_transfer *transfer = dt_transfer_pool_take(&pool);
  CHECK(transfer);
  dt_request request = {.url = url,
                        .token = token,
                        .token_length = token ? strlen(token) : 0,
                        .timeout_ms = 1,
                        .token_in_url = token && token[0] == 'u'};
  CHECK(dt_transfer_prepare(transfer, &request));
  transfer->origin = dt_queue_origin(&queue, url);
  transfer->deadline = INT64_MAX;
  return transfer;
}

static dt_transfer *hold_for(const char *url, const char *token, int64_t deadline) {
  dt_transfer *transfer = make(url, token);
  transfer->deadline = deadline;
  dt_queue_hold(&queue, pool.slots, transfer);
  return transfer;
}

static dt_transfer *hold(const char *url, int64_t deadline) {
  return hold_for(url, NULL, deadline);
}

static dt_transfer *run_next(void) {
  dt_transfer *transfer = dt_queue_next(&queue, pool.slots);
  if (transfer)
    dt_queue_started(pool.slots, transfer);
  return transfer;
}

static void end(dt_transfer *transfer) {
  dt_queue_stopped(pool.slots, transfer);
  dt_transfer_pool_put_back(&pool, transfer);
}

static void answer(dt_transfer *transfer, const char *head) {
  dt_buf_clear(&transfer->headers, 0);
  CHECK(dt_buf_append(&transfer->headers, head, strlen(head)));
  dt_origin_answered(transfer->origin, transfer);
}

static void one_origin_is_told_from_another(void) {
  static const struct {
    const char *url, *same, *other;
  } rows[] = {
      {TLS "/a", TLS "/b/c", PLAIN "/a"},
      {TLS ":443/a", TLS ":443?b", TLS ":4430/a"},
      {TLS "/a", TLS, "https://api.example.co/m"},
      {TLS "/a", TLS "#b", "https://api.example.commerce/a"},
      {"https://[::1]:8/a", "https://[::1]:8/", "https://[::1]:80/"},
      {"odd", "odd/", "od"},
  };
  for (size_t i = 0; i < LENGTH(rows); i++) {
    begin(CONNECTIONS);
    dt_origin *origin = dt_queue_origin(&queue, rows[i].url);
    CHECK_ROW(i, dt_queue_origin(&queue, rows[i].same) == origin);
    CHECK_ROW(i, dt_queue_origin(&queue, rows[i].other) != origin);
    CHECK_ROW(i, dt_queue_origin(&queue, rows[i].url) == origin);
  }
}

/* How many can run at a time, all of one customer or each of another. */
static uint32_t room_for(const char *url, bool one) {
  static dt_transfer *running[2 * DT_MOST_STREAMS];
  uint32_t count = 0;
  char token[16] = "x";
  while (true) {
    if (!one)
      snprintf(token, sizeof token, "t%u", count);
    dt_transfer *transfer = make(url, token);
    if (!dt_queue_has_room(&queue, pool.slots, transfer)) {
      dt_transfer_pool_put_back(&pool, transfer);
      break;
    }
    dt_queue_started(pool.slots, transfer);
    running[count++] = transfer;
  }
  for (uint32_t i = 0; i < count; i++)
    end(running[i]);
  return count;
}

static uint32_t room(const dt_origin *origin) {
  char url[DT_MAX_ORIGIN_BYTES + 2];
  snprintf(url, sizeof url, "%.*s/", (int)origin->length, origin->name);
  return room_for(url, false);
}

static void as_many_run_as_can(void) {
  dt_transfer *transfer = dt_transfer_pool_take(&pool);
  begin(CONNECTIONS);
  CHECK(room(dt_queue_origin(&queue, PLAIN "/")) == CONNECTIONS);
  dt_origin *origin = transfer->origin = dt_queue_origin(&queue, TLS "/");
  dt_origin_opened(origin);
  CHECK(room(origin) == STREAMS);
  answer(transfer, "HTTP/2 200 \r\n");
  CHECK(room(origin) == DT_MOST_STREAMS);
  answer(transfer, "HTTP/1.1 200 OK\r\n");
  CHECK(room(origin) == CONNECTIONS);
  answer(transfer, "HTTP/2 200 \r\n");
  CHECK(room(origin) == DT_MOST_STREAMS);
  /* A second connection changes nothing, the end of the last one does. */
  dt_origin_opened(origin);
  dt_origin_closed(origin);
  CHECK(room(origin) == DT_MOST_STREAMS);
  dt_origin_closed(origin);
  CHECK(room(origin) == STREAMS);
  /* That a server speaks no HTTP/2 is remembered. */
  dt_origin_opened(origin);
  answer(transfer, "HTTP/1.0 200 OK\r\n");
  dt_origin_closed(origin);
  CHECK(room(origin) == CONNECTIONS);
  dt_transfer_pool_put_back(&pool, transfer);
  begin(1);
  CHECK(room(dt_queue_origin(&queue, PLAIN "/")) == 1);
  CHECK(room(dt_queue_origin(&queue, TLS "/")) == STREAMS);
}

static void what_waits_runs_when_there_is_room(void) {
  begin(CONNECTIONS);
  dt_origin *origin = dt_queue_origin(&queue, TLS "/");
  origin->running = STREAMS;
  dt_origin_opened(origin);
  dt_transfer *transfer = hold(TLS "/", INT64_MAX - 1);
  CHECK(dt_queue_due(&queue, pool.slots) == INT64_MAX - 1 && !run_next());
  origin->answered = true;
  CHECK(dt_queue_due(&queue, pool.slots) == 0 && run_next() == transfer);
  CHECK(dt_queue_due(&queue, pool.slots) == INT64_MAX && queue.held == 0);
  end(transfer);
  begin(1);
  origin = dt_queue_origin(&queue, PLAIN "/");
  origin->running = 1;
  transfer = hold(PLAIN "/", INT64_MAX - 1);
  CHECK(dt_queue_due(&queue, pool.slots) == INT64_MAX - 1);
  origin->running = 0;
  CHECK(dt_queue_due(&queue, pool.slots) == 0 && run_next() == transfer);
  end(transfer);
}

static void first_come_first_served(void) {
  enum { COUNT = 20 };
  dt_transfer *held[COUNT];
  begin(1);
  for (int i = 0; i < COUNT; i++)
    held[i] = hold(PLAIN "/", INT64_MAX);
  CHECK(!dt_queue_has_room(&queue, pool.slots, held[0]));
  dt_queue_remove(&queue, pool.slots, held[0]);
  dt_queue_remove(&queue, pool.slots, held[7]);
  dt_queue_remove(&queue, pool.slots, held[COUNT - 1]);
  for (int i = 1; i < COUNT - 1; i++) {
    if (i == 7)
      continue;
    CHECK_ROW(i, run_next() == held[i]);
    CHECK_ROW(i, !run_next());
    end(held[i]);
  }
  CHECK(!run_next() && queue.held == 0);
}

static void origins_do_not_wait_for_each_other(void) {
  begin(4);
  const char *const urls[] = {PLAIN "/", "http://b/", "http://c/"};
  dt_transfer *running[6];
  for (int i = 0; i < 12; i++)
    hold(urls[i / 4], INT64_MAX);
  for (int i = 0; i < 6; i++) {
    running[i] = run_next();
    CHECK_ROW(i, running[i] && running[i]->origin == dt_queue_origin(&queue, urls[i % 3]));
  }
  CHECK(!run_next());
  end(running[4]);
  CHECK((running[4] = run_next())->origin == dt_queue_origin(&queue, urls[1]));
  CHECK(!run_next());
}

static void over_http1_no_customer_takes_all(void) {
  static const struct {
    long connections;
    uint32_t alone;
  } rows[] = {{1, 1}, {2, 1}, {3, 2}, {8, 4}, {16, 8}, {256, 128}};
  for (size_t i = 0; i < LENGTH(rows); i++) {
    begin(rows[i].connections);
    CHECK_ROW(i, room_for(PLAIN "/", true) == rows[i].alone);
    CHECK_ROW(i, room_for(PLAIN "/", false) == (uint32_t)rows[i].connections);
    CHECK_ROW(i, room_for(TLS "/", true) == STREAMS);
  }
  /* One whose requests hang; the others' go on, one after the other. */
  enum { COUNT = 1000 };
  begin(CONNECTIONS);
  for (int i = 0; i < COUNT; i++)
    hold_for(PLAIN "/", "hangs", INT64_MAX);
  for (int i = 0; i < CONNECTIONS / 2; i++)
    CHECK(run_next());
  CHECK(!run_next() && dt_queue_due(&queue, pool.slots) == INT64_MAX);
  for (int i = 0; i < COUNT; i++) {
    static const char *const others[] = {NULL, "one", "url"};
    dt_transfer *other = make(PLAIN "/", others[i % 3]);
    if (dt_queue_has_room(&queue, pool.slots, other)) {
      dt_queue_started(pool.slots, other);
    } else {
      dt_queue_hold(&queue, pool.slots, other);
      CHECK_ROW(i, run_next() == other);
    }
    CHECK_ROW(i, !run_next() && dt_queue_due(&queue, pool.slots) == INT64_MAX);
    end(other);
  }
  CHECK(queue.held == COUNT - CONNECTIONS / 2);
  /* When one of its own has ended, its next runs. */
  dt_transfer *mine = pool.slots[queue.origins[0].active.first];
  end(mine);
  CHECK(dt_queue_due(&queue, pool.slots) == 0 && run_next() && !run_next());
}

/* More than there are entries: nobody is lost, the entries of idle ones are used again. */
static void more_origins_than_entries(void) {
  enum { COUNT = 3 * DT_ORIGINS };
  dt_transfer *held[COUNT];
  char url[64];
  begin(1);
  for (int i = 0; i < COUNT; i++) {
    snprintf(url, sizeof url, "http://host%d/x", i);
    held[i] = hold(url, INT64_MAX);
  }
  for (int ended = 0; ended < COUNT; ended++) {
    dt_transfer *transfer = run_next();
    CHECK_ROW(ended, transfer);
    end(transfer);
  }
  CHECK(queue.held == 0 && held[0]);
  for (int i = 0; i < 1000; i++) {
    snprintf(url, sizeof url, "http://other%d/x", i);
    const dt_origin *origin = dt_queue_origin(&queue, url);
    CHECK_ROW(i,
              origin->length == strlen(url) - 2 && memcmp(origin->name, url, origin->length) == 0);
  }
  static char name[2 * DT_MAX_ORIGIN_BYTES];
  memset(name, 'x', sizeof name - 1);
  memcpy(name, "http://", 7);
  CHECK(dt_queue_origin(&queue, name)->length == DT_MAX_ORIGIN_BYTES);
}

static void the_overdue_leave(void) {
  begin(1);
  int64_t now = dt_clock_us();
  dt_transfer *late[3];
  dt_transfer_list list = {0, 0};
  late[0] = hold(PLAIN "/", now);
  dt_transfer *kept = hold(PLAIN "/", now + 50000);
  late[1] = hold("http://b/", now - 1000);
  late[2] = hold(PLAIN "/", now);
  CHECK(dt_queue_due(&queue, pool.slots) == 0); /* there is room, too */
  kept->origin->running = late[1]->origin->running = 1;
  CHECK(dt_queue_due(&queue, pool.slots) == now - 1000);
  dt_queue_take_overdue(&queue, pool.slots, now - 2000, &list);
  CHECK(!list.first);
  dt_queue_take_overdue(&queue, pool.slots, now, &list);
  static const int order[] = {0, 2, 1};
  for (size_t i = 0; i < LENGTH(order); i++)
    CHECK_ROW(i, dt_transfer_take_first(pool.slots, &list) == late[order[i]]);
  CHECK(!list.first && queue.held == 1 && dt_queue_due(&queue, pool.slots) == now + 50000);
  dt_queue_take_overdue(&queue, pool.slots, now + 50000, &list);
  CHECK(dt_transfer_take_first(pool.slots, &list) == kept);
  CHECK(queue.held == 0 && dt_queue_due(&queue, pool.slots) == INT64_MAX);
}

int main(void) {
  one_origin_is_told_from_another();
  as_many_run_as_can();
  what_waits_runs_when_there_is_room();
  first_come_first_served();
  origins_do_not_wait_for_each_other();
  over_http1_no_customer_takes_all();
  more_origins_than_entries();
  the_overdue_leave();
  for (uint32_t slot = 1; slot <= pool.used; slot++)
    dt_transfer_free(pool.slots[slot]);
  free(pool.slots);
  return 0;
}
