/*
 * One request and what was captured of its answer, and the pool and lists of
 * them. Internal to the engine.
 */
#ifndef DT_TRANSFER_H
#define DT_TRANSFER_H

#include "dt_buf.h"
#include "dt_engine.h"

typedef enum dt_transfer_state {
  DT_TRANSFER_IDLE,
  DT_TRANSFER_HELD, /* waits for its turn: not yet given to libcurl */
  DT_TRANSFER_RUNNING,
  DT_TRANSFER_ENDED,  /* in the engine's list of the ended */
  DT_TRANSFER_FETCHED /* taken from it, its answer not yet given back */
} dt_transfer_state;

struct dt_handle;

typedef struct dt_origin dt_origin;

typedef struct dt_transfer {
  struct dt_handle *handle; /* while it runs; NULL otherwise */
  dt_origin *origin;
  dt_transfer_id id;
  dt_transfer_state state;
  uint32_t next; /* slots of its neighbours in the list that it is in; 0 ends it */
  uint32_t previous;
  int64_t deadline; /* dt_clock_us time at which it is to end */
  int64_t time;     /* microseconds it was given */

  dt_method method;
  bool has_token;
  bool token_in_url;
  bool has_client_token;
  const char *request_body; /* the caller's */
  size_t request_length;
  dt_buf url; /* of a transfer that waits, NUL-terminated */
  dt_buf token_line;
  dt_buf client_token_line;
  dt_buf more_lines; /* the request's own headers, each NUL-terminated */
  size_t more_count;
  bool wants_timing;
  int64_t started; /* dt_clock_us time at which libcurl got it, if the timing is wanted */

  dt_failure failure;   /* of an ended one */
  bool began;           /* the connection stood: a byte of the request may have gone out */
  int local_port;       /* of its connection */
  dt_overflow overflow; /* the limit of ours that ended it */
  long status;
  dt_timing timing;
  bool is_http1; /* these of the last header block */
  bool has_length;
  bool has_encoding;
  bool headers_complete;
  bool ended_in_order; /* close_notify came */
  dt_buf headers;
  dt_buf body;
  dt_buf message; /* words on a failure, NUL-terminated; may be empty */
} dt_transfer;

/* Transfers linked by slot; 0 is none. */
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

/* NULL when out of memory. */
dt_transfer *dt_transfer_new(void);

/* Frees a transfer that does not run; NULL is fine. */
void dt_transfer_free(dt_transfer *transfer);

/* Takes the request over, but for the URL. False when out of memory. */
bool dt_transfer_prepare(dt_transfer *transfer, const dt_request *request);

/* Copies the URL, for a transfer that waits. False when out of memory. */
bool dt_transfer_keep_url(dt_transfer *transfer, const char *url);

/* What came of an ended transfer; valid until it is reset. */
void dt_transfer_answer(const dt_transfer *transfer, dt_answer *answer);

/* Makes it idle: drops the request and the answer, keeps small buffers. */
void dt_transfer_reset(dt_transfer *transfer);

/* The slot of a transfer is in its id; `slots` holds it there. */
void dt_transfer_append(dt_transfer **slots, dt_transfer_list *list, dt_transfer *transfer);

/* The list must not be empty. */
dt_transfer *dt_transfer_take_first(dt_transfer **slots, dt_transfer_list *list);

void dt_transfer_unlink(dt_transfer **slots, dt_transfer_list *list, const dt_transfer *transfer);

/* A transfer ready for use; NULL when out of memory or DT_MAX_IN_FLIGHT are in use. */
dt_transfer *dt_transfer_pool_take(dt_transfer_pool *pool);

/* Makes an idle one of it. */
void dt_transfer_pool_put_back(dt_transfer_pool *pool, dt_transfer *transfer);

/* After a burst, with all of them idle: frees those above the number kept, links the others anew.
 */
void dt_transfer_pool_trim(dt_transfer_pool *pool);

#endif
