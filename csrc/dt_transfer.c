#include "dt_transfer.h"

#include "dt_limits.h"
#include "dt_poller.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

/* The limit is for makers of URLs; libcurl is to judge what is longer. */
enum { URL_BYTES = 2 * DT_MAX_URL_BYTES };

dt_transfer *dt_transfer_new(void) {
  dt_transfer *transfer = calloc(1, sizeof *transfer);
  if (!transfer)
    return NULL;
  dt_buf_init(&transfer->url, URL_BYTES);
  dt_buf_init(&transfer->token_line, DT_MAX_TOKEN_BYTES + 64);
  dt_buf_init(&transfer->client_token_line, DT_MAX_CLIENT_TOKEN_BYTES + 64);
  dt_buf_init(&transfer->more_lines, DT_MAX_REQUEST_HEADER_BYTES);
  dt_buf_init(&transfer->headers, DT_MAX_ANSWER_HEADER_BYTES);
  dt_buf_init(&transfer->body, DT_MAX_ANSWER_BYTES);
  dt_buf_init(&transfer->message, (size_t)2 * CURL_ERROR_SIZE);
  return transfer;
}

void dt_transfer_free(dt_transfer *transfer) {
  if (!transfer)
    return;
  dt_buf_free(&transfer->url);
  dt_buf_free(&transfer->token_line);
  dt_buf_free(&transfer->client_token_line);
  dt_buf_free(&transfer->more_lines);
  dt_buf_free(&transfer->headers);
  dt_buf_free(&transfer->body);
  dt_buf_free(&transfer->message);
  free(transfer);
}

static bool write_line(dt_buf *line, const char *name, const char *value, size_t length) {
  dt_buf_clear(line, line->limit);
  return dt_buf_append(line, name, strlen(name)) && dt_buf_append(line, value, length) &&
         dt_buf_append(line, "", 1);
}

static bool copy_lines(dt_transfer *transfer, const dt_request *request) {
  dt_buf_clear(&transfer->more_lines, DT_KEEP_ANSWER_BYTES);
  transfer->more_count = request->header_count;
  for (size_t i = 0; i < request->header_count; i++) {
    const char *line = request->headers[i];
    if (!dt_buf_append(&transfer->more_lines, line, strlen(line) + 1))
      return false;
  }
  return true;
}

bool dt_transfer_prepare(dt_transfer *transfer, const dt_request *request) {
  transfer->has_token = request->token != NULL;
  transfer->token_in_url = request->token_in_url;
  transfer->has_client_token = request->client_token != NULL;
  transfer->method = request->method;
  transfer->request_body = request->body;
  transfer->request_length = request->body_length;
  transfer->wants_timing = request->wants_timing;
  transfer->time = (int64_t)request->timeout_ms * 1000;
  transfer->deadline = dt_clock_us() + transfer->time;
  if (!copy_lines(transfer, request))
    return false;
  if (request->token && !write_line(&transfer->token_line, "x-acs-dingtalk-access-token: ",
                                    request->token, request->token_length))
    return false;
  return !request->client_token ||
         write_line(&transfer->client_token_line, "x-client-token: ", request->client_token,
                    request->client_token_length);
}

bool dt_transfer_keep_url(dt_transfer *transfer, const char *url) {
  dt_buf_clear(&transfer->url, transfer->url.limit);
  return dt_buf_append(&transfer->url, url, strlen(url) + 1);
}

void dt_transfer_answer(const dt_transfer *transfer, dt_answer *answer) {
  *answer = (dt_answer){.failure = transfer->failure,
                        .message = transfer->message.length ? transfer->message.data : "",
                        .sent = transfer->began,
                        .status = transfer->status,
                        .timing = transfer->timing,
                        .headers = transfer->headers.data,
                        .headers_length = transfer->headers.length,
                        .body = transfer->body.data,
                        .body_length = transfer->body.length};
}

void dt_transfer_reset(dt_transfer *transfer) {
  transfer->failure = DT_ANSWERED;
  transfer->began = false;
  transfer->overflow = DT_OVERFLOW_NONE;
  transfer->local_port = 0;
  transfer->status = 0;
  transfer->timing = (dt_timing){.reused = false};
  transfer->is_http1 = transfer->has_length = transfer->has_encoding = false;
  transfer->headers_complete = transfer->ended_in_order = false;
  dt_buf_clear(&transfer->headers, DT_KEEP_ANSWER_BYTES);
  dt_buf_clear(&transfer->body, DT_KEEP_ANSWER_BYTES);
  dt_buf_clear(&transfer->message, 0);
}

static uint32_t slot_of(const dt_transfer *transfer) {
  return transfer->id & DT_MAX_IN_FLIGHT;
}

void dt_transfer_append(dt_transfer **slots, dt_transfer_list *list, dt_transfer *transfer) {
  transfer->next = 0;
  transfer->previous = list->last;
  if (list->last)
    slots[list->last]->next = slot_of(transfer);
  else
    list->first = slot_of(transfer);
  list->last = slot_of(transfer);
}

void dt_transfer_unlink(dt_transfer **slots, dt_transfer_list *list, const dt_transfer *transfer) {
  if (transfer->previous)
    slots[transfer->previous]->next = transfer->next;
  else
    list->first = transfer->next;
  if (transfer->next)
    slots[transfer->next]->previous = transfer->previous;
  else
    list->last = transfer->previous;
}

dt_transfer *dt_transfer_take_first(dt_transfer **slots, dt_transfer_list *list) {
  dt_transfer *transfer = slots[list->first];
  dt_transfer_unlink(slots, list, transfer);
  return transfer;
}

static bool grow(dt_transfer_pool *pool) {
  if (pool->used + 1 < pool->capacity)
    return true;
  uint32_t capacity = pool->capacity ? pool->capacity * 2 : 16;
  dt_transfer **slots = realloc(pool->slots, capacity * sizeof *slots);
  if (!slots)
    return false;
  memset(slots + pool->capacity, 0, (capacity - pool->capacity) * sizeof *slots);
  pool->slots = slots;
  pool->capacity = capacity;
  return true;
}

dt_transfer *dt_transfer_pool_take(dt_transfer_pool *pool) {
  uint32_t slot = pool->idle;
  if (slot) {
    pool->idle = pool->slots[slot]->next;
    return pool->slots[slot];
  }
  if (pool->used >= DT_MAX_IN_FLIGHT || !grow(pool))
    return NULL;
  dt_transfer *transfer = dt_transfer_new();
  if (!transfer)
    return NULL;
  pool->slots[++pool->used] = transfer;
  transfer->id = pool->used;
  return transfer;
}

void dt_transfer_pool_put_back(dt_transfer_pool *pool, dt_transfer *transfer) {
  transfer->state = DT_TRANSFER_IDLE;
  transfer->next = pool->idle;
  pool->idle = transfer->id & DT_MAX_IN_FLIGHT;
}

void dt_transfer_pool_trim(dt_transfer_pool *pool) {
  while (pool->used > DT_MAX_IDLE_TRANSFERS) {
    dt_transfer_free(pool->slots[pool->used]);
    pool->slots[pool->used--] = NULL;
  }
  pool->idle = 0;
  for (uint32_t slot = pool->used; slot > 0; slot--)
    dt_transfer_pool_put_back(pool, pool->slots[slot]);
}
