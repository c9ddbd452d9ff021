-- How many calls fell into the last span of time, in fixed memory: a ring of
-- 1,000 slots, so a span of one second is exact to the millisecond.
local window = {}
local methods = {}
local mt = { __index = methods }

local SLOTS = 1000

---@param span_ms integer
function window.new(span_ms)
  local slots = {}
  for i = 0, SLOTS - 1 do slots[i] = 0 end
  return setmetatable({ slots = slots, width = span_ms / SLOTS, sum = 0, last = 0, max = 0 }, mt)
end

local function advance(self, now_ms)
  local tick = math.floor(now_ms / self.width)
  local last = self.last
  if tick <= last then return last end
  local slots = self.slots
  if tick - last >= SLOTS then
    for i = 0, SLOTS - 1 do slots[i] = 0 end
    self.sum = 0
  else
    for t = last + 1, tick do
      local slot = t % SLOTS
      self.sum = self.sum - slots[slot]
      slots[slot] = 0
    end
  end
  self.last = tick
  return tick
end

function methods:count(now_ms)
  advance(self, now_ms)
  return self.sum
end

function methods:add(now_ms)
  local slot = advance(self, now_ms) % SLOTS
  self.slots[slot] = self.slots[slot] + 1
  self.sum = self.sum + 1
  if self.sum > self.max then self.max = self.sum end
end

return window
