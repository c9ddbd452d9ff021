#include "dt_transfer.h"

#include "dt_header.h"
#include "dt_limits.h"
#include "dt_poller.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_CA_PATH "/etc/ssl/certs"

/* A connection unused for a minute is closed rather than reused: idle ones are cut silently by
   gateways. One in use is replaced after half an hour, to follow DNS changes. */
enum {
  KEEPALIVE_IDLE_SECONDS = 45,
  KEEPALIVE_INTERVAL_SECONDS = 15,
  MAX_IDLE_SECONDS = 55,
  MAX_CONNECTION_SECONDS = 1800
};

static size_t on_body(char *data, size_t size, size_t count, void *user) {
  dt_transfer *transfer = user;
  if (dt_buf_append(&transfer->body, data, size * count))
    return size * count;
  if (transfer->body.state == DT_BUF_FULL)
    transfer->overflow = DT_OVERFLOW_BODY;
  return 0;
}

/* Each "HTTP/" line starts a new block: interim answers (100, 103) come before the real one. */
static size_t on_header(char *data, size_t size, size_t count, void *user) {
  dt_transfer *transfer = user;
  size_t length = size * count;
  if (length >= 5 && memcmp(data, "HTTP/", 5) == 0)
    dt_buf_clear(&transfer->headers, DT_MAX_ANSWER_HEADER_BYTES);
  if (dt_buf_append(&transfer->headers, data, length))
    return length;
  if (transfer->headers.state == DT_BUF_FULL)
    transfer->overflow = DT_OVERFLOW_HEADERS;
  return 0;
}

bool dt_transfer_sent(const dt_transfer *transfer) {
  long size = 0;
  if (!transfer->began)
    return false;
  if (curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &size) != CURLE_OK)
    return true;
  return size > transfer->size_before;
}

/* What the connect took is one way there and back. */
static int64_t round_trip_us(CURL *easy) {
  curl_off_t connected = 0;
  curl_off_t looked_up = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
  curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
  return connected > looked_up ? (int64_t)(connected - looked_up) : 0;
}

/* Called when the connection stands, before the first byte of the request is written; again when
   libcurl sends a request anew because a kept connection had died. */
static int on_begin(void *user, char *remote_ip, char *local_ip, int remote_port, int local_port) {
  dt_transfer *transfer = user;
  (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
  if (!transfer->began)
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &transfer->size_before);
  transfer->resent = dt_transfer_sent(transfer);
  transfer->began = true;
  transfer->setup->connected(transfer->setup->user, round_trip_us(transfer->easy));
  return CURL_PREREQFUNC_OK;
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

bool dt_transfer_setup_copy(dt_transfer_setup *setup, const dt_engine_config *config) {
  const char *ca_path = config->ca_path;
  if (!config->ca_file && !ca_path && has_hashed_certificates(SYSTEM_CA_PATH))
    ca_path = SYSTEM_CA_PATH;
  setup->connect_timeout_ms = config->connect_timeout_ms;
  setup->allow_http = config->allow_http;
  return copy(&setup->ca_file, config->ca_file) && copy(&setup->ca_path, ca_path) &&
         copy(&setup->proxy, config->proxy) && copy(&setup->user_agent, config->user_agent);
}

void dt_transfer_setup_free(dt_transfer_setup *setup) {
  free(setup->ca_file);
  free(setup->ca_path);
  free(setup->proxy);
  free(setup->user_agent);
}

#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

static bool set_security(CURL *easy, const dt_transfer_setup *setup) {
  return SET(CURLOPT_PROTOCOLS_STR, setup->allow_http ? "https,http" : "https") &&
         SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
         SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
         SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
         SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_PATH_AS_IS, 1L) &&
         SET(CURLOPT_HTTP09_ALLOWED, 0L);
}

/* Not every TLS library that libcurl is built with knows directories; without one, none is to be
   unset. */
static bool set_path(CURL *easy, CURLoption option, const char *path) {
  CURLcode code = curl_easy_setopt(easy, option, path);
  return code == CURLE_OK ||
         (!path && (code == CURLE_NOT_BUILT_IN || code == CURLE_UNKNOWN_OPTION));
}

/* A proxy's own certificate is judged by the same authorities as the service's. */
static bool set_authorities(CURL *easy, const dt_transfer_setup *setup) {
  if (!setup->ca_file && !setup->ca_path)
    return true;
  return SET(CURLOPT_CAINFO, setup->ca_file) && set_path(easy, CURLOPT_CAPATH, setup->ca_path) &&
         SET(CURLOPT_PROXY_CAINFO, setup->ca_file) &&
         set_path(easy, CURLOPT_PROXY_CAPATH, setup->ca_path);
}

static bool set_proxy(CURL *easy, const dt_transfer_setup *setup) {
  return SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) &&
         SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
         SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
         (!setup->proxy || SET(CURLOPT_PROXY, setup->proxy));
}

