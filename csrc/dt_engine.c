#include "dt_engine.h"

#include "dt_limits.h"
#include "dt_poller.h"
#include "dt_transfer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  MAX_STREAMS = 1024, /* requests at a time on one HTTP/2 connection, if the server allows them */
  EVENTS_A_ROUND = 64,
  ROUNDS_A_STEP =
      16, /* a step that may not wait ends after so many, so that it holds its host briefly */
  UNKNOWN_STREAMS = 100, /* what libcurl believes a new HTTP/2 connection takes, until told */
  HELD_US = 1000000,
  SETTINGS_US = 50000, /* how long a server may take to tell, beside the way there and back */
  LAUNCHES_A_ROUND = 32,
  OVERDUE_US = 20000 /* how late libcurl may be with a time-out before it has lost the transfer */
};

#define NEVER INT64_MAX

/* The ended and the held transfers are linked. */
struct dt_engine {
  CURLM *multi; /* NULL when it failed and no other could be made yet */
  long max_connections;
  dt_poller *poller;
  dt_transfer_setup setup;
  dt_transfer_pool pool;
  uint32_t in_flight;
  dt_transfer_list ended;
  dt_transfer_list held;
  uint32_t running;
  uint32_t sockets;
  uint32_t generation;
  int64_t curl_due; /* when libcurl wants to be called whatever the sockets say */
  int64_t alarm;
  int64_t held_until;
  int64_t overdue; /* when the first of those running is */
  bool answered;   /* by a server since the first of the open sockets was opened */
  bool exposed;    /* the descriptor was given out, so its timer must be kept */
  bool failed;     /* libcurl reported a fault of the multi handle */
  bool suspect;    /* libcurl was out of memory, or lost a transfer: another multi handle is due */
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

/* Never undone: another user of libcurl in the process may still need it. */
static void global_init(void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user) {
  dt_engine *engine = user;
  (void)easy, (void)socket_user;
  int events = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? DT_POLL_IN : 0) |
               (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? DT_POLL_OUT : 0);
  return dt_poller_watch(engine->poller, fd, events) ? 0 : -1;
}

static int on_timer(CURLM *multi, long timeout_ms, void *user) {
  dt_engine *engine = user;
  (void)multi;
  engine->curl_due = timeout_ms < 0 ? NEVER : dt_clock_us() + (int64_t)timeout_ms * 1000;
  return 0;
}

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

/* Closed on exec, so that a program the host starts does not hold the connection open. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
  dt_engine *engine = user;
  (void)purpose;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0)
    return fd;
  dt_poller_opened(engine->poller, fd);
  engine->sockets++;
  return fd;
}

static int close_socket(void *user, curl_socket_t fd) {
  dt_engine *engine = user;
  dt_poller_closed(engine->poller, fd);
  if (--engine->sockets == 0) {
    engine->answered = false;
    engine->held_until = engine->held.first ? 0 : NEVER;
  }
  return close(fd);
}

static void connected(void *user, int64_t round_trip_us) {
  dt_engine *engine = user;
  int64_t until = dt_clock_us() + 2 * round_trip_us + SETTINGS_US;
  if (until < engine->held_until)
    engine->held_until = until;
}

static bool set_up(dt_engine *engine, const dt_engine_config *config) {
  dt_transfer_setup *setup = &engine->setup;
  setup->open_socket = open_socket;
  setup->close_socket = close_socket;
  setup->connected = connected;
  setup->user = engine;
  return dt_transfer_setup_copy(setup, config);
}

#define SET(option, value) (curl_multi_setopt(multi, option, value) == CURLM_OK)

static bool set_multi(dt_engine *engine) {
  CURLM *multi = engine->multi;
  long max_connections = engine->max_connections;
  return SET(CURLMOPT_SOCKETFUNCTION, on_socket) && SET(CURLMOPT_SOCKETDATA, engine) &&
         SET(CURLMOPT_TIMERFUNCTION, on_timer) && SET(CURLMOPT_TIMERDATA, engine) &&
         SET(CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) &&
         SET(CURLMOPT_MAX_HOST_CONNECTIONS, max_connections) &&
         SET(CURLMOPT_MAXCONNECTS, max_connections) &&
         SET(CURLMOPT_MAX_CONCURRENT_STREAMS, (long)MAX_STREAMS);
}

static bool open_multi(dt_engine *engine) {
  if (engine->multi)
    return true;
  engine->multi = curl_multi_init();
  if (engine->multi && set_multi(engine))
    return true;
  curl_multi_cleanup(engine->multi);
  engine->multi = NULL;
  return false;
}

static void drop_multi(dt_engine *engine) {
  curl_multi_cleanup(engine->multi);
  engine->multi = NULL;
  engine->curl_due = NEVER;
  engine->failed = engine->suspect = false;
}

dt_engine *dt_engine_new(const dt_engine_config *config, dt_engine_fault *fault) {
  pthread_once(&global_once, global_init);
  dt_engine *engine = calloc(1, sizeof *engine);
  *fault = DT_ENGINE_NO_MEMORY;
  if (!engine)
    return NULL;
  engine->curl_due = engine->alarm = engine->held_until = engine->overdue = NEVER;
  engine->poller = dt_poller_new();
  if (!engine->poller)
    *fault = errno == ENOMEM ? DT_ENGINE_NO_MEMORY : DT_ENGINE_NO_DESCRIPTOR;
  engine->max_connections = config->max_connections;
  if (!engine->poller || !open_multi(engine) || !set_up(engine, config)) {
    dt_engine_free(engine);
    return NULL;
  }
  *fault = DT_ENGINE_OK;
  return engine;
}

static void free_storage(dt_engine *engine) {
  dt_poller_free(engine->poller);
  dt_transfer_setup_free(&engine->setup);
  free(engine->pool.slots);
  free(engine);
}

/* The handles first, the multi handle after them: its connections still call close_socket. */
void dt_engine_free(dt_engine *engine) {
  if (!engine)
    return;
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++) {
    dt_transfer *transfer = engine->pool.slots[slot];
    if (!transfer)
      continue;
    if (transfer->state == DT_TRANSFER_RUNNING)
      curl_multi_remove_handle(engine->multi, transfer->easy);
    dt_transfer_free(transfer);
  }
  curl_multi_cleanup(engine->multi);
  free_storage(engine);
}

