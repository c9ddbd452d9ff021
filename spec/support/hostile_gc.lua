-- A collector that comes at the worst time: a full collection every so many instructions, in every
-- coroutine. For busted's --helper; DINGTALK_SPEC_GC is their number, or generational:NUMBER (Lua 5.4).
local setting = os.getenv "DINGTALK_SPEC_GC" or "5000"
local mode, number = setting:match "^(%a*):?(%d+)$"
assert(number, "DINGTALK_SPEC_GC is a number, or generational:NUMBER")
number = tonumber(number)

-- The compiled code of LuaJIT calls no hook.
if jit then jit.off() end

local collect = function() collectgarbage() end
if mode == "generational" then
  collectgarbage "generational"
  local count = 0
  -- Mostly of what is young; what became old wrongly is seen by the full ones between.
  collect = function()
    count = count + 1
    collectgarbage(count % 8 == 0 and "collect" or "step")
  end
end

local function hooked(work)
  return function(...)
    debug.sethook(collect, "", number)
    return work(...)
  end
end

-- A hook of Lua's is that of one coroutine.
for _, name in ipairs { "create", "wrap" } do
  local make = coroutine[name]
  rawset(coroutine, name, function(work) return make(type(work) == "function" and hooked(work) or work) end)
end

debug.sethook(collect, "", number)
