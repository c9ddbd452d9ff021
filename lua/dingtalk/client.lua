--- A client: its configuration, its engine, and what is in flight. How coroutines wait for it stands in
--- waiting.lua, how an answer is judged in errors.lua.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local lazy = require "dingtalk.lazy"
local limits = require "dingtalk.limits"
local loops = require "dingtalk.loops"
local operations = require "dingtalk.operations.attendees"
local options = require "dingtalk.options"
local version = require "dingtalk.version"
local waiting = require "dingtalk.waiting"

local RETRY_EARNED = 0.2 -- retries a success gives back to the budget: ours, as AWS SDKs do

local client = {}

---@class dingtalk.Client its own configuration and connections; made by calendar.new
---@field closed boolean
---@field base_url string
local methods = {}
for name, method in pairs(waiting.methods) do methods[name] = method end
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
  if self.loop.name ~= "blocking" then lazy.read_all() end
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

-- After a fork the child starts anew; what the parent had in flight is not the child's. Who waits for
-- a time, waits on.
local function abandon(self)
  self.engine:close()
  self.engine = nil
  self.next_alarm = nil
  local slots = self.in_flight
  self.in_flight = {}
  self.loop:forget()
  if next(self.sleepers) and self:open_engine() then self.loop:watch() end
  for _, slot in pairs(slots) do
    slot.cancelled, slot.sent = "forked", true
    waiting.wake(slot)
  end
end

-- Plain calls may take the short way through the core where nothing of Lua's is to be asked on it.
local function allow_shortcut(self)
  if not self.loop.in_place or self.on_attempt or self.clock ~= core.now then return end
  local add, remove = operations.add_attendees, operations.remove_attendees
  self.engine:shortcut(self.call_timeout, self.base_url .. add.path[1], add.path[3], add.path[5], add.tail, remove.tail)
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
  if not self.engine then return nil, code end
  allow_shortcut(self)
  if next(self.sleepers) then waiting.set_alarm(self) end
  return self.engine
end

--- Waits for the end of a transfer: fills the slot with curl, status, sent, body, request_id,
--- retry_after (seconds), message, overflow, resent, or cancelled.
function methods:await(slot, id)
  if self.closed then -- by a finalizer, since it was started
    slot.cancelled, slot.sent = "closed", true
    return
  end
  slot.done = false
  self.in_flight[id] = slot
  self.loop:watch()
  waiting.wait(self, slot)
  if slot.retry_after then slot.retry_after = core.retry_after(slot.retry_after, os.time()) end
end

--- Sends a request and waits for its end, as await does.
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
  return self:await(slot, id)
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
      if not slot.curl then slot.cancelled, slot.sent = "closed", true end
      waiting.wake(slot)
    else
      engine:cancel(id)
    end
    -- What was resumed may have closed the client.
    id = self.engine == engine and engine:finished()
  end
  if self.engine == engine and self.next_alarm then waiting.wake_sleepers(self) end
end

--- Does the I/O that is due, without waiting, and resumes the coroutines whose wait is over.
function methods:step()
  if self.closed or not self.engine then return end
  if not self.engine:is_usable() then return abandon(self) end
  self:turn(0)
  if not self.closed then waiting.reap(self) end
  self.loop:rethrow()
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

--- Seconds until step() is due whatever the descriptor says, or nil. Where the platform has no
--- descriptor they are few while anything is in flight.
---@return number?
function methods:timeout()
  if self.closed or not self.engine then return nil end
  local seconds = self.engine:timeout()
  if self:is_idle() or self.engine:pollfd() then return seconds end
  return math.min(seconds or limits.poll_interval, limits.poll_interval)
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
  for _, slot in pairs(slots) do waiting.wake(slot) end
  for slot in pairs(sleepers) do
    slot.cancelled, slot.sent = "closed", false
    waiting.wake(slot)
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
