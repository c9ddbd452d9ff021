#include "dt_engine.h"

#include "dt_fd.h"
#include "dt_handle.h"
#include "dt_limits.h"
#include "dt_poller.h"
#include "dt_queue.h"
#include "dt_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  EVENTS_A_ROUND = 64,
  ROUNDS_A_STEP =
      16, /* a step that may not wait ends after so many, so that it holds its host briefly */
  LAUNCHES_A_ROUND = 32,
  OVERDUE_US = 20000 /* how late libcurl may be with a time-out before it has lost the transfer */
};

#define NEVER INT64_MAX

struct dt_engine {
  CURLM *multi; /* NULL when it failed and no other could be made yet */
  long max_connections;
  dt_poller *poller;
  dt_sockets sockets;
  dt_handle_setup setup;
  dt_handle_pool spare;
  dt_transfer_pool pool;
  uint32_t in_flight;
  dt_transfer_list ended;
  uint32_t running;
  uint32_t generation;
  int64_t curl_due; /* when libcurl wants to be called whatever the sockets say */
  int64_t alarm;
  int64_t overdue;       /* when the first of those running is */
  bool exposed;          /* the descriptor was given out, so its timer must be kept */
  bool rests;            /* but for now the host steps without it */
  bool has_more_to_send; /* a request was given to libcurl that goes over a shared connection */
  bool acted;            /* libcurl was called since its messages were read */
  bool failed;           /* libcurl reported a fault of the multi handle */
  bool suspect; /* libcurl was out of memory, or lost a transfer: another multi handle is due */
  bool broken;  /* the process closed its descriptors */
  bool looks_rarely; /* libcurl may use a connection that has ended */
  dt_queue queue;
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
  engine->curl_due = timeout_ms < 0    ? NEVER
                     : timeout_ms == 0 ? 0
                                       : dt_clock_us() + (int64_t)timeout_ms * 1000;
  return 0;
}

/* What is known of a socket that is closed. */
static void forget_socket(dt_engine *engine, curl_socket_t fd) {
  const dt_socket *socket = dt_sockets_find(&engine->sockets, fd);
  if (!socket)
    return;
  dt_poller_closed(engine->poller, fd);
  dt_origin_closed(socket->origin);
  dt_sockets_remove(&engine->sockets, fd);
}

/* Closed on exec, so that a program the host starts does not hold the connection open. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
  dt_handle *handle = user;
  dt_origin *origin = handle->origin;
  dt_engine *engine = origin->engine;
  (void)purpose;
  if (!dt_handle_may_use(handle, address->family))
    return CURL_SOCKET_BAD;
  int fd = dt_fd_socket(address->family, address->socktype, address->protocol);
  if (fd < 0) {
    handle->os_error = errno;
    return fd;
  }
  forget_socket(engine, fd); /* libcurl 7.88 closes one that it could not connect without a word */
  if (!dt_sockets_add(&engine->sockets, fd, origin)) {
    close(fd);
    return -1;
  }
  dt_poller_opened(engine->poller, fd);
  dt_origin_opened(origin);
  dt_handle_connects(handle);
  return fd;
}

static int close_socket(void *user, curl_socket_t fd) {
  const dt_origin *origin = user;
  forget_socket(origin->engine, fd);
  return close(fd);
}

#define SET(option, value) (curl_multi_setopt(multi, option, value) == CURLM_OK)

/* CURLMOPT_QUICK_EXIT, of 8.20: without it closing waits for look-ups that hang, up to 10 seconds.
   By its number, which helps a program that was compiled against an older libcurl, too. */
#define QUICK_EXIT ((CURLMoption)(CURLOPTTYPE_LONG + 21))

