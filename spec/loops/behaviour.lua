-- What every loop in which calls wait in coroutines must do.
local assert = require "luassert"
local calendar = require "dingtalk.calendar"
local example = require "spec.support.example"
local hosts = require "spec.loops.hosts"
local sandbox = require "spec.support.sandbox"

local close = rawget(coroutine, "close")

local MANY = 50
local LATENCY_MS, HANG_MS = 60, 60000
local TICK_SECONDS = 0.005

local USER, EVENT, TOKEN = example.USER, example.EVENT, example.TOKEN

local function new_client(host, config)
  local all = { base_url = sandbox.start().base_url, ca_file = sandbox.start().ca_file, proxy = "", loop = host.loop }
  for name, value in pairs(config or {}) do all[name] = value end
  return assert(calendar.new(all))
end

local function repeated(count, work)
  local list = {}
  for i = 1, count do list[i] = function() work(i) end end
  return (table.unpack or unpack)(list)
end

-- How many calls the sandbox has taken since the reset.
local function arrived() return sandbox.counters().calls end

-- A function for the host that counts its own ticks until `stop` says so.
local function ticking(host, ticks, stop)
  return function()
    while not stop() do
      host.sleep(TICK_SECONDS)
      ticks.count = ticks.count + 1
    end
  end
end

local function jobs(count, people)
  local list = {}
  for i = 1, count do
    list[i] = { user = USER, event = EVENT, list = {} }
    for j = 1, people or 1 do list[i].list[j] = ("p%d-%d"):format(i, j) end
  end
  return list
end

