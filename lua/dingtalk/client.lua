--- A client: its configuration and its engine. What is in flight stands in transfers.lua, how coroutines wait
--- for it in waiting.lua, how an answer is judged in errors.lua.

local core = require "dingtalk.core"
local limits = require "dingtalk.limits"
local version = require "dingtalk.version"

local errors = require "dingtalk.errors"
local loops = require "dingtalk.loops"
local options = require "dingtalk.options"
local waiting = require "dingtalk.waiting"
local transfers = require "dingtalk.transfers"

local client = {}

---@class dingtalk.Client its own configuration and connections; made by calendar.new
---@field closed boolean
---@field base_url string
local methods = {}
for _, part in ipairs { waiting.methods, transfers.methods } do
  for name, method in pairs(part) do methods[name] = method end
end
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

--- The engine, made at the first use and again after a fork; nil and a code where the system gives
--- no memory or no descriptor.
---@return table? engine
---@return string? code
function methods:open_engine()
  if self.engine and not self.engine:is_usable() then transfers.abandon(self) end
  if self.engine then return self.engine end
  local code
  self.engine, code = core.engine(self.engine_config)
  if not self.engine then return nil, code end
  if next(self.sleepers) then waiting.set_alarm(self) end
  return self.engine
end

--- Closes the connections. Calls in flight end with kind "cancelled". Idempotent.
function methods:close()
  if self.closed then return end
  local engine, slots, sleepers = self.engine, self.in_flight, self.sleepers
  self.loop:close()
  self.closed, self.engine, self.in_flight, self.sleepers = true, nil, {}, {}
  local is_ours = engine and engine:is_usable() -- else they are those of a fork's parent
  for id, slot in pairs(slots) do
    slot.cancelled, slot.sent = "closed", not is_ours or engine:cancel(id) or false
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