static bool set_multi(dt_engine *engine) {
  CURLM *multi = engine->multi;
  long max_connections = engine->max_connections;
  (void)curl_multi_setopt(multi, QUICK_EXIT, 1L);
  return SET(CURLMOPT_SOCKETFUNCTION, on_socket) && SET(CURLMOPT_SOCKETDATA, engine) &&
         SET(CURLMOPT_TIMERFUNCTION, on_timer) && SET(CURLMOPT_TIMERDATA, engine) &&
         SET(CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) &&
         SET(CURLMOPT_MAX_HOST_CONNECTIONS, max_connections) &&
         SET(CURLMOPT_MAXCONNECTS, 2 * max_connections) && /* a client talks to two hosts */
         SET(CURLMOPT_MAX_CONCURRENT_STREAMS, (long)DT_MOST_STREAMS);
}

/* Keeps the sockets by which libcurl wakes itself from programs that the host starts: 7.88 does
 * not. */
static CURLM *init_multi(void) {
  int sockets[2];
  dt_fd_next_two(sockets);
  CURLM *multi = curl_multi_init();
  dt_fd_keep_private(sockets);
  return multi;
}

static bool open_multi(dt_engine *engine) {
  if (engine->multi)
    return true;
  engine->multi = init_multi();
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

enum { LOOKS_RARELY = 0x081600 /* 8.22.0: once a second whether a connection has ended */ };

static bool looks_rarely(void) {
  return curl_version_info(CURLVERSION_NOW)->version_num >= LOOKS_RARELY;
}

static dt_engine_fault poller_fault(int error) {
  if (dt_sockets_is_shortage(error))
    return DT_ENGINE_NO_DESCRIPTOR;
  return error == ENOMEM ? DT_ENGINE_NO_MEMORY : DT_ENGINE_NO_POLLER;
}

/* Why libcurl did not make a handle or take a request. */
static dt_engine_fault libcurl_fault(const dt_engine *engine) {
  if (engine->setup.refused)
    return DT_ENGINE_REFUSED;
  return dt_sockets_are_scarce() ? DT_ENGINE_NO_DESCRIPTOR : DT_ENGINE_NO_MEMORY;
}

dt_engine *dt_engine_new(const dt_engine_config *config, dt_engine_fault *fault) {
  pthread_once(&global_once, global_init);
  dt_engine *engine = calloc(1, sizeof *engine);
  *fault = DT_ENGINE_NO_MEMORY;
  if (!engine)
    return NULL;
  engine->curl_due = engine->alarm = engine->overdue = NEVER;
  engine->poller = dt_poller_new();
  if (!engine->poller)
    *fault = poller_fault(errno);
  engine->max_connections = config->max_connections;
  engine->looks_rarely = looks_rarely();
  dt_queue_init(&engine->queue, engine, config->max_connections);
  engine->setup.open_socket = open_socket;
  engine->setup.close_socket = close_socket;
  if (!engine->poller || !open_multi(engine) || !dt_handle_setup_copy(&engine->setup, config)) {
    if (engine->poller)
      *fault = libcurl_fault(engine);
    dt_engine_free(engine);
    return NULL;
  }
  *fault = DT_ENGINE_OK;
  return engine;
}

static void free_storage(dt_engine *engine) {
  dt_sockets_free(&engine->sockets);
  dt_handle_setup_free(&engine->setup);
  free(engine->pool.slots);
  free(engine);
}

/* The socket of its connection; NULL before there is one. */
static dt_socket *socket_of(const dt_engine *engine, const dt_transfer *transfer) {
  return transfer->local_port
             ? dt_sockets_find_port(&engine->sockets, transfer->origin, transfer->local_port)
             : NULL;
}

static bool is_used(const dt_engine *engine, const dt_socket *socket) {
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++)
    if (engine->pool.slots[slot]->state == DT_TRANSFER_RUNNING &&
        socket_of(engine, engine->pool.slots[slot]) == socket)
      return true;
  return false;
}

/* Pretends the end of each doomed connection that no transfer uses any more, so that libcurl finds
   it. */
static void end_doomed(dt_engine *engine) {
  for (size_t fd = 0; fd < engine->sockets.capacity; fd++) {
    dt_socket *socket = dt_sockets_find(&engine->sockets, (int)fd);
    if (!socket || !socket->is_doomed || is_used(engine, socket))
      continue;
    dt_sockets_feign_end(&engine->sockets, (int)fd);
    if (!engine->looks_rarely)
      dt_sockets_pardon(&engine->sockets, socket);
  }
}

