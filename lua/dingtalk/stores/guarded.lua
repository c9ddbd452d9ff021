--- The one place where a store is called. A call has a bound in time; a store that fails or is slow is left
--- alone for a while, so that it costs requests of one's own and never holds a call up.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"

local unpack = table.unpack or unpack

local guarded = {}

---@class dingtalk.Store every method may take, as its last argument, the seconds it has
---@field get fun(self, key: string, seconds: number?): string?, string? the value; nil and what failed, if anything
---@field set fun(self, key: string, value: string, ttl: number, seconds: number?): boolean?, string? for ttl seconds
---@field add (fun(self, key: string, value: string, ttl: number, seconds: number?): boolean?, string?)? or false
---@field delete (fun(self, key: string, value: string, seconds: number?): any, string?)? if it is still this
---@field reserve (fun(self, key: string, interval: number, horizon: number): number|false|nil, any)? see docs/scale.md

local LEAST = 0.001 -- seconds with which a store is not even asked
local SLOW = 0.8    -- of limits.store_seconds: a failure that took so long is one of the whole store

-- By store: the rests of its methods by name, and of the whole store under ALL.
local breakers = setmetatable({}, { __mode = "k" })
local ALL = {}

local function rests_of(store)
  breakers[store] = breakers[store] or {}
  return breakers[store]
end

-- Whether to leave it alone. The first after a rest tries, and the others go on without.
local function is_resting(rests, name, now)
  local rest = rests[name]
  if not rest then return false end
  if now < rest.ends then return true end
  rest.ends = now + limits.store_seconds
  rest.is_trial = true
  return false
end

local function begin_rest(rests, name, now)
  local rest = rests[name]
  if rest and not rest.is_trial and now < rest.ends then return end
  local seconds = rest and math.min(rest.seconds * 2, limits.store_max_rest) or limits.store_rest
  rests[name] = { seconds = seconds, ends = now + seconds, is_trial = false }
end

--- A store's message on one line, without the values it was given.
---@param message any
---@param ... any what must not be shown
---@return string
function guarded.message(message, ...)
  -- A text of any length: what is cut off first could end within a secret.
  local text = type(message) == "string" and message or errors.one_line(message)
  text = text:gsub("args beginning with.*", "args")
  for i = 1, select("#", ...) do
    local secret = select(i, ...)
    if type(secret) == "string" then text = errors.without(text, secret, "[hidden]") end
  end
  return errors.one_line(text)
end

local function tell(on_error, name, message, _, ...)
  if on_error then pcall(on_error, ("store.%s: %s"):format(name, guarded.message(message, ...))) end
end

--- What is wrong with a value that should be a store; nil when nothing is.
---@param value any
---@return string?
function guarded.check(value)
  local readable, usable = pcall(function()
    return type(value.get) == "function" and type(value.set) == "function"
  end)
  if not (readable and usable) then return "is no store: it has no get and set" end
end

--- Calls a method of a store: with the arguments, and the seconds it has.
---@param store dingtalk.Store
---@param name string
---@param seconds number as many as the caller can spare
---@param on_error fun(message: string)? told when the store fails, not while it is left alone
---@param ... any the key and the others: none is shown but the key
---@return any value nil also where the store failed or is left alone
---@return any detail
function guarded.call(store, name, seconds, on_error, ...)
  local method = store[name]
  local rests, began = rests_of(store), core.now()
  if not method or seconds < LEAST then return nil end
  if is_resting(rests, ALL, began) or is_resting(rests, name, began) then return nil end
  seconds = math.min(seconds, limits.store_seconds)
  local count = select("#", ...)
  local arguments = { ... }
  arguments[count + 1] = seconds
  local ok, value, detail = pcall(method, store, unpack(arguments, 1, count + 1))
  if not ok then value, detail = nil, value end
  if value ~= nil or detail == nil then
    rests[ALL], rests[name] = nil, nil
    return value, detail
  end
  local now = core.now()
  begin_rest(rests, now - began >= SLOW * limits.store_seconds and ALL or name, now)
  tell(on_error, name, detail, ...)
  return nil
end

return guarded