void dt_engine_abandon(dt_engine *engine) {
  if (!engine)
    return;
  dt_poller_close_opened(engine->poller);
  free_storage(engine);
}

uint32_t dt_engine_in_flight(const dt_engine *engine) {
  return engine->in_flight;
}

/* An id is its slot below and a generation above, so that a stale one is told apart. */
enum { SLOT_BITS = 16, GENERATION_MASK = 0x7FFF };

static dt_transfer *find(const dt_engine *engine, dt_transfer_id id) {
  uint32_t slot = id & DT_MAX_IN_FLIGHT;
  if (slot == 0 || slot > engine->pool.used || !engine->pool.slots[slot] ||
      engine->pool.slots[slot]->id != id)
    return NULL;
  return engine->pool.slots[slot];
}

uint32_t dt_engine_slot(const dt_engine *engine, dt_transfer_id id) {
  return find(engine, id) ? id & DT_MAX_IN_FLIGHT : 0;
}

uint32_t dt_engine_next_slot(const dt_engine *engine) {
  return engine->pool.idle ? engine->pool.idle : engine->pool.used + 1;
}

static void end(dt_engine *engine, dt_transfer *transfer, CURLcode code) {
  engine->suspect = engine->suspect || code == CURLE_OUT_OF_MEMORY;
  transfer->code = code;
  transfer->state = DT_TRANSFER_ENDED;
  dt_transfer_append(engine->pool.slots, &engine->ended, transfer);
}

static void stop_running(dt_engine *engine, dt_transfer *transfer) {
  curl_multi_remove_handle(engine->multi, transfer->easy);
  engine->running--;
}

static void expect_by(dt_engine *engine, int64_t when) {
  if (when < engine->overdue)
    engine->overdue = when;
}

static bool launch(dt_engine *engine, dt_transfer *transfer) {
  /* 7.88 keeps a connection it could not make for want of memory, and the next waits for it. */
  if (engine->suspect && engine->running == 0)
    drop_multi(engine);
  if (!open_multi(engine) || curl_multi_add_handle(engine->multi, transfer->easy) != CURLM_OK)
    return false;
  expect_by(engine, transfer->deadline + OVERDUE_US);
  transfer->state = DT_TRANSFER_RUNNING;
  engine->running++;
  return true;
}

/* For a burst of more than libcurl believes one connection takes it opens further ones. What is
   above that waits until the connection has told its limit, which nobody tells us: until it must
   have, or an answer came; and never long, since without HTTP/2 there is nothing to wait for. */
static bool must_hold(const dt_engine *engine) {
  bool is_known = engine->answered || engine->held_until <= dt_clock_us();
  return engine->held.first || (!is_known && engine->running >= UNKNOWN_STREAMS);
}

static void hold(dt_engine *engine, dt_transfer *transfer) {
  int64_t until = dt_clock_us() + HELD_US;
  if (transfer->deadline < until)
    until = transfer->deadline;
  if (until < engine->held_until)
    engine->held_until = until;
  transfer->state = DT_TRANSFER_HELD;
  dt_transfer_append(engine->pool.slots, &engine->held, transfer);
}