/* The handle is free for another; what came of the transfer is in it. */
static void stop_running(dt_engine *engine, dt_transfer *transfer, CURLcode code) {
  dt_handle *handle = transfer->handle;
  curl_multi_remove_handle(engine->multi, handle->easy);
  dt_handle_unload(handle, code);
  dt_handle_pool_put(&engine->spare, handle);
  transfer->state = DT_TRANSFER_ENDED;
  dt_queue_stopped(engine->pool.slots, transfer);
  engine->running--;
  if (engine->sockets.doomed)
    end_doomed(engine);
}

/*
 * A connection can go dead without a word, as when a firewall forgets it; HTTP/2 would send every
 * later request into it. One is taken for dead if nothing came on it in the second half of the time
 * of a request of which nothing came back.
 */
static bool went_dead(const dt_socket *socket, const dt_transfer *transfer) {
  return transfer->began && !transfer->headers.length &&
         socket->heard < transfer->deadline - transfer->time / 2;
}

/* A connection that failed or went dead is not used again, where libcurl keeps it. Others that wait
   for an answer on it may go on waiting. */
static void doom_connection(dt_engine *engine, const dt_transfer *transfer, CURLcode code) {
  dt_socket *socket = socket_of(engine, transfer);
  if (socket && (dt_failure_is_loss((int)code) ||
                 (code == CURLE_OPERATION_TIMEDOUT && went_dead(socket, transfer))))
    dt_sockets_doom(&engine->sockets, socket);
}

/* Whether the next request is to take a fresh connection, since libcurl might use one that is
   doomed or has ended. */
static bool wants_fresh(dt_engine *engine, const dt_origin *origin) {
  if (engine->looks_rarely && origin->sockets)
    dt_sockets_doom_ended(&engine->sockets);
  return engine->sockets.doomed && dt_sockets_has_doomed(&engine->sockets, origin);
}

/* The handles first, the multi handle after them: its connections still call close_socket. */
void dt_engine_free(dt_engine *engine) {
  if (!engine)
    return;
  if (engine->broken) {
    dt_engine_abandon(engine);
    return;
  }
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++) {
    dt_transfer *transfer = engine->pool.slots[slot];
    if (transfer->state == DT_TRANSFER_RUNNING)
      stop_running(engine, transfer, CURLE_ABORTED_BY_CALLBACK);
    dt_transfer_free(transfer);
  }
  dt_handle_pool_trim(&engine->spare, 0);
  curl_multi_cleanup(engine->multi);
  dt_poller_free(engine->poller);
  free_storage(engine);
}

void dt_engine_abandon(dt_engine *engine) {
  if (!engine)
    return;
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++)
    dt_transfer_free(engine->pool.slots[slot]);
  dt_sockets_abandon(&engine->sockets);
  dt_poller_free(engine->poller);
  free_storage(engine);
}

bool dt_engine_is_broken(const dt_engine *engine) {
  return engine->broken;
}

const char *dt_engine_refused(const dt_engine *engine) {
  return engine->setup.refused;
}

uint32_t dt_engine_in_flight(const dt_engine *engine) {
  return engine->in_flight;
}

/* An id holds its slot in the low bits and a generation above, so that a stale one is recognised.
 */
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

dt_transfer_id dt_engine_id(const dt_engine *engine, uint32_t slot) {
  return engine->pool.slots[slot]->id;
}

uint32_t dt_engine_next_used(const dt_engine *engine, uint32_t slot) {
  while (++slot <= engine->pool.used) {
    if (engine->pool.slots[slot]->state != DT_TRANSFER_IDLE)
      return slot;
  }
  return 0;
}

uint32_t dt_engine_next_slot(const dt_engine *engine) {
  return engine->pool.idle ? engine->pool.idle : engine->pool.used + 1;
}

