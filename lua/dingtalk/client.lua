--- A client: its configuration, its engine, and what is in flight there.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local loops = require "dingtalk.loops"
local options = require "dingtalk.options"
local scheduler = require "dingtalk.scheduler"
local version = require "dingtalk.version"

local client = {}

---@class dingtalk.Client its own configuration and connections; made by calendar.new
---@field closed boolean
---@field base_url string
local methods = {
  park = scheduler.park, pause = scheduler.pause, wake = scheduler.wake_soon,
}
local metatable = { __name = "dingtalk.Client", __index = methods }

function metatable.__tostring(self)
  return ("dingtalk.Client (%s, loop %s%s)"):format(
    self.base_url, self.loop.name, self.closed and ", closed" or "")
end

local function engine_config(config)
  local name = config.user_agent and config.user_agent .. " " or ""
  return {
    ca_file = config.ca_file, ca_path = config.ca_path, client_cert = config.client_cert,
    client_key = config.client_key, proxy = config.proxy, interface = config.interface,
    ip_version = config.ip_version,
    user_agent = ("%slua-dingtalk/%s %s"):format(name, version, (core.libcurl:match("^[^ ]+"))),
    connect_timeout_ms = math.ceil((config.connect_timeout or limits.defaults.connect_timeout) * 1000),
    max_connections = config.max_connections or limits.defaults.max_connections,
    allow_http = config.allow_http,
  }
end

-- Where the older API is, by the address of this one.
local older_base_urls = {
  ["https://api.dingtalk.io"] = "https://oapi.dingtalk.io",
  ["https://api.dingtalk.com"] = "https://oapi.dingtalk.com",
}

local function without_slash(url)
  return url and (url:gsub("/+$", ""))
end

local function host_of(url)
  return url:match("^%a+://([^/?#]+)")
end

--- Makes a client. Does no I/O: the engine starts at the first call.
---@param config dingtalk.Config?
---@return dingtalk.Client? client
---@return dingtalk.Error? err
function client.new(config)
  local err
  config, err = options.take(config, options.config, "config")
  if err then return nil, err end
  local base_url = without_slash(config.base_url or limits.defaults.base_url)
  local older_base_url = without_slash(config.oapi_base_url) or older_base_urls[base_url:lower()] or base_url
  local self = setmetatable({
    base_url = base_url, host = host_of(base_url),
    older_base_url = older_base_url, older_host = host_of(older_base_url),
    call_timeout = config.timeout or limits.defaults.timeout,
    attempt_timeout = config.attempt_timeout or limits.defaults.attempt_timeout,
    max_attempts = config.max_attempts or limits.defaults.max_attempts,
    retry_budget = config.retry_budget or limits.defaults.retry_budget,
    -- False, not nil: each call reads them, and what is nil in a client is searched for among the methods.
    on_attempt = config.on_attempt or false,
    headers = config.headers or false,
    rate_limiter = config.rate_limiter or false,
    clock = config.clock or core.now,
    random_source = config.random or core.random,
    sleep = config.sleep,
    engine_config = engine_config(config),
    retries_left = setmetatable({}, { __mode = "k" }), -- by token, where it is not the whole budget
    closed = false,
    engine = nil,     -- of dingtalk.core, made at the first use
    sleepers = {},    -- by waiter, when it is to be woken: seconds of core.now()
    reminder = nil,   -- when the loop wants a step
    next_alarm = nil, -- when the engine's alarm is
    next_reap = 0,    -- when dead coroutines are searched for again
  }, metatable)
  self.loop, err = loops.new(config.loop, self)
  if not self.loop then return nil, err end
  return self
end

