/*
 * The limit: what a call costs when nothing is between the program and
 * libcurl. The body is ready made, every option and header is the one that
 * csrc/dt_handle.c sets, and the answer is captured as there.
 *
 * usage: bare kept|plain|fresh URL CA CALLS ATTENDEES
 *
 * `kept` sets one handle up once and performs it again and again; `plain` does so
 * with the URL in one piece, as most programs; `fresh` makes a handle for each call.
 * CA is a certificate file, or a hashed directory, or "-".
 * Twenty calls are made before the measuring starts, unless it is for one only.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TOKEN "dd43888e26953deead8cba556389b063"
#define PATH "/v1.0/calendar/users/U5KPwll3QjgiG/calendars/primary/events/cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08/attendees"

enum { CAPACITY = 1 << 16 };

typedef struct capture {
  size_t length;
  char data[CAPACITY];
} capture;

typedef struct bare {
  CURL *easy;
  CURLU *origin;
  const char *ca;
  bool ca_is_directory;
  bool url_is_whole;
  char url[1024];
  char *body;
  size_t body_length;
  char client_token[64];
  struct curl_slist *headers;
  capture answer_headers;
  capture answer_body;
  bool began;
  char message[CURL_ERROR_SIZE];
} bare;

static void die(const char *what) {
  fprintf(stderr, "bare: %s\n", what);
  exit(1);
}

static size_t keep(capture *into, const char *data, size_t length) {
  if (length > CAPACITY - into->length)
    return 0;
  memcpy(into->data + into->length, data, length);
  into->length += length;
  return length;
}

static size_t on_body(char *data, size_t size, size_t count, void *user) {
  return keep(&((bare *)user)->answer_body, data, size * count);
}

static size_t on_header(char *data, size_t size, size_t count, void *user) {
  bare *self = user;
  if (size * count >= 5 && memcmp(data, "HTTP/", 5) == 0)
    self->answer_headers.length = 0;
  return keep(&self->answer_headers, data, size * count);
}

static int on_begin(void *user, char *remote_ip, char *local_ip, int remote_port, int local_port) {
  (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
  ((bare *)user)->began = true;
  return CURL_PREREQFUNC_OK;
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)user, (void)purpose;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int close_socket(void *user, curl_socket_t fd) {
  (void)user;
  return close(fd);
}

#define SET(option, value)                                                                         \
  if (curl_easy_setopt(easy, option, value) != CURLE_OK)                                           \
  die("libcurl refuses " #option)

/* The origin parsed, and the rest as it is to be sent, for TLS. */
static void set_url(bare *self) {
  CURL *easy = self->easy;
  if (self->url_is_whole || strncmp(self->url, "https:", 6) != 0) {
    SET(CURLOPT_URL, self->url);
    return;
  }
  char origin[1024];
  snprintf(origin, sizeof origin, "%.*s/", (int)(strcspn(self->url + 8, "/") + 8), self->url);
  if (!self->origin)
    self->origin = curl_url();
  if (curl_url_set(self->origin, CURLUPART_URL, origin, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS) != CURLUE_OK)
    die("libcurl refuses the URL");
  SET(CURLOPT_URL, origin);
  SET(CURLOPT_CURLU, self->origin);
  SET(CURLOPT_REQUEST_TARGET, self->url + strlen(origin) - 1);
}

static void set_options(bare *self) {
  CURL *easy = self->easy;
  SET(CURLOPT_PROTOCOLS_STR, "https,http");
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_HTTP09_ALLOWED, 0L);
  if (self->ca) {
    SET(CURLOPT_CAINFO, self->ca_is_directory ? NULL : self->ca);
    SET(CURLOPT_CAPATH, self->ca_is_directory ? self->ca : NULL);
  }
  SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_NOPROXY, "*");
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_QUICK_EXIT, 1L);
  SET(CURLOPT_CONNECTTIMEOUT_MS, 5000L);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  SET(CURLOPT_TCP_KEEPIDLE, 45L);
  SET(CURLOPT_TCP_KEEPINTVL, 15L);
  SET(CURLOPT_MAXAGE_CONN, 55L);
  SET(CURLOPT_MAXLIFETIME_CONN, 1800L);
  SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  SET(CURLOPT_PIPEWAIT, 1L);
  SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(CURLOPT_CLOSESOCKETFUNCTION, close_socket);
  SET(CURLOPT_BUFFERSIZE, 1024L);
  SET(CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, self);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, self);
  SET(CURLOPT_PREREQFUNCTION, on_begin);
  SET(CURLOPT_PREREQDATA, self);
  SET(CURLOPT_PRIVATE, self);
  SET(CURLOPT_ERRORBUFFER, self->message);
  SET(CURLOPT_NOPROGRESS, 1L);
  SET(CURLOPT_POST, 1L);
  set_url(self);
  SET(CURLOPT_TIMEOUT_MS, 30000L);
  SET(CURLOPT_HTTPHEADER, self->headers);
  SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)self->body_length);
  SET(CURLOPT_POSTFIELDS, self->body);
}

