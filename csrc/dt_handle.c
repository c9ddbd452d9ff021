#include "dt_handle.h"

#include "dt_header.h"
#include "dt_limits.h"
#include "dt_poller.h"
#include "dt_proxy.h"
#include "dt_queue.h"
#include "dt_sockets.h"
#include "dt_text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define USER_AGENT "User-Agent: "

enum { MESSAGE_BYTES = CURL_ERROR_SIZE + 128 };

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

static bool is_header(const char *line, size_t length, const char *name) {
  size_t name_length = strlen(name);
  return length > name_length && line[name_length] == ':' &&
         strncasecmp(line, name, name_length) == 0;
}

static void begin_block(dt_transfer *transfer, const char *line) {
  dt_buf_clear(&transfer->headers, DT_MAX_ANSWER_HEADER_BYTES);
  transfer->is_http1 = line[5] == '1';
  transfer->has_length = transfer->has_encoding = transfer->headers_complete = false;
}

/* Over HTTP/1 a body of unknown length ends with the connection. */
static bool ends_with_connection(const dt_transfer *transfer) {
  return transfer->is_http1 && !transfer->has_length;
}

/* libcurl up to 8.13 does not tell whether TLS ended in order, but its trace shows the alert. */
static void hear_tls(dt_handle *handle, bool wanted) {
  if (handle->hears_tls != wanted)
    curl_easy_setopt(handle->easy, CURLOPT_VERBOSE, wanted ? 1L : 0L);
  handle->hears_tls = wanted;
}

/* libcurl 8.23 applies ip_version to the addresses of a name, but not to an address in a URL. */
bool dt_handle_may_use(const dt_handle *handle, int family) {
  int version = handle->setup->ip_version;
  return !version || (family != AF_INET && family != AF_INET6) ||
         family == (version == 4 ? AF_INET : AF_INET6);
}

/* A connection passes its records on only if the trace was on when it was made. */
void dt_handle_connects(dt_handle *handle) {
  if (handle->origin->is_tls)
    hear_tls(handle, true);
}

static int on_trace(CURL *easy, curl_infotype type, char *data, size_t size, void *user) {
  static const char close_notify[2] = {1, 0};
  const dt_handle *handle = user;
  (void)easy;
  if (type == CURLINFO_SSL_DATA_IN && handle->transfer && size == sizeof close_notify &&
      memcmp(data, close_notify, size) == 0)
    handle->transfer->ended_in_order = true;
  return 0;
}

static void end_block(dt_handle *handle) {
  handle->transfer->headers_complete = true;
  if (ends_with_connection(handle->transfer))
    dt_handle_connects(handle);
}

static void note_line(dt_handle *handle, const char *line, size_t length) {
  dt_transfer *transfer = handle->transfer;
  switch (line[0] | 0x20) {
  case 'c':
    transfer->has_length |= is_header(line, length, "content-length");
    transfer->has_encoding |= is_header(line, length, "content-encoding");
    break;
  case 't':
    transfer->has_length |= is_header(line, length, "transfer-encoding");
    break;
  default:
    if (length <= 2)
      end_block(handle);
  }
}

/* Each "HTTP/" line starts a new block: interim answers (100, 103) come before the real one. */
static size_t on_header(char *data, size_t size, size_t count, void *user) {
  dt_handle *handle = user;
  dt_transfer *transfer = handle->transfer;
  size_t length = size * count;
  if (length == 0)
    return 0;
  if (transfer->wants_timing && !transfer->timing.first_byte)
    transfer->timing.first_byte = dt_clock_us() - transfer->started;
  if (length > 5 && memcmp(data, "HTTP/", 5) == 0)
    begin_block(transfer, data);
  else
    note_line(handle, data, length);
  if (dt_buf_append(&transfer->headers, data, length))
    return length;
  if (transfer->headers.state == DT_BUF_FULL)
    transfer->overflow = DT_OVERFLOW_HEADERS;
  return 0;
}

/*
 * Called when the connection is open, before the first byte of the request is written. How much was
 * written after it is not asked: from 8.2 to 8.6 CURLINFO_REQUEST_SIZE stays 0 for a request that
 * left over HTTP/2. Called again when libcurl is to send the request again because the connection
 * died, which each version does in other cases: that is refused, since it is for Lua to decide.
 */
