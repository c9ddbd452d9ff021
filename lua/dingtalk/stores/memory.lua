--- The store of one process: what every token source uses that is given none.

local SWEEP_EVERY = 1000 -- writes between two looks for what has expired

local Memory = {}
Memory.__index = Memory

local memory = {}

--- A store in this process's memory. It needs no lock: the calls of one process wait for each other
--- anyway.
---@param clock (fun(): number)? seconds; os.time by default
---@return dingtalk.Store
function memory.new(clock)
  return setmetatable({ rows = {}, clock = clock or os.time, writes = 0 }, Memory)
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
  local now = self.clock()
  for key, row in pairs(self.rows) do
    if now >= row.expires then self.rows[key] = nil end
  end
end

---@param key string
---@param value string
---@param ttl number seconds
---@return boolean
function Memory:set(key, value, ttl)
  self.rows[key] = { value = value, expires = self.clock() + ttl }
  self.writes = self.writes + 1
  if self.writes % SWEEP_EVERY == 0 then sweep(self) end
  return true
end

--- For printing: without what it holds.
function Memory.__tostring()
  return "dingtalk.Store (memory)"
end

return memory
