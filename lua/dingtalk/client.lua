--- A client: its configuration, its engine, and the coroutines that wait for it. The waiting itself
--- is the loop's (dingtalk.loops.*), the judging call.lua's.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local group = require "dingtalk.group"
local limits = require "dingtalk.limits"
local loops = require "dingtalk.loops"
local options = require "dingtalk.options"
local version = require "dingtalk.version"

local RETRY_EARNED = 0.2 -- retries a success gives back to the budget: ours, as AWS SDKs do
local REAP_INTERVAL = 0.1 -- seconds between two looks for coroutines that died while waiting

local client = {}

---@class dingtalk.Client its own configuration and connections; made by calendar.new
---@field closed boolean
---@field base_url string
local methods = {}
local metatable = { __name = "dingtalk.Client", __index = methods }

function metatable.__tostring(self)
  return ("dingtalk.Client (%s, loop %s%s)"):format(
    self.base_url, self.loop.name, self.closed and ", closed" or "")
end

local function engine_config(config)
  local name = config.user_agent and config.user_agent .. " " or ""
  return {
    ca_file = config.ca_file, ca_path = config.ca_path, proxy = config.proxy,
    user_agent = ("%slua-dingtalk/%s %s"):format(name, version, (core.libcurl:match("^[^ ]+"))),
    connect_timeout_ms = math.ceil((config.connect_timeout or limits.defaults.connect_timeout) * 1000),
    max_connections = config.max_connections or limits.defaults.max_connections,
    allow_http = config.allow_http,
  }
end

--- Makes a client. Does no I/O: the engine starts at the first call.
---@param config dingtalk.Config?
---@return dingtalk.Client? client
---@return dingtalk.Error? err
function client.new(config)
  local err = options.check(config, options.config, "config")
  if err then return nil, err end
  config = config or {}
  local self = setmetatable({
    base_url = ((config.base_url or limits.defaults.base_url):gsub("/+$", "")),
    oapi_base_url = config.oapi_base_url and config.oapi_base_url:gsub("/+$", "") or nil,
    call_timeout = config.timeout or limits.defaults.timeout,
    max_attempts = config.max_attempts or limits.defaults.max_attempts,
    retry_budget = config.retry_budget or limits.defaults.retry_budget,
    on_attempt = config.on_attempt,
    clock = config.clock or core.now,
    random_source = config.random or core.random,
    sleep = config.sleep,
    engine_config = engine_config(config),
    closed = false,
    in_flight = {}, -- slots by transfer id
    sleepers = {},  -- when to wake, by slot
  }, metatable)
  self.retries_left = self.retry_budget
  self.loop, err = loops.new(config.loop, self)
  if not self.loop then return nil, err end
  return self
end

--- Whether `value` is a client.
function client.is_client(value)
  return getmetatable(value) == metatable
end

--- Seconds of the client's clock, in which deadlines are told.
---@return number
function methods:now()
  return self.clock()
end

--- A number in [0, 1).
function methods:random()
  return self.random_source() or 0.5
end

--- Takes one retry from the budget; false when none is left.
function methods:spend_retry()
  if self.retries_left < 1 then return false end
  self.retries_left = self.retries_left - 1
  return true
end

--- Gives the budget back what a success earns.
function methods:earn_retry()
  local left = self.retries_left + RETRY_EARNED
  self.retries_left = left < self.retry_budget and left or self.retry_budget
end

-- Marks a slot as done and resumes whoever waits for it.
local function wake(self, slot)
  slot.done = true
  local waiter = slot.waiter
  while waiter do
    local was_ready = waiter.done
    waiter:ready(slot)
    if was_ready then return end
    slot, waiter = waiter, waiter.waiter
  end
  -- A coroutine that is suspended for another reason than us must not be resumed.
  if slot.suspended then slot.suspended:resume(slot) end
end

-- The group that waits for us: another client's too, unless our loop can wait wherever it is called.
local function own_group(self)
  local current = group.current()
  return current and (current.client == self or not self.loop.direct) and current or nil
end

