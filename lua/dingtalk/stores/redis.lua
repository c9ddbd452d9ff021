--- A store in Redis: machines share one token and one request for it. In nginx it waits as nginx does
--- (lua-resty-redis or Debian's lua-nginx-redis); elsewhere it uses lua-redis, which blocks the thread
--- for the time of a command, at most `timeout`.
---
--- The values are access tokens, and refresh tokens of users: guard the server as you guard those.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"

local IDLE_MS, IDLE_CONNECTIONS = 60000, 16 -- of nginx's connection pool

-- Between a look and a deletion the lock could expire and be another's.
local DELETE_IF = [[
if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end
return 0]]

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
---@field timeout number? seconds of one command, 1 by default

local redis = {}

-- One way to Redis: `open` gives a connection, `release` takes one back that is well.
local function nginx_driver(library)
  local driver = {}

  function driver.open(server)
    local connection = library:new()
    connection:set_timeout(server.timeout * 1000)
    local pool = { pool = ("dingtalk:%s:%s:%s"):format(server.path or server.host, server.port, server.database) }
    local ok, message
    if server.path then
      ok, message = connection:connect("unix:" .. server.path, pool)
    else
      ok, message = connection:connect(server.host, server.port, pool)
    end
    if not ok then return nil, message end
    return connection, connection:get_reused_times() > 0
  end

  function driver.run(connection, command, ...)
    local value, message = connection[command](connection, ...)
    if value == ngx.null then return nil end -- luacheck: ignore 113
    if not value then return nil, message end
    return value
  end

  function driver.release(_, connection)
    connection:set_keepalive(IDLE_MS, IDLE_CONNECTIONS)
  end

  function driver.drop(connection)
    connection:close()
  end

  return driver
end

local function blocking_driver(library)
  local driver = {}

  function driver.open(server)
    local idle = server.idle
    server.idle = nil
    -- After a fork the connection is the parent's.
    if idle and idle.pid == core.pid() then return idle, true end
    local ok, client = pcall(library.connect, {
      scheme = server.path and "unix" or nil, path = server.path, host = server.host, port = server.port,
      timeout = server.timeout,
    })
    if not ok then return nil, client end
    return { client = client, pid = core.pid() }, false
  end

  function driver.run(connection, command, ...)
    local ok, value = pcall(connection.client[command], connection.client, ...)
    if not ok then return nil, value end
    return value
  end

  function driver.release(server, connection)
    server.idle = connection
  end

  function driver.drop(connection)
    pcall(function() connection.client.network.socket:close() end)
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
  local ngx = rawget(_G, "ngx")
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

local function open(self)
  local connection, reused = self.driver.open(self)
  if not connection then return nil, reused end
  local message = not reused and sign_in(self, connection)
  if not message then return connection, reused end
  self.driver.drop(connection)
  return nil, message
end

-- A kept connection may have been closed by the server meanwhile: then a new one is tried.
local function command(self, name, ...)
  while true do
    local connection, reused = open(self)
    if not connection then return nil, tostring(reused) end
    local value, message = self.driver.run(connection, name, ...)
    if message == nil then
      self.driver.release(self, connection)
      return value
    end
    self.driver.drop(connection)
    if not reused or not tostring(message):find("closed", 1, true) then return nil, tostring(message) end
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
    timeout = config.timeout or 1,
  }
  local prefix = config.prefix or "dingtalk:"
  -- The password stands in a closure, where no pretty-printer shows it.
  return setmetatable({
    where = server.path or ("%s:%d"):format(server.host, server.port),
    run = function(name, key, ...) return command(server, name, prefix .. key, ...) end,
    run_if = function(script, key, value) return command(server, "eval", script, 1, prefix .. key, value) end,
  }, Redis)
end

---@param key string
---@return string? value
---@return string? message
function Redis:get(key)
  return self.run("get", key)
end

---@param key string
---@param value string
---@param ttl number seconds
---@return boolean? ok
---@return string? message
function Redis:set(key, value, ttl)
  local ok, message = self.run("set", key, value, "PX", milliseconds(ttl))
  if ok then return true end
  return nil, message
end

--- As set, but false where there is a value.
---@param key string
---@param value string
---@param ttl number seconds
---@return boolean? ok
---@return string? message
function Redis:add(key, value, ttl)
  local ok, message = self.run("set", key, value, "PX", milliseconds(ttl), "NX")
  if message then return nil, message end
  return ok ~= nil
end

--- Deletes the key if its value is still this one.
---@param key string
---@param value string
---@return any
---@return string? message
function Redis:delete(key, value)
  return self.run_if(DELETE_IF, key, value)
end

function Redis:__tostring()
  return ("dingtalk.Store (Redis %s)"):format(self.where)
end

return redis