static bool set_connection(CURL *easy, const dt_transfer_setup *setup) {
  return SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_QUICK_EXIT, 1L) &&
         SET(CURLOPT_CONNECTTIMEOUT_MS, setup->connect_timeout_ms) &&
         SET(CURLOPT_TCP_KEEPALIVE, 1L) &&
         SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_SECONDS) &&
         SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_SECONDS) &&
         SET(CURLOPT_MAXAGE_CONN, (long)MAX_IDLE_SECONDS) &&
         SET(CURLOPT_MAXLIFETIME_CONN, (long)MAX_CONNECTION_SECONDS) &&
         SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) && SET(CURLOPT_PIPEWAIT, 1L) &&
         SET(CURLOPT_OPENSOCKETFUNCTION, setup->open_socket) &&
         SET(CURLOPT_OPENSOCKETDATA, setup->user) &&
         SET(CURLOPT_CLOSESOCKETFUNCTION, setup->close_socket) &&
         SET(CURLOPT_CLOSESOCKETDATA, setup->user);
}

/* libcurl allocates both for each transfer anew. Answers are tiny, and freeing its usual 64 KiB for
   uploads makes malloc tidy up each time. */
enum { RECEIVE_BYTES = 4 * 1024, UPLOAD_BYTES = 16 * 1024 };

static bool set_buffers(CURL *easy) {
  return SET(CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES) &&
         SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
}

static bool set_capture(CURL *easy, dt_transfer *transfer, const dt_transfer_setup *setup) {
  return SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, transfer) &&
         SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, transfer) &&
         SET(CURLOPT_PREREQFUNCTION, on_begin) && SET(CURLOPT_PREREQDATA, transfer) &&
         SET(CURLOPT_PRIVATE, transfer) && SET(CURLOPT_ERRORBUFFER, transfer->message) &&
         SET(CURLOPT_NOPROGRESS, 1L) && SET(CURLOPT_USERAGENT, setup->user_agent);
}

dt_transfer *dt_transfer_new(const dt_transfer_setup *setup) {
  dt_transfer *transfer = calloc(1, sizeof *transfer);
  if (!transfer)
    return NULL;
  transfer->setup = setup;
  dt_buf_init(&transfer->token_line, DT_MAX_TOKEN_BYTES + 64);
  dt_buf_init(&transfer->client_token_line, DT_MAX_CLIENT_TOKEN_BYTES + 64);
  dt_buf_init(&transfer->headers, DT_MAX_ANSWER_HEADER_BYTES);
  dt_buf_init(&transfer->body, DT_MAX_ANSWER_BYTES);
  CURL *easy = transfer->easy = curl_easy_init();
  if (!easy || !set_security(easy, setup) || !set_authorities(easy, setup) ||
      !set_proxy(easy, setup) || !set_connection(easy, setup) || !set_buffers(easy) ||
      !set_capture(easy, transfer, setup)) {
    dt_transfer_free(transfer);
    return NULL;
  }
  return transfer;
}

void dt_transfer_free(dt_transfer *transfer) {
  if (!transfer)
    return;
  curl_easy_cleanup(transfer->easy);
  dt_buf_free(&transfer->token_line);
  dt_buf_free(&transfer->client_token_line);
  dt_buf_free(&transfer->headers);
  dt_buf_free(&transfer->body);
  free(transfer);
}

static bool write_line(dt_buf *line, const char *name, const char *value, size_t length) {
  dt_buf_clear(line, line->limit);
  return dt_buf_append(line, name, strlen(name)) && dt_buf_append(line, value, length) &&
         dt_buf_append(line, "", 1);
}

/* libcurl wants char * and does not write to it. */
static char *constant(const char *text) {
  union {
    const char *in;
    char *out;
  } cast = {text};
  return cast.out;
}

static struct curl_slist *link_line(dt_transfer *transfer, int line, char *text,
                                    struct curl_slist *rest) {
  transfer->lines[line] = (struct curl_slist){text, rest};
  return &transfer->lines[line];
}

static struct curl_slist *link_lines(dt_transfer *transfer, const dt_request *request) {
  struct curl_slist *list =
      link_line(transfer, DT_LINE_ACCEPT, constant("Accept: application/json"), NULL);
  if (request->client_token)
    list = link_line(transfer, DT_LINE_CLIENT_TOKEN, transfer->client_token_line.data, list);
  if (request->token)
    list = link_line(transfer, DT_LINE_TOKEN, transfer->token_line.data, list);
  if (!request->body)
    return list;
  list = link_line(transfer, DT_LINE_EXPECT, constant("Expect:"), list);
  return link_line(transfer, DT_LINE_CONTENT_TYPE,
                   constant("Content-Type: application/json; charset=utf-8"), list);
}

