--- A store in a lua_shared_dict of nginx: its workers share one token and one request for it.
---
---   lua_shared_dict dingtalk 1m;
---   local store = assert(require("dingtalk.stores.ngx_shared").new "dingtalk")

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"

local IDLE = 60  -- seconds a schedule is kept after its last slot
local TRIES = 50 -- at a schedule that another worker is just moving on, which takes a microsecond

local Shared = {}
Shared.__index = Shared

local ngx_shared = {}

local function no_dictionary(name)
  return errors.argument("name", "no_shared_dict", ("there is no lua_shared_dict %q"):format(name),
    ("Add to the http block of nginx.conf: lua_shared_dict %s 1m;"):format(name))
end

--- A store over a shared dictionary.
---@param name string as in lua_shared_dict
---@return dingtalk.Store? store
---@return dingtalk.Error? err
function ngx_shared.new(name)
  local ngx = rawget(_G, "ngx")
  if type(name) ~= "string" then
    return nil, errors.argument("name", "wrong_type", ("name must be a string, not a %s"):format(type(name)))
  elseif type(ngx) ~= "table" or not ngx.shared then
    return nil, errors.argument("name", "not_nginx", "shared dictionaries exist in nginx only")
  end
  local dictionary = ngx.shared[name]
  if not dictionary then return nil, no_dictionary(errors.one_line(name)) end
  return setmetatable({ dictionary = dictionary, name = name }, Shared)
end

---@param key string
---@return string? value
---@return string? message
function Shared:get(key)
  local value, message = self.dictionary:get(key)
  if value == nil and type(message) == "string" then return nil, message end
  return value
end

---@param key string
---@param value string
---@param ttl number seconds
---@return boolean? ok
---@return string? message
function Shared:set(key, value, ttl)
  local ok, message = self.dictionary:set(key, value, ttl)
  if ok then return true end
  return nil, message
end

--- As set, but false where there is a value.
---@param key string
---@param value string
---@param ttl number seconds
---@return boolean? ok
---@return string? message
function Shared:add(key, value, ttl)
  local ok, message = self.dictionary:add(key, value, ttl)
  if ok then return true end
  if message == "exists" then return false end
  return nil, message
end

--- Deletes the key if its value is still this one.
---@param key string
---@param value string
function Shared:delete(key, value)
  if self.dictionary:get(key) == value then self.dictionary:delete(key) end
end

--- The next slot of a schedule. A number per key, moved on by incr; after an idle time by the one worker
--- whose add for that very number succeeds. No lock is held.
---@param key string
---@param interval number seconds until the one after it
---@param horizon number seconds: none is taken that is further ahead
---@return number|false|nil seconds until the slot
---@return number|string? seconds until the one that was too far ahead; or what failed
function Shared:reserve(key, interval, horizon)
  local dictionary = self.dictionary
  local now = core.now() -- the machine's, never set back
  for _ = 1, TRIES do
    local free = dictionary:get(key)
    if type(free) ~= "number" or free < now then
      local ok, message = dictionary:add(("%s:%s"):format(key, free or ""), true, 1)
      if ok then
        ok, message = dictionary:set(key, now + interval, interval + IDLE)
        return ok and 0 or nil, message
      end
      if message ~= "exists" then return nil, message end
    elseif free - now > horizon then
      return false, free - now
    else
      local message
      free, message = dictionary:incr(key, interval)
      if not free then return nil, message end
      if dictionary.expire then dictionary:expire(key, free - now + IDLE) end
      if free - interval >= now then return free - interval - now end
    end
  end
  return nil, "the schedule is being moved on by another worker"
end

function Shared:__tostring()
  return ("dingtalk.Store (ngx.shared.%s)"):format(self.name)
end

return ngx_shared
