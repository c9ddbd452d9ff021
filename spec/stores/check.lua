-- The contract of a store that has everything, for use in nginx too, where there is no busted.
local check = {}

local function steps(store, sleep)
  return {
    { "nothing at first", function() return store:get "k" == nil end },
    { "set", function() return store:set("k", "v\r\n\0w", 60) == true end },
    { "get", function() return store:get "k" == "v\r\n\0w" end },
    { "set again", function() return store:set("k", "v2", 60) and store:get "k" == "v2" end },
    { "add over a value", function() return store:add("k", "v3", 60) == false and store:get "k" == "v2" end },
    { "delete another value", function() store:delete("k", "v3") return store:get "k" == "v2" end },
    { "delete", function() store:delete("k", "v2") return store:get "k" == nil end },
    { "add", function() return store:add("k", "v4", 0.05) == true and store:get "k" == "v4" end },
    { "expiry", function() sleep(0.1) return store:get "k" == nil end },
    { "add after expiry", function() return store:add("k", "v5", 0.02) == true end },
    { "the first slot", function() return store:reserve("s", 5, 60) == 0 end },
    { "the next slots", function()
      local second, third = store:reserve("s", 5, 60), store:reserve("s", 5, 60)
      return second > 0 and second <= 5 and third > second and third <= 10
    end },
    { "a slot too far ahead", function()
      local slot, ahead = store:reserve("s", 5, 0.01)
      return slot == false and ahead > 0.01 and store:reserve("other", 5, 0.01) == 0
    end },
    { "a schedule after its last slot", function()
      store:reserve("t", 0.02, 60)
      sleep(0.1)
      return store:reserve("t", 5, 60) == 0
    end },
    { "the end", function() sleep(0.05) return store:get "k" == nil end },
  }
end

---@return string? what went wrong
function check.fault(store, sleep)
  for _, step in ipairs(steps(store, sleep)) do
    if not step[2]() then return "wrong: " .. step[1] end
  end
end

return check
