-- Several answers in a row: what is asked again, after how long, and what the whole call then says.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local QPS = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"
local QPM = "Forbidden.AccessDenied.QpmLimitForApi"
local TOO_FAST = a.refusal(403, QPS)
local PROCESSING = a.refusal(400, "idempotencyProcessing")
local BAD_TOKEN = a.refusal(400, "InvalidAuthentication")

local function busy(retry_after, status) return a.answer(status or 503, "", { "Retry-After: " .. retry_after }) end

--- A wait that does not fit into the time is reported, not waited for.
local function told(name, script, kind, code, outcome, seconds, slack)
  return { name = name, requests = { script, a.OK }, opts = { timeout = 10 },
    expect = fails(kind, code, outcome, true, 1, { retry_after = seconds, retry_after_slack = slack }), seen = 1 }
end

return {
  { name = "throttled_once", requests = { TOO_FAST, a.OK }, opts = { timeout = 30 }, expect = added(2), seen = 2, at_least = 0.5 },
  { name = "throttled_always", requests = { TOO_FAST }, opts = { timeout = 30, max_attempts = 2 },
    expect = fails("throttled", QPS, "rejected", true, 2, { status = 403 }), seen = 2, at_least = 0.5 },
  { name = "throttled_empty_429_once", requests = { a.answer(429), a.OK }, opts = { timeout = 30 },
    expect = added(2), seen = 2, at_least = 0.5 },
  { name = "throttled_html_429", requests = { a.html(429) }, opts = { timeout = 30, max_attempts = 2 },
    expect = fails("throttled", "http_429", "rejected", true, 2, { status = 429 }), seen = 2, at_least = 0.5 },
  { name = "throttled_product_level_once", requests = { a.refusal(400, "request.too.fast"), a.OK }, opts = { timeout = 30 },
    expect = added(2), seen = 2, at_least = 0.5 },
  told("throttled_a_minute_does_not_fit", a.refusal(403, QPM), "throttled", QPM, "rejected", 60),

  { name = "retry_after_1_second", requests = { busy(1), a.OK }, opts = { timeout = 30 },
    expect = added(2), seen = 2, at_least = 1 },
  { name = "retry_after_1_second_throttled", requests = { a.refusal(403, QPS, { "Retry-After: 1" }), a.OK }, opts = { timeout = 30 },
    expect = added(2), seen = 2, at_least = 1 },
  { name = "retry_after_a_date", requests = { busy("{date+2}"), a.OK }, opts = { timeout = 30 },
    expect = added(2), seen = 2, at_least = 0.9 },
  { name = "retry_after_a_past_date", requests = { busy("Wed, 21 Oct 2015 07:28:00 GMT"), a.OK }, expect = added(2), seen = 2 },
  { name = "retry_after_negative", requests = { busy("-5"), a.OK }, expect = added(2), seen = 2 },
  { name = "retry_after_garbage", requests = { busy("in a while"), a.OK }, expect = added(2), seen = 2 },
  { name = "retry_after_empty", requests = { busy(""), a.OK }, expect = added(2), seen = 2 },
  told("retry_after_60_does_not_fit", busy(60), "server", "http_503", "unknown", 60),
  told("retry_after_absurd", busy("1000000000000"), "server", "http_503", "unknown", 86400),
  told("retry_after_beyond_64_bits", busy(("9"):rep(40)), "server", "http_503", "unknown", 86400),
  told("retry_after_a_far_date", busy("{date+3600}"), "server", "http_503", "unknown", 3600, 60),
  told("retry_after_30_throttled", a.refusal(403, QPS, { "Retry-After: 30" }), "throttled", QPS, "rejected", 30),
  told("retry_after_30_as_429", busy(30, 429), "throttled", "http_429", "rejected", 30),

  { name = "still_processing_once", requests = { PROCESSING, a.OK }, opts = { timeout = 30 },
    expect = added(2), seen = 2, at_least = 0.5 },
  { name = "still_processing_beyond_max_attempts", requests = { PROCESSING, PROCESSING, a.OK }, opts = { timeout = 30, max_attempts = 1 },
    expect = added(3), seen = 3, at_least = 1 },
  { name = "reset_then_still_processing_then_added", requests = { { "read", "reset" }, PROCESSING, a.OK }, opts = { timeout = 30 },
    expect = added(3), seen = 3, at_least = 0.5 },
  told("still_processing_beyond_the_deadline", a.refusal(400, "idempotencyProcessing", { "Retry-After: 30" }),
    "conflict", "idempotencyProcessing", "unknown", 30),

  { name = "token_refused", requests = { BAD_TOKEN }, expect = fails("auth", "InvalidAuthentication", "rejected", false, 1, { status = 400 }),
    seen = 1 },
  { name = "token_replaced", tokens = true, requests = { BAD_TOKEN, a.OK }, expect = added(2), seen = 2 },
  { name = "token_replaced_after_401", tokens = true, requests = { a.answer(401), a.OK }, expect = added(2), seen = 2 },
  { name = "token_replaced_once_only", tokens = true, requests = { BAD_TOKEN },
    expect = fails("auth", "InvalidAuthentication", "rejected", false, 2, { status = 400 }), seen = 2 },

  -- A later answer that proves nothing about the first attempt leaves the call unknown.
  { name = "unknown_then_token_refused", requests = { { "read", "reset" }, BAD_TOKEN },
    expect = fails("auth", "InvalidAuthentication", "unknown", false, 2), seen = 2 },
  { name = "unknown_then_no_handshake", accept = { {}, { "fill", "reset" } }, requests = { { "read", "reset" } },
    expect = fails("tls", "tls_failed", "unknown", true, 3), seen = 1, connections = 3 },
  { name = "unknown_then_throttled", requests = { a.answer(500), TOO_FAST }, opts = { timeout = 30, max_attempts = 2 },
    expect = fails("throttled", QPS, "unknown", true, 2), seen = 2 },
  { name = "not_sent_then_rejected", accept = { { "fill", "reset" }, {} }, requests = { a.refusal(404, "itemNotFound") },
    expect = fails("not_found", "itemNotFound", "rejected", false, 2), seen = 1, connections = 2 },
  { name = "not_sent_then_unknown", accept = { { "fill", "reset" }, {} }, requests = { { "read", "finish" } }, opts = { max_attempts = 2 },
    expect = fails("network", "connection_lost", "unknown", true, 2), seen = 1, connections = 2 },
  { name = "three_different_faults_then_added", opts = { max_attempts = 4 }, accept = { { "fill", "reset" }, {} },
    requests = { { "read", "reset" }, a.html(502), a.OK }, expect = added(4), seen = 3 },
}
