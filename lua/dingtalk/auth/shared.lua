--- A token in a store, and the lock under which one of several processes renews it. A store that fails
--- costs requests of one's own, never a call.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local limits = require "dingtalk.limits"

local shared = {}

---@class dingtalk.Store
---@field get fun(self, key: string): string?, string? the value, or nil and what failed, if anything
---@field set fun(self, key: string, value: string, ttl: number): boolean?, string? kept for ttl seconds
---@field add (fun(self, key: string, value: string, ttl: number): boolean?, string?)? as set; false if there is a value
---@field delete (fun(self, key: string, value: string): any, string?)? only if the value is still this

local Shared = {}
Shared.__index = Shared

---@param store dingtalk.Store
---@param key string
---@param on_error fun(message: string)?
function shared.new(store, key, on_error)
  return setmetatable({ store = store, key = key, lock_key = key .. ":lock", on_error = on_error }, Shared)
end

local function use(self, name, ...)
  local store = self.store
  local ok, value, message = pcall(store[name], store, ...)
  if not ok then value, message = nil, value end
  if message and value == nil then
    local tell = self.on_error
    if tell then pcall(tell, ("store.%s: %s"):format(name, errors.one_line(message))) end
    return nil
  end
  return value
end

local function is_token(text)
  return type(text) == "string" and not core.check_visible(text, limits.max_token_bytes)
end

--- What the store holds, whatever its age.
---@return dingtalk.TokenEntry?
function Shared:read()
  local text = use(self, "get", self.key)
  local entry = type(text) == "string" and json.is_object(text) and json.decode(text)
  if type(entry) ~= "table" or not is_token(entry.token) or type(entry.id) ~= "string"
    or type(entry.obtained) ~= "number" or type(entry.expires) ~= "number" then
    return nil
  end
  if not is_token(entry.refresh_token) then entry.refresh_token = nil end
  return entry
end

---@param entry dingtalk.TokenEntry
function Shared:write(entry)
  local seconds = entry.refresh_token and limits.refresh_token_seconds or entry.expires - entry.obtained
  use(self, "set", self.key, json.encode(entry), seconds)
end

--- Takes the lock for `seconds`.
---@return string|boolean|nil lock to be given to unlock; false when another has it; nil without locks
function Shared:lock(seconds)
  if not self.store.add then return nil end
  local name = core.uuid()
  local added = use(self, "add", self.lock_key, name, seconds)
  return added and name or added
end

--- Lets go of a lock, unless it has expired and is another's.
function Shared:unlock(name)
  if name and self.store.delete then use(self, "delete", self.lock_key, name) end
end

return shared
