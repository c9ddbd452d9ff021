-- A debug hook that raises wherever it may, as Ctrl-C does in the program lua: what is caught leaves nothing in flight.
local calendar = require "dingtalk.calendar"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

local STEPS = 7 -- instructions of Lua between two places where the hook raises

-- Calls, and raises after `count` instructions; whether it got so far.
local function interrupted(count, call)
  local raised = false
  local function hook()
    debug.sethook()
    raised = true
    error("interrupted", 0)
  end
  if rawget(_G, "jit") then jit.off() end
  local ok, message = pcall(function()
    debug.sethook(hook, "", count)
    call()
    debug.sethook()
  end)
  if rawget(_G, "jit") then jit.on() end
  if not ok then assert.equal("interrupted", message) end
  return raised
end

describe("a call that is interrupted anywhere", function()
  before_each(sandbox.reset)

  for name, row in pairs {
    ["of one request"] = { example.people(1, 1) },
    ["of several requests at a time"] = { example.people(1, 1001), { concurrency = 2 } },
  } do
    it("leaves nothing in flight, " .. name, function()
      local client = example.client()
      local count = 0
      repeat
        count = count + STEPS
        local got_there = interrupted(count, function() example.add(client, row[1], row[2]) end)
        assert.is_true(client:is_idle(), "after " .. count .. " instructions")
      until not got_there
      assert.truthy(count > 100)
      assert.equal(1, assert(example.add(client, { "later" })).added)
      client:close()
    end)
  end
end)

describe("a client that is closed", function()
  before_each(sandbox.reset)

  it("in on_attempt, when a token was refused, ends the call as cancelled", function()
    local client
    client = example.client { on_attempt = function() client:close() end }
    local source = { get = function() return "a-token-nobody-knows" end, invalidate = function() end }
    local result, err = client:add_attendees(source, example.USER, nil, example.EVENT, { "a" })
    assert.is_nil(result)
    assert.same({ "cancelled", "closed", "rejected", 1 }, { err.kind, err.code, err.outcome, err.attempts })
  end)

  it("tells what a coroutine raised that it resumed", function()
    sandbox.settings { latency_ms = 60000 }
    local client = example.client { loop = "manual" }
    local thread = coroutine.create(function()
      example.add(client, { "a" })
      error("raised after the call")
    end)
    assert(coroutine.resume(thread))
    local ok, message = pcall(client.close, client)
    assert.is_false(ok)
    assert.truthy(message:find("raised after the call", 1, true))
    assert.has_no.errors(function() client:close() end)
  end)
end)

describe("opts.resume", function()
  it("that raises when it is read is refused", function()
    local client = example.client()
    local function raise() error("mine") end
    for _, left in ipairs {
      setmetatable({}, { __index = raise }), { digest = "x", batches = 1, done = 7, client_tokens = {} },
      { digest = "x", batches = 1, done = {}, client_tokens = setmetatable({}, { __pairs = raise, __index = raise }) },
    } do
      local result, err = example.add(client, { "a" }, { resume = left })
      assert.is_nil(result)
      assert.is_true(calendar.is_error(err))
      assert.same({ "argument", "opts.resume" }, { err.kind, err.argument })
    end
    client:close()
  end)
end)
