#include "dt_engine.h"

#include "dt_header.h"
#include "dt_limits.h"
#include "dt_poller.h"
#include "dt_transfer.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SYSTEM_CA_PATH "/etc/ssl/certs"

enum {
  MAX_STREAMS = 1024,   /* requests at a time on one HTTP/2 connection, if the server allows them */
  EVENTS_A_ROUND = 64,
  ROUNDS_A_STEP = 16 /* a step that may not wait ends after so many, so that it holds its host briefly */
};

#define NEVER INT64_MAX

/* The transfers stand in slots 1 to `used`; the ended and the idle ones are linked by slot. */
struct dt_engine {
  CURLM *multi;
  dt_poller *poller;
  dt_transfer_setup setup;
  dt_transfer **slots;
  uint32_t used;
  uint32_t capacity;
  uint32_t in_flight;
  uint32_t idle;
  uint32_t ended_first;
  uint32_t ended_last;
  uint32_t generation;
  int64_t curl_due; /* when libcurl wants to be called whatever the sockets say */
  int64_t alarm;
  bool exposed; /* the descriptor was given out, so its timer must be kept */
  bool failed;  /* libcurl reported a fault of the multi handle */
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

/* Never undone: another user of libcurl in the process may still need it. */
static void global_init(void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user) {
  dt_engine *engine = user;
  (void)easy, (void)socket_user;
  int events = what == CURL_POLL_REMOVE  ? 0
               : what == CURL_POLL_IN    ? DT_POLL_IN
               : what == CURL_POLL_OUT   ? DT_POLL_OUT
               : what == CURL_POLL_INOUT ? DT_POLL_IN | DT_POLL_OUT
                                         : 0;
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
  if (fd >= 0)
    dt_poller_opened(engine->poller, fd);
  return fd;
}

static int close_socket(void *user, curl_socket_t fd) {
  dt_engine *engine = user;
  dt_poller_closed(engine->poller, fd);
  return close(fd);
}

/* A hashed directory lets OpenSSL read the one certificate it needs; parsing the system's whole
   bundle costs some 25 ms of CPU at the first handshake. */
static bool has_hashed_certificates(const char *path) {
  DIR *directory = opendir(path);
  if (!directory)
    return false;
  const struct dirent *entry = readdir(directory);
  while (entry && !(strlen(entry->d_name) == 10 && strcmp(entry->d_name + 8, ".0") == 0))
    entry = readdir(directory);
  closedir(directory);
  return entry != NULL;
}

static bool copy(char **to, const char *from) {
  *to = from ? strdup(from) : NULL;
  return !from || *to;
}

static bool set_up(dt_engine *engine, const dt_engine_config *config) {
  dt_transfer_setup *setup = &engine->setup;
  const char *ca_path = config->ca_path;
  if (!config->ca_file && !ca_path && has_hashed_certificates(SYSTEM_CA_PATH))
    ca_path = SYSTEM_CA_PATH;
  setup->connect_timeout_ms = config->connect_timeout_ms;
  setup->allow_http = config->allow_http;
  setup->open_socket = open_socket;
  setup->close_socket = close_socket;
  setup->socket_user = engine;
  return copy(&setup->ca_file, config->ca_file) && copy(&setup->ca_path, ca_path) &&
         copy(&setup->proxy, config->proxy) && copy(&setup->user_agent, config->user_agent);
}

#define SET(option, value) (curl_multi_setopt(multi, option, value) == CURLM_OK)

static bool set_multi(dt_engine *engine, long max_connections) {
  CURLM *multi = engine->multi;
  return SET(CURLMOPT_SOCKETFUNCTION, on_socket) && SET(CURLMOPT_SOCKETDATA, engine) &&
         SET(CURLMOPT_TIMERFUNCTION, on_timer) && SET(CURLMOPT_TIMERDATA, engine) &&
         SET(CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) &&
         SET(CURLMOPT_MAX_HOST_CONNECTIONS, max_connections) &&
         SET(CURLMOPT_MAXCONNECTS, max_connections) &&
         SET(CURLMOPT_MAX_CONCURRENT_STREAMS, (long)MAX_STREAMS);
}

dt_engine *dt_engine_new(const dt_engine_config *config, dt_engine_fault *fault) {
  pthread_once(&global_once, global_init);
  dt_engine *engine = calloc(1, sizeof *engine);
  *fault = DT_ENGINE_NO_MEMORY;
  if (!engine)
    return NULL;
  engine->curl_due = engine->alarm = NEVER;
  engine->poller = dt_poller_new();
  if (!engine->poller) {
    *fault = errno == ENOMEM ? DT_ENGINE_NO_MEMORY : DT_ENGINE_NO_DESCRIPTOR;
    dt_engine_free(engine);
    return NULL;
  }
  engine->multi = curl_multi_init();
  if (!engine->multi || !set_multi(engine, config->max_connections) || !set_up(engine, config)) {
    dt_engine_free(engine);
    return NULL;
  }
  *fault = DT_ENGINE_OK;
  return engine;
}

static void free_storage(dt_engine *engine) {
  dt_poller_free(engine->poller);
  free(engine->setup.ca_file);
  free(engine->setup.ca_path);
  free(engine->setup.proxy);
  free(engine->setup.user_agent);
  free(engine->slots);
  free(engine);
}

/* The handles first, the multi handle after them: its connections still call close_socket. */
void dt_engine_free(dt_engine *engine) {
  if (!engine)
    return;
  for (uint32_t slot = 1; slot <= engine->used; slot++) {
    dt_transfer *transfer = engine->slots[slot];
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
  if (slot == 0 || slot > engine->used || !engine->slots[slot] || engine->slots[slot]->id != id)
    return NULL;
  return engine->slots[slot];
}

uint32_t dt_engine_slot(const dt_engine *engine, dt_transfer_id id) {
  return find(engine, id) ? id & DT_MAX_IN_FLIGHT : 0;
}

uint32_t dt_engine_next_slot(const dt_engine *engine) {
  return engine->idle ? engine->idle : engine->used + 1;
}

static bool grow_slots(dt_engine *engine) {
  if (engine->used + 1 < engine->capacity)
    return true;
  uint32_t capacity = engine->capacity ? engine->capacity * 2 : 16;
  dt_transfer **slots = realloc(engine->slots, capacity * sizeof *slots);
  if (!slots)
    return false;
  memset(slots + engine->capacity, 0, (capacity - engine->capacity) * sizeof *slots);
  engine->slots = slots;
  engine->capacity = capacity;
  return true;
}

/* A transfer ready for use; NULL with the fault. */
static dt_transfer *take(dt_engine *engine, dt_engine_fault *fault) {
  uint32_t slot = engine->idle;
  if (slot) {
    engine->idle = engine->slots[slot]->next;
    return engine->slots[slot];
  }
  *fault = engine->used < DT_MAX_IN_FLIGHT ? DT_ENGINE_NO_MEMORY : DT_ENGINE_BUSY;
  if (engine->used >= DT_MAX_IN_FLIGHT || !grow_slots(engine))
    return NULL;
  dt_transfer *transfer = dt_transfer_new(&engine->setup);
  if (!transfer)
    return NULL;
  engine->slots[++engine->used] = transfer;
  transfer->id = engine->used;
  return transfer;
}

static void put_back(dt_engine *engine, dt_transfer *transfer) {
  transfer->state = DT_TRANSFER_IDLE;
  transfer->next = engine->idle;
  engine->idle = transfer->id & DT_MAX_IN_FLIGHT;
}

/* After a burst: the handles above the number kept are freed, the others linked anew. */
static void trim(dt_engine *engine) {
  while (engine->used > DT_MAX_IDLE_TRANSFERS) {
    dt_transfer_free(engine->slots[engine->used]);
    engine->slots[engine->used--] = NULL;
  }
  engine->idle = 0;
  for (uint32_t slot = engine->used; slot > 0; slot--)
    put_back(engine, engine->slots[slot]);
}

static void append_ended(dt_engine *engine, dt_transfer *transfer) {
  uint32_t slot = transfer->id & DT_MAX_IN_FLIGHT;
  transfer->state = DT_TRANSFER_ENDED;
  transfer->next = 0;
  if (engine->ended_last)
    engine->slots[engine->ended_last]->next = slot;
  else
    engine->ended_first = slot;
  engine->ended_last = slot;
}

static void collect(dt_engine *engine) {
  int left = 0;
  for (CURLMsg *message; (message = curl_multi_info_read(engine->multi, &left)) != NULL;) {
    char *user = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
    dt_transfer *transfer = (dt_transfer *)(void *)user;
    transfer->code = message->data.result;
    curl_multi_remove_handle(engine->multi, transfer->easy);
    append_ended(engine, transfer);
  }
}

static void act(dt_engine *engine, curl_socket_t fd, int mask) {
  int running = 0;
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
  return engine->curl_due < engine->alarm ? engine->curl_due : engine->alarm;
}

int64_t dt_engine_timeout_us(const dt_engine *engine) {
  int64_t when = engine->ended_first ? 0 : due(engine);
  int64_t now = dt_clock_us();
  return when == NEVER ? -1 : when > now ? when - now : 0;
}

static void sync_timer(dt_engine *engine) {
  if (engine->exposed)
    dt_poller_set_alarm(engine->poller, engine->ended_first ? 0 : due(engine));
}

void dt_engine_set_alarm(dt_engine *engine, int64_t when) {
  engine->alarm = when;
  sync_timer(engine);
}

int dt_engine_fd(dt_engine *engine) {
  engine->exposed = true;
  sync_timer(engine);
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
  act_if_due(engine);
  collect(engine);
  return count;
}

/* Whether a step that has done `rounds` turns since `start` goes on. */
static bool goes_on(const dt_engine *engine, int64_t wait_us, int64_t until, int rounds, int count) {
  int64_t now = dt_clock_us();
  if (engine->ended_first && wait_us != 0)
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
    count = turn(engine, engine->ended_first || (wait_us > 0 && left < 0) ? 0 : left);
    rounds++;
  } while (goes_on(engine, wait_us, until, rounds, count));
  sync_timer(engine);
  return count != DT_POLL_FAILED && !engine->failed;
}

dt_transfer_id dt_engine_start(dt_engine *engine, const dt_request *request,
                               dt_engine_fault *fault) {
  dt_transfer *transfer = take(engine, fault);
  if (!transfer)
    return 0;
  engine->generation = (engine->generation + 1) & GENERATION_MASK;
  transfer->id = (transfer->id & DT_MAX_IN_FLIGHT) | engine->generation << SLOT_BITS;
  *fault = DT_ENGINE_REFUSED;
  if (!dt_transfer_prepare(transfer, request) ||
      curl_multi_add_handle(engine->multi, transfer->easy) != CURLM_OK) {
    put_back(engine, transfer);
    return 0;
  }
  transfer->state = DT_TRANSFER_RUNNING;
  engine->in_flight++;
  act_if_due(engine);
  collect(engine);
  sync_timer(engine);
  *fault = DT_ENGINE_OK;
  return transfer->id;
}

dt_transfer_id dt_engine_next_finished(dt_engine *engine) {
  uint32_t slot = engine->ended_first;
  if (!slot)
    return 0;
  engine->ended_first = engine->slots[slot]->next;
  if (!engine->ended_first)
    engine->ended_last = 0;
  engine->slots[slot]->state = DT_TRANSFER_FETCHED;
  return engine->slots[slot]->id;
}

/* Over HTTP/1 a body of unsaid length ends with the connection: an empty one cannot be told from one
   that was cut off. */
static bool may_be_cut_off(const dt_answer *answer) {
  size_t length = 0;
  if (answer->body_length || answer->headers_length < 7 ||
      memcmp(answer->headers, "HTTP/1.", 7) != 0)
    return false;
  return !dt_header_find(answer->headers, answer->headers_length, "content-length", &length) &&
         !dt_header_find(answer->headers, answer->headers_length, "transfer-encoding", &length);
}

bool dt_engine_answer(dt_engine *engine, dt_transfer_id id, dt_answer *answer) {
  dt_transfer *transfer = find(engine, id);
  if (!transfer || transfer->state == DT_TRANSFER_IDLE || transfer->state == DT_TRANSFER_RUNNING)
    return false;
  *answer = (dt_answer){.curl_code = (int)transfer->code,
                        .message = transfer->message,
                        .sent = dt_transfer_sent(transfer),
                        .resent = transfer->resent,
                        .overflow = transfer->overflow,
                        .headers = transfer->headers.data,
                        .headers_length = transfer->headers.length,
                        .body = transfer->body.data,
                        .body_length = transfer->body.length};
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer->status);
  if (answer->curl_code == CURLE_OK && answer->status == 200 && may_be_cut_off(answer))
    answer->curl_code = CURLE_PARTIAL_FILE;
  if (answer->curl_code == CURLE_OK)
    return true;
  curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &answer->proxy_status);
  if (!transfer->message[0])
    answer->message = curl_easy_strerror((CURLcode)answer->curl_code);
  return true;
}

