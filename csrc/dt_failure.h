/*
 * How a transfer ended, in our own words: the same ones for the same event
 * whatever libcurl's version calls it. Libcurl's code is one fact among several;
 * what was seen of the answer decides where versions differ.
 */
#ifndef DT_FAILURE_H
#define DT_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum dt_failure {
  DT_ANSWERED, /* an answer was read to its end */
  DT_OUT_OF_MEMORY,
  DT_TOO_MANY_FILES,
  DT_DESCRIPTORS_CLOSED,
  DT_REFUSED_BY_LIBCURL,
  DT_BAD_URL,
  DT_RESOLVE_PROXY_FAILED,
  DT_RESOLVE_FAILED,
  DT_CONNECT_FAILED,
  DT_CONNECT_TIMEOUT,
  DT_INTERFACE_FAILED,
  DT_PROXY_FAILED,
  DT_TLS_FAILED,
  DT_CERTIFICATE_INVALID,
  DT_CA_UNREADABLE,
  DT_CLIENT_CERT_UNUSABLE,
  DT_CLIENT_CERT_REFUSED,
  DT_TIMEOUT,
  DT_CONNECTION_LOST,
  DT_HTTP2_STREAM_FAILED,
  DT_TRUNCATED_BODY,
  DT_BAD_HTTP,
  DT_COMPRESSED_BODY,
  DT_HEADERS_TOO_LARGE,
  DT_BODY_TOO_LARGE,
  DT_TRANSFER_FAILED,
  DT_FAILURES
} dt_failure;

typedef enum dt_overflow { DT_OVERFLOW_NONE, DT_OVERFLOW_HEADERS, DT_OVERFLOW_BODY } dt_overflow;

/* What is known of a transfer that has ended. */
typedef struct dt_facts {
  int curl_code;
  bool began;                /* the connection stood and the request was about to be written */
  bool has_proxy;            /* a proxy may have been used */
  bool lacks_files;          /* the process has no descriptor left, or next to none */
  long proxy_status;         /* the proxy's answer to CONNECT; 0 when there was none */
  long status;               /* of the answer; 0 when none was read */
  bool headers_complete;     /* of the answer, rather than of an interim one */
  bool ends_with_connection; /* HTTP/1 with a body of unknown length */
  bool ended_in_order;       /* the peer said by TLS that it has sent all */
  bool has_client_cert;      /* the client has a certificate to show */
  bool client_refused;       /* the peer said by TLS that it wants another one, or one at all */
  bool is_compressed;        /* the body is, though the request asked for identity */
  size_t body_length;
  dt_overflow overflow; /* the limit of ours that ended it */
} dt_facts;

dt_failure dt_failure_of(const dt_facts *facts);

/* Whether libcurl says by `curl_code` that the connection failed, rather than one request on it. */
bool dt_failure_is_loss(int curl_code);

/* Its stable code, as lua/dingtalk/codes.lua lists it; NULL for DT_ANSWERED. */
const char *dt_failure_code(dt_failure failure);

#endif
