-- An error that a debug hook raises, as Ctrl-C does in Lua's own interpreter, ends the call at whatever point of it:
-- it is never taken for something else.
local calendar = require "dingtalk.calendar"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

local CALLED = 400 -- calls of functions in one call of ours: more than there are

describe("an error of a debug hook", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  for _, event in ipairs { "c", "r" } do
    local where = event == "c" and "at the call of a function" or "at a function's return"
    it("ends a call wherever it comes: " .. where, function()
      local service = sandbox.start()
      local client = assert(calendar.new { base_url = service.base_url, ca_file = service.ca_file })
      assert(client:add_attendees(example.TOKEN, example.USER, nil, example.EVENT, { "a" }))
      local raised = 0
      for number = 1, CALLED do
        local left = number
        local ok, result, err = pcall(function()
          debug.sethook(function()
            left = left - 1
            if left > 0 then return end
            debug.sethook()
            error("interrupted!", 0)
          end, event)
          local result, err = client:add_attendees(example.TOKEN, example.USER, nil, example.EVENT, { "a" })
          debug.sethook()
          return result, err
        end)
        if left > 0 then break end
        raised = number
        assert.truthy(not ok and result == "interrupted!" or result,
          ("%d: %s"):format(number, tostring(ok and err or result)))
      end
      assert.truthy(raised > 10 and raised < CALLED)
      assert(client:add_attendees(example.TOKEN, example.USER, nil, example.EVENT, { "a" }))
      client:close()
    end)
  end
end)
