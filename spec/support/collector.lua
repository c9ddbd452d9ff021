--- The collector's parameters, under the name that this Lua has for them.

local collector = {}

--- Sets a parameter and returns what it was.
---@param name "pause"|"stepmul"|"stepsize"
---@param value integer
---@return integer
function collector.set(name, value)
  local is_known, before = pcall(collectgarbage, "param", name, value) -- Lua 5.5
  return is_known and before or collectgarbage("set" .. name, value)
end

return collector