static void end(dt_engine *engine, dt_transfer *transfer) {
  transfer->state = DT_TRANSFER_ENDED;
  dt_transfer_append(engine->pool.slots, &engine->ended, transfer);
}

static void end_running(dt_engine *engine, dt_transfer *transfer, CURLcode code) {
  engine->suspect = engine->suspect || code == CURLE_OUT_OF_MEMORY;
  if (code != CURLE_OK)
    doom_connection(engine, transfer, code);
  stop_running(engine, transfer, code);
  end(engine, transfer);
}

/* One that libcurl never had. */
static void end_held(dt_engine *engine, dt_transfer *transfer, dt_failure failure,
                     const char *message) {
  transfer->failure = failure;
  dt_buf_append(&transfer->message, message, strlen(message) + 1);
  end(engine, transfer);
}

static void expect_by(dt_engine *engine, int64_t when) {
  if (when < engine->overdue)
    engine->overdue = when;
}

static bool launch(dt_engine *engine, dt_transfer *transfer, const char *url, long timeout_ms) {
  /* 7.88 keeps a connection it could not make for want of memory, and the next waits for it. */
  if (engine->suspect && engine->running == 0)
    drop_multi(engine);
  dt_handle *handle =
      open_multi(engine) ? dt_handle_pool_take(&engine->spare, &engine->setup) : NULL;
  if (!handle)
    return false;
  if (!dt_handle_load(handle, transfer, url, timeout_ms, wants_fresh(engine, transfer->origin)) ||
      curl_multi_add_handle(engine->multi, handle->easy) != CURLM_OK) {
    dt_handle_drop(handle);
    dt_handle_free(handle); /* what libcurl refused once it may refuse again */
    return false;
  }
  expect_by(engine, transfer->deadline + OVERDUE_US);
  transfer->state = DT_TRANSFER_RUNNING;
  engine->has_more_to_send |= dt_origin_is_shared(transfer->origin);
  dt_queue_started(engine->pool.slots, transfer);
  engine->running++;
  return true;
}

/* What is left until `when` as libcurl wants it: rounded up. */
static long left_ms(int64_t when, int64_t now) {
  return when > now ? (long)((when - now) / 1000) + 1 : 1;
}

static void end_unlaunched(dt_engine *engine, dt_transfer *transfer) {
  dt_engine_fault fault = libcurl_fault(engine);
  if (fault == DT_ENGINE_REFUSED)
    end_held(engine, transfer, DT_REFUSED_BY_LIBCURL, engine->setup.refused);
  else
    end_held(engine, transfer, fault == DT_ENGINE_NO_MEMORY ? DT_OUT_OF_MEMORY : DT_TOO_MANY_FILES,
             "before it was sent");
}

static void launch_held(dt_engine *engine, int64_t now) {
  for (int i = 0; i < LAUNCHES_A_ROUND; i++) {
    dt_transfer *transfer = dt_queue_next(&engine->queue, engine->pool.slots);
    if (!transfer)
      return;
    if (!launch(engine, transfer, transfer->url.data, left_ms(transfer->deadline, now)))
      end_unlaunched(engine, transfer);
  }
}

/* libcurl ran out of memory between two handles, or the system refused a watch: it may never come
   back to any of them, and 7.88 divides by zero when it meets a socket again whose entry it could
   not make. The transfers end here; the next starts with another multi handle. */
static void start_anew(dt_engine *engine) {
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++) {
    if (engine->pool.slots[slot]->state != DT_TRANSFER_RUNNING)
      continue;
    end_running(engine, engine->pool.slots[slot], CURLE_OUT_OF_MEMORY);
  }
  drop_multi(engine);
}

/* What waits for a connection of others libcurl does not time out before it has one; and out of
   memory it can lose a transfer without a word. Nothing else running, it must have been lost. */
static void end_overdue_running(dt_engine *engine, int64_t now) {
  engine->overdue = NEVER;
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++) {
    dt_transfer *transfer = engine->pool.slots[slot];
    if (transfer->state != DT_TRANSFER_RUNNING)
      continue;
    if (transfer->deadline + OVERDUE_US > now) {
      expect_by(engine, transfer->deadline + OVERDUE_US);
      continue;
    }
    end_running(engine, transfer, CURLE_OPERATION_TIMEDOUT);
    engine->suspect = engine->suspect || engine->running == 0;
  }
}

