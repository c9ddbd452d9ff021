--- The store of one process: what every token source and limiter uses that is given none.

local core = require "dingtalk.core"

local SWEEP_EVERY = 1000 -- writes between two looks for what has expired

local Memory = {}
Memory.__index = Memory

local memory = {}

--- A store in this process's memory. It needs no lock: the calls of one process wait for each other
--- anyway.
---@param clock (fun(): number)? seconds; os.time by default, and for schedules a clock that is never set
---@return dingtalk.Store
function memory.new(clock)
  return setmetatable({
    rows = {}, clock = clock or os.time, writes = 0,
    slots = {}, slot_clock = clock or core.now, -- when the next slot of each schedule is
  }, Memory)
end

---@param key string
---@return string?
function Memory:get(key)
  local row = self.rows[key]
  if not row then return nil end
  if self.clock() < row.expires then return row.value end
  self.rows[key] = nil
end

local function sweep(self)
  local now, slot_now = self.clock(), self.slot_clock()
  for key, row in pairs(self.rows) do
    if now >= row.expires then self.rows[key] = nil end
  end
  for key, free in pairs(self.slots) do
    if slot_now >= free then self.slots[key] = nil end
  end
end

local function count_write(self)
  self.writes = self.writes + 1
  if self.writes % SWEEP_EVERY == 0 then sweep(self) end
end

---@param key string
---@param value string
---@param ttl number seconds
---@return boolean
function Memory:set(key, value, ttl)
  self.rows[key] = { value = value, expires = self.clock() + ttl }
  count_write(self)
  return true
end

--- The next slot of a schedule.
---@param key string
---@param interval number seconds until the one after it
---@param horizon number seconds: none is taken that is further ahead
---@return number|false seconds until the slot
---@return number? seconds until the one that was too far ahead
function Memory:reserve(key, interval, horizon)
  local now = self.slot_clock()
  local at = math.max(self.slots[key] or now, now)
  if at - now > horizon then return false, at - now end
  self.slots[key] = at + interval
  count_write(self)
  return at - now
end

--- For printing: without what it holds.
function Memory.__tostring()
  return "dingtalk.Store (memory)"
end

return memory
