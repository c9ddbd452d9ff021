-- Connections that die or crawl around one HTTP/1.1 request.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local GONE = fails("network", "connection_lost", "unknown", true, 3)
local LATE = fails("timeout", "timeout", "unknown", true, 1)
local OK_TEXT = a.text(200, "")

return {
  { name = "reset_before_the_request_is_read", requests = { { "reset" } },
    expect = GONE, seen = 0, connections = 3 },
  { name = "reset_within_the_request", people = 500, requests = { { { "part", 1000 }, "reset" } },
    expect = GONE, seen = 0, connections = 3 },
  { name = "reset_after_the_request", requests = { { "read", "reset" } },
    expect = GONE, seen = 3, connections = 3 },
  { name = "reset_after_the_request_once", requests = { { "read", "reset" }, a.OK }, expect = added(2), seen = 2 },
  { name = "reset_after_the_request_twice", requests = { { "read", "reset" }, { "read", "reset" }, a.OK },
    expect = added(3), seen = 3 },
  { name = "reset_after_the_request_http", listen = "plain", requests = { { "read", "reset" } },
    expect = GONE, seen = 3, connections = 3 },
  { name = "reset_within_the_headers", requests = { { "read", a.send(OK_TEXT:sub(1, 40)), { "wait", 0.02 }, "reset" } },
    expect = GONE, seen = 3 },
  { name = "reset_within_the_body",
    requests = { { "read", a.send(a.head(200) .. 'Content-Length: 100\r\n\r\n{"a":'), { "wait", 0.02 }, "reset" } },
    expect = fails("protocol", "truncated_body", "unknown", true, 3), seen = 3 },
  { name = "closed_after_the_request", requests = { { "read", "finish" } }, expect = GONE, seen = 3 },
  { name = "closed_after_the_request_http", listen = "plain", requests = { { "read", "finish" } }, expect = GONE, seen = 3 },
  { name = "closed_after_the_request_once", requests = { { "read", "finish" }, a.OK }, expect = added(2), seen = 2 },
  { name = "one_attempt_only", requests = { { "read", "finish" }, a.OK }, opts = { max_attempts = 1 },
    expect = fails("network", "connection_lost", "unknown", true, 1), seen = 1 },

  -- libcurl itself sends again when a kept connection turns out dead: one attempt of ours, one request more at the server.
  { name = "kept_connection_closed_on_second_request", calls = 2, requests = { a.OK, { "read", "finish" }, a.OK },
    expect = added(2), seen = 3 },
  { name = "kept_connection_reset_on_second_request", calls = 2, requests = { a.OK, { "read", "reset" }, a.OK },
    expect = added(2), seen = 3 },
  { name = "kept_connection_closed_while_idle", calls = 2, requests = { { "read", a.send(OK_TEXT), "finish" }, a.OK },
    expect = added(1), seen = 2, connections = 2, pause = 0.05 },
  { name = "kept_connection_hangs_on_second_request", calls = 2, requests = { a.OK, { "read", "hang" } }, opts = { timeout = a.SHORT },
    expect = LATE, seen = 2, connections = 1 },
  { name = "kept_connection_gone_dead", calls = 2, requests = { a.OK, { "read", "hang" }, a.OK }, config = { attempt_timeout = 0.3 },
    expect = added(2), seen = 3, connections = 2, at_least = 0.3 },
  -- A server's word that it did not look at the request, as when it had just given the connection up.
  { name = "kept_connection_408", calls = 2, requests = { a.OK, a.answer(408, "", { "Connection: close" }), a.OK },
    expect = added(2), seen = 3 },
  { name = "kept_connection_421", calls = 2, requests = { a.OK, a.answer(421, ""), a.OK }, expect = added(2), seen = 3 },
  { name = "kept_connection_425", calls = 2, requests = { a.OK, a.html(425), a.OK }, expect = added(2), seen = 3 },
  { name = "connection_close_honoured", calls = 2, requests = { { "read", a.send(a.text(200, "", { "Connection: close" })), "finish" } },
    expect = added(1), seen = 2, connections = 2 },

  { name = "no_answer", requests = { { "read", "hang" } }, opts = { timeout = a.SHORT }, expect = LATE, seen = 1 },
  -- How far it gets in so short a time is not said.
  { name = "no_answer_tiny_deadline", requests = { { "read", "hang" } }, opts = { timeout = 0.02 },
    expect = fails("timeout", nil, nil, true) },
  { name = "no_answer_while_reading_slowly", listen = "plain", people = 500, requests = { { "head", "stall" } }, opts = { timeout = a.SHORT },
    expect = LATE, seen = 0 },
  { name = "hang_after_a_503", requests = { a.answer(503), { "read", "hang" } }, opts = { timeout = a.SHORT },
    expect = fails("timeout", "timeout", "unknown", true, 2), seen = 2 },
  { name = "answer_one_byte_at_a_time", requests = { { "read", a.send(a.text(200, '{"a":1}'), 0.001) } },
    expect = added(1), seen = 1 },
  { name = "headers_too_slow", requests = { { "read", a.send(OK_TEXT, 0.2) } }, opts = { timeout = a.SHORT },
    expect = LATE, seen = 1 },
  { name = "body_too_slow", requests = { { "read", a.send(a.head(200) .. "Content-Length: 200\r\n\r\n"), a.send((" "):rep(200), 0.2) } },
    opts = { timeout = a.SHORT }, expect = LATE, seen = 1 },
  { name = "answered_before_the_body_was_read", people = 500,
    requests = { { "head", a.send(a.text(403, '{"code":"Forbidden.AccessDenied.IpNotInWhiteList","message":"no"}',
      { "Connection: close" })), "finish" } },
    expect = fails("permission", "Forbidden.AccessDenied.IpNotInWhiteList", "rejected", false, 1), seen = 0 },
}
