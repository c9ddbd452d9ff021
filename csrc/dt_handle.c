#include "dt_handle.h"

#include "dt_limits.h"
#include "dt_queue.h"

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
  dt_transfer *transfer = ((dt_handle *)user)->transfer;
  if (dt_buf_append(&transfer->body, data, size * count))
    return size * count;
  if (transfer->body.state == DT_BUF_FULL)
    transfer->overflow = DT_OVERFLOW_BODY;
  return 0;
}

/* Each "HTTP/" line starts a new block: interim answers (100, 103) come before the real one. */
static size_t on_header(char *data, size_t size, size_t count, void *user) {
  dt_transfer *transfer = ((dt_handle *)user)->transfer;
  size_t length = size * count;
  if (length >= 5 && memcmp(data, "HTTP/", 5) == 0)
    dt_buf_clear(&transfer->headers, DT_MAX_ANSWER_HEADER_BYTES);
  if (dt_buf_append(&transfer->headers, data, length))
    return length;
  if (transfer->headers.state == DT_BUF_FULL)
    transfer->overflow = DT_OVERFLOW_HEADERS;
  return 0;
}

/* Whether any byte of the request may have gone out. */
static bool has_sent(const dt_handle *handle) {
  const dt_transfer *transfer = handle->transfer;
  long size = 0;
  if (!transfer->began)
    return false;
  if (curl_easy_getinfo(handle->easy, CURLINFO_REQUEST_SIZE, &size) != CURLE_OK)
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
  const dt_handle *handle = user;
  dt_transfer *transfer = handle->transfer;
  (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
  if (transfer->began)
    transfer->resent = has_sent(handle);
  else
    curl_easy_getinfo(handle->easy, CURLINFO_REQUEST_SIZE, &transfer->size_before);
  transfer->began = true;
  if (!transfer->origin->begun)
    dt_origin_begun(transfer->origin, round_trip_us(handle->easy));
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

bool dt_handle_setup_copy(dt_handle_setup *setup, const dt_engine_config *config) {
  const char *ca_path = config->ca_path;
  if (!config->ca_file && !ca_path && has_hashed_certificates(SYSTEM_CA_PATH))
    ca_path = SYSTEM_CA_PATH;
  setup->connect_timeout_ms = config->connect_timeout_ms;
  setup->allow_http = config->allow_http;
  return copy(&setup->ca_file, config->ca_file) && copy(&setup->ca_path, ca_path) &&
         copy(&setup->proxy, config->proxy) && copy(&setup->user_agent, config->user_agent);
}

void dt_handle_setup_free(dt_handle_setup *setup) {
  free(setup->ca_file);
  free(setup->ca_path);
  free(setup->proxy);
  free(setup->user_agent);
}

#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

static bool set_security(CURL *easy, const dt_handle_setup *setup) {
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
static bool set_authorities(CURL *easy, const dt_handle_setup *setup) {
  if (!setup->ca_file && !setup->ca_path)
    return true;
  return SET(CURLOPT_CAINFO, setup->ca_file) && set_path(easy, CURLOPT_CAPATH, setup->ca_path) &&
         SET(CURLOPT_PROXY_CAINFO, setup->ca_file) &&
         set_path(easy, CURLOPT_PROXY_CAPATH, setup->ca_path);
}

static bool set_proxy(CURL *easy, const dt_handle_setup *setup) {
  return SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) &&
         SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
         SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
         (!setup->proxy || SET(CURLOPT_PROXY, setup->proxy));
}

static bool set_connection(CURL *easy, const dt_handle_setup *setup) {
  return SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_QUICK_EXIT, 1L) &&
         SET(CURLOPT_CONNECTTIMEOUT_MS, setup->connect_timeout_ms) &&
         SET(CURLOPT_TCP_KEEPALIVE, 1L) &&
         SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_SECONDS) &&
         SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_SECONDS) &&
         SET(CURLOPT_MAXAGE_CONN, (long)MAX_IDLE_SECONDS) &&
         SET(CURLOPT_MAXLIFETIME_CONN, (long)MAX_CONNECTION_SECONDS) &&
         SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) && SET(CURLOPT_PIPEWAIT, 1L) &&
         SET(CURLOPT_OPENSOCKETFUNCTION, setup->open_socket) &&
         SET(CURLOPT_CLOSESOCKETFUNCTION, setup->close_socket);
}

/* libcurl allocates both for each transfer anew. Answers are tiny, and freeing its usual 64 KiB for
   uploads makes malloc tidy up each time. */
enum { RECEIVE_BYTES = 4 * 1024, UPLOAD_BYTES = 16 * 1024 };

static bool set_buffers(CURL *easy) {
  return SET(CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES) &&
         SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
}

static bool set_capture(CURL *easy, dt_handle *handle) {
  return SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, handle) &&
         SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, handle) &&
         SET(CURLOPT_PREREQFUNCTION, on_begin) && SET(CURLOPT_PREREQDATA, handle) &&
         SET(CURLOPT_PRIVATE, handle) && SET(CURLOPT_ERRORBUFFER, handle->message) &&
         SET(CURLOPT_NOPROGRESS, 1L) && SET(CURLOPT_USERAGENT, handle->setup->user_agent);
}

static void free_handle(dt_handle *handle) {
  curl_easy_cleanup(handle->easy);
  free(handle);
}

