local calendar = require "dingtalk.calendar"
local scheduler = require "dingtalk.scheduler"

describe("scheduler.run", function()
  local client
  before_each(function() client = assert(calendar.new { loop = "blocking" }) end)
  after_each(function() client:close() end)

  -- Members that wait as long as the list says, in milliseconds; returns when each began and ended.
  local function run(width, waits, act)
    local log, at, running, most = {}, 0, 0, 0
    scheduler.run(client, width, function()
      at = at + 1
      local number, wait = at, waits[at]
      if not wait then return nil end
      return function()
        running = running + 1
        most = math.max(most, running)
        if wait > 0 then client:pause({}, wait / 1000) end
        if act then act(number) end
        running = running - 1
        log[#log + 1] = number
      end
    end)
    return log, most
  end

  it("runs none, one and many", function()
    assert.same({}, (run(3, {})))
    assert.same({ 1 }, (run(3, { 1 })))
    local log, most = run(3, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 })
    assert.same({ 10, 3 }, { #log, most })
  end)

  it("goes on with those that are done, whatever their order", function()
    -- Each member waits until those before it in this order have ended.
    for width, order in pairs { [3] = { 2, 3, 1 }, [2] = { 2, 3, 4, 1 } } do
      local ended, after, waits = {}, {}, {}
      for i, number in ipairs(order) do after[number], waits[i] = order[i - 1], 0 end
      local log = run(width, waits, function(number)
        while after[number] and not ended[after[number]] do client:pause({}, 0.001) end
        ended[number] = true
      end)
      assert.same(order, log)
    end
  end)

  it("takes members that never wait", function()
    local log, most = run(2, { 0, 0, 0, 0 })
    assert.same({ { 1, 2, 3, 4 }, 1 }, { log, most })
  end)

  it("raises what a member raised, when the others have ended", function()
    local ended = {}
    local raising
    local ok, raised = pcall(run, 3, { 0, 0, 0, 0, 0 }, function(number)
      while not raising and number < 3 do client:pause({}, 0.001) end
      if number == 3 then
        raising = true
        error({ "mine" }, 0)
      end
      ended[#ended + 1] = number
    end)
    assert.is_false(ok)
    assert.same({ "mine" }, raised)
    table.sort(ended)
    assert.same({ 1, 2 }, ended)
    assert.same({ 1 }, (run(1, { 1 })))
  end)

  it("can be run within a member", function()
    local log = {}
    local function outer(number)
      local inner = run(2, { 2, 1 })
      table.sort(inner)
      log[#log + 1] = ("%d:%s"):format(number, table.concat(inner, ","))
    end
    run(2, { 1, 3 }, outer)
    table.sort(log)
    assert.same({ "1:1,2", "2:1,2" }, log)
  end)
end)
