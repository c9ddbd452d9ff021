local calendar = require "dingtalk.calendar"
local concurrently = require "spec.support.concurrently"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

describe("a cancellation", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  for _, host in ipairs { "manual", "cqueues", "luv" } do
    it("ends its calls, and no other, under " .. host, function()
      if concurrently.missing[host] then return pending(concurrently.missing[host]) end
      for i = 1, 2 do
        sandbox.faults { fault = "delay", ms = 20000, match = { body = ('"p%d"'):format(i) } }
      end
      local client, cancellation, errs, result = example.client { loop = host }, calendar.cancellation(), {}, nil
      concurrently[host](client, 3, function(i)
        if i < 3 then
          errs[i] = select(2, example.add(client, { "p" .. i }, { cancel = cancellation, timeout = 15 }))
          return
        end
        result = assert(example.add(client, { "p3" })) -- sent after the others, and answered before them
        cancellation:cancel()
        cancellation:cancel()
      end)
      client:close()
      assert.equal(1, result.added)
      for i = 1, 2 do
        assert.same({ "cancelled", "cancelled", "unknown", true },
          { errs[i].kind, errs[i].code, errs[i].outcome, errs[i].retryable })
      end
    end)
  end

  it("leaves what its call takes as resume", function()
    local client, cancellation = example.client(), calendar.cancellation()
    local people = example.people(1, 1200)
    local result, err = example.add(client, people, { cancel = cancellation, on_batch = function(info)
      if info.batch == 1 then cancellation:cancel() end
    end })
    assert.is_nil(result)
    assert.same({ "cancelled", "not_sent", 500 }, { err.kind, err.outcome, err.added })
    assert.equal(700, assert(example.add(client, people, { resume = err.resume })).added)
    client:close()
    assert.equal(3, #sandbox.ledger())
  end)

  it("ends a call before it is sent, between two attempts, and while it waits for a slot", function()
    local cancellation = calendar.cancellation()
    cancellation:cancel()
    local client = example.client()
    local err = select(2, example.add(client, { "p1" }, { cancel = cancellation }))
    assert.same({ "cancelled", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
    assert.equal("cancelled", select(2, client:list_attendees(example.TOKEN, example.USER, nil, example.EVENT,
      { cancel = cancellation })).kind)
    client:close()
    assert.equal(0, sandbox.counters().calls)

    cancellation = calendar.cancellation()
    sandbox.faults { fault = "answer", code = "systemError" }
    client = example.client { on_attempt = function() cancellation:cancel() end }
    err = select(2, example.add(client, { "p1" }, { cancel = cancellation }))
    client:close()
    assert.same({ "cancelled", "unknown", 1 }, { err.kind, err.outcome, err.attempts })

    cancellation = calendar.cancellation()
    local limiter = assert(require("dingtalk.rate_limiter").new { rate = 0.01 })
    client = example.client { loop = "manual", rate_limiter = limiter }
    concurrently.manual(client, 3, function(i)
      if i == 3 then return cancellation:cancel() end
      local opts = { cancel = i == 2 and cancellation or nil, timeout = 200 }
      err = select(2, example.add(client, { "p" .. i }, opts)) or err
    end)
    client:close()
    assert.same({ "cancelled", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
  end)

  -- As under nginx and cqueues, whose loops let a coroutine go on some time after its answer was taken.
  local function resuming_later(resumed)
    local loop = { name = "later" }
    loop.__index = loop
    function loop.new() return setmetatable({}, loop) end
    function loop.suspend(_, waiter)
      waiter.coroutine = coroutine.running()
      coroutine.yield()
    end
    function loop.resume(_, waiter) resumed[#resumed + 1] = waiter.coroutine end
    return loop
  end

  -- The result and the error of a call that is cancelled when its answers have been taken and it has not gone on.
  local function cancelled_behind_the_answers(list, opts)
    local resumed, result, err = {}, nil, nil
    local client = example.client { loop = resuming_later(resumed) }
    opts.cancel = calendar.cancellation()
    local caller = coroutine.create(function() result, err = example.add(client, list, opts) end)
    assert(coroutine.resume(caller))
    while #resumed == 0 or not client:is_idle() do client:step() end
    opts.cancel:cancel()
    while coroutine.status(caller) ~= "dead" do assert(coroutine.resume(caller)) end
    client:close()
    return result, err
  end

  it("takes back no answer that has come", function()
    assert.equal(1, assert(cancelled_behind_the_answers({ "p1" }, {})).added)
    assert.equal(1000, assert(cancelled_behind_the_answers(example.people(1, 1000), { concurrency = 2 })).added)
    sandbox.faults { fault = "answer", code = "system.busy" }
    local _, err = cancelled_behind_the_answers({ "p1" }, {})
    assert.same({ "cancelled", "rejected", 1 }, { err.kind, err.outcome, err.attempts })
  end)

  it("begins no wait between two attempts", function()
    local cancellation, slept = calendar.cancellation(), 0
    sandbox.faults { fault = "answer", code = "system.busy" }
    local client = example.client {
      on_attempt = function() cancellation:cancel() end, sleep = function() slept = slept + 1 end,
    }
    local err = select(2, example.add(client, { "p1" }, { cancel = cancellation }))
    assert.same({ "cancelled", "rejected", 1, 0 }, { err.kind, err.outcome, err.attempts, slept })
    client:close()
  end)

  it("ends all its calls where a coroutine raises the error of one", function()
    sandbox.faults { fault = "delay", ms = 20000 }
    local client, cancellation, ended, threads = example.client { loop = "manual" }, calendar.cancellation(), 0, {}
    for i = 1, 3 do
      threads[i] = coroutine.create(function()
        local result, err = example.add(client, { "p" .. i }, { cancel = cancellation })
        ended = ended + 1
        if not result then error(tostring(err), 0) end
      end)
      assert(coroutine.resume(threads[i]))
    end
    local ok, message = pcall(cancellation.cancel, cancellation)
    assert.is_false(ok)
    assert.truthy(message:find("cancelled", 1, true))
    assert.equal(3, ended)
    client:close()
  end)

  it("ends the reading of opts.confirm, too", function()
    local cancellation = calendar.cancellation()
    local client = example.client { on_attempt = function() cancellation:cancel() end }
    local _, err = example.add(client, { "p1" }, { cancel = cancellation, confirm = true })
    assert.same({ "cancelled", "unknown", 1 }, { err.kind, err.outcome, err.added })
    client:close()
    assert.is_nil(sandbox.counters().operations.list_attendees)
  end)

  it("that has come before keeps a call from waiting for a token, or for a slot of the limiter", function()
    local waited = 0
    local cancellation = calendar.cancellation()
    local limiter = require("dingtalk.rate_limiter").new { rate = 0.001 }
    local client = example.client { rate_limiter = limiter, sleep = function() waited = waited + 1 end }
    local source = { invalidate = print, get = function() error("asked") end }
    cancellation:cancel()
    for _ = 1, 2 do
      local _, err = client:add_attendees(source, "u", nil, "e", { "p1" }, { cancel = cancellation, timeout = 3000 })
      assert.same({ "cancelled", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
    end
    local later = calendar.cancellation() -- by the token source itself
    function source.get()
      later:cancel()
      return "some-token"
    end
    for _ = 1, 2 do
      local _, err = client:add_attendees(source, "u", nil, "e", { "p1" }, { cancel = later, timeout = 3000 })
      assert.same({ "cancelled", "not_sent", 0, 0 }, { err.kind, err.outcome, err.attempts, waited })
    end
    client:close()
  end)

  it("is checked", function()
    local client = example.client()
    for _, value in ipairs { 7, {}, "x" } do
      local err = select(2, example.add(client, { "p1" }, { cancel = value }))
      assert.same({ "argument", "opts.cancel" }, { err.kind, err.argument })
    end
    client:close()
  end)
end)