-- After a fork the child starts anew: the parent's transfers are not the child's. Pauses go on. The same happens where
-- the process closed the engine's descriptors, which ends what was in flight.
local function abandon(self)
  local engine, ended = self.engine, {}
  for attempt in engine.finished, engine do ended[#ended + 1] = attempt end
  local attempts = engine:close()
  if self.engine ~= engine then return end -- closed by a finalizer just now
  self.engine, self.next_alarm = nil, nil
  self.loop:forget()
  if next(self.sleepers) then
    local reopened, code = self:open_engine()
    if reopened then self.loop:watch() else scheduler.end_pauses(self, code) end
  end
  for _, attempt in ipairs(attempts) do
    attempt.cancelled = "forked"
    scheduler.wake(attempt)
  end
  for _, attempt in ipairs(ended) do scheduler.wake(attempt) end
end

--- The engine, made at the first use and again after a fork; nil and a code where the client is closed, or the system
--- gives no memory or no descriptor.
---@return table? engine
---@return string? code
function methods:open_engine()
  if self.engine and not self.engine:is_usable() then abandon(self) end
  if self.engine then return self.engine end
  if self.closed then return nil, "closed" end
  local code
  self.engine, code = core.engine(self.engine_config)
  if not self.engine then return nil, code end
  if next(self.sleepers) then scheduler.set_alarm(self) end
  return self.engine
end

-- What an attempt says where nothing was started.
local not_started = scheduler.not_started

-- Starts a request and waits for its end, in the core itself where it may block.
local function exchange(self, attempt, request, timeout, may_block)
  if not self.engine then
    local _, code = self:open_engine()
    if scheduler.is_closed(self, attempt) then return end
    if code then return not_started(attempt, code) end
  end
  if attempt.done then attempt.done = false end
  local answered, code, refused = self.engine:start(attempt, request.row.method, attempt.url or request.url,
    attempt.token or nil, attempt.client_token, request.body, attempt.batch, timeout,
    may_block, attempt.headers, self.on_attempt, attempt.older_api)
  if answered then
    return
  elseif answered == false then
    self.loop:watch()
    return scheduler.guarded(self, attempt, scheduler.wait, self, attempt)
  elseif code == "forked" or code == "descriptors_closed" then
    abandon(self)
    return exchange(self, attempt, request, timeout, may_block)
  end
  return not_started(attempt, code, refused)
end

--- Makes a request and waits for its end: fills the attempt as errors.judge wants it.
---@param attempt dingtalk.State
---@param request dingtalk.Request
---@param timeout number seconds
function methods:exchange(attempt, request, timeout)
  local may_block = self.loop.blocks
  if may_block and scheduler.current_group() then
    -- A debug hook may raise between the start and the wait, too.
    return scheduler.guarded(self, attempt, exchange, self, attempt, request, timeout, false)
  end
  return exchange(self, attempt, request, timeout, may_block)
end

--- Moves the transfers on, waiting up to `seconds` for one to end (nil: until something is due), and resumes those
--- whose wait is over.
---@param seconds number?
---@param most integer? how many of the ended transfers are dealt with at most
---@return boolean has_more whether ended transfers are left
function methods:turn(seconds, most)
  local engine, count = self:open_engine(), 0
  if not engine then return false end
  local attempt = engine:step(seconds)
  while attempt do
    scheduler.wake(attempt)
    -- What was resumed may have closed the client.
    if self.engine ~= engine then return false end
    count = count + 1
    if count == most then break end
    attempt = engine:finished()
  end
  scheduler.wake_sleepers(self)
  if not attempt or self.engine ~= engine then return false end
  engine:alarm(self.next_alarm) -- makes a step due for those that are left
  return engine:timeout() == 0
end

--- Does the I/O that is due, without waiting, and resumes coroutines whose wait is over: at most 8 of those whose
--- request has ended, so that a step holds its host briefly. Another step is then due at once.
---@return boolean has_more whether others are left
function methods:step()
  if self.closed or not self.engine then return false end
  if not self.engine:is_usable() then
    abandon(self)
    return false
  end
  local has_more = self:turn(0, limits.completions_a_step)
  if not self.closed then scheduler.reap(self) end
  self.loop:rethrow()
  return has_more
end

--- The descriptor to watch for reading: readable when step() is due. Nil where the platform has none.
---@return integer?
function methods:pollfd()
  local engine = self:open_engine()
  return engine and engine:pollfd() or nil
end

--- What to watch the descriptor for: always "r". With pollfd and timeout, the protocol of cqueues.
---@return string
function methods:events()
  return "r"
end

--- Seconds until step() is due whatever the descriptor says, or nil. Where the platform has no
--- descriptor they are few while anything is in flight.
---@return number?
function methods:timeout()
  if self.closed or not self.engine then return nil end
  if not self.engine:is_usable() then return 0 end -- after a fork step() lets go of what the parent had in flight
  local seconds = self.engine:timeout()
  if self:is_idle() or self.engine:pollfd() then return seconds end
  return math.min(seconds or limits.poll_interval, limits.poll_interval)
end

--- Makes a step due in `seconds`, for a loop's own purposes. The latest reminder counts.
---@param seconds number
function methods:remind(seconds)
  scheduler.remind(self, seconds)
end

--- Whether nothing is in flight or waits for its time.
---@return boolean
function methods:is_idle()
  return next(self.sleepers) == nil and (not self.engine or self.engine:in_flight() == 0)
end

--- Closes the connections. Calls in flight end with kind "cancelled". Idempotent.
function methods:close()
  if self.closed then return end
  local engine, sleepers = self.engine, self.sleepers
  self.loop:close()
  local attempts = engine and engine:close() or {} -- without memory it raises and closes nothing
  if self.closed then return end -- by a finalizer just now
  self.closed, self.engine, self.sleepers = true, nil, {}
  for _, attempt in ipairs(attempts) do attempt.cancelled = "closed" end
  for _, attempt in ipairs(attempts) do scheduler.wake(attempt) end
  for waiter in pairs(sleepers) do
    waiter.cancelled, waiter.sent = "closed", false
    scheduler.wake(waiter)
  end
  self.loop:rethrow()
end

--- Ends what an attempt waits for: it fails with this code of kind "cancelled". One that does not wait, or whose answer
--- has come, is left as it is.
---@param attempt dingtalk.State
---@param code string
function methods:cut_off(attempt, code)
  if self.engine and not self.engine:is_usable() then abandon(self) end
  local sent = self.engine and self.engine:cancel(attempt)
  if sent == nil and not self.sleepers[attempt] then return end
  attempt.cancelled, attempt.sent = code, sent or false
  self.sleepers[attempt] = nil
  scheduler.wake(attempt)
end

metatable.__close = methods.close

--- Seconds of the client's clock, in which deadlines are told.
---@return number
function methods:now()
  return self.clock()
end

--- A number in [0, 1).
function methods:random()
  return self.random_source() or 0.5
end

--- Takes one retry from the budget of a token, so that one customer's outage costs the others none; false when
--- none is left.
---@param token dingtalk.Token? nil: of the token requests
function methods:spend_retry(token)
  local key = token or self
  local left = self.retries_left[key] or self.retry_budget
  if left < 1 then return false end
  self.retries_left[key] = left - 1
  return true
end

--- Gives the budget back what a success earns.
---@param token dingtalk.Token?
function methods:earn_retry(token)
  local key = token or self
  local left = self.retries_left[key]
  if not left then return end
  left = left + limits.retry_earned
  self.retries_left[key] = left < self.retry_budget and left or nil
end

--- Why no call can be made here: a call needs an open client, and a place where its loop can wait.
---@param self table
---@return dingtalk.Error? err
function client.refusal(self)
  if getmetatable(self) ~= metatable then
    return errors.argument("self", "not_a_client", "call it as a method: client:add_attendees(…)")
  end
  if self.closed then
    return errors.argument("self", "closed", "the client is closed")
  end
  if self.loop.blocks then return nil end
  local can_wait, why = self.loop:check()
  if not can_wait then return errors.argument("config.loop", "cannot_wait", why) end
end

local default

--- The client of the functions that are given none, made at the first use. The environment may name the service and
--- the certificates it is trusted by.
---@return dingtalk.Client? client
---@return dingtalk.Error? err
function client.default()
  if default and not default.closed then return default end
  local err
  default, err = client.new { base_url = os.getenv "DINGTALK_BASE_URL", ca_file = os.getenv "DINGTALK_CA_FILE" }
  if err then err.hint = "It comes from the environment: DINGTALK_BASE_URL, DINGTALK_CA_FILE." end
  return default, err
end

client.methods = methods

return client
