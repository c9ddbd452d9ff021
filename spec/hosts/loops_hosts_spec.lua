-- The loops in which calls wait in coroutines, each in its real host.
local behaviour = require "spec.loops.behaviour"
local example = require "spec.support.example"
local hosts = require "spec.loops.hosts"
local rows = require "spec.loops.rows"
local sandbox = require "spec.support.sandbox"

teardown(sandbox.reset)

for _, name in ipairs { "cqueues", "luv", "copas", "manual", "own" } do rows(name) end

describe("an error of the caller's own", function()
  local function client_of(loop)
    sandbox.reset()
    return behaviour.new_client { loop = loop }
  end

  local function fail(client)
    return function()
      assert(example.add(client, { "e" }))
      error("mine", 0)
    end
  end

  it("comes out of client:step() under manual, once the others have gone on", function()
    local client, others = client_of "manual", 0
    assert(coroutine.resume(coroutine.create(fail(client))))
    for _ = 1, 3 do
      assert(coroutine.resume(coroutine.create(function()
        assert(example.add(client, { "o" }))
        others = others + 1
      end)))
    end
    local raised
    while not client:is_idle() do
      local ok, message = pcall(client.step, client)
      if not ok then raised = message end
    end
    assert.truthy(raised:find("^mine"))
    assert.equal(3, others)
    client:close()
  end)

  it("comes out of the controller under cqueues", function()
    if hosts.cqueues.missing then return pending(hosts.cqueues.missing) end
    local client = client_of "cqueues"
    local controller = require("cqueues").new()
    controller:wrap(fail(client))
    local ok, message = controller:loop()
    assert.is_false(ok)
    assert.truthy(tostring(message):find("mine"))
    client:close()
  end)
end)

describe("the loop cqueues", function()
  it("goes on in another controller when one was dropped with a call in flight", function()
    if hosts.cqueues.missing then return pending(hosts.cqueues.missing) end
    sandbox.reset()
    local cqueues = require "cqueues"
    local client = behaviour.new_client { loop = "cqueues" }
    sandbox.faults { fault = "delay", ms = 60000 }
    local dropped, added = cqueues.new(), nil
    dropped:wrap(function() example.add(client, { "a" }) end)
    while sandbox.counters().calls < 1 do dropped:step(0.01) end
    local second = cqueues.new()
    second:wrap(function()
      added = assert(example.add(client, { "b" })).added
      client:close()
    end)
    assert(second:loop())
    assert.equal(1, added)
  end)
end)