static void end_overdue(dt_engine *engine, int64_t now) {
  if (engine->overdue <= now)
    end_overdue_running(engine, now);
  if (engine->queue.deadline > now)
    return;
  dt_transfer_list late = {0, 0};
  dt_queue_take_overdue(&engine->queue, engine->pool.slots, now, &late);
  while (late.first)
    end_held(engine, dt_transfer_take_first(engine->pool.slots, &late), DT_CONNECT_TIMEOUT,
             "it waited for its turn to have a connection");
}

/* The system's directory did not know the authority: the same once more, with the bundle. */
static bool starts_again(dt_engine *engine, dt_transfer *transfer, CURLcode code) {
  dt_handle *handle = transfer->handle;
  if (!dt_handle_asks_bundle(handle, code, left_ms(transfer->deadline, dt_clock_us())))
    return false;
  curl_multi_remove_handle(engine->multi, handle->easy);
  return curl_multi_add_handle(engine->multi, handle->easy) == CURLM_OK;
}

static void collect(dt_engine *engine) {
  int left = 0;
  engine->acted = false;
  for (CURLMsg *message; (message = curl_multi_info_read(engine->multi, &left)) != NULL;) {
    char *user = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
    dt_transfer *transfer = ((dt_handle *)(void *)user)->transfer;
    CURLcode code = message->data.result;
    if (starts_again(engine, transfer, code))
      continue;
    end_running(engine, transfer, code);
    if (code == CURLE_OK)
      dt_origin_answered(transfer->origin, transfer);
  }
  if (engine->failed)
    start_anew(engine);
}

static void act(dt_engine *engine, curl_socket_t fd, int mask) {
  int running = 0;
  if (!engine->multi || engine->failed)
    return;
  engine->acted = true;
  CURLMcode code = curl_multi_socket_action(engine->multi, fd, mask, &running);
  if (code != CURLM_OK && code != CURLM_BAD_SOCKET)
    engine->failed = true;
}

