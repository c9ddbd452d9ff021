--- One request until it is settled: attempts, waits, deadline, token refresh. Policy without I/O: what it needs of the
--- world it asks of the client.

local core = require "dingtalk.core"
local codes = require "dingtalk.codes"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"
local scheduler = require "dingtalk.scheduler"

local attempts = {}

-- The least time left, in seconds, with which an attempt is started: libcurl's timer may end one a millisecond
-- early, and another could not succeed in what is left.
local LEAST_TIME = 0.005

---@class dingtalk.Request what is sent, the same over all its attempts
---@field row table what is asked of the service: its `name` for hooks and logs, its `method`
---@field url string
---@field token string|table|nil access token or token source; nil for the token calls themselves
---@field older_api boolean? it wants the token in the query, and has codes of its own
---@field secrets string[]? texts that no message may show; and none may quote the answer, which gives others
---@field body any what engine:start takes
---@field once boolean? a write without an x-client-token: not sent again where it may have been done
---@field deadline number in seconds of client:now()
---@field max_attempts integer? by default the client's
---@field cancel dingtalk.Cancellation? ends it from outside
---@field rate_limiter dingtalk.RateLimiter? of a run of many calls; by default the client's

--- The state of a request until it is settled. What only a failure sets is not named here.
---@class dingtalk.State
---@param client_token string?
---@param batch integer? number of the batch in the request's body
---@return dingtalk.State
function attempts.new(client_token, batch)
  return {
    client_token = client_token, batch = batch,
    attempts = 0,     -- requests made so far
    elapsed = 0,      -- seconds, once it is settled
    token = false,    -- the access token of the request at hand
    status = 0, sent = false, request_id = false, -- its answer: see errors.judge
    accepted = false, -- of a batch: whether the service did it, in this call or in an earlier one
  }
end

-- The outcome of the token request is not that of this request, which was not sent.
local function without_token_error(err)
  err = errors.copy(err)
  err.outcome = "not_sent"
  return err
end

local function token_from(source, client, deadline)
  local ok, text, err = scheduler.outside(scheduler.protect, source.get, source, client, deadline)
  if not ok then text, err = nil, errors.one_line(text) end
  if errors.is_error(err) then return nil, without_token_error(err) end
  if type(text) == "string" and not core.check_visible(text, limits.max_token_bytes) then return text end
  return nil, errors.new {
    kind = "auth", code = "no_token", outcome = "not_sent", retryable = false,
    message = "the token source gave no usable token"
      .. (type(err) == "string" and ": " .. errors.one_line(err) or ""),
  }
end

local function out_of_time()
  return errors.new {
    kind = "timeout", code = codes.transport.connect_timeout.code, message = "no time left to send the request",
    outcome = "not_sent", retryable = true,
  }
end

-- The older API takes the token in the query, and has codes of its own.
local function put_in_query(attempt, request)
  attempt.older_api = true
  attempt.query_token = core.encode(attempt.token)
  attempt.url = request.url .. (request.url:find("?", 1, true) and "&" or "?") .. "access_token=" .. attempt.query_token
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

-- A refused token is replaced once, where a token source can.
local function refresh(request, attempt)
  if attempt.refreshed or type(request.token) == "string" then return nil end
  attempt.refreshed = true
  scheduler.outside(scheduler.protect, request.token.invalidate, request.token, attempt.token)
  return 0
end

-- Seconds until the next attempt, or nil when there is none. `is_paced`: a rate limiter has slowed down for it, so it
-- counts neither as an attempt nor against the retry budget.
local function next_wait(client, request, attempt, err, retry, is_paced)
  if retry == "new_token" and request.token then return refresh(request, attempt) end
  local row = codes.retries[retry]
  if not row then return nil end
  if request.once and err.outcome ~= "not_sent" and err.kind ~= "throttled" then return nil end
  attempt.retries = (attempt.retries or 0) + 1
  if not row.unlimited and not is_paced then
    attempt.limited = (attempt.limited or 0) + 1
    if attempt.limited >= (request.max_attempts or client.max_attempts) then return nil end
    if not client:spend_retry(request.token) then
      err.hint = "Not tried again: the client's retry budget is spent, as in an outage."
      return nil
    end
  end
  local asked = attempt.retry_after
  local wait = math.max(attempts.backoff(row, is_paced and 1 or attempt.retries, client:random()), asked or 0)
  local left = request.deadline - client:now()
  if wait + LEAST_TIME <= left then return wait end
  -- Only the deadline ends these retries: wait half of what is left, so that there is time for the answer.
  if row.unlimited and not asked and left / 2 >= row.base * row.floor then return left / 2 end
  err.retry_after = err.retry_after or wait
  return nil
end

-- The error of a call that may make no request any more, because the client was closed or the call cancelled
-- meanwhile, by a hook for instance.
local function over(client, cancel, attempt)
  if scheduler.is_closed(client, attempt) then return (errors.judge(attempt)) end
  if not cancel or not cancel.is_cancelled then return nil end
  attempt.cancelled, attempt.sent = "cancelled", false
  return (errors.judge(attempt))
end