/* Nothing is set again that the handle already has: most calls of a client are alike. */
static bool set_method(dt_transfer *transfer, const dt_request *request) {
  static const char *const names[] = {"GET", "POST", "PUT", "DELETE"};
  CURL *easy = transfer->easy;
  bool has_body = request->body != NULL;
  if (transfer->has_method && transfer->method == request->method && transfer->has_body == has_body)
    return true;
  /* libcurl knows "with a body" and "without"; the name goes on top where it is not the usual one.
   */
  bool usual = request->method == (has_body ? DT_POST : DT_GET);
  transfer->method = request->method;
  transfer->has_body = has_body;
  transfer->has_method = SET(has_body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L) &&
                         SET(CURLOPT_CUSTOMREQUEST, usual ? NULL : names[request->method]);
  return transfer->has_method;
}

bool dt_transfer_prepare(dt_transfer *transfer, const dt_request *request) {
  CURL *easy = transfer->easy;
  if (request->token && !write_line(&transfer->token_line, "x-acs-dingtalk-access-token: ",
                                    request->token, request->token_length))
    return false;
  if (request->client_token && !write_line(&transfer->client_token_line, "x-client-token: ",
                                           request->client_token, request->client_token_length))
    return false;
  transfer->message[0] = '\0';
  transfer->deadline = dt_clock_us() + (int64_t)request->timeout_ms * 1000;
  if (!set_method(transfer, request) || !SET(CURLOPT_URL, request->url) ||
      !SET(CURLOPT_TIMEOUT_MS, request->timeout_ms) ||
      !SET(CURLOPT_HTTPHEADER, link_lines(transfer, request)))
    return false;
  return !request->body || (SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length) &&
                            SET(CURLOPT_POSTFIELDS, request->body));
}

bool dt_transfer_set_timeout(dt_transfer *transfer, int64_t now) {
  CURL *easy = transfer->easy;
  int64_t left = transfer->deadline > now ? transfer->deadline - now : 0;
  return SET(CURLOPT_TIMEOUT_MS, (long)(left / 1000) + 1);
}

/* Over HTTP/1 a body of unsaid length ends with the connection: an empty one cannot be told from
   one that was cut off. */
static bool may_be_cut_off(const dt_answer *answer) {
  size_t length = 0;
  if (answer->body_length || answer->headers_length < 7 ||
      memcmp(answer->headers, "HTTP/1.", 7) != 0)
    return false;
  return !dt_header_find(answer->headers, answer->headers_length, "content-length", &length) &&
         !dt_header_find(answer->headers, answer->headers_length, "transfer-encoding", &length);
}

void dt_transfer_answer(const dt_transfer *transfer, dt_answer *answer) {
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
    return;
  curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &answer->proxy_status);
  if (!transfer->message[0])
    answer->message = curl_easy_strerror((CURLcode)answer->curl_code);
}

void dt_transfer_reset(dt_transfer *transfer) {
  transfer->began = false;
  transfer->resent = false;
  transfer->overflow = DT_OVERFLOW_NONE;
  transfer->size_before = 0;
  transfer->code = CURLE_OK;
  dt_buf_clear(&transfer->headers, DT_KEEP_ANSWER_BYTES);
  dt_buf_clear(&transfer->body, DT_KEEP_ANSWER_BYTES);
}

static uint32_t slot_of(const dt_transfer *transfer) {
  return transfer->id & DT_MAX_IN_FLIGHT;
}

void dt_transfer_append(dt_transfer **slots, dt_transfer_list *list, dt_transfer *transfer) {
  transfer->next = 0;
  if (list->last)
    slots[list->last]->next = slot_of(transfer);
  else
    list->first = slot_of(transfer);
  list->last = slot_of(transfer);
}

dt_transfer *dt_transfer_take_first(dt_transfer **slots, dt_transfer_list *list) {
  dt_transfer *transfer = slots[list->first];
  list->first = transfer->next;
  if (!list->first)
    list->last = 0;
  return transfer;
}

void dt_transfer_unlink(dt_transfer **slots, dt_transfer_list *list, const dt_transfer *transfer) {
  uint32_t previous = 0;
  for (uint32_t at = list->first; at && at != slot_of(transfer); at = slots[at]->next)
    previous = at;
  if (previous)
    slots[previous]->next = transfer->next;
  else
    list->first = transfer->next;
  if (list->last == slot_of(transfer))
    list->last = previous;
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

dt_transfer *dt_transfer_pool_take(dt_transfer_pool *pool, const dt_transfer_setup *setup) {
  uint32_t slot = pool->idle;
  if (slot) {
    pool->idle = pool->slots[slot]->next;
    return pool->slots[slot];
  }
  if (pool->used >= DT_MAX_IN_FLIGHT || !grow(pool))
    return NULL;
  dt_transfer *transfer = dt_transfer_new(setup);
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
