--- What must hold however an answer looks: run by fuzz_ldt_answers.c, which passes the raw answer.
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local codes = require "dingtalk.codes"

local TOKEN = "a-secret-access-token"
local NOW = 1700000000

local kinds = {}
for _, row in ipairs(codes.kinds) do kinds[row[1]] = true end
local outcomes = { not_sent = true, rejected = true, unknown = true }

local function check(condition, what)
  if not condition then error(what, 2) end
end

local function check_line(text, name)
  check(type(text) == "string" and text ~= "", name .. " is no text")
  check(not text:find("[%c\127]"), name .. " is more than one line")
end

local function check_failure(found, retry)
  check(errors.is_error(found), "no error")
  check(kinds[found.kind], "an unknown kind")
  check(outcomes[found.outcome], "an unknown outcome")
  check(type(found.retryable) == "boolean", "retryable is no boolean")
  check(retry == nil or codes.retries[retry] ~= nil, "an unknown way to retry")
  check_line(found.message, "message")
  check_line(found.code, "code")
  if found.request_id then check_line(found.request_id, "request_id") end
  if found.hint then check_line(found.hint, "hint") end
  for _, scope in ipairs(found.required_scopes or {}) do check_line(scope, "a scope") end
  local wait = found.retry_after
  check(wait == nil or (wait >= 0 and wait <= core.limits.max_retry_after), "retry_after out of bounds")
  local line = tostring(found)
  check_line(line, "the error")
  check(not line:find(TOKEN, 1, true), "the token stands in the error")
end

-- A 4xx that was read says no though the answer broke off.
local function unfinished_outcome(answer)
  if not answer.sent then return "not_sent" end
  local refused = not answer.cancelled and answer.status >= 400 and answer.status < 500
  return refused and "rejected" or "unknown"
end

local function check_outcome(answer, found)
  if answer.failure == "truncated_body" or answer.failure == "compressed_body" then
    -- What did come may say that the service failed.
    check(found.outcome == unfinished_outcome(answer) or found.outcome == "unknown", "outcome is not by what came")
  elseif answer.cancelled or answer.failure then
    check(found.outcome == unfinished_outcome(answer), "outcome is not by what was sent")
  elseif found.code == "1111" then
    check(found.outcome == "rejected", "a banned address is refused whatever the status")
  elseif answer.status >= 500 then
    check(found.outcome == "unknown", "a 5xx is unknown")
  elseif answer.status ~= 200 and answer.status < 400 then
    check(found.outcome == "unknown", "an answer that cannot be understood is unknown")
  else
    check(found.outcome ~= "not_sent", "an answer came, so it was sent")
  end
end

local failures = {}
for code in pairs(codes.transport) do failures[#failures + 1] = code end
table.sort(failures)

return function(number, status, flags, body, request_id, retry_after)
  local failure = number ~= 0 and failures[number % #failures + 1] or nil
  local part_came = failure == "truncated_body" or failure == "compressed_body"
  local answer = {
    failure = failure, status = status, sent = part_came or flags % 2 == 1,
    body = body ~= "" and body or nil, request_id = request_id,
    retry_after = retry_after and core.retry_after(retry_after, NOW), message = failure and body or "",
    cancelled = flags >= 250 and "closed" or nil, token = TOKEN,
  }
  local had_body = answer.body ~= nil
  local found, object = errors.judge(answer)
  if found then
    check_failure(found, object)
    check_outcome(answer, found)
  else
    check(not failure and status == 200 and not answer.cancelled, "a success without a 200")
    check(object == nil or type(object) == "table", "an answer that is no object")
    check(not had_body or object, "a body that was not understood")
    check(not (answer.request_id or ""):find("[%c\127]"), "request_id is more than one line")
  end
end
