-- xorshift32: the same numbers from the same seed on every machine, which
-- math.random does not promise.
local bit = require "bit"

local prng = {}

---@param seed integer
---@return fun(): number uniform in [0, 1)
function prng.new(seed)
  local state = bit.tobit(seed)
  if state == 0 then state = 0x9E3779B9 - 2^32 end
  local function draw()
    state = bit.bxor(state, bit.lshift(state, 13))
    state = bit.bxor(state, bit.rshift(state, 17))
    state = bit.bxor(state, bit.lshift(state, 5))
    return (state % 4294967296) / 4294967296
  end
  -- Small seeds have few bits set; their first numbers would all be near zero.
  for _ = 1, 16 do draw() end
  return draw
end

return prng
