#include "dt_failure.h"

#include <curl/curl.h>

const char *dt_failure_code(dt_failure failure) {
  static const char *const codes[DT_FAILURES] = {
      [DT_ANSWERED] = NULL,
      [DT_OUT_OF_MEMORY] = "out_of_memory",
      [DT_TOO_MANY_FILES] = "too_many_files",
      [DT_DESCRIPTORS_CLOSED] = "descriptors_closed",
      [DT_REFUSED_BY_LIBCURL] = "refused_by_libcurl",
      [DT_BAD_URL] = "bad_url",
      [DT_RESOLVE_PROXY_FAILED] = "resolve_proxy_failed",
      [DT_RESOLVE_FAILED] = "resolve_failed",
      [DT_CONNECT_FAILED] = "connect_failed",
      [DT_CONNECT_TIMEOUT] = "connect_timeout",
      [DT_INTERFACE_FAILED] = "interface_failed",
      [DT_PROXY_FAILED] = "proxy_failed",
      [DT_TLS_FAILED] = "tls_failed",
      [DT_CERTIFICATE_INVALID] = "certificate_invalid",
      [DT_CA_UNREADABLE] = "ca_unreadable",
      [DT_CLIENT_CERT_UNUSABLE] = "client_cert_unusable",
      [DT_CLIENT_CERT_REFUSED] = "client_cert_refused",
      [DT_TIMEOUT] = "timeout",
      [DT_CONNECTION_LOST] = "connection_lost",
      [DT_HTTP2_STREAM_FAILED] = "http2_stream_failed",
      [DT_TRUNCATED_BODY] = "truncated_body",
      [DT_BAD_HTTP] = "bad_http",
      [DT_COMPRESSED_BODY] = "compressed_body",
      [DT_HEADERS_TOO_LARGE] = "headers_too_large",
      [DT_BODY_TOO_LARGE] = "body_too_large",
      [DT_TRANSFER_FAILED] = "transfer_failed",
  };
  return codes[failure];
}

/* An answer to the request rather than to the wish to connect: 100, 103 and the like are none. */
static bool has_answer(const dt_facts *facts) {
  return facts->headers_complete && facts->status >= 200;
}

/* A body that ends with the connection may have been cut off. What a JSON object says is whole or
   not to be understood; but an empty 200 means that the work was done, and may be the beginning of
   another answer. */
static dt_failure of_end_with_connection(const dt_facts *facts) {
  bool is_known = facts->status != 200 || facts->body_length || facts->ended_in_order;
  return is_known ? DT_ANSWERED : DT_TRUNCATED_BODY;
}

static dt_failure of_answer(const dt_facts *facts) {
  if (facts->is_compressed && facts->body_length)
    return DT_COMPRESSED_BODY;
  return facts->ends_with_connection ? of_end_with_connection(facts) : DT_ANSWERED;
}

/* The connection broke, which libcurl reports by many codes: over TLS without close_notify 18 or 52
   up to 8.13 and 56 from 8.14 on, over HTTP/2 18, 52, 16, 55 or 56. */
static dt_failure of_loss(const dt_facts *facts) {
  if (!facts->began)
    return facts->has_proxy ? DT_PROXY_FAILED : DT_CONNECT_FAILED;
  if (!has_answer(facts))
    return DT_CONNECTION_LOST;
  return facts->ends_with_connection ? of_answer(facts) : DT_TRUNCATED_BODY;
}

/* A code of ours: of_loss says which. */
#define LOST DT_FAILURES

enum { TOO_LARGE = 100 /* CURLE_TOO_LARGE of 8.6 */ };

/* What a code means before the request began and after; `takes_files`: before that, a want of
   descriptors has this face, too. */
typedef struct rule {
  int curl_code;
  dt_failure before;
  dt_failure after;
  bool takes_files;
} rule;

