--- A store in Redis: machines share one token and one request for it. In nginx it waits as nginx does
--- (lua-resty-redis or Debian's lua-nginx-redis); elsewhere it uses lua-redis, which blocks the thread
--- for the time of a command, connecting and signing in included: at most `timeout`.
---
--- The values are access tokens, and refresh tokens of users: guard the server as you guard those.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local guarded = require "dingtalk.stores.guarded"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"

local IDLE_MS, IDLE_CONNECTIONS = 60000, 16 -- of nginx's connection pool

-- Between a look and a deletion the lock could expire and be another's.
local DELETE_IF = [[
if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end
return 0]]

-- By Redis' own clock, so that machines need not agree on theirs; the answer is relative. The value: when
-- it was written, and when the next slot is, in microseconds. If the clock was set back, what was ahead
-- stays as far ahead; what is more than a day ahead is no schedule of ours.
local RESERVE = [[
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call("time")
local now = clock[1] * 1000000 + clock[2]
local set, free = string.match(redis.call("get", KEYS[1]) or "", "^(%d+) (%d+)$")
set, free = tonumber(set) or now, tonumber(free) or now
if now < set then free = free - set + now end
if free < now or free - now > 86400000000 then free = now end
if free - now <= tonumber(ARGV[2]) then
  local after = free + ARGV[1]
  redis.call("set", KEYS[1], string.format("%.0f %.0f", now, after), "PX", math.ceil((after - now) / 1000) + 1000)
end
return free - now]]

local function check_text(value)
  if value == "" or value:find("[%c\127]") then return "must not be empty or hold control bytes" end
end

local text = { "string", check = check_text }

local schema = {
  host = text, path = text, user = text, password = text, prefix = text,
  port = { "integer", 1, 65535 },
  database = { "integer", 0, 1e6 },
  timeout = { "number", 0.001, limits.max_timeout },
}

---@class dingtalk.RedisConfig
---@field host string? 127.0.0.1 by default
---@field port integer? 6379 by default
---@field path string? of a Unix socket, instead of host and port
---@field user string?
---@field password string?
---@field database integer? number, 0 by default
---@field prefix string? of the keys, "dingtalk:" by default
---@field timeout number? seconds of one command with connecting and signing in, 0.25 by default

local redis = {}

local LEAST = 0.001 -- seconds: LuaSocket takes 0 for at once, nginx for its default

local function left(connection)
  return math.max(connection.deadline - core.now(), LEAST)
end

local ngx = rawget(_G, "ngx")

-- One way to Redis: `open` gives a connection with a deadline, `release` takes one back that is well.
local function nginx_driver(library)
  local driver = {}

  function driver.open(server, deadline)
    local client = library:new()
    local connection = { client = client, deadline = deadline }
    client:set_timeout(left(connection) * 1000)
    -- The pool is the worker's: who does not have the password must not come by a signed-in connection.
    server.pool = server.pool or { pool = ("dingtalk:%s:%s:%s:%s"):format(server.path or server.host, server.port,
      server.database, ngx.encode_base64(ngx.sha1_bin(server.credentials))) }
    local pool = server.pool
    local ok, message
    if server.path then
      ok, message = client:connect("unix:" .. server.path, pool)
    else
      ok, message = client:connect(server.host, server.port, pool)
    end
    if not ok then return nil, message end
    return connection, client:get_reused_times() > 0
  end

  function driver.run(connection, command, ...)
    local client = connection.client
    client:set_timeout(left(connection) * 1000)
    local value, message = client[command](client, ...)
    if value == ngx.null then return nil end
    if not value then return nil, message end
    return value
  end

  function driver.release(_, connection)
    connection.client:set_keepalive(IDLE_MS, IDLE_CONNECTIONS)
  end

  function driver.drop(connection)
    connection.client:close()
  end

  return driver
end

-- A name is resolved once, since that blocks for as long as the resolver likes.
local function connect_blocking(server, connection)
  local socket = server.path and require "socket.unix"() or require("socket").tcp()
  socket:settimeout(left(connection), "t")
  local ok, message
  if server.path then
    ok, message = socket:connect(server.path)
  else
    ok, message = socket:connect(server.address or server.host, server.port)
    server.address = ok and socket:getpeername() or nil
    if ok then socket:setoption("tcp-nodelay", true) end
  end
  if ok then return socket end
  socket:close()
  return nil, message
end

-- Each read has what is left, not as much again.
local function bound_reads(connection)
  local client = connection.client
  function client.network.read(_, length)
    connection.socket:settimeout(left(connection), "t")
    local line, message = connection.socket:receive(length or "*l")
    if not line then error("connection error: " .. message, 0) end
    return line
  end
end

local function blocking_driver(library)
  local driver = {}

  function driver.open(server, deadline)
    local idle = server.idle
    server.idle = nil
    -- After a fork the connection is the parent's.
    if idle and idle.pid == core.pid() then
      idle.deadline = deadline
      return idle, true
    end
    local connection = { deadline = deadline, pid = core.pid() }
    local message
    connection.socket, message = connect_blocking(server, connection)
    if not connection.socket then return nil, message end
    connection.client = library.connect { socket = connection.socket }
    bound_reads(connection)
    return connection, false
  end

  function driver.run(connection, command, ...)
    connection.socket:settimeout(left(connection), "t")
    local ok, value = pcall(connection.client[command], connection.client, ...)
    if not ok then return nil, (tostring(value):gsub("^[^\n]-%.lua:%d+: ", "")) end
    return value
  end

  function driver.release(server, connection)
    server.idle = connection
  end

  function driver.drop(connection)
    connection.socket:close()
  end

  return driver
end

-- Debian has lua-redis for Lua up to 5.3; the same file runs on 5.4.
local function load_lua_redis()
  local found, library = pcall(require, "redis")
  if found then return library end
  local versioned = package.path:gsub("/5%.4/", "/5.3/")
  local search = package.searchpath -- luacheck: ignore 143
  local path = search and search("redis", versioned)
  if path then return dofile(path) end
  return nil
end

local function find_driver()
  if type(ngx) == "table" and ngx.socket then
    for _, name in ipairs { "resty.redis", "nginx.redis" } do
      local found, library = pcall(require, name)
      if found then return nginx_driver(library) end
    end
    return nil, "Install lua-resty-redis or Debian's lua-nginx-redis."
  end
  local library = load_lua_redis()
  if library then return blocking_driver(library) end
  return nil, "Install Debian's lua-redis, or redis-lua."
end

local function sign_in(self, connection)
  local run, message = self.driver.run, nil
  if self.password and self.user then
    message = select(2, run(connection, "auth", self.user, self.password))
  elseif self.password then
    message = select(2, run(connection, "auth", self.password))
  end
  if not message and self.database ~= 0 then
    message = select(2, run(connection, "select", self.database))
  end
  return message
end

local function open(self, deadline)
  local connection, reused = self.driver.open(self, deadline)
  if not connection then return nil, reused end
  local message = not reused and sign_in(self, connection)
  if not message then return connection, reused end
  self.driver.drop(connection)
  return nil, message
end

local gone = { "closed", "reset", "broken pipe" }

local function is_gone(message)
  for _, sign in ipairs(gone) do
    if message:lower():find(sign, 1, true) then return true end
  end
end

-- A kept connection may have been closed by the server meanwhile: then a new one is tried.
local function command(self, seconds, name, ...)
  local deadline = core.now() + math.min(seconds or self.timeout, self.timeout)
  while true do
    local connection, reused = open(self, deadline)
    if not connection then return nil, guarded.message(reused, self.password, self.user) end
    local value, message = self.driver.run(connection, name, ...)
    if message == nil then
      self.driver.release(self, connection)
      return value
    end
    self.driver.drop(connection)
    message = guarded.message(message, self.password, self.user, ...)
    if not reused or not is_gone(message) then return nil, message end
  end
end

local function milliseconds(seconds)
  return ("%d"):format(math.max(1, math.ceil(seconds * 1000)))
end

local Redis = {}
Redis.__index = Redis

--- A store in Redis. Does no I/O yet.
---@param config dingtalk.RedisConfig?
---@return dingtalk.Store? store
---@return dingtalk.Error? err
function redis.new(config)
  local err = options.check(config, schema, "config")
  if err then return nil, err end
  local driver, hint = find_driver()
  if not driver then
    return nil, errors.argument("config", "no_redis_library", "there is no Lua library for Redis", hint)
  end
  config = config or {}
  local server = {
    driver = driver, host = config.host or "127.0.0.1", port = config.port or 6379, path = config.path,
    user = config.user, password = config.password, database = config.database or 0,
    timeout = config.timeout or limits.store_seconds,
    credentials = (config.user or "") .. "\0" .. (config.password or ""),
  }
  local prefix = config.prefix or "dingtalk:"
  -- The password stands in a closure, where no pretty-printer shows it.
  return setmetatable({
    where = server.path or ("%s:%d"):format(server.host, server.port),
    run = function(seconds, name, key, ...) return command(server, seconds, name, prefix .. key, ...) end,
    eval = function(seconds, script, key, ...)
      return command(server, seconds, "eval", script, 1, prefix .. key, ...)
    end,
  }, Redis)
end

---@param key string
---@param seconds number? it has, at most `timeout`
---@return string? value
---@return string? message
function Redis:get(key, seconds)
  return self.run(seconds, "get", key)
end

---@param key string
---@param value string
---@param ttl number seconds
---@param seconds number?
---@return boolean? ok
---@return string? message
function Redis:set(key, value, ttl, seconds)
  local ok, message = self.run(seconds, "set", key, value, "PX", milliseconds(ttl))
  if ok then return true end
  return nil, message
end

--- As set, but false where there is a value.
---@param key string
---@param value string
---@param ttl number seconds
---@param seconds number?
---@return boolean? ok
---@return string? message
function Redis:add(key, value, ttl, seconds)
  local ok, message = self.run(seconds, "set", key, value, "PX", milliseconds(ttl), "NX")
  if message then return nil, message end
  return ok ~= nil
end

--- Deletes the key if its value is still this one.
---@param key string
---@param value string
---@param seconds number?
---@return any
---@return string? message
function Redis:delete(key, value, seconds)
  return self.eval(seconds, DELETE_IF, key, value)
end

--- The next slot of a schedule: one script over one key, by the clock of Redis.
---@param key string
---@param interval number seconds until the one after it
---@param horizon number seconds: none is taken that is further ahead
---@param seconds number?
---@return number|false|nil seconds until the slot
---@return number|string? seconds until the one that was too far ahead; or what failed
function Redis:reserve(key, interval, horizon, seconds)
  local most = math.floor(horizon * 1e6)
  local wait, message = self.eval(seconds, RESERVE, key, ("%d"):format(math.ceil(interval * 1e6)), ("%d"):format(most))
  if type(wait) ~= "number" then return nil, message or "no number" end
  if wait > most then return false, wait / 1e6 end
  return wait / 1e6
end

function Redis:__tostring()
  return ("dingtalk.Store (Redis %s)"):format(self.where)
end

return redis
