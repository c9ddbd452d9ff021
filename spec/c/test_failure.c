/* How a transfer ended, in our words: what libcurl's versions say of one event comes out the same.
 */
#include "check.h"

#include "dt_failure.h"

#include <curl/curl.h>
#include <string.h>

enum { TOO_LARGE = 100 };

#define BEFORE .began = false
#define AFTER .began = true
#define ANSWER(s) .began = true, .headers_complete = true, .status = (s)

typedef struct row {
  dt_facts facts;
  dt_failure expected;
} row;

static void one_event_under_many_codes(void) {
  static const int closed[] = {
      CURLE_HTTP2,      CURLE_PARTIAL_FILE,      CURLE_GOT_NOTHING,     CURLE_SEND_ERROR,
      CURLE_RECV_ERROR, CURLE_SSL_CONNECT_ERROR, CURLE_COULDNT_CONNECT, CURLE_ABORTED_BY_CALLBACK};
  static const row rows[] = {
      {{AFTER}, DT_CONNECTION_LOST},
      {{AFTER, .status = 200}, DT_CONNECTION_LOST}, /* within the headers */
      {{AFTER, .status = 103, .headers_complete = true}, DT_CONNECTION_LOST},
      {{ANSWER(200)}, DT_TRUNCATED_BODY},
      {{ANSWER(200), .body_length = 2}, DT_TRUNCATED_BODY},
      {{ANSWER(404), .body_length = 2}, DT_TRUNCATED_BODY},
      {{ANSWER(200), .ends_with_connection = true}, DT_TRUNCATED_BODY},
      {{ANSWER(200), .ends_with_connection = true, .ended_in_order = true}, DT_ANSWERED},
      {{ANSWER(200), .ends_with_connection = true, .body_length = 2}, DT_ANSWERED},
      {{ANSWER(404), .ends_with_connection = true}, DT_ANSWERED},
      {{ANSWER(503), .ends_with_connection = true, .body_length = 2}, DT_ANSWERED},
  };
  for (size_t i = 0; i < LENGTH(rows); i++)
    for (size_t j = 0; j < LENGTH(closed); j++) {
      dt_facts facts = rows[i].facts;
      facts.curl_code = closed[j];
      CHECK_ROW(i * 100 + j, dt_failure_of(&facts) == rows[i].expected);
    }
}

