/*
 * HTTP transfers over libcurl: one engine has one connection cache, a pool of
 * prepared handles and one pollable descriptor. It never blocks unless told how
 * long it may, never retries and never judges an answer.
 *
 * An engine belongs to the thread that steps it and to the process that made
 * it: after a fork the child must call dt_engine_abandon instead of
 * dt_engine_free. Nothing here keeps global state but libcurl's own, made once.
 */
#ifndef DT_ENGINE_H
#define DT_ENGINE_H

#include "dt_failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dt_engine dt_engine;

typedef struct dt_engine_config {
  const char *ca_file;     /* PEM bundle to trust instead of the system's authorities, or NULL */
  const char *ca_path;     /* the same as a directory of hashed certificates, or NULL */
  const char *client_cert; /* PEM file with the certificate to show to the server, or NULL */
  const char *client_key;  /* PEM file with its key; NULL: client_cert holds it */
  const char *proxy;       /* NULL: as the environment says; "": none */
  const char *interface;   /* address, host or interface to connect from, as CURLOPT_INTERFACE; or
                              NULL */
  int ip_version;          /* 4, 6, or 0 for both */
  const char *user_agent;  /* the whole header value */
  long connect_timeout_ms; /* DNS, connect and TLS together */
  long max_connections;    /* open at a time to one host */
  bool allow_http;         /* http:// as well as https:// */
} dt_engine_config;

typedef enum dt_method { DT_GET, DT_POST, DT_PUT, DT_DELETE } dt_method;

typedef struct dt_request {
  dt_method method;
  const char *url;
  const char *token; /* access token; NULL: none */
  size_t token_length;
  const char *client_token; /* NULL: no header */
  size_t client_token_length;
  const char *body; /* not copied: must stay until the transfer is released; NULL: none */
  size_t body_length;
  const char *const *headers; /* more lines, each "Name: value" and checked by the caller; copied */
  size_t header_count;
  bool token_in_url; /* no header for it: it only tells customers apart */
  bool wants_timing; /* fill the answer's timing */
  long timeout_ms;   /* all of the transfer, at least 1 */
} dt_request;

/* Microseconds since the transfer was given to libcurl; 0 where a step did not take place. */
typedef struct dt_timing {
  bool reused;        /* the connection had carried a request before */
  int64_t resolved;   /* the name was looked up */
  int64_t connected;  /* TCP stood */
  int64_t secured;    /* TLS stood */
  int64_t first_byte; /* of the answer */
} dt_timing;

typedef struct dt_answer {
  dt_failure failure; /* DT_ANSWERED when an answer was read to its end */
  const char
      *message;     /* libcurl's text and code for a failure, without a proxy's password; or "" */
  bool sent;        /* whether any byte of the request may have gone out */
  long status;      /* HTTP status; 0 when none was read */
  dt_timing timing; /* all 0 unless asked for */
  const char *headers; /* the last header block, not NUL-terminated */
  size_t headers_length;
  const char *body;
  size_t body_length;
} dt_answer;

/* Names one transfer of one engine; never 0, and not used again soon after its release. */
typedef uint32_t dt_transfer_id;

typedef enum dt_engine_fault {
  DT_ENGINE_OK,
  DT_ENGINE_NO_MEMORY,
  DT_ENGINE_NO_DESCRIPTOR,
  DT_ENGINE_NO_POLLER, /* the system has no epoll or no timerfd for it: see errno */
  DT_ENGINE_BUSY,      /* DT_MAX_IN_FLIGHT transfers are running */
  DT_ENGINE_REFUSED,   /* libcurl does not take an option: see dt_engine_refused */
  DT_ENGINE_BROKEN     /* the process closed its descriptors */
} dt_engine_fault;

/*
 * Makes an engine; does no I/O but looking for the system's certificates. The
 * strings of `config` are copied. NULL with the fault in `fault`.
 */
dt_engine *dt_engine_new(const dt_engine_config *config, dt_engine_fault *fault);

/* Ends every transfer, closes the connections and frees the engine; NULL is fine. */
void dt_engine_free(dt_engine *engine);

/*
 * In the child of a fork: closes the child's copies of the descriptors, as far
 * as they still are the engine's, and leaves the rest alone, since a clean end
 * would end the parent's TLS sessions.
 */
void dt_engine_abandon(dt_engine *engine);

/*
 * Whether the process closed the engine's descriptors behind its back. All
 * transfers have then ended with DT_DESCRIPTORS_CLOSED, and it starts no other:
 * it is to be freed.
 */
bool dt_engine_is_broken(const dt_engine *engine);

/* The option that this libcurl does not take and nothing can be done without; NULL: none so far. */
const char *dt_engine_refused(const dt_engine *engine);

/* The slot (from 1) that the next transfer started will have: callers keep its body by this. */
uint32_t dt_engine_next_slot(const dt_engine *engine);

/*
 * Starts a transfer and sends what can be sent at once, unless the host rests; where its origin
 * takes no more at a time it waits for its turn (see dt_queue.h), no longer than its time. 0 with
 * the fault in `fault`.
 */
dt_transfer_id dt_engine_start(dt_engine *engine, const dt_request *request,
                               dt_engine_fault *fault);

/*
 * Moves the transfers on. Returns once one has ended, the alarm is due, a
 * signal came, or `wait_us` microseconds passed (0: at once, negative: no
 * limit). Where the system refuses to wait, the engine is broken. After it,
 * fetch all that has ended: the descriptor does not tell of it.
 */
void dt_engine_step(dt_engine *engine, int64_t wait_us);

/* The next transfer that has ended, in the order of ending; 0 when there is none. */
dt_transfer_id dt_engine_next_finished(dt_engine *engine);

/* The position of `id` among the engine's transfers (from 1), or 0 when it is not one of them. */
uint32_t dt_engine_slot(const dt_engine *engine, dt_transfer_id id);

/* The next slot in use after `slot` (0: the first); 0 when there is no more. */
uint32_t dt_engine_next_used(const dt_engine *engine, uint32_t slot);

/* The id of the transfer in a slot in use. */
dt_transfer_id dt_engine_id(const dt_engine *engine, uint32_t slot);

/* The answer of an ended transfer; valid until its release. False for an unknown id. */
bool dt_engine_answer(dt_engine *engine, dt_transfer_id id, dt_answer *answer);

/* Gives the transfer back, ending it if it runs; whether any byte of it may have gone out. */
bool dt_engine_release(dt_engine *engine, dt_transfer_id id);

/* The descriptor to wait on (readable when a step is due), or -1 where the platform has none. */
int dt_engine_fd(dt_engine *engine);

/* Microseconds until a step is due whatever the descriptor says; negative when none is. */
int64_t dt_engine_timeout_us(dt_engine *engine);

/* Makes a step due at `when` (dt_clock_us time), for the caller's own waits; INT64_MAX: none. */
void dt_engine_set_alarm(dt_engine *engine, int64_t when);

/*
 * Whether the next step comes within a moment, whatever the descriptor says. Meanwhile a start
 * sends nothing: the step sends all that was started, together.
 */
void dt_engine_rest(dt_engine *engine, bool rests);

/* How many transfers run or wait to be fetched. */
uint32_t dt_engine_in_flight(const dt_engine *engine);

#endif
