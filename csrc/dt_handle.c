#include "dt_handle.h"

#include "dt_limits.h"
#include "dt_queue.h"
#include "dt_text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_CA_PATH "/etc/ssl/certs"
#define USER_AGENT "User-Agent: "

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

/* A write is the same request to the service only by its x-client-token. */
static bool may_repeat(const dt_transfer *transfer) {
  return transfer->method == DT_GET || transfer->has_client_token;
}

/* Called when the connection stands, before the first byte of the request is written; again when
   libcurl sends a request anew because a kept connection had died. */
static int on_begin(void *user, char *remote_ip, char *local_ip, int remote_port, int local_port) {
  const dt_handle *handle = user;
  dt_transfer *transfer = handle->transfer;
  (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
  if (transfer->began) {
    transfer->resent = has_sent(handle);
    if (transfer->resent && !may_repeat(transfer))
      return CURL_PREREQFUNC_ABORT;
  } else
    curl_easy_getinfo(handle->easy, CURLINFO_REQUEST_SIZE, &transfer->size_before);
  transfer->began = true;
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

/* libcurl looks for them at each request; they are as good as constant. */
static bool environment_has_proxy(void) {
  static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                      "ALL_PROXY"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = getenv(names[i]);
    if (value && *value)
      return true;
  }
  return false;
}

static bool join(char **to, const char *name, const char *value) {
  if (!value)
    return true;
  size_t length = strlen(name);
  *to = malloc(length + strlen(value) + 1);
  if (!*to)
    return false;
  memcpy(*to, name, length);
  memcpy(*to + length, value, strlen(value) + 1);
  return true;
}

bool dt_handle_setup_copy(dt_handle_setup *setup, const dt_engine_config *config) {
  const char *ca_path = config->ca_path;
  if (!config->ca_file && !ca_path && has_hashed_certificates(SYSTEM_CA_PATH))
    ca_path = SYSTEM_CA_PATH;
  setup->connect_timeout_ms = config->connect_timeout_ms;
  setup->allow_http = config->allow_http;
  setup->is_direct = config->proxy ? !*config->proxy : !environment_has_proxy();
  return copy(&setup->ca_file, config->ca_file) && copy(&setup->ca_path, ca_path) &&
         copy(&setup->proxy, config->proxy) &&
         join(&setup->user_agent_line, USER_AGENT, config->user_agent);
}

void dt_handle_setup_free(dt_handle_setup *setup) {
  free(setup->ca_file);
  free(setup->ca_path);
  free(setup->proxy);
  free(setup->user_agent_line);
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
         (!setup->proxy || SET(CURLOPT_PROXY, setup->proxy)) &&
         (!setup->is_direct || SET(CURLOPT_NOPROXY, "*"));
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

/* libcurl allocates both for each transfer anew, and freeing its usual 64 KiB for uploads makes
   malloc tidy up each time. An HTTP/2 frame has 16 KiB at most: libcurl 7.88 with a smaller buffer
   forgets the end of a stream that comes with more than fits. */
enum { READ_BYTES = 16 * 1024, UPLOAD_BYTES = 16 * 1024 };

static bool set_capture(CURL *easy, dt_handle *handle) {
  return SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, handle) &&
         SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, handle) &&
         SET(CURLOPT_PREREQFUNCTION, on_begin) && SET(CURLOPT_PREREQDATA, handle) &&
         SET(CURLOPT_PRIVATE, handle) && SET(CURLOPT_ERRORBUFFER, handle->message) &&
         SET(CURLOPT_NOPROGRESS, 1L) && SET(CURLOPT_BUFFERSIZE, (long)READ_BYTES) &&
         SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
}

static void free_handle(dt_handle *handle) {
  curl_easy_cleanup(handle->easy);
  curl_url_cleanup(handle->origin_url);
  dt_buf_free(&handle->target);
  free(handle);
}