static const rule rules[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, DT_BAD_HTTP, DT_BAD_HTTP, false},
    {CURLE_WEIRD_SERVER_REPLY, DT_BAD_HTTP, DT_BAD_HTTP, false},
    {CURLE_URL_MALFORMAT, DT_BAD_URL, DT_BAD_URL, false},
    {CURLE_LOGIN_DENIED, DT_BAD_URL, DT_BAD_URL, false}, /* it names a user */
    {CURLE_NOT_BUILT_IN, DT_REFUSED_BY_LIBCURL, DT_REFUSED_BY_LIBCURL, false},
    {CURLE_UNKNOWN_OPTION, DT_REFUSED_BY_LIBCURL, DT_REFUSED_BY_LIBCURL, false},
    {CURLE_COULDNT_RESOLVE_PROXY, DT_RESOLVE_PROXY_FAILED, LOST, true},
    {CURLE_COULDNT_RESOLVE_HOST, DT_RESOLVE_FAILED, LOST, true},
    {CURLE_COULDNT_CONNECT, DT_CONNECT_FAILED, LOST, true},
    {CURLE_INTERFACE_FAILED, DT_INTERFACE_FAILED, LOST, false},
    {CURLE_PROXY, DT_PROXY_FAILED, LOST, false},
    {CURLE_OPERATION_TIMEDOUT, DT_CONNECT_TIMEOUT, DT_TIMEOUT, false},
    {CURLE_SSL_CONNECT_ERROR, DT_TLS_FAILED, LOST, true},
    {CURLE_SSL_CIPHER, DT_TLS_FAILED, DT_TLS_FAILED, false},
    {CURLE_SSL_ENGINE_INITFAILED, DT_TLS_FAILED, DT_TLS_FAILED, true},
    {CURLE_PEER_FAILED_VERIFICATION, DT_CERTIFICATE_INVALID, DT_CERTIFICATE_INVALID, true},
    {CURLE_SSL_ISSUER_ERROR, DT_CERTIFICATE_INVALID, DT_CERTIFICATE_INVALID, false},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, DT_CERTIFICATE_INVALID, DT_CERTIFICATE_INVALID, false},
    {CURLE_SSL_INVALIDCERTSTATUS, DT_CERTIFICATE_INVALID, DT_CERTIFICATE_INVALID, false},
    {CURLE_SSL_CACERT_BADFILE, DT_CA_UNREADABLE, DT_CA_UNREADABLE, true},
    {CURLE_SSL_CRL_BADFILE, DT_CA_UNREADABLE, DT_CA_UNREADABLE, true},
    {CURLE_SSL_CERTPROBLEM, DT_CLIENT_CERT_UNUSABLE, DT_CLIENT_CERT_UNUSABLE, true},
    {CURLE_SSL_CLIENTCERT, DT_CLIENT_CERT_REFUSED, DT_CLIENT_CERT_REFUSED, false},
    {CURLE_BAD_CONTENT_ENCODING, DT_COMPRESSED_BODY, DT_COMPRESSED_BODY, false},
    /* 7.88 says so of a header line above 100 KB. */
    {CURLE_OUT_OF_MEMORY, DT_OUT_OF_MEMORY, DT_HEADERS_TOO_LARGE, true},
    {TOO_LARGE, DT_HEADERS_TOO_LARGE, DT_HEADERS_TOO_LARGE, false},
    {CURLE_HTTP2_STREAM, LOST, DT_HTTP2_STREAM_FAILED, false},
    {CURLE_HTTP2, LOST, LOST, false},
    {CURLE_PARTIAL_FILE, LOST, LOST, false},
    {CURLE_GOT_NOTHING, LOST, LOST, false},
    {CURLE_SEND_ERROR, LOST, LOST, false},
    {CURLE_RECV_ERROR, LOST, LOST, false},
    {CURLE_SSL_SHUTDOWN_FAILED, LOST, LOST, false},
    /* We kept libcurl from sending the request a second time. */
    {CURLE_ABORTED_BY_CALLBACK, LOST, LOST, false},
};

static const rule *rule_of(int curl_code) {
  static const rule other = {CURLE_OK, DT_TRANSFER_FAILED, DT_TRANSFER_FAILED, false};
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i].curl_code == curl_code)
      return &rules[i];
  return &other;
}

/* With TLS 1.3 the server refuses a certificate after the handshake, when the request may have been
   sent. */
static bool refuses_client(const dt_facts *facts, dt_failure failure) {
  return facts->client_refused && !has_answer(facts) &&
         (failure == LOST || failure == DT_TLS_FAILED);
}

/* 8.23 says so of a key, where earlier ones say CURLE_SSL_CERTPROBLEM. */
static bool has_bad_key(const dt_facts *facts) {
  return !facts->began && facts->has_client_cert && facts->curl_code == CURLE_BAD_FUNCTION_ARGUMENT;
}

bool dt_failure_is_loss(int curl_code) {
  return curl_code != CURLE_ABORTED_BY_CALLBACK && rule_of(curl_code)->after == LOST;
}

/* libcurl reports headers that the end of the connection cut off as an answer. */
dt_failure dt_failure_of(const dt_facts *facts) {
  if (facts->overflow != DT_OVERFLOW_NONE)
    return facts->overflow == DT_OVERFLOW_BODY ? DT_BODY_TOO_LARGE : DT_HEADERS_TOO_LARGE;
  if (facts->curl_code == CURLE_OK)
    return facts->headers_complete ? of_answer(facts) : of_loss(facts);
  if (!facts->began && facts->proxy_status >= 300)
    return DT_PROXY_FAILED;
  if (has_bad_key(facts))
    return DT_CLIENT_CERT_UNUSABLE;
  const rule *found = rule_of(facts->curl_code);
  if (!facts->began && facts->lacks_files && found->takes_files)
    return DT_TOO_MANY_FILES;
  dt_failure failure = facts->began ? found->after : found->before;
  if (refuses_client(facts, failure))
    return DT_CLIENT_CERT_REFUSED;
  return failure == LOST ? of_loss(facts) : failure;
}
