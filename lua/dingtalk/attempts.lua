--- One logical request: attempts, waits, deadline, token refresh. Policy without I/O: what it needs
--- of the world it asks of the client (exchange, pause, now, random, spend_retry).

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local codes = require "dingtalk.codes"

local group = require "dingtalk.group"

local attempts = {}

-- Seconds below which no attempt is begun: libcurl's timer may end one a millisecond early, and what
-- is left then suffices for nothing but another request that is given up.
local LEAST_TIME = 0.005

---@class dingtalk.Task what the requests of one call share
---@field operation string name for hooks and logs
---@field method "GET"|"POST"|"PUT"|"DELETE"
---@field url string
---@field token string|table|nil access token or token source; nil for the token calls themselves
---@field older_api boolean? it wants the token in the query, and has codes of its own
---@field secrets string[]? texts that no message may show
---@field hide_body boolean? no message may quote the answer
---@field body any what engine:start takes
---@field deadline number in seconds of client:now()
---@field max_attempts integer
---@field pace {limiter: table, permit: table?}? of a bulk run: asked before each attempt

---@class dingtalk.Slot one request of a task: its number and token going in, its answer coming out
---@field batch integer? number of the batch in the body
---@field client_token string?
---@field attempts integer requests made so far
---@field elapsed number seconds, when it has ended

-- Lua 5.1's pcall lets nothing yield: there a source that raises is not caught.
local protect = pcall
if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
  protect = function(f, ...) return true, f(...) end
end

-- What became of the token request says nothing of this one: it was not sent.
local function without_token_error(err)
  err = errors.copy(err)
  err.outcome = "not_sent"
  return err
end

local function read_token(client, task)
  local token = task.token
  local kind = type(token)
  if kind ~= "table" and kind ~= "userdata" then return token end
  local ok, text, err = group.outside(protect, token.get, token, client, task.deadline)
  if not ok then text, err = nil, errors.one_line(text) end
  if errors.is_error(err) then return nil, without_token_error(err) end
  if type(text) == "string" and not core.check_visible(text, limits.max_token_bytes) then return text end
  return nil, errors.new {
    kind = "auth", code = "no_token", outcome = "not_sent", retryable = false,
    message = "the token source gave no usable token"
      .. (type(err) == "string" and ": " .. errors.one_line(err) or ""),
  }
end

-- A failure that ends the call as it is, before an attempt.
local function out_of_time()
  local rule = codes.connect_timeout
  return {
    kind = "timeout", code = rule.code, message = "no time left to send the request",
    outcome = "not_sent", retryable = true,
  }
end

-- Waits for the bulk run's leave to send. The first permit was taken with the job.
local function wait_for_permit(client, task, slot)
  local pace = task.pace
  slot.permit, pace.permit = pace.permit, nil
  while not slot.permit do
    local delay = pace.limiter:delay()
    if delay == 0 then
      slot.permit = pace.limiter:take()
    elseif client:now() + delay >= task.deadline then
      return out_of_time()
    elseif not client:pause(slot, delay) then
      return errors.judge(slot)
    end
  end
end

local MARK = 8 -- bytes of a secret's beginning by which it is known, also where a text was cut off

