-- What call.lua does after each answer.
local fake = require "spec.support.fake_client"

local OK, refusal, broken = fake.OK, fake.refusal, fake.broken

local QPS, QPM = "Forbidden.AccessDenied.QpsLimitForApi", "Forbidden.AccessDenied.QpmLimitForApi"
local THROTTLED, THROTTLED_A_MINUTE = refusal(403, QPS), refusal(403, QPM)
local PROCESSING = refusal(400, "idempotencyProcessing")
local BAD_TOKEN = refusal(400, "InvalidAuthentication")
local BAD_PARAMETER = refusal(400, "invalidParameter")
local FAULT = refusal(500, "systemError")
local BAN = { curl = 0, status = 403, sent = true, body = '{"status":1111,"punish":"deny"}' }
local UNREACHED, CUT, LATE = broken(7, false), broken(56, true), broken(28, true)
local LATE_TO_CONNECT, UNTRUSTED = broken(28, false), broken(60, false)

local function with(answer, fields)
  local copy = {}
  for name, value in pairs(answer) do copy[name] = value end
  for name, value in pairs(fields) do copy[name] = value end
  return copy
end

-- What the service answers, one after the other (the last again and again), and what becomes of the call: how many
-- attempts, the waits between them, and the error's fields. `draw` is the random number, `seconds` the time there is.
return {
  { "one success", { OK }, attempts = 1 },
  { "no connection, then success", { UNREACHED, OK }, attempts = 2 },
  { "two cut connections, then success", { CUT, CUT, OK }, attempts = 3 },
  { "as many attempts as allowed", { UNREACHED }, attempts = 3, err = { "network", "connect_failed", "not_sent", true } },
  { "one attempt allowed", { UNREACHED, OK }, max = 1, attempts = 1, err = { "network", "connect_failed", "not_sent", true } },
  { "faults of the service", { FAULT }, attempts = 3, err = { "server", "systemError", "unknown", true } },
  { "an answer cut off", { broken(18, true) }, attempts = 3, err = { "protocol", "truncated_body", "unknown", true } },
  { "a time-out each time", { LATE }, attempts = 3, err = { "timeout", "timeout", "unknown", true } },
  { "not connected in time each time", { LATE_TO_CONNECT }, attempts = 3, err = { "timeout", "connect_timeout", "not_sent", true } },

  { "a refusal is final", { BAD_PARAMETER, OK }, attempts = 1, err = { "invalid", "invalidParameter", "rejected", false } },
  { "a spent quota is final", { refusal(403, "Forbidden.AccessDenied.ApiCountLimitForOrg"), OK }, attempts = 1,
    err = { "quota", "Forbidden.AccessDenied.ApiCountLimitForOrg", "rejected", false } },
  { "a ban is not hammered", { BAN, OK }, attempts = 1, err = { "throttled", "1111", "rejected", true }, retry_after = 300 },
  { "a redirect is final", { { curl = 0, status = 302, sent = true }, OK }, attempts = 1, err = { "protocol", "redirect", "unknown", false } },
  { "a bad certificate is final", { UNTRUSTED, OK }, attempts = 1, err = { "tls", "certificate_invalid", "not_sent", false } },
  { "our own limit is final", { { curl = 23, status = 200, sent = true, overflow = "body_too_large" }, OK }, attempts = 1,
    err = { "protocol", "body_too_large", "unknown", false } },

  { "transient waits at most", { UNREACHED }, draw = 1, max = 10, attempts = 10, waits = { 0.25, 0.5, 1, 2, 4, 8, 16, 20, 20 },
    err = { "network", "connect_failed", "not_sent", true } },
  { "transient waits half", { UNREACHED }, draw = 0.5, max = 4, attempts = 4, waits = { 0.125, 0.25, 0.5 },
    err = { "network", "connect_failed", "not_sent", true } },
  { "transient waits at least", { UNREACHED }, draw = 0, max = 4, attempts = 4, waits = {},
    err = { "network", "connect_failed", "not_sent", true } },
  { "throttled waits at most", { THROTTLED }, draw = 1, max = 8, attempts = 8, waits = { 1, 2, 4, 8, 16, 20, 20 },
    err = { "throttled", QPS, "rejected", true }, retry_after = 1 },
  { "throttled waits at least", { THROTTLED }, draw = 0, max = 8, attempts = 8, waits = { 0.5, 1, 2, 4, 8, 10, 10 },
    err = { "throttled", QPS, "rejected", true }, retry_after = 1 },
  { "throttled once", { THROTTLED, OK }, draw = 0.5, attempts = 2, waits = { 0.75 } },
  { "throttled a minute", { THROTTLED_A_MINUTE, OK }, draw = 0.3, attempts = 2, waits = { 60 } },
  { "throttled a minute that does not fit", { THROTTLED_A_MINUTE, OK }, seconds = 60, attempts = 1,
    err = { "throttled", QPM, "rejected", true }, retry_after = 60 },

  { "Retry-After is honoured", { with(FAULT, { retry_after = 7 }), OK }, draw = 1, attempts = 2, waits = { 7 } },
  { "Retry-After above our cap", { with(FAULT, { retry_after = 100 }), OK }, attempts = 2, waits = { 100 } },
  { "Retry-After below our wait", { with(FAULT, { retry_after = 0.1 }), OK }, draw = 1, attempts = 2, waits = { 0.25 } },
  { "Retry-After of 0", { with(FAULT, { retry_after = 0 }), OK }, draw = 1, attempts = 2, waits = { 0.25 } },
  { "Retry-After while throttled", { with(THROTTLED, { retry_after = 3 }), OK }, draw = 1, attempts = 2, waits = { 3 } },
  { "Retry-After while processing", { with(PROCESSING, { retry_after = 3 }), OK }, draw = 1, attempts = 2, waits = { 3 } },
  { "Retry-After that does not fit", { with(FAULT, { retry_after = 100 }), OK }, seconds = 100, attempts = 1,
    err = { "server", "systemError", "unknown", true }, retry_after = 100 },
  { "a wait of ours that does not fit", { THROTTLED, OK }, draw = 1, seconds = 1, attempts = 1,
    err = { "throttled", QPS, "rejected", true }, retry_after = 1 },
  { "waits that just fit", { FAULT, FAULT, OK }, draw = 1, seconds = 0.76, attempts = 3, waits = { 0.25, 0.5 } },
  { "the second wait does not fit", { FAULT }, draw = 1, seconds = 0.75, max = 9, attempts = 2, waits = { 0.25 },
    err = { "server", "systemError", "unknown", true }, retry_after = 0.5 },

  { "processing beyond max_attempts", { PROCESSING, PROCESSING, PROCESSING, OK }, max = 1, draw = 0, attempts = 4, waits = { 0.5, 1, 2 } },
  { "processing until the deadline", { PROCESSING }, draw = 1, seconds = 32, attempts = 7,
    waits = { 1, 2, 4, 8, 16, 0.5 }, err = { "conflict", "idempotencyProcessing", "unknown", true }, retry_after = 20 },
  { "processing, with half of what is left", { PROCESSING, PROCESSING, PROCESSING, OK }, draw = 1, seconds = 5,
    attempts = 4, waits = { 1, 2, 1 } },
  { "processing beyond a Retry-After", { with(PROCESSING, { retry_after = 3 }) }, seconds = 3, attempts = 1,
    err = { "conflict", "idempotencyProcessing", "unknown", true }, retry_after = 3 },
  { "processing, then refused", { PROCESSING, BAD_PARAMETER }, draw = 0, attempts = 2, waits = { 0.5 },
    err = { "invalid", "invalidParameter", "unknown", false } },
  { "cut, processing, then success", { CUT, PROCESSING, OK }, draw = 0, attempts = 3, waits = { 1 } },
  { "processing does not use up attempts", { PROCESSING, CUT, PROCESSING, CUT, OK }, draw = 0, max = 3, attempts = 5, waits = { 0.5, 2 } },

  { "unknown is not undone by a refusal", { CUT, BAD_PARAMETER }, attempts = 2, err = { "invalid", "invalidParameter", "unknown", false } },
  { "unknown is not undone by no connection", { CUT, UNREACHED }, attempts = 3, err = { "network", "connect_failed", "unknown", true } },
  { "unknown is not undone by throttling", { FAULT, THROTTLED }, draw = 0, max = 2, attempts = 2,
    err = { "throttled", QPS, "unknown", true }, retry_after = 1 },
  { "unknown is not undone by no token", { CUT, BAD_TOKEN }, attempts = 2, err = { "auth", "InvalidAuthentication", "unknown", false } },
  { "no connection, then a refusal", { UNREACHED, BAD_PARAMETER }, attempts = 2, err = { "invalid", "invalidParameter", "rejected", false } },
  { "a refused token is not sent again", { BAD_TOKEN, OK }, attempts = 1, err = { "auth", "InvalidAuthentication", "rejected", false } },

  { "closed while in flight", { { cancelled = "closed", sent = true } }, attempts = 1, err = { "cancelled", "closed", "unknown", true } },
  { "closed before anything went out", { { cancelled = "closed", sent = false } }, attempts = 1, err = { "cancelled", "closed", "not_sent", true } },
}
