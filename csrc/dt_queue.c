#include "dt_queue.h"

#include <string.h>
#include <strings.h>

enum {
  FIRST_STREAMS = 100,     /* requests at a time of HTTP/2 until the first answer: see limit_of */
  DEADLINE_STEP_US = 10000 /* how late a waiting transfer's end may be noticed */
};

#define NEVER INT64_MAX

void dt_queue_init(dt_queue *queue, dt_engine *engine, long max_connections) {
  memset(queue, 0, sizeof *queue);
  queue->deadline = NEVER;
  queue->max_connections = (uint32_t)max_connections;
  queue->recent = queue->origins;
  for (int i = 0; i < DT_ORIGINS; i++)
    queue->origins[i].engine = engine;
}

static size_t origin_length(const char *url) {
  const char *authority = strstr(url, "://");
  size_t scheme = authority ? (size_t)(authority + 3 - url) : 0;
  size_t length = scheme + strcspn(url + scheme, "/?#");
  return length < DT_MAX_ORIGIN_BYTES ? length : DT_MAX_ORIGIN_BYTES;
}

static bool is_named(const dt_origin *origin, const char *url, size_t length) {
  return origin->length == length && memcmp(origin->name, url, length) == 0;
}

static bool is_idle(const dt_origin *origin) {
  return !origin->running && !origin->held.first && !origin->sockets;
}

static dt_origin *rename_origin(dt_queue *queue, dt_origin *origin, const char *url,
                                size_t length) {
  *origin = (dt_origin){.engine = origin->engine, .serial = ++queue->serial, .length = length};
  memcpy(origin->name, url, length);
  origin->is_tls = strncasecmp(url, "https:", 6) == 0;
  return origin;
}

static dt_origin *find(dt_queue *queue, const char *url, size_t length) {
  dt_origin *idle = NULL;
  for (uint32_t i = 0; i < queue->used; i++) {
    if (is_named(&queue->origins[i], url, length))
      return &queue->origins[i];
    if (is_idle(&queue->origins[i]))
      idle = &queue->origins[i];
  }
  if (queue->used < DT_ORIGINS)
    return rename_origin(queue, &queue->origins[queue->used++], url, length);
  return idle ? rename_origin(queue, idle, url, length) : &queue->origins[length % DT_ORIGINS];
}

bool dt_origin_has(const dt_origin *origin, const char *url) {
  return origin->length && strncmp(url, origin->name, origin->length) == 0;
}

dt_origin *dt_queue_origin(dt_queue *queue, const char *url) {
  /* Most often it is the same origin again: its name, followed by a path. */
  dt_origin *recent = queue->recent;
  if (dt_origin_has(recent, url) && url[recent->length] == '/')
    return recent;
  queue->recent = find(queue, url, origin_length(url));
  return queue->recent;
}

/* HTTP/1.1: a connection carries one transfer at a time. */
static bool has_one_each(const dt_origin *origin) {
  return !origin->is_tls || origin->is_http1;
}

/*
 * How many transfers of an origin run at a time.
 *
 * HTTP/1.1: one on each connection. Measured with 1,000 in flight and libcurl 7.88:
 * without this limit a call costs 1.45 times the instructions, since libcurl sets up all
 * that wait again whenever a transfer has ended.
 *
 * HTTP/2: until the first answer 100, as many as libcurl puts on one connection until the
 * server's SETTINGS have arrived (RFC 9113 recommends that servers allow no fewer): for more
 * it would open other connections before it can know that one is enough. Then as many as
 * libcurl may put on one connection; whatever the server does not allow waits inside
 * libcurl.
 */
static uint32_t limit_of(const dt_queue *queue, const dt_origin *origin) {
  if (has_one_each(origin))
    return queue->max_connections;
  return origin->answered ? DT_MOST_STREAMS : FIRST_STREAMS;
}

static bool is_same_customer(const dt_transfer *one, const dt_transfer *other) {
  if (!one->has_token || !other->has_token)
    return one->has_token == other->has_token;
  return one->token_line.length == other->token_line.length &&
         memcmp(one->token_line.data, other->token_line.data, one->token_line.length) == 0;
}

static uint32_t running_for(dt_transfer **slots, const dt_origin *origin,
                            const dt_transfer *customer) {
  uint32_t count = 0;
  for (uint32_t slot = origin->active.first; slot; slot = slots[slot]->next)
    count += is_same_customer(slots[slot], customer);
  return count;
}

/*
 * Over HTTP/1.1 a customer takes another connection only while it has fewer than are free: one
 * whose requests hang has at most half of them, rounded up, two have two thirds. Over HTTP/2 nobody
 * waits.
 */
static bool may_take(const dt_queue *queue, dt_transfer **slots, const dt_transfer *transfer) {
  const dt_origin *origin = transfer->origin;
  uint32_t limit = limit_of(queue, origin);
  if (origin->running >= limit)
    return false;
  return !has_one_each(origin) || running_for(slots, origin, transfer) < limit - origin->running;
}

