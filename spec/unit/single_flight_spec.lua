local concurrently = require "spec.support.concurrently"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local example = require "spec.support.example"
local single_flight = require "dingtalk.single_flight"

local COUNT = 100

-- Runs `count` calls of flight:run; returns what each got, and how often `work` ran.
local function run(host, count, work, seconds)
  local client = example.client { loop = host }
  local flight, outcomes, times = single_flight.new(), {}, 0
  concurrently[host](client, count, function(i)
    local value, err = flight:run(client, client:now() + (seconds or 5), function()
      times = times + 1
      return work(client, i)
    end)
    outcomes[i] = { value = value, err = err }
  end)
  client:close()
  return outcomes, times, flight
end

local function linger(client)
  assert(client:park({}, 0.02))
  return "token"
end

local function failure(kind)
  return errors.new { kind = kind, code = "c", message = "m", outcome = "rejected", retryable = false }
end

describe("a flight", function()
  for _, host in ipairs(concurrently.hosts) do
    it("does the work once for all who wait under " .. host, function()
      local outcomes, times, flight = run(host, COUNT, linger)
      assert.equal(1, times)
      assert.equal(COUNT, #outcomes)
      for _, outcome in ipairs(outcomes) do assert.equal("token", outcome.value) end
      assert.is_false(flight:is_running())
    end)
  end

  it("gives everybody an error of their own", function()
    local outcomes, times = run("manual", 10, function(client)
      linger(client)
      return nil, failure("auth")
    end)
    assert.equal(1, times)
    for i, outcome in ipairs(outcomes) do
      assert.equal("auth", outcome.err.kind)
      assert.is_true(errors.is_error(outcome.err))
      for j = 1, i - 1 do assert.is_false(rawequal(outcome.err, outcomes[j].err)) end
    end
  end)

  it("lets the next one work when only the worker's time was up", function()
    local outcomes, times = run("manual", 10, function(client, i)
      linger(client)
      if i == 1 then return nil, failure("timeout") end
      return "token"
    end)
    assert.equal(2, times)
    assert.equal("timeout", outcomes[1].err.kind)
    for i = 2, 10 do assert.equal("token", outcomes[i].value) end
  end)

  it("ends a wait at the deadline of who waits", function()
    local client = example.client { loop = "manual" }
    local flight, said = single_flight.new(), {}
    concurrently.manual(client, 2, function(i)
      local value, err = flight:run(client, client:now() + (i == 1 and 5 or 0.01), function()
        client:park({}, 0.1)
        return "token"
      end)
      said[i] = value or err
    end)
    client:close()
    assert.same({ "token", "timeout" }, said)
  end)

  it("ends a wait when the client is closed", function()
    local client = example.client { loop = "manual" }
    local flight, said = single_flight.new(), {}
    for i = 1, 2 do
      coroutine.wrap(function()
        local value, err = flight:run(client, client:now() + 5, function()
          return nil, client:park({}, 5) and "woken" or "closed"
        end)
        said[i] = value or err
      end)()
    end
    client:close()
    assert.same({ "closed", "cancelled" }, said)
  end)

  it("is taken over from a worker that was dropped #timing", function()
    local client = example.client { loop = "manual" }
    local flight = single_flight.new()
    coroutine.wrap(function()
      flight:run(client, client:now() - 0.97, function() coroutine.yield() end)
    end)()
    assert.is_true(flight:is_running())
    local said
    concurrently.manual(client, 1, function()
      said = flight:run(client, client:now() + 5, function() return "second" end)
    end)
    client:close()
    assert.equal("second", said)
  end)

  it("is taken over from a worker whose coroutine is dead, also while others wait #timing", function()
    local function raise(worker) coroutine.resume(worker) end
    -- Lua 5.4's; others cannot close one.
    for _, finish in ipairs { raise, coroutine.close } do
      local client = example.client { loop = "manual" }
      local flight, said = single_flight.new(), nil
      local worker = coroutine.create(function()
        flight:run(client, client:now() + 20, function()
          coroutine.yield()
          error "mine"
        end)
      end)
      assert(coroutine.resume(worker))
      local began = core.now()
      concurrently.manual(client, 2, function(i)
        if i == 2 then return finish(worker) end
        said = flight:run(client, client:now() + 10, function() return "second" end)
      end)
      assert.same({ "second", true }, { said, core.now() - began < 2 })
      client:close()
    end
  end)

  it("is taken over from a worker that raised #timing", function()
    local client = example.client()
    local flight = single_flight.new()
    assert.has_error(function() flight:run(client, client:now() + 5, function() error("broken", 0) end) end, "broken")
    local began = core.now()
    assert.equal("token", flight:run(client, client:now() + 5, function() return linger(client) end))
    assert.is_true(core.now() - began < 0.5)
    client:close()
  end)

  it("does not make a blocking client wait for another client", function()
    local games, script = example.client { loop = "manual" }, example.client()
    local flight = single_flight.new()
    coroutine.wrap(function()
      flight:run(games, games:now() + 5, function() return games:park({}, 5) end)
    end)()
    assert.equal("own", flight:run(script, script:now() + 5, function() return "own" end))
    games:close()
    script:close()
  end)

  it("serves waiters of different clients", function()
    local clients = { example.client { loop = "manual" }, example.client { loop = "manual" } }
    local flight, said, times = single_flight.new(), {}, 0
    local both = { step = function() for _, client in ipairs(clients) do client:step() end end }
    concurrently.manual(both, 20, function(i)
      local client = clients[i % 2 + 1]
      said[i] = flight:run(client, client:now() + 5, function()
        times = times + 1
        return linger(client)
      end)
    end)
    assert.equal(20, #said)
    assert.equal(1, times)
    for _, client in ipairs(clients) do client:close() end
  end)
end)