#ifdef TCP_CORK
/* Shared connections only: there are few of them, and an HTTP/1.1 request leaves in one piece. */
static void hold_back(const dt_engine *engine, int on) {
  uint32_t left = engine->sockets.open;
  for (size_t fd = 0; left && fd < engine->sockets.capacity; fd++) {
    const dt_socket *socket = &engine->sockets.list[fd];
    left -= socket->is_open;
    if (socket->is_connected && dt_origin_is_shared(socket->origin))
      (void)setsockopt((int)fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
  }
}
#else
static void hold_back(const dt_engine *engine, int on) {
  (void)engine, (void)on;
}
#endif

/* Over HTTP/2 libcurl sends the headers of a request and its body by two calls. The system would
   make a packet of each, and a packet is what costs most of a request. */
static void send_together(dt_engine *engine) {
  hold_back(engine, 1);
  act(engine, CURL_SOCKET_TIMEOUT, 0);
  hold_back(engine, 0);
}

static void act_if_due(dt_engine *engine, int64_t now) {
  if (engine->curl_due <= now) {
    bool has_more_to_send = engine->has_more_to_send;
    engine->curl_due = NEVER;
    engine->has_more_to_send = false;
    if (has_more_to_send)
      send_together(engine);
    else
      act(engine, CURL_SOCKET_TIMEOUT, 0);
  }
  if (engine->acted)
    collect(engine);
}

/* What is due now, and what may run now. */
static void settle(dt_engine *engine) {
  int64_t now = dt_clock_us();
  act_if_due(engine, now);
  end_overdue(engine, now);
  if (!engine->queue.held)
    return;
  launch_held(engine, now);
  act_if_due(engine, now);
}

static void dispatch(dt_engine *engine, const dt_poll_event *event, int64_t now) {
  dt_socket *socket = dt_sockets_find(&engine->sockets, event->fd);
  if (socket)
    socket->is_connected = true;
  if (socket && event->events & DT_POLL_IN)
    socket->heard = now;
  int mask = (event->events & DT_POLL_IN ? CURL_CSELECT_IN : 0) |
             (event->events & DT_POLL_OUT ? CURL_CSELECT_OUT : 0) |
             (event->events & DT_POLL_ERROR ? CURL_CSELECT_ERR : 0);
  act(engine, event->fd, mask);
}

static int64_t due(dt_engine *engine) {
  int64_t when = engine->curl_due < engine->alarm ? engine->curl_due : engine->alarm;
  int64_t held = dt_queue_due(&engine->queue, engine->pool.slots);
  int64_t overdue = engine->running ? engine->overdue : NEVER;
  when = held < when ? held : when;
  return overdue < when ? overdue : when;
}

int64_t dt_engine_timeout_us(dt_engine *engine) {
  int64_t when = engine->ended.first ? 0 : due(engine);
  int64_t now = dt_clock_us();
  return when == NEVER ? -1 : when > now ? when - now : 0;
}

static void sync_timer(dt_engine *engine, bool ended) {
  if (engine->exposed && !engine->rests && !engine->broken)
    dt_poller_set_alarm(engine->poller, ended ? 0 : due(engine));
}

void dt_engine_set_alarm(dt_engine *engine, int64_t when) {
  engine->alarm = when;
  sync_timer(engine, engine->ended.first);
}

void dt_engine_rest(dt_engine *engine, bool rests) {
  bool rested = engine->rests;
  engine->rests = rests;
  if (rested && !rests)
    sync_timer(engine, engine->ended.first);
}

int dt_engine_fd(dt_engine *engine) {
  engine->exposed = true;
  sync_timer(engine, engine->ended.first);
  return dt_poller_fd(engine->poller);
}

/* The process closed the engine's descriptors, and others may have their numbers: libcurl must not
   be called again, which would write to them. */
static void break_engine(dt_engine *engine) {
  engine->broken = true;
  for (uint32_t slot = 1; slot <= engine->pool.used; slot++) {
    dt_transfer *transfer = engine->pool.slots[slot];
    if (transfer->state == DT_TRANSFER_HELD)
      dt_queue_remove(&engine->queue, engine->pool.slots, transfer);
    else if (transfer->state != DT_TRANSFER_RUNNING)
      continue;
    else {
      dt_queue_stopped(engine->pool.slots, transfer);
      dt_handle_drop(transfer->handle);
    }
    end_held(engine, transfer, DT_DESCRIPTORS_CLOSED, "");
  }
}

/* A poller without a descriptor waits for whatever has the numbers by now. */
static bool were_replaced(const dt_engine *engine) {
  return dt_poller_fd(engine->poller) < 0 && !dt_sockets_are_ours(&engine->sockets);
}

/* One wait and what it brought: what dt_poller_wait returned. */
static int turn(dt_engine *engine, int64_t wait_us) {
  dt_poll_event events[EVENTS_A_ROUND];
  int64_t timeout = dt_engine_timeout_us(engine);
  if (timeout < 0 || (wait_us >= 0 && wait_us < timeout))
    timeout = wait_us;
  int count = dt_poller_wait(engine->poller, timeout, events, EVENTS_A_ROUND);
  if (count == DT_POLL_FAILED || were_replaced(engine)) {
    break_engine(engine);
    return DT_POLL_FAILED;
  }
  int64_t now = count > 0 ? dt_clock_us() : 0;
  for (int i = 0; i < count; i++)
    dispatch(engine, &events[i], now);
  settle(engine);
  return count;
}

/* Whether a step that has done `rounds` turns since `start` goes on. */
static bool goes_on(dt_engine *engine, int64_t wait_us, int64_t until, int rounds, int count) {
  if (engine->ended.first && wait_us != 0)
    return false;
  int64_t now = dt_clock_us();
  if (wait_us == 0)
    return rounds < ROUNDS_A_STEP && (count > 0 || engine->curl_due <= now ||
                                      dt_queue_due(&engine->queue, engine->pool.slots) <= now);
  return count >= 0 && engine->alarm > now && (wait_us < 0 || now < until);
}

void dt_engine_step(dt_engine *engine, int64_t wait_us) {
  if (engine->broken)
    return;
  int64_t until = wait_us > 0 ? dt_clock_us() + wait_us : 0;
  int rounds = 0;
  int count;
  settle(engine);
  do {
    int64_t left = wait_us > 0 ? until - dt_clock_us() : wait_us;
    count = turn(engine, engine->ended.first || (wait_us > 0 && left < 0) ? 0 : left);
    rounds++;
  } while (goes_on(engine, wait_us, until, rounds, count));
  /* Whoever steps also fetches what has ended; waking him for it would double the work. */
  sync_timer(engine, false);
}

static bool launch_or_hold(dt_engine *engine, dt_transfer *transfer, const dt_request *request) {
  dt_queue *queue = &engine->queue;
  transfer->origin = dt_queue_origin(queue, request->url);
  if (dt_queue_has_room(queue, engine->pool.slots, transfer))
    return launch(engine, transfer, request->url, request->timeout_ms);
  if (!dt_transfer_keep_url(transfer, request->url))
    return false;
  dt_queue_hold(queue, engine->pool.slots, transfer);
  return true;
}

/* Whether the descriptors are the engine's still: a process may close all that it has. */
static bool is_intact(const dt_engine *engine) {
  return engine->sockets.open ? dt_sockets_are_ours(&engine->sockets)
                              : dt_poller_is_ours(engine->poller);
}

dt_transfer_id dt_engine_start(dt_engine *engine, const dt_request *request,
                               dt_engine_fault *fault) {
  if (engine->running == 0 && !is_intact(engine))
    break_engine(engine);
  *fault = DT_ENGINE_BROKEN;
  if (engine->broken)
    return 0;
  dt_transfer *transfer = dt_transfer_pool_take(&engine->pool);
  if (!transfer) {
    *fault = engine->pool.used < DT_MAX_IN_FLIGHT ? DT_ENGINE_NO_MEMORY : DT_ENGINE_BUSY;
    return 0;
  }
  engine->generation = (engine->generation + 1) & GENERATION_MASK;
  transfer->id = (transfer->id & DT_MAX_IN_FLIGHT) | engine->generation << SLOT_BITS;
  if (!dt_transfer_prepare(transfer, request) || !launch_or_hold(engine, transfer, request)) {
    *fault = libcurl_fault(engine);
    dt_transfer_pool_put_back(&engine->pool, transfer);
    return 0;
  }
  engine->in_flight++;
  if (!engine->rests)
    settle(engine);
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

/* After a burst. */
static void tidy(dt_engine *engine) {
  if (engine->pool.used > DT_MAX_IDLE_TRANSFERS)
    dt_transfer_pool_trim(&engine->pool);
  dt_handle_pool_trim(&engine->spare, DT_MAX_IDLE_TRANSFERS);
}

bool dt_engine_release(dt_engine *engine, dt_transfer_id id) {
  dt_transfer *transfer = find(engine, id);
  if (!transfer || transfer->state == DT_TRANSFER_IDLE)
    return false;
  bool was_running = transfer->state == DT_TRANSFER_RUNNING;
  if (was_running)
    stop_running(engine, transfer, CURLE_ABORTED_BY_CALLBACK);
  else if (transfer->state == DT_TRANSFER_HELD)
    dt_queue_remove(&engine->queue, engine->pool.slots, transfer);
  else if (transfer->state == DT_TRANSFER_ENDED)
    dt_transfer_unlink(engine->pool.slots, &engine->ended, transfer);
  bool sent = transfer->began;
  dt_transfer_reset(transfer);
  dt_transfer_pool_put_back(&engine->pool, transfer);
  if (--engine->in_flight == 0)
    tidy(engine);
  if (was_running) /* another may have got its connection */
    sync_timer(engine, engine->ended.first);
  return sent;
}