static int64_t held_due(const dt_engine *engine) {
  return !engine->held.first ? NEVER : engine->answered ? 0 : engine->held_until;
}

static void launch_held(dt_engine *engine) {
  int64_t now = dt_clock_us();
  for (int i = 0; i < LAUNCHES_A_ROUND && held_due(engine) <= now; i++) {
    dt_transfer *transfer = dt_transfer_take_first(engine->pool.slots, &engine->held);
    if (!dt_transfer_set_timeout(transfer, now) || !launch(engine, transfer))
      end(engine, transfer, CURLE_OUT_OF_MEMORY);
  }
}

/* libcurl ran out of memory between two handles, or the system refused a watch: it may never come
   back to any of them, and 7.88 divides by zero when it meets a socket again whose entry it could
   not make. The transfers end here; the next starts with another multi handle. */
static void start_anew(dt_engine *engine) {
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++) {
    if (engine->pool.slots[slot]->state != DT_TRANSFER_RUNNING)
      continue;
    stop_running(engine, engine->pool.slots[slot]);
    end(engine, engine->pool.slots[slot], CURLE_OUT_OF_MEMORY);
  }
  drop_multi(engine);
}

/* What waits for a connection of others libcurl does not time out before it has one; and out of
   memory it can lose a transfer without a word. Nothing else running, it must have been lost. */
static void end_overdue(dt_engine *engine) {
  int64_t now = dt_clock_us();
  if (engine->overdue > now)
    return;
  engine->overdue = NEVER;
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++) {
    dt_transfer *transfer = engine->pool.slots[slot];
    if (transfer->state != DT_TRANSFER_RUNNING)
      continue;
    if (transfer->deadline + OVERDUE_US > now) {
      expect_by(engine, transfer->deadline + OVERDUE_US);
      continue;
    }
    stop_running(engine, transfer);
    end(engine, transfer, CURLE_OPERATION_TIMEDOUT);
    engine->suspect = engine->suspect || engine->running == 0;
  }
}

static void collect(dt_engine *engine) {
  int left = 0;
  for (CURLMsg *message; (message = curl_multi_info_read(engine->multi, &left)) != NULL;) {
    char *user = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
    dt_transfer *transfer = (dt_transfer *)(void *)user;
    CURLcode code = message->data.result;
    if (code == CURLE_OK)
      engine->answered = true;
    stop_running(engine, transfer);
    end(engine, transfer, code);
  }
  if (engine->failed)
    start_anew(engine);
  end_overdue(engine);
}

static void act(dt_engine *engine, curl_socket_t fd, int mask) {
  int running = 0;
  if (!engine->multi || engine->failed)
    return;
  CURLMcode code = curl_multi_socket_action(engine->multi, fd, mask, &running);
  if (code != CURLM_OK && code != CURLM_BAD_SOCKET)
    engine->failed = true;
}

static void act_if_due(dt_engine *engine) {
  if (engine->curl_due > dt_clock_us())
    return;
  engine->curl_due = NEVER;
  act(engine, CURL_SOCKET_TIMEOUT, 0);
}

static void dispatch(dt_engine *engine, const dt_poll_event *event) {
  int mask = (event->events & DT_POLL_IN ? CURL_CSELECT_IN : 0) |
             (event->events & DT_POLL_OUT ? CURL_CSELECT_OUT : 0) |
             (event->events & DT_POLL_ERROR ? CURL_CSELECT_ERR : 0);
  act(engine, event->fd, mask);
}

static int64_t due(const dt_engine *engine) {
  int64_t when = engine->curl_due < engine->alarm ? engine->curl_due : engine->alarm;
  int64_t held = held_due(engine);
  int64_t overdue = engine->running ? engine->overdue : NEVER;
  when = held < when ? held : when;
  return overdue < when ? overdue : when;
}

int64_t dt_engine_timeout_us(const dt_engine *engine) {
  int64_t when = engine->ended.first ? 0 : due(engine);
  int64_t now = dt_clock_us();
  return when == NEVER ? -1 : when > now ? when - now : 0;
}

static void sync_timer(dt_engine *engine, bool ended) {
  if (engine->exposed)
    dt_poller_set_alarm(engine->poller, ended ? 0 : due(engine));
}

void dt_engine_set_alarm(dt_engine *engine, int64_t when) {
  engine->alarm = when;
  sync_timer(engine, engine->ended.first);
}

int dt_engine_fd(dt_engine *engine) {
  engine->exposed = true;
  sync_timer(engine, engine->ended.first);
  return dt_poller_fd(engine->poller);
}

