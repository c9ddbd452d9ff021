/*
 * One prepared libcurl handle with its request headers and what it captured of
 * the answer. Internal to the engine.
 */
#ifndef DT_TRANSFER_H
#define DT_TRANSFER_H

#include "dt_buf.h"
#include "dt_engine.h"

#include <curl/curl.h>

typedef enum dt_transfer_state {
  DT_TRANSFER_IDLE,
  DT_TRANSFER_HELD, /* not yet given to libcurl */
  DT_TRANSFER_RUNNING,
  DT_TRANSFER_ENDED,  /* in the engine's list of the ended */
  DT_TRANSFER_FETCHED /* taken from it, its answer not yet given back */
} dt_transfer_state;

/* The request's header lines; the list libcurl sees is linked through them anew for each request.
 */
enum {
  DT_LINE_ACCEPT,
  DT_LINE_TOKEN,
  DT_LINE_CLIENT_TOKEN,
  DT_LINE_CONTENT_TYPE,
  DT_LINE_EXPECT,
  DT_LINES
};

struct dt_transfer_setup;

typedef struct dt_transfer {
  CURL *easy;
  const struct dt_transfer_setup *setup;
  dt_transfer_id id;
  dt_transfer_state state;
  CURLcode code;
  bool began;           /* the connection stood and the request was about to be written */
  bool resent;          /* libcurl wrote it again because a kept connection had died */
  dt_overflow overflow; /* the limit of ours that ended the transfer */
  long size_before;     /* bytes libcurl had written before that: a proxy's CONNECT */
  bool has_method;      /* whether the handle is set to the two that follow */
  bool has_body;
  dt_method method;
  int64_t deadline; /* dt_clock_us time at which it is to end */
  uint32_t next;    /* slot of the next in the list it stands in; 0 ends it */
  dt_buf token_line;
  dt_buf client_token_line;
  dt_buf headers;
  dt_buf body;
  struct curl_slist lines[DT_LINES];
  char message[CURL_ERROR_SIZE];
} dt_transfer;

/* Transfers linked by slot; 0 ends it. */
typedef struct dt_transfer_list {
  uint32_t first;
  uint32_t last;
} dt_transfer_list;

/* The transfers of an engine, in slots 1 to `used`; the idle ones are linked. */
typedef struct dt_transfer_pool {
  dt_transfer **slots;
  uint32_t used;
  uint32_t capacity;
  uint32_t idle;
} dt_transfer_pool;

/* What all handles of an engine share. */
typedef struct dt_transfer_setup {
  char *ca_file;
  char *ca_path;
  char *proxy;
  char *user_agent;
  long connect_timeout_ms;
  bool allow_http;
  curl_opensocket_callback open_socket;
  curl_closesocket_callback close_socket;
  void (*connected)(void *user, int64_t round_trip_us); /* a request is about to be written */
  void *user;                                           /* of these three */
} dt_transfer_setup;

/*
 * Copies what the engine's configuration says of the handles. False when out of memory; what was
 * copied is then freed by dt_transfer_setup_free all the same.
 */
bool dt_transfer_setup_copy(dt_transfer_setup *setup, const dt_engine_config *config);

void dt_transfer_setup_free(dt_transfer_setup *setup);

/* A transfer with its handle prepared; NULL when out of memory or libcurl refuses an option. */
dt_transfer *dt_transfer_new(const dt_transfer_setup *setup);

/* Frees an idle transfer; NULL is fine. */
void dt_transfer_free(dt_transfer *transfer);

/* Sets what differs by request. False when out of memory or libcurl refuses. */
bool dt_transfer_prepare(dt_transfer *transfer, const dt_request *request);

/* Leaves it the time up to its deadline, at `now`. False when libcurl refuses. */
bool dt_transfer_set_timeout(dt_transfer *transfer, int64_t now);

/* What came of an ended transfer; valid until it is reset. */
void dt_transfer_answer(const dt_transfer *transfer, dt_answer *answer);

/* Makes it idle: drops the request and the answer, keeps small buffers. */
void dt_transfer_reset(dt_transfer *transfer);

/* Whether any byte of the request may have gone out. */
bool dt_transfer_sent(const dt_transfer *transfer);

/* The slot of a transfer is in its id; `slots` holds it there. */
void dt_transfer_append(dt_transfer **slots, dt_transfer_list *list, dt_transfer *transfer);

/* The list must not be empty. */
dt_transfer *dt_transfer_take_first(dt_transfer **slots, dt_transfer_list *list);

void dt_transfer_unlink(dt_transfer **slots, dt_transfer_list *list, const dt_transfer *transfer);

/* A transfer ready for use; NULL when out of memory or DT_MAX_IN_FLIGHT are in use. */
dt_transfer *dt_transfer_pool_take(dt_transfer_pool *pool, const dt_transfer_setup *setup);

/* Makes an idle one of it. */
void dt_transfer_pool_put_back(dt_transfer_pool *pool, dt_transfer *transfer);

/* After a burst, with all of them idle: frees those above the number kept, links the others anew.
 */
void dt_transfer_pool_trim(dt_transfer_pool *pool);

#endif