bool dt_queue_has_room(const dt_queue *queue, dt_transfer **slots, const dt_transfer *transfer) {
  const dt_origin *origin = transfer->origin;
  return (!origin->held.first || origin->none_may_run) && may_take(queue, slots, transfer);
}

void dt_queue_started(dt_transfer **slots, dt_transfer *transfer) {
  dt_transfer_append(slots, &transfer->origin->active, transfer);
  transfer->origin->running++;
}

void dt_queue_stopped(dt_transfer **slots, dt_transfer *transfer) {
  dt_transfer_unlink(slots, &transfer->origin->active, transfer);
  transfer->origin->running--;
  transfer->origin->none_may_run = false;
}

void dt_queue_hold(dt_queue *queue, dt_transfer **slots, dt_transfer *transfer) {
  if (transfer->deadline < queue->deadline)
    queue->deadline = transfer->deadline;
  transfer->state = DT_TRANSFER_HELD;
  dt_transfer_append(slots, &transfer->origin->held, transfer);
  queue->held++;
}

void dt_queue_remove(dt_queue *queue, dt_transfer **slots, dt_transfer *transfer) {
  dt_transfer_unlink(slots, &transfer->origin->held, transfer);
  if (--queue->held == 0)
    queue->deadline = NEVER;
}

/* How many refused customers a search remembers, so that it counts for each of them once. */
enum { MOST_REFUSED = 16 };

static bool is_among(const dt_transfer *transfer, const dt_transfer **customers, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (is_same_customer(transfer, customers[i]))
      return true;
  return false;
}

/* The first of those that wait and may run; NULL if there is none. */
static dt_transfer *first_to_run(const dt_queue *queue, dt_transfer **slots, dt_origin *origin) {
  if (origin->none_may_run || origin->running >= limit_of(queue, origin))
    return NULL;
  const dt_transfer *refused[MOST_REFUSED];
  size_t count = 0;
  for (uint32_t slot = origin->held.first; slot; slot = slots[slot]->next) {
    dt_transfer *transfer = slots[slot];
    if (is_among(transfer, refused, count))
      continue;
    if (may_take(queue, slots, transfer))
      return transfer;
    if (count < MOST_REFUSED)
      refused[count++] = transfer;
  }
  origin->none_may_run = true; /* until another has ended: thousands may wait */
  return NULL;
}

/* Takes from the origins in turns, so that none waits for another. */
dt_transfer *dt_queue_next(dt_queue *queue, dt_transfer **slots) {
  for (uint32_t i = 0; queue->held && i < queue->used; i++) {
    uint32_t turn = (queue->turn + i) % queue->used;
    dt_transfer *transfer = first_to_run(queue, slots, &queue->origins[turn]);
    if (!transfer)
      continue;
    dt_queue_remove(queue, slots, transfer);
    queue->turn = (turn + 1) % queue->used;
    return transfer;
  }
  return NULL;
}

static void take_overdue_of(dt_queue *queue, dt_origin *origin, dt_transfer **slots, int64_t now,
                            dt_transfer_list *into) {
  for (uint32_t slot = origin->held.first, next; slot; slot = next) {
    dt_transfer *transfer = slots[slot];
    next = transfer->next;
    if (transfer->deadline <= now) {
      dt_queue_remove(queue, slots, transfer);
      dt_transfer_append(slots, into, transfer);
    } else if (transfer->deadline < queue->deadline) {
      queue->deadline = transfer->deadline;
    }
  }
}

void dt_queue_take_overdue(dt_queue *queue, dt_transfer **slots, int64_t now,
                           dt_transfer_list *into) {
  if (queue->deadline > now)
    return;
  queue->deadline = NEVER;
  for (uint32_t i = 0; i < queue->used; i++)
    take_overdue_of(queue, &queue->origins[i], slots, now, into);
  if (queue->deadline < now + DEADLINE_STEP_US)
    queue->deadline = now + DEADLINE_STEP_US;
}

int64_t dt_queue_due(dt_queue *queue, dt_transfer **slots) {
  for (uint32_t i = 0; queue->held && i < queue->used; i++)
    if (first_to_run(queue, slots, &queue->origins[i]))
      return 0;
  return queue->deadline;
}

bool dt_origin_is_shared(const dt_origin *origin) {
  return origin->answered && !has_one_each(origin);
}

void dt_origin_opened(dt_origin *origin) {
  origin->sockets++;
}

void dt_origin_closed(dt_origin *origin) {
  if (--origin->sockets == 0)
    origin->answered = false;
}

void dt_origin_answered(dt_origin *origin, const dt_transfer *transfer) {
  const dt_buf *headers = &transfer->headers;
  origin->answered = true;
  origin->none_may_run = false; /* the limit may be another now */
  origin->is_http1 = headers->length >= 7 && memcmp(headers->data, "HTTP/1.", 7) == 0;
}