/* The ids that all contestants send: see bench/workers/people.lua. */
static void make_body(bare *self, int attendees) {
  size_t size = 64 + (size_t)attendees * 64;
  char *out = self->body = malloc(size);
  if (!out)
    die("out of memory");
  out += sprintf(out, "{\"attendeesToAdd\":[");
  for (int i = 1; i <= attendees; i++)
    out += sprintf(out, "%s{\"id\":\"iiStaff%05dSgjrwPRKgiEiE\"}", i > 1 ? "," : "", i);
  out += sprintf(out, "]}");
  self->body_length = (size_t)(out - self->body);
}

static void make_headers(bare *self) {
  static const char *const fixed[] = {"User-Agent: lua-dingtalk/0.1.0 libcurl/7.88.1",
                                      "Content-Type: application/json; charset=utf-8",
                                      "x-acs-dingtalk-access-token: " TOKEN, "Accept-Encoding: identity",
                                      "Accept: application/json"};
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
    self->headers = curl_slist_append(self->headers, fixed[i]);
  /* A token of the process, then a number that next_token counts up. */
  snprintf(self->client_token, sizeof self->client_token, "x-client-token: %08x-%04x-4000-8000-000000000000",
           (unsigned)time(NULL), (unsigned)getpid() & 0xFFFF);
  self->headers = curl_slist_append(self->headers, self->client_token);
  if (!self->headers)
    die("out of memory");
}

/* No two calls carry the same token: libcurl reads the line each time. */
static void next_token(bare *self) {
  struct curl_slist *last = self->headers;
  while (last->next)
    last = last->next;
  char *digit = last->data + strlen(last->data) - 1;
  while (*digit == '9')
    *digit-- = '0';
  ++*digit;
}

static void perform(bare *self) {
  long status = 0;
  self->answer_headers.length = self->answer_body.length = 0;
  self->message[0] = '\0';
  next_token(self);
  if (curl_easy_perform(self->easy) != CURLE_OK)
    die(self->message);
  curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 || self->answer_body.length)
    die("an answer that is no success");
}

static void perform_fresh(bare *self) {
  self->easy = curl_easy_init();
  set_options(self);
  perform(self);
  curl_easy_cleanup(self->easy);
}

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_kib(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%*d %ld", &pages) != 1)
    pages = 0;
  if (file)
    fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void run(bare *self, int calls, bool fresh) {
  for (int i = 0; i < calls; i++)
    (fresh ? perform_fresh : perform)(self);
}

int main(int argc, char **argv) {
  static bare self;
  struct stat info;
  if (argc != 6)
    die("usage: bare kept|plain|fresh URL CA CALLS ATTENDEES");
  bool fresh = strcmp(argv[1], "fresh") == 0;
  self.url_is_whole = strcmp(argv[1], "plain") == 0;
  int calls = atoi(argv[4]);
  self.ca = strcmp(argv[3], "-") ? argv[3] : NULL;
  self.ca_is_directory = self.ca && stat(self.ca, &info) == 0 && S_ISDIR(info.st_mode);
  snprintf(self.url, sizeof self.url, "%s%s", argv[2], PATH);
  make_body(&self, atoi(argv[5]));
  make_headers(&self);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (!fresh) {
    self.easy = curl_easy_init();
    set_options(&self);
  }
  /* A cold start is one call and no more. */
  if (calls > 1)
    run(&self, 20, fresh);
  double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  double wall = seconds(CLOCK_MONOTONIC);
  run(&self, calls, fresh);
  printf("cpu=%.9f wall=%.9f resident=%ld\n", seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu,
         seconds(CLOCK_MONOTONIC) - wall, resident_kib());
  if (!fresh)
    curl_easy_cleanup(self.easy);
  curl_slist_free_all(self.headers);
  curl_url_cleanup(self.origin);
  free(self.body);
  return 0;
}