/* One wait and what it brought: what dt_poller_wait returned. */
static int turn(dt_engine *engine, int64_t wait_us) {
  dt_poll_event events[EVENTS_A_ROUND];
  int64_t timeout = dt_engine_timeout_us(engine);
  if (timeout < 0 || (wait_us >= 0 && wait_us < timeout))
    timeout = wait_us;
  int count = dt_poller_wait(engine->poller, timeout, events, EVENTS_A_ROUND);
  for (int i = 0; i < count; i++)
    dispatch(engine, &events[i]);
  launch_held(engine);
  act_if_due(engine);
  collect(engine);
  return count;
}

/* Whether a step that has done `rounds` turns since `start` goes on. */
static bool goes_on(const dt_engine *engine, int64_t wait_us, int64_t until, int rounds,
                    int count) {
  int64_t now = dt_clock_us();
  if (engine->ended.first && wait_us != 0)
    return false;
  if (wait_us == 0)
    return rounds < ROUNDS_A_STEP && (count > 0 || engine->curl_due <= now);
  return count >= 0 && engine->alarm > now && (wait_us < 0 || now < until);
}

bool dt_engine_step(dt_engine *engine, int64_t wait_us) {
  int64_t until = wait_us > 0 ? dt_clock_us() + wait_us : 0;
  int rounds = 0;
  int count;
  act_if_due(engine);
  collect(engine);
  do {
    int64_t left = wait_us > 0 ? until - dt_clock_us() : wait_us;
    count = turn(engine, engine->ended.first || (wait_us > 0 && left < 0) ? 0 : left);
    rounds++;
  } while (goes_on(engine, wait_us, until, rounds, count));
  /* Whoever steps also fetches what has ended; waking him for it would double the work. */
  sync_timer(engine, false);
  return count != DT_POLL_FAILED;
}

dt_transfer_id dt_engine_start(dt_engine *engine, const dt_request *request,
                               dt_engine_fault *fault) {
  dt_transfer *transfer = dt_transfer_pool_take(&engine->pool, &engine->setup);
  if (!transfer) {
    *fault = engine->pool.used < DT_MAX_IN_FLIGHT ? DT_ENGINE_NO_MEMORY : DT_ENGINE_BUSY;
    return 0;
  }
  engine->generation = (engine->generation + 1) & GENERATION_MASK;
  transfer->id = (transfer->id & DT_MAX_IN_FLIGHT) | engine->generation << SLOT_BITS;
  *fault = DT_ENGINE_NO_MEMORY; /* libcurl has no other reason */
  bool held = must_hold(engine);
  if (!dt_transfer_prepare(transfer, request) || (!held && !launch(engine, transfer))) {
    dt_transfer_pool_put_back(&engine->pool, transfer);
    return 0;
  }
  if (held)
    hold(engine, transfer);
  engine->in_flight++;
  act_if_due(engine);
  collect(engine);
  sync_timer(engine, engine->ended.first);
  *fault = DT_ENGINE_OK;
  return transfer->id;
}

dt_transfer_id dt_engine_next_finished(dt_engine *engine) {
  if (!engine->ended.first)
    return 0;
  dt_transfer *transfer = dt_transfer_take_first(engine->pool.slots, &engine->ended);
  transfer->state = DT_TRANSFER_FETCHED;
  return transfer->id;
}

bool dt_engine_answer(dt_engine *engine, dt_transfer_id id, dt_answer *answer) {
  const dt_transfer *transfer = find(engine, id);
  if (!transfer || transfer->state < DT_TRANSFER_ENDED)
    return false;
  dt_transfer_answer(transfer, answer);
  return true;
}

bool dt_engine_release(dt_engine *engine, dt_transfer_id id) {
  dt_transfer *transfer = find(engine, id);
  if (!transfer || transfer->state == DT_TRANSFER_IDLE)
    return false;
  bool sent = dt_transfer_sent(transfer);
  bool was_running = transfer->state == DT_TRANSFER_RUNNING;
  if (was_running)
    stop_running(engine, transfer);
  else if (transfer->state == DT_TRANSFER_HELD)
    dt_transfer_unlink(engine->pool.slots, &engine->held, transfer);
  else if (transfer->state == DT_TRANSFER_ENDED)
    dt_transfer_unlink(engine->pool.slots, &engine->ended, transfer);
  dt_transfer_reset(transfer);
  dt_transfer_pool_put_back(&engine->pool, transfer);
  if (--engine->in_flight == 0 && engine->pool.used > DT_MAX_IDLE_TRANSFERS)
    dt_transfer_pool_trim(&engine->pool);
  if (was_running) /* another may have got its connection */
    sync_timer(engine, engine->ended.first);
  return sent;
}