local function shares_a_connection(host, client)
  local counters
  -- All are to be sent before the first is answered, however busy the machine is.
  for _, factor in ipairs { 1, 10, 100 } do
    sandbox.settings { latency_ms = LATENCY_MS * factor }
    local results = {}
    host.run(client, repeated(MANY, function(i)
      results[i] = assert(client:add_attendees(TOKEN, USER, nil, EVENT, { "m" .. i }))
    end))
    assert.equal(MANY, #results)
    assert.is_true(client:is_idle())
    counters = sandbox.counters()
    if counters.max_in_flight >= MANY then break end
  end
  assert.same({ true, 1 }, { counters.max_in_flight >= MANY, counters.connections_opened })
end

local function ticks_while_waiting(host, client)
  sandbox.faults { fault = "answer", code = "systemError", next = 2 }
  local ticks, during, done = { count = 0 }, {}, false
  client.on_attempt = function(info) during[info.attempt] = ticks.count end
  host.run(client, function()
    assert.equal(3, assert(client:add_attendees(TOKEN, USER, nil, EVENT, { "t" })).attempts)
    done = true
  end, ticking(host, ticks, function() return done end))
  assert.is_true(during[2] > during[1] and during[3] > during[2])
end

local function cancels_on_close(host, client)
  sandbox.settings { latency_ms = HANG_MS }
  local errs = {}
  host.run(client, function()
    while arrived() < 5 do host.sleep(TICK_SECONDS) end
    client:close()
    client:close()
  end, repeated(5, function(i)
    local result, err = client:add_attendees(TOKEN, USER, nil, EVENT, { "c" .. i })
    assert.is_nil(result)
    errs[i] = err
  end))
  for i = 1, 5 do
    assert.same({ "cancelled", "closed", "unknown" }, { errs[i].kind, errs[i].code, errs[i].outcome })
    assert.is_string(errs[i].client_token)
  end
end

local function cancels_the_wait(host, client)
  sandbox.faults { fault = "answer", status = 503, body = "", rate = 1, seed = 1 }
  local err, waiting
  client.on_attempt = function() waiting = true end
  host.run(client, function()
    err = select(2, client:add_attendees(TOKEN, USER, nil, EVENT, { "w" }))
  end, function()
    while not waiting do host.sleep(TICK_SECONDS) end
    client:close()
  end)
  assert.same({ "cancelled", "unknown", 1 }, { err.kind, err.outcome, err.attempts })
end

local function refuses_outside(client)
  local result, err = client:add_attendees(TOKEN, USER, nil, EVENT, { "o" })
  assert.is_nil(result)
  assert.same({ "argument", "cannot_wait", "not_sent", "config.loop" },
    { err.kind, err.code, err.outcome, err.argument })
  local summary
  summary, err = client:add_attendees_each(TOKEN, jobs(1))
  assert.is_nil(summary)
  assert.equal("cannot_wait", err.code)
end

local function lets_hooks_wait(host, client)
  local token = { get = function()
    host.sleep(TICK_SECONDS)
    return TOKEN
  end, invalidate = function() end }
  local told, others, done = 0, { count = 0 }, false
  local summary
  host.run(client, function()
    local function on_result()
      host.sleep(TICK_SECONDS)
      told = told + 1
    end
    local opts = { rate = false, concurrency = 3, on_result = on_result }
    summary = assert(client:add_attendees_each(token, jobs(6, 2), opts))
    done = true
  end, function()
    -- Meanwhile another coroutine of the host uses the same client.
    while not done do
      assert(client:add_attendees(TOKEN, USER, nil, EVENT, { "h" }))
      others.count = others.count + 1
    end
  end)
  assert.same({ 6, 6, 12 }, { told, summary.succeeded, summary.added })
  assert.is_true(others.count > 0)
end

local function nests(host, client)
  local summary
  host.run(client, function()
    local list = jobs(4, 1201)
    for _, job in ipairs(list) do job.opts = { concurrency = 3 } end
    summary = assert(client:add_attendees_each(TOKEN, list, { rate = false, concurrency = 2 }))
  end)
  assert.same({ 4, 4804, 12 }, { summary.succeeded, summary.added, summary.attempts })
  local seen = 0
  for _, write in ipairs(sandbox.ledger()) do seen = seen + #write.added end
  assert.equal(4804, seen)
end

local function serves_two_clients(host, client)
  sandbox.settings { latency_ms = LATENCY_MS }
  local other = new_client(host)
  local added = 0
  -- The frame loop steps one client; an own loop would step both.
  local both = { closed = false, step = function()
    client:step()
    other:step()
  end }
  host.run(both, repeated(10, function(i)
    local result = assert((i % 2 == 0 and client or other):add_attendees(TOKEN, USER, nil, EVENT, { "b" .. i }))
    added = added + result.added
  end))
  assert.equal(10, added)
  assert.equal(2, sandbox.counters().connections_opened)
  other:close()
end

local function leaves_nothing(host, client)
  local seen = setmetatable({}, { __mode = "k" })
  host.run(client, repeated(20, function(i)
    seen[coroutine.running()] = true
    local list = { "n" .. i }
    seen[list] = true
    assert(client:add_attendees(TOKEN, USER, nil, EVENT, list))
  end))
  collectgarbage()
  collectgarbage()
  assert.is_nil(next(seen))
  assert.is_true(client:is_idle())
end

local function reaps_the_dead(host, client)
  sandbox.settings { latency_ms = HANG_MS }
  local threads, after = {}, 0
  host.run(client, function()
    for i = 1, 4 do
      threads[i] = coroutine.create(function()
        client:add_attendees(TOKEN, USER, nil, EVENT, { "d" .. i })
        after = after + 1
      end)
      assert(coroutine.resume(threads[i]))
    end
    while arrived() < 4 do host.sleep(TICK_SECONDS) end
    for i = 1, 4 do close(threads[i]) end
    while not client:is_idle() do host.sleep(TICK_SECONDS) end
  end)
  assert.equal(0, after)
  assert.is_true(client:is_idle())
end

local no_yield = not hosts.yields_across_pcall and "Lua 5.1 cannot yield across pcall" or nil
local no_close = not close and "coroutine.close came with Lua 5.4" or nil

return {
  new_client = new_client,
  -- Each row: what, how, and why not on this Lua; `plain` for hosts that resume any coroutine.
  { "runs many calls over one connection, and then ends", shares_a_connection },
  { "lets others run while a call waits to be tried again", ticks_while_waiting },
  { "cancels the calls in flight when the client is closed", cancels_on_close },
  { "cancels the wait for another attempt", cancels_the_wait },
  { "refuses a call where nobody could resume it", function(_, client) refuses_outside(client) end },
  { "lets hooks and token sources wait for the host", lets_hooks_wait, no_yield },
  { "runs groups within groups", nests },
  { "serves two clients", serves_two_clients },
  { "leaves nothing behind", leaves_nothing },
  { "ends the calls of coroutines that were closed", reaps_the_dead, no_close, plain = true },
}