-- Waits for the next attempt, and clears what the last answer left. Returns an error where there is no next attempt.
local function pause(client, cancel, attempt, seconds)
  local err = over(client, cancel, attempt)
  if err then return err end
  if seconds > 0 and not client:pause(attempt, seconds) then return (errors.judge(attempt)) end
  attempt.failure, attempt.message, attempt.body, attempt.retry_after = nil, nil, nil, nil
  return over(client, cancel, attempt)
end

-- Calls the on_attempt hook. The core has made the table, with the connection's times, if there are any.
local function report(client, request, attempt, err, wait, elapsed)
  local info = attempt.timing or {}
  attempt.timing = nil
  info.operation, info.method = request.row.name, request.row.method
  info.host = request.older_api and client.older_host or client.host
  info.attempt, info.batch, info.client_token = attempt.attempts, attempt.batch, attempt.client_token
  info.elapsed, info.wait = elapsed, wait
  local answer = err or attempt -- an attempt that was cut off holds the answer of the one before
  info.status, info.request_id = answer.status ~= 0 and answer.status or nil, answer.request_id or nil
  if err then info.kind, info.code, info.outcome, info.message = err.kind, err.code, err.outcome, err.message end
  local ok, message = scheduler.outside(pcall, client.on_attempt, info)
  if not ok then attempt.hook_error = errors.one_line(message) end
end

-- A later refusal does not undo what an earlier attempt may have done, and a refused request did reach the service.
local rank = { not_sent = 1, rejected = 2, unknown = 3 }

local function worse(outcome, other)
  return rank[other or "not_sent"] > rank[outcome] and other or outcome
end

-- Completes the error of the last attempt with what is known of all of them.
local function conclude(attempt, err)
  err.outcome = worse(err.outcome, attempt.outcome)
  err.attempts, err.client_token, err.elapsed = attempt.attempts, attempt.client_token, attempt.elapsed
  err.hook_error = attempt.hook_error
  return err
end

-- The application's own header lines, of a request or of all. Returns an error where they cannot be sent.
local function set_headers(client, request, attempt)
  local headers = client.headers
  if options.is_callable(headers) then
    local ok, returned = scheduler.outside(scheduler.protect, headers, {
      operation = request.row.name, method = request.row.method, url = request.url,
      attempt = attempt.attempts + 1, batch = attempt.batch, client_token = attempt.client_token,
    })
    if not ok then
      return errors.argument("config.headers", "hook_failed", "config.headers raised: " .. errors.one_line(returned))
    end
    headers = returned
  end
  -- A table is checked each time, too: it may have been changed since.
  local err = options.check_headers(headers)
  if err then return err end
  attempt.headers = {}
  for name, value in next, headers or {} do table.insert(attempt.headers, name .. ": " .. value) end
end

--- Makes a request until it is settled.
---@param client dingtalk.Client
---@param request dingtalk.Request
---@param attempt dingtalk.State made by attempts.new; filled with status, request_id, attempts, elapsed
---@return dingtalk.Error? err nil when the service did it
---@return table? object the JSON object of the answer, if it had a body
function attempts.run(client, request, attempt)
  local cancel, limiter = request.cancel, request.rate_limiter or client.rate_limiter
  if cancel then cancel:enter(client, attempt) end
  local started = client.clock()
  local now = started
  local err, verdict, wait -- of the last attempt
  repeat
    local began, token = now, request.token
    err, verdict, wait = cancel and over(client, cancel, attempt) or nil, nil, nil
    if token and type(token) ~= "string" and not err then
      token, err = token_from(token, client, request.deadline)
      err = over(client, cancel, attempt) or err
      now = client.clock()
    end
    if limiter and not err then
      err = select(2, limiter:acquire(client, request, request.deadline, attempt))
      now = client.clock()
    end
    if client.headers and not err then
      err = set_headers(client, request, attempt)
      err = over(client, cancel, attempt) or err
      now = client.clock()
    end
    local left = request.deadline - now
    if left < LEAST_TIME and not err then err = out_of_time() end
    if not err then
      attempt.attempts, attempt.token = attempt.attempts + 1, token
      if request.secrets then attempt.secrets, attempt.hide_body = request.secrets, true end
      if request.older_api then put_in_query(attempt, request) end
      client:exchange(attempt, request, left < client.attempt_timeout and left or client.attempt_timeout)
      err, verdict = errors.judge(attempt)
    end
    now = client.clock()
    if err then
      local is_paced = limiter and verdict and err.kind == "throttled"
      if is_paced then limiter:throttled(request, attempt, err.retry_after) end
      wait = next_wait(client, request, attempt, err, verdict, is_paced)
    elseif client.retries_left[request.token or client] then
      client:earn_retry(request.token)
    end
    if client.on_attempt then report(client, request, attempt, err, wait, now - began) end
    if err then attempt.outcome = worse(err.outcome, attempt.outcome) end
    if wait then
      local ended = pause(client, cancel, attempt, wait)
      if ended then err, wait = ended, nil end
      now = client.clock()
    end
  until not wait
  if cancel then cancel:leave(attempt) end
  attempt.elapsed = now - started
  if err then return conclude(attempt, err) end
  return nil, verdict
end

return attempts
