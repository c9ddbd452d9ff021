local calendar = require "dingtalk.calendar"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

local add, people = example.add, example.people

local function step_until(client, done, step)
  for _ = 1, 100000 do
    if done() then return end
    (step or client.step)(client)
    socket.sleep(0.001)
  end
  error("the calls did not end")
end

before_each(sandbox.reset)
teardown(sandbox.reset)

describe("config.loop", function()
  it("is blocking where nothing else is said", function()
    local client = assert(calendar.new())
    assert.truthy(tostring(client):find("loop blocking", 1, true))
    client:close()
  end)

  it("is refused when there is none such", function()
    for _, row in ipairs {
      { "select", "unknown_loop" }, { "base", "unknown_loop" }, { "../blocking", "unknown_loop" },
      { "", "unknown_loop" }, { {}, "bad_loop" }, { { new = 7 }, "bad_loop" },
    } do
      local client, err = calendar.new { loop = row[1] }
      assert.is_nil(client)
      assert.same({ "argument", "config.loop", row[2] }, { err.kind, err.argument, err.code })
    end
  end)

  it("may be an adapter of one's own", function()
    local calls, turning = {}, nil
    local adapter = {
      name = "mine",
      new = function(client)
        turning = client
        return {
          suspend = function() calls[#calls + 1] = "suspend" client:turn(1) end,
          resume = function() end,
          watch = function() calls[#calls + 1] = "watch" end,
        }
      end,
    }
    local client = example.client { loop = adapter }
    assert.equal(client, turning)
    assert.equal(1, assert(add(client, { "a" })).added)
    assert.same({ "watch", "suspend" }, { calls[1], calls[2] })
    client:close()
  end)
end)

describe("the manual loop", function()
  local client
  before_each(function() client = example.client { loop = "manual" } end)
  after_each(function() client:close() end)

  local function in_coroutine(list, opts)
    local done = {}
    local co = coroutine.create(function() done.result, done.err = add(client, list, opts) end)
    assert(coroutine.resume(co))
    return done, co
  end

  local function ended(done) return done.result ~= nil or done.err ~= nil end

  it("wants a coroutine", function()
    -- busted itself may run specs in one.
    local _, err
    if not coroutine.running() or select(2, coroutine.running()) then
      _, err = add(client, { "a" })
      assert.same({ "config.loop", "cannot_wait" }, { err.argument, err.code })
    end
    assert.equal(0, sandbox.counters().calls)
  end)

  it("resumes each coroutine when its call is over", function()
    local all = {}
    for i = 1, 20 do all[i] = in_coroutine { "p" .. i } end
    step_until(client, function()
      for i = 1, 20 do if not ended(all[i]) then return false end end
      return true
    end)
    for i = 1, 20 do assert.equal(1, all[i].result.added) end
    assert.equal(20, #example.attendees())
  end)

  it("does batches several at a time", function()
    local done = in_coroutine(people(1, 5000), { concurrency = 10 })
    step_until(client, function() return ended(done) end)
    assert.same({ 5000, 10 }, { done.result.added, #done.result.batches })
  end)

  it("waits between attempts without blocking", function()
    sandbox.faults { fault = "answer", code = "serviceBusy", next = 2 }
    local done = in_coroutine { "a" }
    step_until(client, function() return ended(done) end)
    assert.equal(3, done.result.attempts)
  end)

  it("is not harmed by a coroutine resumed too early", function()
    sandbox.faults { fault = "delay", ms = 30 }
    local done, co = in_coroutine { "a" }
    for _ = 1, 5 do assert(coroutine.resume(co)) end
    assert.is_false(ended(done))
    step_until(client, function() return ended(done) end)
    assert.equal(1, done.result.added)
    assert.equal("dead", coroutine.status(co))
  end)

  it("tells what a resumed coroutine raised, when all others have gone on", function()
    local bad = coroutine.create(function()
      add(client, { "a" })
      error("mine")
    end)
    assert(coroutine.resume(bad))
    local done, raised = in_coroutine { "b" }, nil
    step_until(client, function() return raised and ended(done) end, function()
      local ok, message = pcall(client.step, client)
      if not ok then raised = message end
    end)
    assert.truthy(raised:find("mine", 1, true))
    assert.equal(1, done.result.added)
  end)

  it("ends every call when the client is closed", function()
    sandbox.faults { fault = "delay", ms = 60000, next = 4 }
    local all = { in_coroutine { "a" }, in_coroutine { "b" }, (in_coroutine(people(1, 1000), { concurrency = 2 })) }
    for _ = 1, 50 do
      client:step()
      socket.sleep(0.001)
    end
    client:close()
    for _, done in ipairs(all) do
      assert.same({ "cancelled", "closed" }, { done.err.kind, done.err.code })
      assert.is_true(done.err.outcome == "unknown" or done.err.outcome == "not_sent")
    end
  end)

  it("ends every call without a body when the client is closed", function()
    sandbox.faults { fault = "delay", ms = 60000, next = 4 }
    local errs = {}
    for i = 1, 4 do
      coroutine.wrap(function()
        errs[i] = select(2, client:list_attendees(example.TOKEN, example.USER, nil, example.EVENT))
      end)()
    end
    client:step()
    client:close()
    for i = 1, 4 do assert.same({ "cancelled", "closed" }, { errs[i].kind, errs[i].code }) end
  end)

  it("resumes all whose pause is over, whatever one of them raises", function()
    local raised = setmetatable({}, { __tostring = function() error "no text" end })
    local count = 0
    for _ = 1, 4 do
      coroutine.wrap(function()
        client:pause({}, 0.001)
        count = count + 1
        error(raised)
      end)()
    end
    step_until(client, function() return count == 4 end, function() pcall(client.step, client) end)
  end)

  it("shows a descriptor that is readable when a step is due", function()
    local fd = client:pollfd()
    assert.equal("r", client:events())
    if not fd then return pending("this build has no descriptor") end
    assert.is_number(fd)
    local watched = { getfd = function() return fd end, dirty = function() return false end }
    local done = in_coroutine { "a" }
    for _ = 1, 1000 do
      if ended(done) then break end
      socket.select({ watched }, nil, 1)
      client:step()
    end
    assert.equal(1, done.result.added)
    assert.is_nil((client:timeout()))
    assert.is_true(client:is_idle())
  end)

  it("says when a step is due where there is no descriptor", function()
    if client:pollfd() then return pending("this build has a descriptor") end
    assert.is_nil((client:timeout()))
    local done = in_coroutine { "a" }
    while not ended(done) do
      assert.is_true(client:timeout() <= 0.01)
      socket.sleep(client:timeout())
      client:step()
    end
    assert.equal(1, done.result.added)
    assert.is_nil((client:timeout()))
  end)
end)