static void each_code(void) {
  static const row rows[] = {
      {{.curl_code = CURLE_OK, ANSWER(200)}, DT_ANSWERED},
      {{.curl_code = CURLE_OK, ANSWER(204)}, DT_ANSWERED},
      {{.curl_code = CURLE_OK, AFTER, .status = 200}, DT_CONNECTION_LOST}, /* within the headers */
      {{.curl_code = CURLE_OK, AFTER, .status = 101, .headers_complete = true}, DT_ANSWERED},
      {{.curl_code = CURLE_OK, ANSWER(200), .ends_with_connection = true}, DT_TRUNCATED_BODY},
      {{.curl_code = CURLE_OK, ANSWER(200), .is_compressed = true, .body_length = 9},
       DT_COMPRESSED_BODY},
      {{.curl_code = CURLE_OK, ANSWER(200), .is_compressed = true}, DT_ANSWERED},
      {{.curl_code = CURLE_OPERATION_TIMEDOUT, BEFORE}, DT_CONNECT_TIMEOUT},
      {{.curl_code = CURLE_OPERATION_TIMEDOUT, AFTER}, DT_TIMEOUT},
      {{.curl_code = CURLE_OPERATION_TIMEDOUT, ANSWER(200)}, DT_TIMEOUT},
      {{.curl_code = CURLE_COULDNT_CONNECT, BEFORE}, DT_CONNECT_FAILED},
      {{.curl_code = CURLE_COULDNT_CONNECT, BEFORE, .lacks_files = true}, DT_TOO_MANY_FILES},
      {{.curl_code = CURLE_PEER_FAILED_VERIFICATION, BEFORE, .lacks_files = true},
       DT_TOO_MANY_FILES},
      {{.curl_code = CURLE_OPERATION_TIMEDOUT, BEFORE, .lacks_files = true}, DT_CONNECT_TIMEOUT},
      {{.curl_code = CURLE_RECV_ERROR, BEFORE}, DT_CONNECT_FAILED},
      {{.curl_code = CURLE_RECV_ERROR, BEFORE, .has_proxy = true}, DT_PROXY_FAILED},
      {{.curl_code = CURLE_COULDNT_CONNECT, BEFORE, .proxy_status = 407}, DT_PROXY_FAILED},
      {{.curl_code = CURLE_RECV_ERROR, BEFORE, .proxy_status = 502}, DT_PROXY_FAILED},
      {{.curl_code = CURLE_PROXY, BEFORE}, DT_PROXY_FAILED},
      {{.curl_code = CURLE_SSL_CONNECT_ERROR, BEFORE}, DT_TLS_FAILED},
      {{.curl_code = CURLE_SSL_CACERT_BADFILE, BEFORE}, DT_CA_UNREADABLE},
      {{.curl_code = CURLE_SSL_CERTPROBLEM, BEFORE}, DT_CLIENT_CERT_UNUSABLE},
      {{.curl_code = CURLE_BAD_FUNCTION_ARGUMENT, BEFORE, .has_client_cert = true},
       DT_CLIENT_CERT_UNUSABLE},
      {{.curl_code = CURLE_BAD_FUNCTION_ARGUMENT, BEFORE}, DT_TRANSFER_FAILED},
      {{.curl_code = CURLE_SSL_CLIENTCERT, BEFORE}, DT_CLIENT_CERT_REFUSED},
      {{.curl_code = CURLE_SSL_CLIENTCERT, AFTER}, DT_CLIENT_CERT_REFUSED},
      {{.curl_code = CURLE_SSL_CONNECT_ERROR, BEFORE, .client_refused = true},
       DT_CLIENT_CERT_REFUSED},
      {{.curl_code = CURLE_RECV_ERROR, AFTER, .client_refused = true}, DT_CLIENT_CERT_REFUSED},
      {{.curl_code = CURLE_RECV_ERROR, ANSWER(200), .client_refused = true}, DT_TRUNCATED_BODY},
      {{.curl_code = CURLE_INTERFACE_FAILED, BEFORE}, DT_INTERFACE_FAILED},
      {{.curl_code = CURLE_OUT_OF_MEMORY, BEFORE}, DT_OUT_OF_MEMORY},
      {{.curl_code = CURLE_OUT_OF_MEMORY, AFTER}, DT_HEADERS_TOO_LARGE},
      {{.curl_code = TOO_LARGE, AFTER}, DT_HEADERS_TOO_LARGE},
      {{.curl_code = CURLE_WRITE_ERROR, AFTER, .overflow = DT_OVERFLOW_BODY}, DT_BODY_TOO_LARGE},
      {{.curl_code = CURLE_HTTP2_STREAM, AFTER, .overflow = DT_OVERFLOW_HEADERS},
       DT_HEADERS_TOO_LARGE},
      {{.curl_code = CURLE_HTTP2_STREAM, AFTER}, DT_HTTP2_STREAM_FAILED},
      {{.curl_code = CURLE_HTTP2_STREAM, BEFORE}, DT_CONNECT_FAILED},
      {{.curl_code = CURLE_UNKNOWN_OPTION, BEFORE}, DT_REFUSED_BY_LIBCURL},
      {{.curl_code = CURLE_LOGIN_DENIED, BEFORE}, DT_BAD_URL},
      {{.curl_code = 999, AFTER}, DT_TRANSFER_FAILED},
  };
  for (size_t i = 0; i < LENGTH(rows); i++)
    CHECK_ROW(i, dt_failure_of(&rows[i].facts) == rows[i].expected);
}

static void each_has_a_code_of_its_own(void) {
  CHECK(!dt_failure_code(DT_ANSWERED));
  for (int i = 1; i < DT_FAILURES; i++) {
    CHECK_ROW(i, dt_failure_code((dt_failure)i));
    for (int j = 1; j < i; j++)
      CHECK_ROW(i, strcmp(dt_failure_code((dt_failure)i), dt_failure_code((dt_failure)j)) != 0);
  }
}

static void a_lost_connection_is_told_from_a_lost_request(void) {
  CHECK(dt_failure_is_loss(CURLE_RECV_ERROR) && dt_failure_is_loss(CURLE_HTTP2));
  CHECK(!dt_failure_is_loss(CURLE_HTTP2_STREAM) && !dt_failure_is_loss(CURLE_OK) &&
        !dt_failure_is_loss(CURLE_OPERATION_TIMEDOUT) &&
        !dt_failure_is_loss(CURLE_ABORTED_BY_CALLBACK));
}

int main(void) {
  one_event_under_many_codes();
  each_code();
  each_has_a_code_of_its_own();
  a_lost_connection_is_told_from_a_lost_request();
  return 0;
}