local function without(text, secret, placeholder)
  local mark = secret and #secret >= MARK and secret:sub(1, MARK)
  local from = mark and text:find(mark, 1, true)
  while from do
    local to = from + MARK
    while to - from < #secret and text:byte(to) == secret:byte(to - from + 1) do to = to + 1 end
    text = text:sub(1, from - 1) .. placeholder .. text:sub(to)
    from = text:find(mark, from + #placeholder, true)
  end
  return text
end

local NO_SECRETS = {}

-- The service may echo what it was sent.
local function redact(text, task, slot)
  text = without(text, slot.token, "[token]")
  text = without(text, slot.query_token, "[token]")
  for _, secret in ipairs(task.secrets or NO_SECRETS) do text = without(text, secret, "[secret]") end
  return text
end

local texts = { "body", "message", "request_id" }

-- A failure is judged again, rid of secrets, since a text that was cut short may end within one. What
-- a success holds is the caller's: also a new secret that begins as the old one does.
local function judge(task, slot)
  local failure, object = errors.judge(slot)
  if not failure then return nil, object end
  for _, field in ipairs(texts) do
    slot[field] = slot[field] and redact(slot[field], task, slot)
  end
  return errors.judge(slot)
end

-- The first attempt of a call that core.add_attendees has sent.
local function await(client, task, slot)
  local id = slot.transfer
  slot.transfer, slot.attempts, slot.token = nil, 1, task.token
  client:await(slot, id)
end

local function send(client, task, slot)
  local token, err = read_token(client, task)
  if not err and task.pace then err = wait_for_permit(client, task, slot) end
  if err then return err end
  local left = task.deadline - client:now()
  if left < LEAST_TIME then return out_of_time() end
  slot.attempts = slot.attempts + 1
  slot.token, slot.hide_body, slot.older_api = token, task.hide_body, task.older_api
  local header = token
  if task.older_api then
    header, slot.query_token = nil, core.encode(token)
    slot.url = task.url .. "?access_token=" .. slot.query_token
  end
  client:exchange(slot, task, header, left)
end

local function attempt(client, task, slot)
  local err = (slot.transfer and await or send)(client, task, slot)
  if err then return err end
  if slot.curl == 0 and slot.status == 200 and not slot.body and not slot.cancelled then return nil end
  return judge(task, slot)
end

--- The wait before retry number `number` (from 1), in seconds.
---@param row table a row of codes.retries
---@param number integer
---@param random number in [0, 1)
---@return number seconds
function attempts.backoff(row, number, random)
  local full = math.min(row.base * row.factor ^ (number - 1), row.cap)
  return full * (row.floor + (1 - row.floor) * random)
end

local function refresh(task, slot)
  if slot.refreshed or type(task.token) == "string" then return nil end
  slot.refreshed = true
  group.outside(protect, task.token.invalidate, task.token, slot.token)
  return 0
end

-- Seconds until the next attempt, or nil when there is none; then also why, if it is ours.
local function next_wait(client, task, slot, failure)
  if failure.retry == "new_token" and task.token then return refresh(task, slot) end
  local row = codes.retries[failure.retry]
  if not row then return nil end
  slot.retries = (slot.retries or 0) + 1
  if not row.unlimited then
    slot.limited = (slot.limited or 0) + 1
    if slot.limited >= task.max_attempts then return nil end
    if not client:spend_retry() then
      return nil, "Not tried again: the client's retry budget is spent, as in an outage."
    end
  end
  local wait = attempts.backoff(row, slot.retries, client:random())
  if slot.retry_after and slot.retry_after > wait then wait = slot.retry_after end
  local left = task.deadline - client:now()
  if wait + LEAST_TIME <= left then return wait end
  -- Only the deadline ends these: half of what is left, so that there is time for the answer.
  if row.unlimited and not slot.retry_after and left / 2 >= row.base * row.floor then return left / 2 end
  failure.retry_after = failure.retry_after or wait
  return nil
end

-- The service may echo what it was sent wherever it answers a text.
local function redact_answer(failure, task, slot)
  if slot.request_id then slot.request_id = errors.one_line(redact(slot.request_id, task, slot)) end
  if not failure then return end
  for _, field in ipairs { "code", "message", "request_id", "hint" } do
    failure[field] = failure[field] and redact(failure[field], task, slot)
  end
  local scopes = failure.required_scopes or NO_SECRETS
  for i = 1, #scopes do scopes[i] = redact(scopes[i], task, slot) end
end

local function report(client, task, slot, failure, wait, began)
  local ok, message = group.outside(pcall, client.on_attempt, {
    operation = task.operation, attempt = slot.attempts, batch = slot.batch,
    client_token = slot.client_token, elapsed = client:now() - began,
    status = slot.status ~= 0 and slot.status or nil,
    request_id = failure and failure.request_id or slot.request_id,
    kind = failure and failure.kind, code = failure and failure.code,
    outcome = failure and failure.outcome,
    message = failure and failure.message, wait = wait,
  })
  if not ok then slot.hook_error = errors.one_line(message) end
end

-- What an earlier attempt may have done is not undone by a later refusal, and one that was refused
-- did reach the service.
local function outcome_of(slot, failure)
  if slot.maybe_done then return "unknown" end
  return slot.was_refused and failure.outcome == "not_sent" and "rejected" or failure.outcome
end

local function conclude(client, slot, failure, hint)
  slot.elapsed = client:now() - slot.started
  if errors.is_error(failure) and slot.attempts == 0 then
    failure.elapsed, failure.outcome = failure.elapsed or slot.elapsed, outcome_of(slot, failure)
    return failure
  end
  return errors.new {
    kind = failure.kind, code = failure.code, message = failure.message,
    outcome = outcome_of(slot, failure), retryable = failure.retryable, retry_after = failure.retry_after,
    status = failure.status, request_id = failure.request_id, attempts = slot.attempts,
    client_token = slot.client_token, elapsed = slot.elapsed,
    required_scopes = failure.required_scopes, argument = failure.argument, hint = hint or failure.hint,
    hook_error = slot.hook_error,
  }
end

--- Runs a request to its end.
---@param client table
---@param task dingtalk.Task
---@param slot dingtalk.Slot filled with status, request_id, attempts, elapsed
---@return dingtalk.Error? err nil when the service did it
---@return table? object the JSON object of the answer, if it had a body
function attempts.run(client, task, slot)
  slot.attempts = 0
  slot.started = slot.transfer and slot.started or client:now()
  local began, hook = slot.started, client.on_attempt
  while true do
    local failure, object = attempt(client, task, slot)
    redact_answer(failure, task, slot)
    if slot.permit then
      task.pace.limiter:finish(slot.permit, failure and failure.kind == "throttled")
    end
    if not failure then
      client:earn_retry()
      if hook then report(client, task, slot, nil, nil, began) end
      slot.elapsed = client:now() - slot.started
      return nil, object
    end
    if failure.outcome == "unknown" then slot.maybe_done = true end
    if failure.outcome == "rejected" then slot.was_refused = true end
    local wait, hint = next_wait(client, task, slot, failure)
    if hook then report(client, task, slot, failure, wait, began) end
    if not wait then return conclude(client, slot, failure, hint) end
    if wait > 0 and not client:pause(slot, wait) then
      return conclude(client, slot, errors.judge(slot))
    end
    began = client:now()
  end
end

return attempts