static int on_begin(void *user, char *remote_ip, char *local_ip, int remote_port, int local_port) {
  dt_handle *handle = user;
  dt_transfer *transfer = handle->transfer;
  (void)remote_ip, (void)local_ip, (void)remote_port;
  if (transfer->began)
    return CURL_PREREQFUNC_ABORT;
  transfer->began = true;
  transfer->local_port = local_port;
  hear_tls(handle, false);
  return CURL_PREREQFUNC_OK;
}

static bool copy(char **to, const char *from) {
  *to = from ? strdup(from) : NULL;
  return !from || *to;
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

/* Only OpenSSL reads a directory file by file. */
static dt_trust choose_trust(const dt_engine_config *config) {
  const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
  if (config->ca_file || config->ca_path)
    return DT_TRUST_CONFIGURED;
  bool is_fast = curl->cainfo && curl->capath && curl->ssl_version &&
                 strstr(curl->ssl_version, "OpenSSL") && has_hashed_certificates(curl->capath);
  return is_fast ? DT_TRUST_DIRECTORY : DT_TRUST_SYSTEM;
}

bool dt_handle_setup_copy(dt_handle_setup *setup, const dt_engine_config *config) {
  setup->connect_timeout_ms = config->connect_timeout_ms;
  setup->allow_http = config->allow_http;
  setup->ip_version = config->ip_version;
  setup->is_direct = !dt_proxy_is_named(config->proxy);
  setup->trust = choose_trust(config);
  return copy(&setup->ca_file, config->ca_file) && copy(&setup->ca_path, config->ca_path) &&
         copy(&setup->client_cert, config->client_cert) &&
         copy(&setup->client_key, config->client_key) &&
         copy(&setup->interface, config->interface) && copy(&setup->proxy, config->proxy) &&
         join(&setup->user_agent_line, USER_AGENT, config->user_agent);
}

void dt_handle_setup_free(dt_handle_setup *setup) {
  free(setup->ca_file);
  free(setup->ca_path);
  free(setup->client_cert);
  free(setup->client_key);
  free(setup->interface);
  free(setup->proxy);
  free(setup->user_agent_line);
}

static bool takes(dt_handle *handle, const char *option, CURLcode code) {
  if (code != CURLE_OK && code != CURLE_OUT_OF_MEMORY)
    handle->setup->refused = option;
  return code == CURLE_OK;
}

/* Nothing can be done without these; a libcurl that does not take one is told of by its name. */
#define SET(option, value) takes(handle, #option, curl_easy_setopt(handle->easy, option, value))

/* These a libcurl may have been built without. */
#define TRY(option, value) (curl_easy_setopt(handle->easy, option, value) != CURLE_OUT_OF_MEMORY)

/* libcurl wants char * and does not write to it. */
static char *constant(const char *text) {
  union {
    const char *in;
    char *out;
  } cast = {text};
  return cast.out;
}

/* Without a password OpenSSL would ask the terminal for that of an encrypted key, and wait. */
static bool set_client_cert(dt_handle *handle) {
  const dt_handle_setup *setup = handle->setup;
  if (!setup->client_cert)
    return true;
  return SET(CURLOPT_SSLCERT, setup->client_cert) && SET(CURLOPT_KEYPASSWD, "") &&
         (!setup->client_key || SET(CURLOPT_SSLKEY, setup->client_key));
}

static bool set_security(dt_handle *handle) {
  return SET(CURLOPT_PROTOCOLS_STR, handle->setup->allow_http ? "https,http" : "https") &&
         SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
         TRY(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
         SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
         SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_PATH_AS_IS, 1L) &&
         TRY(CURLOPT_HTTP09_ALLOWED, 0L) && set_client_cert(handle);
}

/*
 * A certificate that expired in 2000, is no authority, names no host, and whose key was never kept:
 * to trust it is to trust nothing. Where a directory alone is to be trusted it takes the place of
 * the bundle, which libcurl 8.17 to 8.22 would add otherwise.
 */
static const char trusts_nothing[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBLTCB1KADAgECAgEBMAoGCCqGSM49BAMCMBkxFzAVBgNVBAMMDnRydXN0cyBu\n"
    "b3RoaW5nMB4XDTAwMDEwMTEyMDAwMFoXDTAwMDEwMjEyMDAwMFowGTEXMBUGA1UE\n"
    "AwwOdHJ1c3RzIG5vdGhpbmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQPfqOu\n"
    "j9F5gUN/yYGE8slT6O/ji3DvY5yR7GvmsQ08vrcXoAzFer2LLhVVnYp/a0/e3tLL\n"
    "VaY8QcyHmmQe3XdOow0wCzAJBgNVHRMEAjAAMAoGCCqGSM49BAMCA0gAMEUCIAdS\n"
    "NTB4BzA0F7qPaXSMqohgrCWv73nEFV+b25DvgNxjAiEA+BN5Nmd9FYK2zRgi44t/\n"
    "UgZmFVYr42CX775qF5JUciM=\n"
    "-----END CERTIFICATE-----\n";

/* The same for a bundle alone: no file is in it, on any system. */
#define HOLDS_NOTHING "/dev/null"

enum { ADDS_DEFAULTS = 0x081100 /* 8.17.0: what is not set is the default, not nothing */ };

static bool adds(const char *built_in) {
  return built_in && curl_version_info(CURLVERSION_NOW)->version_num >= ADDS_DEFAULTS;
}

/* Of a proxy where there may be one: a libcurl that was built without them knows no such option. */
#define SET_BOTH(option, value)                                   \
  (SET(CURLOPT_##option, value) &&                                \
   (handle->setup->is_direct ? TRY(CURLOPT_PROXY_##option, value) \
                             : SET(CURLOPT_PROXY_##option, value)))
#define TRY_BOTH(option, value) (TRY(CURLOPT_##option, value) && TRY(CURLOPT_PROXY_##option, value))

/* Not every TLS library that libcurl is built with knows directories; without one, none is to be
   unset. */
static bool set_path(dt_handle *handle, const char *path) {
  return path ? SET_BOTH(CAPATH, path) : TRY_BOTH(CAPATH, NULL);
}

static bool set_file(dt_handle *handle, const char *file) {
  return TRY_BOTH(CAINFO_BLOB, NULL) && SET_BOTH(CAINFO, file);
}

static bool trust_file(dt_handle *handle, const char *file) {
  const char *built_in = curl_version_info(CURLVERSION_NOW)->capath;
  return set_file(handle, file) && set_path(handle, adds(built_in) ? HOLDS_NOTHING : NULL);
}

/* A TLS library that takes no certificates from memory leaves the bundle unset, where that
 * suffices.
 */
static bool trust_directory(dt_handle *handle, const char *path) {
  struct curl_blob blob = {constant(trusts_nothing), sizeof trusts_nothing - 1, CURL_BLOB_NOCOPY};
  if (!set_path(handle, path))
    return false;
  if (adds(curl_version_info(CURLVERSION_NOW)->cainfo))
    return SET_BOTH(CAINFO_BLOB, &blob);
  return set_file(handle, NULL) && TRY_BOTH(CAINFO_BLOB, &blob);
}

/* By their names, since unset does not mean the defaults on each version. */
static bool trust_system(dt_handle *handle) {
  const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
  return (!curl->cainfo || set_file(handle, curl->cainfo)) &&
         (!curl->capath || set_path(handle, curl->capath));
}

/* A proxy's own certificate is judged by the same authorities as the service's. */
static bool set_authorities(dt_handle *handle) {
  const dt_handle_setup *setup = handle->setup;
  handle->trust = setup->trust;
  if (setup->trust == DT_TRUST_DIRECTORY)
    return trust_directory(handle, curl_version_info(CURLVERSION_NOW)->capath);
  if (setup->trust == DT_TRUST_SYSTEM)
    return trust_system(handle);
  if (!setup->ca_path)
    return trust_file(handle, setup->ca_file);
  return setup->ca_file ? set_file(handle, setup->ca_file) && set_path(handle, setup->ca_path)
                        : trust_directory(handle, setup->ca_path);
}

/* A libcurl that was built without proxies uses none. */
static bool set_proxy(dt_handle *handle) {
  const dt_handle_setup *setup = handle->setup;
  if (setup->is_direct)
    return TRY(CURLOPT_NOPROXY, "*");
  return SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) &&
         SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
         TRY(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
         SET(CURLOPT_PROXYAUTH, (long)CURLAUTH_ANY) &&
         (!setup->proxy || SET(CURLOPT_PROXY, setup->proxy));
}

static bool set_source(dt_handle *handle) {
  const dt_handle_setup *setup = handle->setup;
  long resolve = setup->ip_version == 4   ? CURL_IPRESOLVE_V4
                 : setup->ip_version == 6 ? CURL_IPRESOLVE_V6
                                          : CURL_IPRESOLVE_WHATEVER;
  return (!setup->ip_version || SET(CURLOPT_IPRESOLVE, resolve)) &&
         (!setup->interface || SET(CURLOPT_INTERFACE, setup->interface));
}

/* Without HTTP/2 in libcurl it is HTTP/1.1. */
static bool set_connection(dt_handle *handle) {
  const dt_handle_setup *setup = handle->setup;
  return SET(CURLOPT_NOSIGNAL, 1L) && TRY(CURLOPT_QUICK_EXIT, 1L) &&
         SET(CURLOPT_CONNECTTIMEOUT_MS, setup->connect_timeout_ms) &&
         TRY(CURLOPT_TCP_KEEPALIVE, 1L) &&
         TRY(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_SECONDS) &&
         TRY(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_SECONDS) &&
         TRY(CURLOPT_MAXAGE_CONN, (long)MAX_IDLE_SECONDS) &&
         TRY(CURLOPT_MAXLIFETIME_CONN, (long)MAX_CONNECTION_SECONDS) &&
         TRY(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) &&
         SET(CURLOPT_OPENSOCKETFUNCTION, setup->open_socket) &&
         SET(CURLOPT_OPENSOCKETDATA, handle) &&
         SET(CURLOPT_CLOSESOCKETFUNCTION, setup->close_socket) && set_source(handle);
}

/* libcurl allocates both for each transfer, and freeing its usual 64 KiB for uploads makes
   malloc tidy up each time. An HTTP/2 frame has 16 KiB at most: libcurl 7.88 with a smaller buffer
   forgets the end of a stream that comes with more than fits. */
enum { READ_BYTES = 16 * 1024, UPLOAD_BYTES = 16 * 1024 };

static bool set_capture(dt_handle *handle) {
  return SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, handle) &&
         SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, handle) &&
         SET(CURLOPT_PREREQFUNCTION, on_begin) && SET(CURLOPT_PREREQDATA, handle) &&
         SET(CURLOPT_DEBUGFUNCTION, on_trace) && SET(CURLOPT_DEBUGDATA, handle) &&
         SET(CURLOPT_PRIVATE, handle) && SET(CURLOPT_ERRORBUFFER, handle->message) &&
         SET(CURLOPT_NOPROGRESS, 1L) && SET(CURLOPT_BUFFERSIZE, (long)READ_BYTES) &&
         TRY(CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
}

void dt_handle_free(dt_handle *handle) {
  curl_easy_cleanup(handle->easy);
  curl_url_cleanup(handle->origin_url);
  dt_buf_free(&handle->target);
  free(handle->more_lines);
  free(handle);
}

static dt_handle *new_handle(dt_handle_setup *setup) {
  dt_handle *handle = calloc(1, sizeof *handle);
  if (!handle)
    return NULL;
  handle->setup = setup;
  dt_buf_init(&handle->target, DT_MAX_URL_BYTES);
  handle->body_length = SIZE_MAX; /* none yet */
  handle->easy = curl_easy_init();
  if (!handle->easy || !set_security(handle) || !set_authorities(handle) || !set_proxy(handle) ||
      !set_connection(handle) || !set_capture(handle)) {
    dt_handle_free(handle);
    return NULL;
  }
  return handle;
}

static struct curl_slist *link_line(dt_handle *handle, int line, char *text,
                                    struct curl_slist *rest) {
  handle->lines[line] = (struct curl_slist){text, rest};
  return &handle->lines[line];
}

/* libcurl asks a server whether it wants a body of 1 MiB or more before it sends it. */
enum { EXPECT_BYTES = 512 * 1024 };

static bool make_room_for_lines(dt_handle *handle, size_t count) {
  if (count <= handle->more_capacity)
    return true;
  struct curl_slist *lines = realloc(handle->more_lines, count * sizeof *lines);
  if (!lines)
    return false;
  handle->more_lines = lines;
  handle->more_capacity = count;
  return true;
}

/* The request's own lines; room was made for them. */
static struct curl_slist *link_more_lines(dt_handle *handle, const dt_transfer *transfer) {
  char *line = transfer->more_lines.data;
  struct curl_slist *list = NULL;
  for (size_t i = 0; i < transfer->more_count; i++) {
    handle->more_lines[i] = (struct curl_slist){line, list};
    list = &handle->more_lines[i];
    line += strlen(line) + 1;
  }
  return list;
}

static struct curl_slist *link_lines(dt_handle *handle, const dt_transfer *transfer) {
  struct curl_slist *list = link_more_lines(handle, transfer);
  list = link_line(handle, DT_LINE_ENCODING, constant("Accept-Encoding: identity"), list);
  list = link_line(handle, DT_LINE_ACCEPT, constant("Accept: application/json"), list);
  if (transfer->has_client_token)
    list = link_line(handle, DT_LINE_CLIENT_TOKEN, transfer->client_token_line.data, list);
  if (transfer->has_token && !transfer->token_in_url)
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
  if (handle->origin != origin && !SET(CURLOPT_CLOSESOCKETDATA, origin))
    return false;
  handle->origin = origin;
  return true;
}

/* The URL as a whole, for libcurl to judge and to print. */
static bool set_whole_url(dt_handle *handle, const char *url) {
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
 * libcurl parses a URL for each request and prints it again, character by character: a seventh of
 * what a request costs. So it gets the origin parsed, and the rest as it is to be sent. Only for
 * TLS, where no proxy has to be told the URL, and only where its own parser would leave each
 * character as it is.
 */
static bool set_url(dt_handle *handle, const dt_origin *origin, const char *url) {
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
  if (handle->timeout_ms != timeout_ms && !SET(CURLOPT_TIMEOUT_MS, timeout_ms))
    return false;
  handle->timeout_ms = timeout_ms;
  return true;
}

static bool set_lines(dt_handle *handle, struct curl_slist *head) {
  if (handle->head != head && !SET(CURLOPT_HTTPHEADER, head))
    return false;
  handle->head = head;
  return true;
}

static bool set_body(dt_handle *handle, const dt_transfer *transfer) {
  if (!transfer->request_body)
    return true;
  if (handle->body_length != transfer->request_length &&
      !SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->request_length))
    return false;
  handle->body_length = transfer->request_length;
  return SET(CURLOPT_POSTFIELDS, transfer->request_body);
}

static bool set_fresh(dt_handle *handle, bool fresh) {
  if (handle->is_fresh != fresh && !SET(CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L))
    return false;
  handle->is_fresh = fresh;
  return true;
}

/* Waits for a connection that is being made, to see whether it can be shared. Without TLS it
   cannot, and 7.88 would wait for its first answer. */
static bool set_sharing(dt_handle *handle, bool shares) {
  if (handle->shares != shares && !TRY(CURLOPT_PIPEWAIT, shares ? 1L : 0L))
    return false;
  handle->shares = shares;
  return true;
}

bool dt_handle_load(dt_handle *handle, dt_transfer *transfer, const char *url, long timeout_ms,
                    bool fresh) {
  handle->transfer = transfer;
  transfer->handle = handle;
  handle->message[0] = '\0';
  handle->os_error = 0;
  if (transfer->wants_timing)
    transfer->started = dt_clock_us();
  return (handle->trust == handle->setup->trust || set_authorities(handle)) &&
         make_room_for_lines(handle, transfer->more_count) && set_method(handle, transfer) &&
         set_origin(handle, transfer->origin) && set_url(handle, transfer->origin, url) &&
         set_timeout(handle, timeout_ms) && set_fresh(handle, fresh) &&
         set_sharing(handle, transfer->origin->is_tls) &&
         set_lines(handle, link_lines(handle, transfer)) && set_body(handle, transfer);
}

bool dt_handle_asks_bundle(dt_handle *handle, CURLcode code, long timeout_ms) {
  if (handle->trust != DT_TRUST_DIRECTORY || handle->transfer->began ||
      (code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE))
    return false;
  handle->setup->trust = DT_TRUST_SYSTEM;
  handle->message[0] = '\0';
  return set_authorities(handle) && set_timeout(handle, timeout_ms);
}

/* Where no connection was made it is known why no socket could be opened. */
static bool lacks_files(const dt_handle *handle, CURLcode code) {
  return dt_sockets_is_shortage(handle->os_error) ||
         (code != CURLE_COULDNT_CONNECT && dt_sockets_are_scarce());
}

/* Some gateways compress whatever was asked for, others say so of a body that they did not. No text
   has control bytes. */
enum { LOOKED_AT = 64 };

static bool is_text(const dt_buf *body) {
  size_t length = body->length < LOOKED_AT ? body->length : LOOKED_AT;
  if (length && !strchr("{[<\" \t\r\n", body->data[0]))
    return false;
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)body->data[i] < ' ' && !strchr("\t\r\n", body->data[i]))
      return false;
  return true;
}

/* OpenSSL's words for the alerts that a server sends about the certificate of its client. */
static bool names_client_cert(const char *words) {
  const char *alert = strstr(words, " alert ");
  return alert && (strstr(alert, "certificate") || strstr(alert, "unknown ca"));
}

static void gather(const dt_handle *handle, CURLcode code, dt_facts *facts) {
  const dt_transfer *transfer = handle->transfer;
  *facts = (dt_facts){.curl_code = (int)code,
                      .began = transfer->began,
                      .has_proxy = !handle->setup->is_direct,
                      .status = transfer->status,
                      .headers_complete = transfer->headers_complete,
                      .ends_with_connection = ends_with_connection(transfer),
                      .ended_in_order = transfer->ended_in_order,
                      .has_client_cert = handle->setup->client_cert != NULL,
                      .client_refused = names_client_cert(handle->message),
                      .is_compressed = transfer->has_encoding && !is_text(&transfer->body),
                      .body_length = transfer->body.length,
                      .overflow = transfer->overflow};
  if (code == CURLE_OK || transfer->began)
    return;
  curl_easy_getinfo(handle->easy, CURLINFO_HTTP_CONNECTCODE, &facts->proxy_status);
  facts->lacks_files = lacks_files(handle, code);
}

static bool resolves_in_line(void) {
  return !(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS);
}

static void say_encoding(const dt_transfer *transfer, char *text) {
  size_t length = 0;
  const char *encoding =
      dt_header_find(transfer->headers.data, transfer->headers.length, "content-encoding", &length);
  snprintf(text, MESSAGE_BYTES, "Content-Encoding: %.*s", length < 40 ? (int)length : 40,
           encoding ? encoding : "");
}

/* libcurl's words and its code, and what explains them. */
static void say_words(const dt_handle *handle, CURLcode code, char *text) {
  const char *words = handle->message[0] ? handle->message : curl_easy_strerror(code);
  bool may_be_resolver =
      code == CURLE_OPERATION_TIMEDOUT && !handle->transfer->began && resolves_in_line();
  if (!handle->setup->is_direct && dt_proxy_is_betrayed(handle->setup->proxy, words))
    words = "a text that quotes the proxy's credentials";
  snprintf(text, MESSAGE_BYTES, "%s (curl %d)%s", words, (int)code,
           may_be_resolver
               ? "; this libcurl resolves names without a time limit: it lacks AsynchDNS"
               : "");
}

static void explain(const dt_handle *handle, CURLcode code) {
  char text[MESSAGE_BYTES];
  if (handle->transfer->failure == DT_COMPRESSED_BODY)
    say_encoding(handle->transfer, text);
  else if (code == CURLE_ABORTED_BY_CALLBACK)
    snprintf(text, sizeof text, "libcurl would have sent the request a second time");
  else if (code == CURLE_OK)
    snprintf(text, sizeof text, "the connection ended, which does not say that the answer had");
  else
    say_words(handle, code, text);
  dt_buf_append(&handle->transfer->message, text, strlen(text) + 1);
}

static int64_t time_of(CURL *easy, CURLINFO info) {
  curl_off_t time = 0;
  curl_easy_getinfo(easy, info, &time);
  return (int64_t)time;
}

/* Of a connection that was kept libcurl tells when it was found. Its time of the first byte is that
   of the first byte sent, where there is a body. */
static void take_timing(const dt_handle *handle) {
  long connects = 0;
  CURL *easy = handle->easy;
  dt_timing *timing = &handle->transfer->timing;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
  timing->reused = handle->transfer->began && connects == 0;
  if (timing->reused)
    return;
  timing->resolved = time_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
  timing->connected = time_of(easy, CURLINFO_CONNECT_TIME_T);
  timing->secured = time_of(easy, CURLINFO_APPCONNECT_TIME_T);
}

void dt_handle_drop(dt_handle *handle) {
  handle->transfer->handle = NULL;
  handle->transfer = NULL;
}

void dt_handle_unload(dt_handle *handle, CURLcode code) {
  dt_transfer *transfer = handle->transfer;
  dt_facts facts;
  hear_tls(handle, false);
  curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &transfer->status);
  gather(handle, code, &facts);
  transfer->failure = dt_failure_of(&facts);
  if (transfer->failure != DT_ANSWERED)
    explain(handle, code);
  if (transfer->wants_timing)
    take_timing(handle);
  dt_handle_drop(handle);
}

dt_handle *dt_handle_pool_take(dt_handle_pool *pool, dt_handle_setup *setup) {
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
    dt_handle_free(handle);
  }
}