static dt_handle *new_handle(const dt_handle_setup *setup) {
  dt_handle *handle = calloc(1, sizeof *handle);
  if (!handle)
    return NULL;
  handle->setup = setup;
  CURL *easy = handle->easy = curl_easy_init();
  if (!easy || !set_security(easy, setup) || !set_authorities(easy, setup) ||
      !set_proxy(easy, setup) || !set_connection(easy, setup) || !set_buffers(easy) ||
      !set_capture(easy, handle)) {
    free_handle(handle);
    return NULL;
  }
  return handle;
}

/* libcurl wants char * and does not write to it. */
static char *constant(const char *text) {
  union {
    const char *in;
    char *out;
  } cast = {text};
  return cast.out;
}

static struct curl_slist *link_line(dt_handle *handle, int line, char *text,
                                    struct curl_slist *rest) {
  handle->lines[line] = (struct curl_slist){text, rest};
  return &handle->lines[line];
}

static struct curl_slist *link_lines(dt_handle *handle, const dt_transfer *transfer) {
  struct curl_slist *list =
      link_line(handle, DT_LINE_ACCEPT, constant("Accept: application/json"), NULL);
  if (transfer->has_client_token)
    list = link_line(handle, DT_LINE_CLIENT_TOKEN, transfer->client_token_line.data, list);
  if (transfer->has_token)
    list = link_line(handle, DT_LINE_TOKEN, transfer->token_line.data, list);
  if (!transfer->request_body)
    return list;
  list = link_line(handle, DT_LINE_EXPECT, constant("Expect:"), list);
  return link_line(handle, DT_LINE_CONTENT_TYPE,
                   constant("Content-Type: application/json; charset=utf-8"), list);
}

/* Nothing is set again that the handle already has: most calls of a client are alike. */
static bool set_method(dt_handle *handle, const dt_transfer *transfer) {
  static const char *const names[] = {"GET", "POST", "PUT", "DELETE"};
  CURL *easy = handle->easy;
  bool has_body = transfer->request_body != NULL;
  if (handle->has_method && handle->method == transfer->method && handle->has_body == has_body)
    return true;
  /* libcurl knows "with a body" and "without"; the name goes on top where it is not the usual one.
   */
  bool usual = transfer->method == (has_body ? DT_POST : DT_GET);
  handle->method = transfer->method;
  handle->has_body = has_body;
  handle->has_method = (has_body ? SET(CURLOPT_POST, 1L) : SET(CURLOPT_HTTPGET, 1L)) &&
                       SET(CURLOPT_CUSTOMREQUEST, usual ? NULL : names[transfer->method]);
  return handle->has_method;
}

/* A connection keeps what its first request said of it. */
static bool set_origin(dt_handle *handle, dt_origin *origin) {
  CURL *easy = handle->easy;
  if (handle->origin != origin &&
      !(SET(CURLOPT_OPENSOCKETDATA, origin) && SET(CURLOPT_CLOSESOCKETDATA, origin)))
    return false;
  handle->origin = origin;
  return true;
}

bool dt_handle_load(dt_handle *handle, dt_transfer *transfer, const char *url, long timeout_ms) {
  CURL *easy = handle->easy;
  handle->transfer = transfer;
  transfer->handle = handle;
  handle->message[0] = '\0';
  if (!set_method(handle, transfer) || !set_origin(handle, transfer->origin) ||
      !SET(CURLOPT_URL, url) || !SET(CURLOPT_TIMEOUT_MS, timeout_ms) ||
      !SET(CURLOPT_HTTPHEADER, link_lines(handle, transfer)))
    return false;
  return !transfer->request_body ||
         (SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->request_length) &&
          SET(CURLOPT_POSTFIELDS, transfer->request_body));
}

/* What only a failure has. */
static void capture_failure(dt_handle *handle) {
  dt_transfer *transfer = handle->transfer;
  curl_easy_getinfo(handle->easy, CURLINFO_HTTP_CONNECTCODE, &transfer->proxy_status);
  if (handle->message[0])
    dt_buf_append(&transfer->message, handle->message, strlen(handle->message) + 1);
}

void dt_handle_drop(dt_handle *handle) {
  handle->transfer->handle = NULL;
  handle->transfer = NULL;
}

void dt_handle_unload(dt_handle *handle, CURLcode code) {
  dt_transfer *transfer = handle->transfer;
  transfer->code = (int)code;
  transfer->sent = has_sent(handle);
  curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &transfer->status);
  if (code != CURLE_OK)
    capture_failure(handle);
  dt_handle_drop(handle);
}

dt_handle *dt_handle_pool_take(dt_handle_pool *pool, const dt_handle_setup *setup) {
  dt_handle *handle = pool->first;
  if (!handle)
    return new_handle(setup);
  pool->first = handle->next;
  pool->count--;
  return handle;
}

void dt_handle_pool_put(dt_handle_pool *pool, dt_handle *handle) {
  handle->next = pool->first;
  pool->first = handle;
  pool->count++;
}

void dt_handle_pool_trim(dt_handle_pool *pool, uint32_t but) {
  while (pool->count > but) {
    dt_handle *handle = pool->first;
    pool->first = handle->next;
    pool->count--;
    free_handle(handle);
  }
}
