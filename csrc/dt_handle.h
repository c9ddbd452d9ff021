/*
 * A libcurl handle that is set up once and carries one request after another.
 * What comes of a request goes into its transfer. Internal to the engine.
 */
#ifndef DT_HANDLE_H
#define DT_HANDLE_H

#include "dt_transfer.h"

#include <curl/curl.h>

/* The request's header lines; the list libcurl sees is linked through them anew for each request.
 */
enum {
  DT_LINE_USER_AGENT,
  DT_LINE_ACCEPT,
  DT_LINE_ENCODING,
  DT_LINE_TOKEN,
  DT_LINE_CLIENT_TOKEN,
  DT_LINE_CONTENT_TYPE,
  DT_LINE_EXPECT,
  DT_LINES
};

/* Whose word is taken for a certificate. */
typedef enum dt_trust {
  DT_TRUST_CONFIGURED, /* of the configuration's authorities only */
  DT_TRUST_DIRECTORY,  /* of the system's directory; who is not found there may be in the bundle */
  DT_TRUST_SYSTEM      /* of libcurl's own defaults: bundle and directory */
} dt_trust;

/* What all handles of an engine share. */
typedef struct dt_handle_setup {
  char *ca_file;
  char *ca_path;
  char *client_cert;
  char *client_key;
  char *proxy;
  char *interface;
  char *user_agent_line;
  int ip_version;
  bool is_direct; /* neither the configuration nor the environment names a proxy */
  long connect_timeout_ms;
  bool allow_http;
  dt_trust trust;
  curl_opensocket_callback open_socket;   /* for a handle */
  curl_closesocket_callback close_socket; /* for an origin */
  const char *refused; /* the option that libcurl does not take and a handle needs */
} dt_handle_setup;

/* What a handle is set to carry stays set, and is not set again for the next request. */
typedef struct dt_handle {
  CURL *easy;
  CURLU *origin_url;
  dt_handle_setup *setup;
  dt_transfer *transfer;  /* whose request it carries */
  struct dt_handle *next; /* of the spare ones */
  dt_origin *origin;      /* whose sockets it is set to close */
  uint32_t serial;        /* of the origin in `origin_url`, if the URL is set in two parts */
  bool is_whole;          /* it is set as a whole */
  dt_buf target;          /* what follows the origin in the URL */
  bool has_method;        /* whether it is set to the two that follow */
  bool has_body;
  dt_method method;
  bool is_fresh; /* it takes a new connection */
  bool shares;   /* it waits for one that others may share with it */
  dt_trust trust;
  bool hears_tls; /* it is told of TLS's records */
  int os_error;   /* why no socket could be opened */
  long timeout_ms;
  size_t body_length;
  const struct curl_slist *head;
  struct curl_slist lines[DT_LINES];
  struct curl_slist *more_lines; /* as many as more_capacity */
  size_t more_capacity;
  struct curl_slist proxy_lines[2]; /* of a CONNECT */
  char message[CURL_ERROR_SIZE];
} dt_handle;

/*
 * Copies what the engine's configuration says of the handles. False when out of memory; what was
 * copied is then freed by dt_handle_setup_free all the same.
 */
bool dt_handle_setup_copy(dt_handle_setup *setup, const dt_engine_config *config);

void dt_handle_setup_free(dt_handle_setup *setup);

/* Gives it the transfer's request, to be ended after so many milliseconds, on a fresh connection if
   wanted. False when out of memory or libcurl refuses. */
bool dt_handle_load(dt_handle *handle, dt_transfer *transfer, const char *url, long timeout_ms,
                    bool fresh);

/* For the socket callback: whether a connection may be made to an address of that family. */
bool dt_handle_may_use(const dt_handle *handle, int family);

/* For the socket callback: tells the handle that a connection is being made. */
void dt_handle_connects(dt_handle *handle);

/*
 * After a failure: whether the system's bundle has not been asked yet, and may know what its
 * directory does not. The handle then is set to ask it, from now on as all of the engine's are.
 */
bool dt_handle_asks_bundle(dt_handle *handle, CURLcode code, long timeout_ms);

/* Takes a request back that libcurl never had. */
void dt_handle_drop(dt_handle *handle);

/* Takes the request back: the transfer then has what came of it, and no handle. */
void dt_handle_unload(dt_handle *handle, CURLcode code);

/* Those that carry no request; the last one used comes first. */
typedef struct dt_handle_pool {
  dt_handle *first;
  uint32_t count;
} dt_handle_pool;

/* One is made where there is none; NULL when out of memory or libcurl refuses an option. */
dt_handle *dt_handle_pool_take(dt_handle_pool *pool, dt_handle_setup *setup);

void dt_handle_pool_put(dt_handle_pool *pool, dt_handle *handle);

/* Frees one that carries no request. */
void dt_handle_free(dt_handle *handle);

/* Frees all but so many. */
void dt_handle_pool_trim(dt_handle_pool *pool, uint32_t but);

#endif