static dt_handle *new_handle(const dt_handle_setup *setup) {
  dt_handle *handle = calloc(1, sizeof *handle);
  if (!handle)
    return NULL;
  handle->setup = setup;
  dt_buf_init(&handle->target, DT_MAX_URL_BYTES);
  handle->body_length = SIZE_MAX; /* none yet */
  CURL *easy = handle->easy = curl_easy_init();
  if (!easy || !set_security(easy, setup) || !set_authorities(easy, setup) ||
      !set_proxy(easy, setup) || !set_connection(easy, setup) || !set_capture(easy, handle)) {
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

/* libcurl asks a server whether it wants a body of 1 MiB or more before it sends it. */
enum { EXPECT_BYTES = 512 * 1024 };

static struct curl_slist *link_lines(dt_handle *handle, const dt_transfer *transfer) {
  struct curl_slist *list =
      link_line(handle, DT_LINE_ACCEPT, constant("Accept: application/json"), NULL);
  if (transfer->has_client_token)
    list = link_line(handle, DT_LINE_CLIENT_TOKEN, transfer->client_token_line.data, list);
  if (transfer->has_token)
    list = link_line(handle, DT_LINE_TOKEN, transfer->token_line.data, list);
  if (transfer->request_length >= EXPECT_BYTES)
    list = link_line(handle, DT_LINE_EXPECT, constant("Expect:"), list);
  if (transfer->request_body)
    list = link_line(handle, DT_LINE_CONTENT_TYPE,
                     constant("Content-Type: application/json; charset=utf-8"), list);
  if (handle->serial && handle->setup->user_agent_line)
    list = link_line(handle, DT_LINE_USER_AGENT, handle->setup->user_agent_line, list);
  return list;
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

/* The URL as a whole, for libcurl to judge and to print. */
static bool set_whole_url(dt_handle *handle, const char *url) {
  CURL *easy = handle->easy;
  const char *line = handle->setup->user_agent_line;
  handle->serial = 0;
  if (!handle->is_whole)
    handle->is_whole = SET(CURLOPT_CURLU, NULL) && SET(CURLOPT_REQUEST_TARGET, NULL) &&
                       SET(CURLOPT_PROXYHEADER, NULL) &&
                       SET(CURLOPT_USERAGENT, line ? line + strlen(USER_AGENT) : NULL);
  return handle->is_whole && SET(CURLOPT_URL, url);
}

/* The same flags that libcurl sets itself. False when it would refuse the URL, too. */
static bool parse_origin(dt_handle *handle, const dt_origin *origin) {
  char url[DT_MAX_ORIGIN_BYTES + 2];
  CURL *easy = handle->easy;
  if (!handle->origin_url)
    handle->origin_url = curl_url();
  memcpy(url, origin->name, origin->length);
  memcpy(url + origin->length, "/", 2);
  return handle->origin_url &&
         curl_url_set(handle->origin_url, CURLUPART_URL, url,
                      CURLU_DISALLOW_USER | CURLU_PATH_AS_IS) == CURLUE_OK &&
         SET(CURLOPT_URL, url) && SET(CURLOPT_CURLU, handle->origin_url);
}

/* libcurl prints its own header of the agent into memory first, and again from there. A CONNECT
   takes it from another list, where it stands before another line of libcurl's. */
static bool set_agent_as_line(dt_handle *handle) {
  CURL *easy = handle->easy;
  struct curl_slist *lines = handle->proxy_lines;
  if (!handle->setup->user_agent_line)
    return SET(CURLOPT_USERAGENT, NULL) && SET(CURLOPT_PROXYHEADER, NULL);
  lines[0] = (struct curl_slist){handle->setup->user_agent_line, &lines[1]};
  lines[1] = (struct curl_slist){constant("Proxy-Connection: Keep-Alive"), NULL};
  return SET(CURLOPT_USERAGENT, NULL) && SET(CURLOPT_PROXYHEADER, lines);
}

static bool is_plain(const char *target, size_t length) {
  return dt_text_check_visible(target, length, DT_MAX_URL_BYTES) == DT_TEXT_OK &&
         !memchr(target, '#', length);
}

/*
 * libcurl parses a URL for each request and prints it anew, character by character: a seventh of
 * what a request costs. So it gets the origin parsed, and the rest as it is to be sent. Only for
 * TLS, where no proxy has to be told the URL, and only where its own parser would leave each
 * character as it is.
 */
static bool set_url(dt_handle *handle, const dt_origin *origin, const char *url) {
  CURL *easy = handle->easy;
  if (!origin->is_tls || !dt_origin_has(origin, url))
    return set_whole_url(handle, url);
  const char *target = url + origin->length;
  size_t length = strlen(target);
  bool is_same_origin = handle->serial == origin->serial;
  if (is_same_origin && handle->target.length == length &&
      memcmp(handle->target.data, target, length) == 0)
    return true;
  if (*target != '/' || !is_plain(target, length))
    return set_whole_url(handle, url);
  handle->is_whole = false;
  if (!is_same_origin && (!parse_origin(handle, origin) || !set_agent_as_line(handle)))
    return set_whole_url(handle, url);
  handle->serial = origin->serial;
  dt_buf_clear(&handle->target, handle->target.limit);
  return SET(CURLOPT_REQUEST_TARGET, target) && dt_buf_append(&handle->target, target, length);
}

static bool set_timeout(dt_handle *handle, long timeout_ms) {
  CURL *easy = handle->easy;
  if (handle->timeout_ms != timeout_ms && !SET(CURLOPT_TIMEOUT_MS, timeout_ms))
    return false;
  handle->timeout_ms = timeout_ms;
  return true;
}

static bool set_lines(dt_handle *handle, struct curl_slist *head) {
  CURL *easy = handle->easy;
  if (handle->head != head && !SET(CURLOPT_HTTPHEADER, head))
    return false;
  handle->head = head;
  return true;
}

static bool set_body(dt_handle *handle, const dt_transfer *transfer) {
  CURL *easy = handle->easy;
  if (!transfer->request_body)
    return true;
  if (handle->body_length != transfer->request_length &&
      !SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->request_length))
    return false;
  handle->body_length = transfer->request_length;
  return SET(CURLOPT_POSTFIELDS, transfer->request_body);
}

bool dt_handle_load(dt_handle *handle, dt_transfer *transfer, const char *url, long timeout_ms) {
  handle->transfer = transfer;
  transfer->handle = handle;
  handle->message[0] = '\0';
  return set_method(handle, transfer) && set_origin(handle, transfer->origin) &&
         set_url(handle, transfer->origin, url) && set_timeout(handle, timeout_ms) &&
         set_lines(handle, link_lines(handle, transfer)) && set_body(handle, transfer);
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
  transfer->sent = code == CURLE_OK || has_sent(handle);
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