/* A transfer that ended but was not fetched is still in the list of the ended. */
static void unlink_ended(dt_engine *engine, dt_transfer *transfer) {
  uint32_t slot = transfer->id & DT_MAX_IN_FLIGHT;
  uint32_t previous = 0;
  for (uint32_t at = engine->ended_first; at && at != slot; at = engine->slots[at]->next)
    previous = at;
  if (previous)
    engine->slots[previous]->next = transfer->next;
  else
    engine->ended_first = transfer->next;
  if (engine->ended_last == slot)
    engine->ended_last = previous;
}

bool dt_engine_release(dt_engine *engine, dt_transfer_id id) {
  dt_transfer *transfer = find(engine, id);
  if (!transfer || transfer->state == DT_TRANSFER_IDLE)
    return false;
  bool sent = dt_transfer_sent(transfer);
  if (transfer->state == DT_TRANSFER_RUNNING)
    curl_multi_remove_handle(engine->multi, transfer->easy);
  else if (transfer->state == DT_TRANSFER_ENDED)
    unlink_ended(engine, transfer);
  dt_transfer_reset(transfer);
  put_back(engine, transfer);
  if (--engine->in_flight == 0 && engine->used > DT_MAX_IDLE_TRANSFERS)
    trim(engine);
  return sent;
}