local function wait(self, slot)
  local outer = own_group(self)
  while not slot.done do
    if outer then
      outer:wait(slot)
    else
      slot.suspended = self.loop
      self.loop:suspend(slot)
      slot.suspended = nil
    end
  end
end

local function set_alarm(self)
  local first = self.reminder
  for _, at in pairs(self.sleepers) do
    if not first or at < first then first = at end
  end
  self.next_alarm = first
  if self.engine then self.engine:alarm(first) end
end

local function alarm_by(self, at)
  if self.next_alarm and self.next_alarm <= at then return end
  self.next_alarm = at
  self.engine:alarm(at)
end

local function sleep_until(self, slot, at)
  self.sleepers[slot] = at
  alarm_by(self, at)
  self.loop:watch()
end

--- Waits for `seconds`; false when the wait was cancelled.
---@param slot dingtalk.Slot
---@param seconds number
function methods:pause(slot, seconds)
  if self.sleep then
    self.sleep(seconds)
    if self.closed then slot.cancelled, slot.sent = "closed", false end
    return not self.closed
  end
  return self:park(slot, seconds)
end

--- Waits until client:wake(slot), at most `seconds`; false when the wait was cancelled. Unlike pause
--- it lets others go on whatever config.sleep is.
---@param slot table
---@param seconds number
function methods:park(slot, seconds)
  if self.closed then
    slot.cancelled, slot.sent = "closed", false
    return false
  end
  if not self:open_engine() then return false end
  slot.done = false
  sleep_until(self, slot, core.now() + seconds)
  wait(self, slot)
  self.sleepers[slot] = nil
  return not slot.cancelled
end

--- Ends a park: at the next step, since the one who waits must not go on inside the one who calls.
---@param slot table
function methods:wake(slot)
  if self.sleepers[slot] then sleep_until(self, slot, core.now()) end
end

--- Waits until a member of the group is done, or `delay` seconds passed.
function methods:wait_group(members, delay)
  -- Closing has woken all who waited for us; a member may still wait for another client.
  if self.closed and (delay or self.loop.direct) then return end
  if delay and not self:open_engine() then return end
  if delay then sleep_until(self, members, core.now() + delay) end
  wait(self, members)
  self.sleepers[members] = nil
end

-- After a fork the child starts anew; what the parent had in flight is not the child's.
local function abandon(self)
  self.engine:close()
  self.engine = nil
  self.next_alarm = nil
  local slots = self.in_flight
  self.in_flight = {}
  self.loop:forget()
  for _, slot in pairs(slots) do
    slot.cancelled, slot.sent = "forked", true
    wake(self, slot)
  end
end

--- The engine, made at the first use and again after a fork; nil and a code where the system gives
--- no memory or no descriptor.
---@return table? engine
---@return string? code
function methods:open_engine()
  if self.engine and not self.engine:is_usable() then abandon(self) end
  if self.engine then return self.engine end
  local code
  self.engine, code = core.engine(self.engine_config)
  return self.engine, code
end

--- Sends a request and waits for its end: fills the slot with curl, status, sent, body, request_id,
--- retry_after (seconds), message, overflow, resent, or cancelled.
function methods:exchange(slot, task, token, timeout)
  slot.retry_after = nil
  if self.closed then
    slot.cancelled, slot.sent = "closed", false
    return
  end
  local id
  local engine, code = self:open_engine()
  if engine then
    id, code = engine:start(
      task.method, slot.url or task.url, token, slot.client_token, task.body, slot.batch, timeout)
  end
  if not id then
    slot.curl, slot.status, slot.sent, slot.body, slot.message = code, 0, false, nil, nil
    return
  end
  slot.done = false
  self.in_flight[id] = slot
  self.loop:watch()
  wait(self, slot)
  if slot.retry_after then slot.retry_after = core.retry_after(slot.retry_after, os.time()) end
end

local function reap(self)
  local now = core.now()
  if now < (self.next_reap or 0) then return end
  self.next_reap = now + REAP_INTERVAL
  for id, slot in pairs(self.in_flight) do
    if self.loop:is_dead(slot) then
      self.engine:cancel(id)
      self.in_flight[id] = nil
    end
  end
  for slot in pairs(self.sleepers) do
    if self.loop:is_dead(slot) then self.sleepers[slot] = nil end
  end
