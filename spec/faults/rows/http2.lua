-- HTTP/2. libcurl itself asks again, up to five times, when a stream was refused: those count as one attempt of ours.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 0, 1, 2, 7, 8, 11
local FIRST_STREAM = 1
local SETTINGS, PING = 4, 6
local STREAM = fails("network", "http2_stream_failed", "unknown", true, 3)
local GONE = fails("network", "connection_lost", "unknown", true, 3)
local LATE = fails("timeout", "timeout", "unknown", true, 1)
local STATUS_200 = { { ":status", "200" } }
local REFUSED = { "read", { "rst", REFUSED_STREAM } }

local function h2(row)
  row.listen = "h2"
  return row
end

-- An answer in frames of so many bytes, the last of which ends the stream.
local function in_frames(status, body, bytes)
  local script = { "read", { "headers", { { ":status", status } } } }
  for from = 1, #body, bytes do
    script[#script + 1] = { "data", body:sub(from, from + bytes - 1), fin = from + bytes > #body }
  end
  return script
end

local function refusal_of(bytes) return ('{"code":"itemNotFound","message":"%s"}'):format(("m"):rep(bytes)) end
local NOT_FOUND = fails("not_found", "itemNotFound", "rejected", false, 1, { status = 404 })

return {
  -- libcurl 7.88 forgot the end of a stream that came with more bytes than its buffer holds.
  h2 { name = "h2_refusal_of_4_kb", requests = { in_frames("404", refusal_of(4000), 16384) }, expect = NOT_FOUND, seen = 1 },
  h2 { name = "h2_refusal_of_4_kb_in_pieces", requests = { in_frames("404", refusal_of(4000), 1000) }, expect = NOT_FOUND, seen = 1 },
  h2 { name = "h2_refusal_of_16_kb", requests = { in_frames("404", refusal_of(16384 - 37), 16384) }, expect = NOT_FOUND, seen = 1 },
  h2 { name = "h2_refusal_of_100_kb", requests = { in_frames("404", refusal_of(100000), 16384) }, expect = NOT_FOUND, seen = 1 },
  h2 { name = "h2_refusal_of_900_kb", requests = { in_frames("404", refusal_of(900000), 16384) }, expect = NOT_FOUND, seen = 1 },
  h2 { name = "h2_refusal_of_100_kb_in_odd_frames", requests = { in_frames("404", refusal_of(100000), 5001) }, expect = NOT_FOUND, seen = 1 },
  h2 { name = "h2_refusal_of_20_kb_in_two_frames", requests = { in_frames("404", refusal_of(20000), 12001) }, expect = NOT_FOUND, seen = 1 },
  h2 { name = "h2_success", requests = { a.H2_OK }, expect = added(1), seen = 1 },
  h2 { name = "h2_two_calls_one_connection", calls = 2, requests = { a.H2_OK }, expect = added(1), seen = 2, connections = 1 },
  h2 { name = "h2_not_found", requests = { a.h2(404, '{"code":"itemNotFound"}') },
    expect = fails("not_found", "itemNotFound", "rejected", false, 1, { status = 404, request_id = a.REQUEST_ID }), seen = 1 },
  h2 { name = "h2_503_once", requests = { a.h2(503), a.H2_OK }, expect = added(2), seen = 2, connections = 1 },
  h2 { name = "h2_early_hints_first", requests = { { "read", { "headers", { { ":status", "103" } } }, { "headers", STATUS_200, fin = true } } },
    expect = added(1), seen = 1 },
  h2 { name = "h2_trailers", requests = { { "read", { "headers", STATUS_200 }, { "data", "{}" }, { "headers", { { "x-sum", "1" } }, fin = true } } },
    expect = added(1), seen = 1 },
  h2 { name = "h2_settings_never_sent", silent = true, requests = { { "read", "hang" } }, opts = { timeout = a.SHORT },
    expect = LATE, seen = 1 },
  h2 { name = "h2_no_answer", requests = { { "read", "hang" } }, opts = { timeout = a.SHORT }, expect = LATE, seen = 1 },
  -- The connection itself has gone dead: whatever is sent into it, nothing comes back.
  h2 { name = "h2_connection_gone_dead", calls = 2, requests = { a.H2_OK, { "read", "stall" }, a.H2_OK }, config = { attempt_timeout = 0.3 },
    expect = added(2), seen = 3, connections = 2, at_least = 0.3 },
  h2 { name = "h2_body_never_ends_slow", requests = { { "read", { "headers", STATUS_200 }, { "data", "{" }, "hang" } }, opts = { timeout = a.SHORT },
    expect = LATE, seen = 1 },
  h2 { name = "h2_goaway_before_the_request", greeting = { { { "goaway", 0, NO_ERROR }, "drain" }, {} }, requests = { a.H2_OK },
    expect = added(2), seen = 1 },
  h2 { name = "h2_goaway_refusing_the_request", requests = { { "read", { "goaway", 0, NO_ERROR }, "drain" }, a.H2_OK },
    expect = added(2), seen = 2 },
  h2 { name = "h2_goaway_then_closed", requests = { { "read", { "goaway", FIRST_STREAM, NO_ERROR }, "finish" } },
    expect = GONE, seen = 3, connections = 3 },
  h2 { name = "h2_goaway_then_answered", requests = { { "read", { "goaway", FIRST_STREAM, NO_ERROR }, { "headers", STATUS_200, fin = true } } },
    calls = 2, expect = added(1), seen = 2, connections = 2 },
  h2 { name = "h2_goaway_enhance_your_calm", requests = { { "read", { "goaway", FIRST_STREAM, ENHANCE_YOUR_CALM }, "finish" } },
    expect = GONE, seen = 3, connections = 3 },
  h2 { name = "h2_refused_stream_once", requests = { REFUSED, a.H2_OK }, expect = added(2), seen = 2 },
  h2 { name = "h2_refused_stream_always", requests = { REFUSED },
    expect = GONE, seen = 3 },
  h2 { name = "h2_reset_internal_error", requests = { { "read", { "rst", INTERNAL_ERROR } } }, expect = STREAM, seen = 3 },
  h2 { name = "h2_reset_cancel", requests = { { "read", { "rst", CANCEL } } }, expect = STREAM, seen = 3 },
  h2 { name = "h2_reset_without_error", requests = { { "read", { "rst", NO_ERROR } } }, expect = STREAM, seen = 3 },
  h2 { name = "h2_reset_protocol_error_once", requests = { { "read", { "rst", PROTOCOL_ERROR } }, a.H2_OK },
    expect = added(2), seen = 2 },
  h2 { name = "h2_reset_within_the_body",
    requests = { { "read", { "headers", STATUS_200 }, { "data", "{" }, { "rst", INTERNAL_ERROR } } }, expect = STREAM, seen = 3 },
  h2 { name = "h2_connection_reset", requests = { { "read", { "wait", 0.02 }, "reset" } },
    expect = GONE, seen = 3, connections = 3 },
  h2 { name = "h2_connection_closed", requests = { { "read", "finish" } }, expect = GONE, seen = 3, connections = 3 },
  -- Unlike with HTTP/1.1, libcurl does not send again by itself.
  h2 { name = "h2_kept_connection_closed", calls = 2, requests = { a.H2_OK, { "read", "finish" }, a.H2_OK },
    expect = added(2), seen = 3 },
  h2 { name = "h2_garbage_frames", requests = { { "read", a.send(("\255"):rep(200)), "finish" } },
    expect = GONE, seen = 3 },
  h2 { name = "h2_speaks_http_1", speak = "http1", greeting = { { "fill", a.send(a.text(200, "")), "finish" } },
    expect = GONE, seen = 0, connections = 3 },
  h2 { name = "h2_headers_without_end", requests = { { "read", { "endless_headers", { "x-more", ("m"):rep(1000) } } } },
    expect = GONE, seen = 3 },
  h2 { name = "h2_body_without_end", requests = { { "read", { "headers", STATUS_200 }, { "flood_data", (" "):rep(16384) } } },
    expect = fails("protocol", "body_too_large", "unknown", false, 1), seen = 1 },
  h2 { name = "h2_body_longer_than_its_length",
    requests = { { "read", { "headers", { { ":status", "200" }, { "content-length", "1" } } }, { "data", "{}", fin = true } } },
    expect = STREAM, seen = 3 },
  h2 { name = "h2_ping_flood", requests = { { "read", { "flood_frames", PING, "12345678", every = 0.01 } } }, opts = { timeout = a.SHORT },
    expect = LATE, seen = 1 },
  h2 { name = "h2_settings_flood", requests = { { "read", { "flood_frames", SETTINGS, "", every = 0.01 } } }, opts = { timeout = a.SHORT },
    expect = LATE, seen = 1 },
}
