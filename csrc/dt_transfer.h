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
  DT_TRANSFER_RUNNING,
  DT_TRANSFER_ENDED,  /* in the engine's list of the ended */
  DT_TRANSFER_FETCHED /* taken from it, its answer not yet given back */
} dt_transfer_state;

/* The request's header lines; the list libcurl sees is linked through them anew for each request. */
enum {
  DT_LINE_ACCEPT,
  DT_LINE_TOKEN,
  DT_LINE_CLIENT_TOKEN,
  DT_LINE_CONTENT_TYPE,
  DT_LINE_EXPECT,
  DT_LINES
};

typedef struct dt_transfer {
  CURL *easy;
  dt_transfer_id id;
  dt_transfer_state state;
  CURLcode code;
  bool began;             /* the connection stood and the request was about to be written */
  bool resent;            /* libcurl wrote it again because a kept connection had died */
  dt_overflow overflow;   /* the limit of ours that ended the transfer */
  long size_before;       /* bytes libcurl had written before that: a proxy's CONNECT */
  bool has_method;        /* whether the handle is set to the two that follow */
  bool has_body;
  dt_method method;
  uint32_t next;          /* slot of the next in the idle or ended list; 0 ends it */
  dt_buf token_line;
  dt_buf client_token_line;
  dt_buf headers;
  dt_buf body;
  struct curl_slist lines[DT_LINES];
  char message[CURL_ERROR_SIZE];
} dt_transfer;

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
  void *socket_user;
} dt_transfer_setup;

/* A transfer with its handle prepared; NULL when out of memory or libcurl refuses an option. */
dt_transfer *dt_transfer_new(const dt_transfer_setup *setup);

/* Frees an idle transfer; NULL is fine. */
void dt_transfer_free(dt_transfer *transfer);

/* Sets what differs by request. False when out of memory or libcurl refuses. */
bool dt_transfer_prepare(dt_transfer *transfer, const dt_request *request);

/* Makes it idle: drops the request and the answer, keeps small buffers. */
void dt_transfer_reset(dt_transfer *transfer);

/* Whether any byte of the request may have gone out. */
bool dt_transfer_sent(const dt_transfer *transfer);

#endif
