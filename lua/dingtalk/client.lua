--- A client: its configuration and its engine. What is in flight stands in transfers.lua, how coroutines wait
--- for it in waiting.lua, how an answer is judged in errors.lua.

local blocking = require "dingtalk.loops.blocking"
local core = require "dingtalk.core"
local lazy = require "dingtalk.lazy"
local limits = require "dingtalk.limits"
local operations = require "dingtalk.operations.attendees"
local version = require "dingtalk.version"

-- What json.lua needs, which is not run before an answer has a body.
require "cjson.safe"

local errors = lazy.kept("dingtalk.errors", "dingtalk.json", "dingtalk.rules")
local loops = lazy.kept "dingtalk.loops"
local options = lazy.kept("dingtalk.options", "dingtalk.suggestion")
local waiting = lazy.kept "dingtalk.waiting"
local transfers = lazy.kept "dingtalk.transfers"

local client = {}

---@class dingtalk.Client its own configuration and connections; made by calendar.new
---@field closed boolean
---@field base_url string
local methods = {}
lazy.forward(methods, waiting, "pause", "park", "wake", "wait_group", "remind", "is_idle")
lazy.forward(methods, transfers, "now", "random", "spend_retry", "earn_retry", "await", "exchange", "turn", "step",
  "pollfd", "events", "timeout")
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

local function is_plain_url(value)
  local rest = #value < 256 and value:match("^https://[A-Za-z0-9.-]+(.*)$")
  if rest == "" then return true end
  local port = rest and tonumber(rest:match("^:(%d+)$"))
  return port and port >= 1 and port <= 65535
end

local function is_plain_path(value)
  return value:find("^[%w/._-]+$")
end

local is_plain = {
  base_url = is_plain_url, ca_file = is_plain_path, ca_path = is_plain_path, loop = is_plain_path,
}

local function is_plain_option(name, value)
  if name == "allow_http" then return value == true end
  local is = is_plain[name]
  return is and type(value) == "string" and is(value)
end

-- Whether a configuration says only what needs no closer look; what else there may be is for options.lua to judge.
local function is_plain_config(config)
  if type(config) ~= "table" or getmetatable(config) ~= nil then return config == nil end
  for name, value in next, config do
    if not is_plain_option(name, value) then return false end
  end
  return true
end

-- Of the loops in loops.lua the one of plain Lua stands here, since it is all that a script needs.
local function new_loop(name, self)
  if name == "blocking" or name == nil and rawget(_G, "ngx") == nil then return blocking.new(self) end
  return loops.new(name, self)
end

--- Makes a client. Does no I/O: the engine starts at the first call.
---@param config dingtalk.Config?
---@return dingtalk.Client? client
---@return dingtalk.Error? err
function client.new(config)
  local err = not is_plain_config(config) and options.check(config, options.config, "config")
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
  self.loop, err = new_loop(config.loop, self)
  if not self.loop then return nil, err end
  if self.loop.name ~= "blocking" then lazy.read_all() end
  return self
end

--- Whether `value` is a client.
function client.is_client(value)
  return getmetatable(value) == metatable
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
  if self.engine and not self.engine:is_usable() then transfers.abandon(self) end
  if self.engine then return self.engine end
  local code
  self.engine, code = core.engine(self.engine_config)
  if not self.engine then return nil, code end
  allow_shortcut(self)
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