end

local function wake_sleepers(self)
  local now = core.now()
  if now < self.next_alarm then return end
  local due = {}
  for slot, at in pairs(self.sleepers) do
    if at <= now then due[#due + 1] = slot end
  end
  for _, slot in ipairs(due) do self.sleepers[slot] = nil end
  if self.reminder and self.reminder <= now then self.reminder = nil end
  set_alarm(self)
  for _, slot in ipairs(due) do wake(self, slot) end
end

--- Moves the transfers on, waiting up to `seconds` for one to end (nil: until something is due),
--- and resumes those whose wait is over.
function methods:turn(seconds)
  local engine = self.engine
  local id = engine:step(seconds)
  while id do
    local slot = self.in_flight[id]
    self.in_flight[id] = nil
    if slot then
      slot.curl, slot.status, slot.sent, slot.body, slot.request_id,
        slot.retry_after, slot.message, slot.overflow, slot.resent, slot.proxy_status = engine:take(id)
      wake(self, slot)
    else
      engine:cancel(id)
    end
    -- What was resumed may have closed the client.
    id = self.engine == engine and engine:finished()
  end
  if self.engine == engine and self.next_alarm then wake_sleepers(self) end
end

--- Does the I/O that is due, without waiting, and resumes the coroutines whose wait is over.
function methods:step()
  if self.closed or not self.engine then return end
  if not self.engine:is_usable() then return abandon(self) end
  self:turn(0)
  if not self.closed then reap(self) end
  self.loop:rethrow()
end

--- Makes a step due in `seconds`, for a loop's own purposes; the latest reminder counts.
---@param seconds number
function methods:remind(seconds)
  if not self:open_engine() then return end
  self.reminder = core.now() + seconds
  alarm_by(self, self.reminder)
end

--- Whether nothing is in flight or waits for its time.
---@return boolean
function methods:is_idle()
  return next(self.in_flight) == nil and next(self.sleepers) == nil
end

--- The descriptor to watch for reading: readable when step() is due. Nil where the platform has none.
---@return integer?
function methods:pollfd()
  local engine = not self.closed and self:open_engine()
  return engine and engine:pollfd() or nil
end

--- What to watch the descriptor for: always "r". With pollfd and timeout, the protocol of cqueues.
---@return string
function methods:events()
  return "r"
end

--- Seconds until step() is due whatever the descriptor says, or nil.
---@return number?
function methods:timeout()
  return not self.closed and self.engine and self.engine:timeout() or nil
end

--- Closes the connections. Calls in flight end with kind "cancelled". Idempotent.
function methods:close()
  if self.closed then return end
  local engine, slots, sleepers = self.engine, self.in_flight, self.sleepers
  self.loop:close()
  self.closed, self.engine, self.in_flight, self.sleepers = true, nil, {}, {}
  for id, slot in pairs(slots) do
    slot.cancelled, slot.sent = "closed", engine:cancel(id) or false
  end
  if engine then engine:close() end
  for _, slot in pairs(slots) do wake(self, slot) end
  for slot in pairs(sleepers) do
    slot.cancelled, slot.sent = "closed", false
    wake(self, slot)
  end
end

metatable.__close = methods.close

local default

--- The client of the functions that are given none, made at the first use.
---@return dingtalk.Client? client
---@return dingtalk.Error? err
function client.default()
  if not default or default.closed then
    local err
    default, err = client.new()
    if not default then return nil, err end
  end
  return default
end

--- Why no call can be made here: a call needs an open client, and a place where its loop can wait.
---@param self table
---@return dingtalk.Error? err
function client.refusal(self)
  if self.closed then
    return errors.argument("self", "closed", "the client is closed")
  end
  local can_wait, why = self.loop:check()
  if not can_wait then return errors.argument("config.loop", "cannot_wait", why) end
end

client.methods = methods

return client
