-- What a call does after each answer, with the answers of spec/support/scripted.lua.
local scripted = require "spec.support.scripted"

local OK, UNREACHED, CUT = scripted.OK, scripted.UNREACHED, scripted.CUT
local refusal, answer = scripted.refusal, scripted.answer

local QPS, QPM = "Forbidden.AccessDenied.QpsLimitForApi", "Forbidden.AccessDenied.QpmLimitForApi"
local ORG = "Forbidden.AccessDenied.ApiCountLimitForOrg"

local function after(seconds) return { "Retry-After: " .. seconds } end

local function throttled(fields) return refusal(403, QPS, fields) end
local function processing(fields) return refusal(400, "idempotencyProcessing", fields) end
local function fault(fields) return refusal(500, "systemError", fields) end

local THROTTLED, THROTTLED_A_MINUTE, PROCESSING, FAULT = throttled(), refusal(403, QPM), processing(), fault()
local BAD_TOKEN, BAD_PARAMETER = refusal(400, "InvalidAuthentication"), refusal(400, "invalidParameter")
local BAN = answer(403, '{"status":1111,"punish":"deny"}')
local REDIRECT = answer(302, "", { "Location: /elsewhere" })

local NOT_REACHED = { "tls", "tls_failed", "not_sent", true }

-- What the service answers, one after the other (the last again and again), and what becomes of the call: how many
-- attempts, the waits between them, and the error's kind, code, outcome and retryable. `draw` is the random number,
-- `seconds` the time there is, `max` the attempts allowed. Where `tight`, the last attempt has a few milliseconds:
-- what becomes of it is not asked. (Attempts that time out, certificates and bodies too long: spec/faults.)
return {
  { "one success", { OK }, attempts = 1 },
  { "not reached, then success", { UNREACHED, OK }, attempts = 2 },
  { "two cut connections, then success", { CUT, CUT, OK }, attempts = 3 },
  { "as many attempts as allowed", { UNREACHED }, attempts = 3, err = NOT_REACHED },
  { "one attempt allowed", { UNREACHED, OK }, max = 1, attempts = 1, err = NOT_REACHED },
  { "faults of the service", { FAULT }, attempts = 3, err = { "server", "systemError", "unknown", true } },
  { "an answer cut off", { scripted.TRUNCATED }, attempts = 3, err = { "protocol", "truncated_body", "unknown", true } },

  { "a refusal is final", { BAD_PARAMETER, OK }, attempts = 1, err = { "invalid", "invalidParameter", "rejected", false } },
  { "a spent quota is final", { refusal(403, ORG), OK }, attempts = 1, err = { "quota", ORG, "rejected", false } },
  { "a ban is not hammered", { BAN, OK }, attempts = 1, err = { "throttled", "1111", "rejected", true }, retry_after = 300 },
  { "a redirect is final", { REDIRECT, OK }, attempts = 1, err = { "protocol", "redirect", "unknown", false } },

  { "transient waits at most", { UNREACHED }, draw = 1, max = 10, attempts = 10, waits = { 0.25, 0.5, 1, 2, 4, 8, 16, 20, 20 },
    err = NOT_REACHED },
  { "transient waits half", { UNREACHED }, draw = 0.5, max = 4, attempts = 4, waits = { 0.125, 0.25, 0.5 }, err = NOT_REACHED },
  { "transient waits at least", { UNREACHED }, draw = 0, max = 4, attempts = 4, waits = {}, err = NOT_REACHED },
  { "throttled waits at most", { THROTTLED }, draw = 1, max = 8, attempts = 8, waits = { 1, 2, 4, 8, 16, 20, 20 },
    err = { "throttled", QPS, "rejected", true }, retry_after = 1 },
  { "throttled waits at least", { THROTTLED }, draw = 0, max = 8, attempts = 8, waits = { 0.5, 1, 2, 4, 8, 10, 10 },
    err = { "throttled", QPS, "rejected", true }, retry_after = 1 },
  { "throttled once", { THROTTLED, OK }, draw = 0.5, attempts = 2, waits = { 0.75 } },
  { "throttled a minute", { THROTTLED_A_MINUTE, OK }, draw = 0.3, attempts = 2, waits = { 60 } },
  { "throttled a minute that does not fit", { THROTTLED_A_MINUTE, OK }, seconds = 60, attempts = 1,
    err = { "throttled", QPM, "rejected", true }, retry_after = 60 },

  { "Retry-After is honoured", { fault(after(7)), OK }, draw = 1, attempts = 2, waits = { 7 } },
  { "Retry-After above our cap", { fault(after(100)), OK }, attempts = 2, waits = { 100 } },
  { "Retry-After below our wait", { throttled(after(1)), throttled(after(1)), OK }, draw = 1, attempts = 3, waits = { 1, 2 } },
  { "Retry-After of 0", { fault(after(0)), OK }, draw = 1, attempts = 2, waits = { 0.25 } },
  { "Retry-After while throttled", { throttled(after(3)), OK }, draw = 1, attempts = 2, waits = { 3 } },
  { "Retry-After while processing", { processing(after(3)), OK }, draw = 1, attempts = 2, waits = { 3 } },
  { "Retry-After that does not fit", { fault(after(100)), OK }, seconds = 100, attempts = 1,
    err = { "server", "systemError", "unknown", true }, retry_after = 100 },
  { "a wait of ours that does not fit", { THROTTLED, THROTTLED, OK }, draw = 1, seconds = 3, attempts = 2, waits = { 1 },
    err = { "throttled", QPS, "rejected", true }, retry_after = 1 },
  { "waits that just fit", { FAULT, FAULT, FAULT, FAULT, OK }, draw = 1, seconds = 3.76, max = 9, attempts = 5,
    waits = { 0.25, 0.5, 1, 2 }, tight = true },
  { "the last wait does not fit", { FAULT }, draw = 1, seconds = 3.75, max = 9, attempts = 4, waits = { 0.25, 0.5, 1 },
    err = { "server", "systemError", "unknown", true }, retry_after = 2 },

  { "processing beyond max_attempts", { PROCESSING, PROCESSING, PROCESSING, OK }, max = 1, draw = 0, attempts = 4, waits = { 0.5, 1, 2 } },
  { "processing until the deadline", { PROCESSING }, draw = 1, seconds = 32.98, attempts = 7,
    waits = { 1, 2, 4, 8, 16, 0.99 }, err = { "conflict", "idempotencyProcessing", "unknown", true }, retry_after = 20 },
  { "processing, with half of what is left", { PROCESSING, PROCESSING, PROCESSING, OK }, draw = 1, seconds = 5,
    attempts = 4, waits = { 1, 2, 1 } },
  { "processing beyond a Retry-After", { processing(after(3)) }, seconds = 3, attempts = 1,
    err = { "conflict", "idempotencyProcessing", "unknown", true }, retry_after = 3 },
  { "processing, then refused", { PROCESSING, BAD_PARAMETER }, draw = 0, attempts = 2, waits = { 0.5 },
    err = { "invalid", "invalidParameter", "unknown", false } },
  { "cut, processing, then success", { CUT, PROCESSING, OK }, draw = 0, attempts = 3, waits = { 1 } },
  { "processing does not use up attempts", { PROCESSING, CUT, PROCESSING, CUT, OK }, draw = 0, max = 3, attempts = 5, waits = { 0.5, 2 } },

  { "unknown is not undone by a refusal", { CUT, BAD_PARAMETER }, attempts = 2, err = { "invalid", "invalidParameter", "unknown", false } },
  { "unknown is not undone by not being reached", { CUT, UNREACHED }, attempts = 3, err = { "tls", "tls_failed", "unknown", true } },
  { "unknown is not undone by throttling", { FAULT, THROTTLED }, draw = 0, max = 2, attempts = 2,
    err = { "throttled", QPS, "unknown", true }, retry_after = 1 },
  { "unknown is not undone by no token", { CUT, BAD_TOKEN }, attempts = 2, err = { "auth", "InvalidAuthentication", "unknown", false } },
  { "not reached, then a refusal", { UNREACHED, BAD_PARAMETER }, attempts = 2, err = { "invalid", "invalidParameter", "rejected", false } },
  { "refused, then not reached", { THROTTLED, UNREACHED }, draw = 0, max = 2, attempts = 2, waits = { 0.5 },
    err = { "tls", "tls_failed", "rejected", true } },
  { "a refused token is not sent again", { BAD_TOKEN, OK }, attempts = 1, err = { "auth", "InvalidAuthentication", "rejected", false } },
}
