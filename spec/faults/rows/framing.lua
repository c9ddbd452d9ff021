-- Answers whose HTTP/1.1 framing is odd, wrong, or without end.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local JSON = "Content-Type: application/json;charset=utf-8\r\n"
local CHUNKED = JSON .. "Transfer-Encoding: chunked\r\n\r\n"
local LATE = fails("timeout", "timeout", "unknown", true, 1)
local LOST = fails("network", "connection_lost", "unknown", true, 3)
local LOST_REFUSAL = fails("network", "connection_lost", "rejected", true, 3, { status = 429 })
local TRUNCATED = fails("protocol", "truncated_body", "unknown", true, 3)
local BAD_HTTP = fails("protocol", "bad_http", "unknown", false, 1)
local BODY_TOO_LARGE = fails("protocol", "body_too_large", "unknown", false, 1)
local HEADERS_TOO_LARGE = fails("protocol", "headers_too_large", "unknown", false, 1)
local MEGABYTE = 1024 * 1024

local function raw(bytes, ...) return { "read", a.send(bytes), ... } end
local function ok(rest, ...) return raw(a.head(200) .. rest, ...) end

return {
  { name = "chunked", requests = { ok(CHUNKED .. "2\r\n{}\r\n0\r\n\r\n") }, expect = added(1), seen = 1 },
  { name = "chunked_one_byte_each", requests = { ok(CHUNKED .. ("1\r\n \r\n"):rep(50) .. "2\r\n{}\r\n0\r\n\r\n") },
    expect = added(1), seen = 1 },
  { name = "chunked_with_trailers",
    requests = { ok("Trailer: x-sum\r\n" .. CHUNKED .. "2\r\n{}\r\n0\r\nx-sum: 1\r\nx-acs-request-id: trailer\r\n\r\n") },
    expect = added(1), seen = 1 },
  { name = "chunk_size_garbage", requests = { ok(CHUNKED .. "zz\r\n{}\r\n0\r\n\r\n", "finish") },
    expect = TRUNCATED, seen = 3 },
  { name = "chunk_size_overflow", requests = { ok(CHUNKED .. ("f"):rep(40) .. "\r\n{}\r\n", "finish") },
    expect = TRUNCATED, seen = 3 },
  { name = "chunk_cut_off", requests = { ok(CHUNKED .. "10\r\n{", "finish") }, expect = TRUNCATED, seen = 3 },
  { name = "chunks_without_the_last", requests = { ok(CHUNKED .. "2\r\n{}\r\n", "finish") }, expect = TRUNCATED, seen = 3 },
  { name = "chunks_without_the_last_once", requests = { ok(CHUNKED .. "2\r\n{}\r\n", "finish"), a.OK },
    expect = added(2), seen = 2 },
  { name = "chunks_without_end", requests = { ok(CHUNKED, { "flood", "4000\r\n" .. (" "):rep(16384) .. "\r\n" }) },
    expect = BODY_TOO_LARGE, seen = 1 },

  { name = "length_missing", requests = { ok(JSON .. "\r\n{}", "finish") }, expect = added(1), seen = 1, connections = 1 },
  -- The end of the connection does not say that the answer had ended: what it says is done is not known to be done.
  { name = "empty_200_that_ends_with_the_connection", requests = { ok("\r\n", "finish") }, expect = TRUNCATED, seen = 3 },
  { name = "empty_200_that_ends_with_the_connection_http", listen = "plain", requests = { ok("\r\n", "finish") },
    expect = TRUNCATED, seen = 3 },
  { name = "two_empty_200_that_end_with_the_connection_http", listen = "plain", calls = 2,
    requests = { a.OK, ok("\r\n", "finish") }, expect = TRUNCATED, seen = 4 },
  -- A refusal is one, whether or not all of it came.
  { name = "headers_cut_off", requests = { raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "finish") },
    expect = LOST, seen = 3 },
  { name = "headers_cut_off_http", listen = "plain", requests = { raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "finish") },
    expect = LOST, seen = 3 },
  { name = "refusal_cut_off_in_its_headers", requests = { raw("HTTP/1.1 429 Too Many Requests\r\nRetry-Af", "finish") },
    expect = LOST_REFUSAL, seen = 3 },
  { name = "refusal_cut_off_in_its_headers_http", listen = "plain",
    requests = { raw("HTTP/1.1 429 Too Many Requests\r\nRetry-Af", "finish") }, expect = LOST_REFUSAL, seen = 3 },
  { name = "refusal_cut_off", requests = { raw(a.head(404) .. 'Content-Length: 99\r\n\r\n{"code":"itemNotFound","message":"no"}', "finish") },
    expect = fails("not_found", "itemNotFound", "rejected", false, 1, { status = 404 }), seen = 1 },
  { name = "refusal_cut_off_in_its_middle", requests = { raw(a.head(404) .. 'Content-Length: 99\r\n\r\n{"code":"itemNot', "finish") },
    expect = fails("protocol", "truncated_body", "rejected", true, 3, { status = 404 }), seen = 3 },
  { name = "refusal_that_ends_with_the_connection", requests = { raw(a.head(404) .. '\r\n{"code":"itemNotFound","message":"no"}', "finish") },
    expect = fails("not_found", "itemNotFound", "rejected", false, 1, { status = 404 }), seen = 1 },
  { name = "token_refused_and_cut_off", tokens = true,
    requests = { raw(a.head(400) .. 'Transfer-Encoding: chunked\r\n\r\n20\r\n{"code":"InvalidAuthentication"}\r\n', "finish"), a.OK },
    expect = added(2), seen = 2 },
  { name = "status_401_cut_off", tokens = true, requests = { raw(a.head(401) .. "Content-Length: 99\r\n\r\n<ht", "finish"), a.OK },
    expect = added(2), seen = 2 },
  { name = "length_too_long_closed", requests = { ok(JSON .. "Content-Length: 50\r\n\r\n{}", "finish") },
    expect = TRUNCATED, seen = 3 },
  { name = "length_too_long_open", requests = { ok(JSON .. "Content-Length: 50\r\n\r\n{}", "hang") }, opts = { timeout = a.SHORT },
    expect = LATE, seen = 1 },
  { name = "length_too_short", requests = { ok(JSON .. "Content-Length: 2\r\n\r\n{}trailing") }, expect = added(1), seen = 1 },
  -- What follows the body on the wire must not become the answer to the next request.
  { name = "length_too_short_smuggling", calls = 2,
    requests = { ok(JSON .. "Content-Length: 0\r\n\r\n" .. a.text(404, '{"code":"itemNotFound"}')), a.OK },
    expect = added(1), seen = 2 },
  { name = "length_negative", requests = { ok("Content-Length: -1\r\n\r\n", "hang") }, expect = BAD_HTTP, seen = 1 },
  { name = "length_garbage", requests = { ok("Content-Length: many\r\n\r\n", "hang") }, expect = BAD_HTTP, seen = 1 },
  { name = "length_absurd_closed", requests = { ok("Content-Length: 9000000000000000000\r\n\r\n{}", "finish") },
    expect = TRUNCATED, seen = 3 },

  { name = "continue_first", requests = { raw("HTTP/1.1 100 Continue\r\n\r\n" .. a.text(200, "")) },
    expect = added(1), seen = 1 },
  { name = "early_hints_first", requests = { raw("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" .. a.text(200, "")) },
    expect = added(1), seen = 1 },
  -- Headers of an interim answer are not those of the answer.
  { name = "interim_headers_are_not_the_answers",
    requests = { raw("HTTP/1.1 103 Early Hints\r\nx-acs-request-id: interim\r\nRetry-After: 7\r\n\r\n" .. a.text(404, '{"code":"itemNotFound"}')) },
    expect = fails("not_found", "itemNotFound", "rejected", false, 1, { request_id = a.REQUEST_ID, status = 404 }), seen = 1 },
  { name = "two_hundred_interim_answers", requests = { raw(("HTTP/1.1 102 Processing\r\n\r\n"):rep(200) .. a.text(200, "")) },
    expect = added(1), seen = 1 },
  { name = "interim_answers_without_end", requests = { { "read", { "flood", "HTTP/1.1 102 Processing\r\n\r\n", every = 0.01 } } },
    opts = { timeout = a.SHORT }, expect = LATE, seen = 1 },

  { name = "headers_without_end", requests = { { "read", a.send(a.head(200)), { "flood", "x-more: " .. ("m"):rep(1000) .. "\r\n" } } },
    expect = HEADERS_TOO_LARGE, seen = 1 },
  { name = "header_of_90_kb", requests = { ok("x-huge: " .. ("h"):rep(90000) .. "\r\nContent-Length: 0\r\n\r\n") },
    expect = HEADERS_TOO_LARGE, seen = 1 },
  { name = "header_of_200_kb", requests = { ok("x-huge: " .. ("h"):rep(200000) .. "\r\nContent-Length: 0\r\n\r\n") },
    expect = HEADERS_TOO_LARGE, seen = 1 },
  { name = "header_line_without_end", requests = { { "read", a.send(a.head(200) .. "x-huge: "), { "flood", ("h"):rep(4096) } } },
    expect = HEADERS_TOO_LARGE, seen = 1 },
  { name = "headers_of_50_kb", requests = { ok(("x-more: " .. ("m"):rep(490) .. "\r\n"):rep(100) .. "Content-Length: 0\r\n\r\n") },
    expect = added(1), seen = 1 },
  { name = "header_without_colon", requests = { ok("no colon here\r\nContent-Length: 0\r\n\r\n") },
    expect = BAD_HTTP, seen = 1 },

  { name = "body_without_end", requests = { ok("\r\n", { "flood", (" "):rep(16384) }) }, expect = BODY_TOO_LARGE, seen = 1,
    flood_max = 16 * MEGABYTE },
  { name = "body_of_3_mb", requests = { a.json(200, (" "):rep(3 * MEGABYTE)) }, expect = BODY_TOO_LARGE, seen = 1 },
  { name = "body_of_3_mb_in_a_400", requests = { a.json(400, '{"code":"' .. ("c"):rep(3 * MEGABYTE) .. '"}') },
    expect = fails("protocol", "body_too_large", "rejected", false, 1), seen = 1 },
  { name = "body_of_1_mb", requests = { a.json(200, '{"a":"' .. ("b"):rep(MEGABYTE) .. '"}') }, expect = added(1), seen = 1 },

  { name = "http_0_9", requests = { raw("added, I suppose\r\n", "finish") }, expect = BAD_HTTP, seen = 1 },
  { name = "not_http", requests = { raw("SSH-2.0-OpenSSH_9.2\r\n", "hang") }, expect = BAD_HTTP, seen = 1 },
  { name = "binary_garbage", requests = { raw(("\0\1\2\255\254"):rep(100), "finish") }, expect = BAD_HTTP, seen = 1 },
  { name = "http_version_unheard_of", requests = { raw("HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n", "finish") },
    expect = BAD_HTTP, seen = 1 },
  { name = "status_line_garbage", requests = { raw("HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n", "finish") },
    expect = BAD_HTTP, seen = 1 },
}
