--- Random numbers that are the same on every Lua (Park and Miller's generator).
local prng = {}
prng.__index = prng

function prng.new(seed)
  return setmetatable({ state = seed % 2147483646 + 1 }, prng)
end

--- A number in [0, 1).
function prng:unit()
  self.state = self.state * 16807 % 2147483647
  return (self.state - 1) / 2147483646
end

--- A whole number from `low` to `high`.
function prng:between(low, high)
  return low + math.floor(self:unit() * (high - low + 1))
end

return prng
