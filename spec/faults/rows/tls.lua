-- TLS: certificates, versions, and handshakes that do not end well.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local OK = { a.OK }
local NOT_TRUSTED = fails("tls", "certificate_invalid", "not_sent", false, 1)
local NO_HANDSHAKE = fails("tls", "tls_failed", "not_sent", true, 3)

-- After a handshake of TLS 1.3 the request is on its way when the server says so.
local NO_CLIENT = fails("tls", "client_cert_refused", "unknown", false, 1)
local NGINX_PAGE = "<html>\r\n<head><title>400 %s</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n"
  .. "<center>%s</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

local function nginx_page(words) return { a.answer(400, NGINX_PAGE:format(words, words), { "Content-Type: text/html" }) } end

local PLAIN_ANSWER = a.send(a.text(400, "The plain HTTP request was sent to HTTPS port"))

return {
  { name = "certificate_expired", listen = "expired", requests = OK, expect = NOT_TRUSTED, seen = 0, connections = 1 },
  { name = "certificate_not_yet_valid", listen = "not_yet", requests = OK, expect = NOT_TRUSTED, seen = 0, connections = 1 },
  { name = "certificate_of_another_host", listen = "wrong_host", requests = OK, expect = NOT_TRUSTED, seen = 0, connections = 1 },
  { name = "certificate_self_signed", listen = "self_signed", requests = OK, expect = NOT_TRUSTED, seen = 0, connections = 1 },
  { name = "certificate_of_unknown_authority", listen = "unknown_ca", requests = OK, expect = NOT_TRUSTED, seen = 0, connections = 1 },
  { name = "tls_1_1_only", listen = "old_tls", requests = OK, expect = NO_HANDSHAKE, seen = 0, connections = 3 },
  { name = "tls_1_2_only", listen = "tls_1_2", requests = OK, expect = added(1), seen = 1, connections = 1 },
  { name = "plain_http_on_tls_port", listen = "plain", scheme = "https", accept = { { "fill", PLAIN_ANSWER, "finish" } },
    expect = NO_HANDSHAKE, seen = 0, connections = 3 },
  { name = "handshake_silent", accept = { { "hang" } }, opts = { timeout = a.SHORT },
    expect = fails("timeout", "connect_timeout", "not_sent", true, 1), seen = 0, connections = 1 },
  { name = "handshake_silent_once", accept = { { "hang" }, {} }, requests = OK, config = { connect_timeout = a.SHORT }, opts = { timeout = 30 },
    expect = added(2), seen = 1, connections = 2, at_least = a.SHORT },
  { name = "handshake_closed", accept = { { "fill", "close" } }, expect = NO_HANDSHAKE, seen = 0, connections = 3 },
  { name = "handshake_reset", accept = { { "fill", "reset" } }, expect = NO_HANDSHAKE, seen = 0, connections = 3 },
  { name = "handshake_reset_twice", accept = { { "fill", "reset" }, { "fill", "reset" }, {} }, requests = OK,
    expect = added(3), seen = 1, connections = 3 },
  { name = "handshake_garbage", accept = { { "fill", a.send("\22\3\3\255\255" .. ("x"):rep(64)), "finish" } },
    expect = NO_HANDSHAKE, seen = 0, connections = 3 },
  { name = "client_certificate", listen = "client", shows = "client", requests = OK, expect = added(1), seen = 1, connections = 1 },
  { name = "client_certificate_1_2", listen = "client_1_2", shows = "client", requests = OK, expect = added(1), seen = 1, connections = 1 },
  { name = "client_certificate_nobody_asks_for", shows = "stranger", requests = OK, expect = added(1), seen = 1, connections = 1 },
  { name = "client_certificate_unreadable", shows = "gone", requests = OK,
    expect = fails("tls", "client_cert_unusable", "not_sent", false, 1), seen = 0 },
  { name = "client_certificate_missing", listen = "client", requests = OK, expect = NO_CLIENT, seen = 0, connections = 1 },
  { name = "client_certificate_missing_h2", listen = "client_h2", requests = OK, expect = NO_CLIENT, seen = 0, connections = 1 },
  { name = "client_certificate_missing_1_2", listen = "client_1_2", requests = OK, expect = NO_HANDSHAKE, seen = 0, connections = 3 },
  { name = "client_certificate_of_unknown_authority", listen = "client", shows = "stranger", requests = OK, expect = NO_CLIENT,
    seen = 0, connections = 1 },
  { name = "client_certificate_of_unknown_authority_1_2", listen = "client_1_2", shows = "stranger", requests = OK,
    expect = fails("tls", "client_cert_refused", "not_sent", false, 1), seen = 0, connections = 1 },
  { name = "client_certificate_missing_says_nginx", requests = nginx_page "No required SSL certificate was sent",
    expect = fails("tls", "client_cert_refused", "rejected", false, 1, { status = 400 }), seen = 1, connections = 1 },
  { name = "client_certificate_refused_says_nginx", requests = nginx_page "The SSL certificate error",
    expect = fails("tls", "client_cert_refused", "rejected", false, 1, { status = 400 }), seen = 1, connections = 1 },
  -- Without a length the end of the connection ends the body, and libcurl takes an end without close_notify for one.
  { name = "body_cut_without_close_notify", requests = { { "read", a.send(a.head(200) .. '\r\n{"requestId":'), "finish" } },
    expect = fails("protocol", "not_json", "unknown", false, 1, { status = 200 }), seen = 1 },
}
