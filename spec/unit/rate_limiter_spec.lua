local errors = require "dingtalk.errors"
local memory = require "dingtalk.stores.memory"
local rate_limiter = require "dingtalk.rate_limiter"

local URL = "https://api.dingtalk.io/v1.0/calendar"

local time, sleepers

-- A client of a made-up clock, in coroutines; `late(seconds)` says how much longer a wait takes.
local function client_of(late)
  local client = { now = function() return time end }
  function client:pause(state, seconds)
    if self.closed then
      state.cancelled, state.sent = "closed", false
      return false
    end
    sleepers[coroutine.running()] = time + seconds + (late and late(seconds) or 0)
    coroutine.yield()
    return true
  end
  return client
end

local function clock() return time end

-- Runs `count` coroutines, the earliest sleeper first.
local function run(count, work)
  local function go_on(thread, ...)
    sleepers[thread] = nil
    assert(coroutine.resume(thread, ...))
  end
  for i = 1, count do go_on(coroutine.create(work), i) end
  while true do
    local first
    for thread, at in pairs(sleepers) do
      if not first or at < sleepers[first] then first = thread end
    end
    if not first then return end
    time = math.max(time, sleepers[first])
    go_on(first)
  end
end

local function new(config)
  config = config or {}
  config.clock = clock
  if config.address_rate == nil then config.address_rate = false end
  return assert(rate_limiter.new(config))
end

local function request(token, operation)
  return { token = token or "token", row = { name = operation or "add_attendees" }, url = URL }
end

-- When `count` requests that want to go at once were let go.
local function arrivals(limiter, count, late, of)
  local times, client = {}, client_of(late)
  run(count, function(i)
    assert(limiter:acquire(client, of and of(i) or request(), time + 86400, {}))
    times[#times + 1] = time
  end)
  table.sort(times)
  return times
end

local function most_in_a_second(times)
  local most, first = 0, 1
  for last = 1, #times do
    while times[last] - times[first] >= 1 do first = first + 1 end
    most = math.max(most, last - first + 1)
  end
  return most
end

describe("a limiter", function()
  before_each(function()
    time, sleepers = 1000, {}
    math.randomseed(7)
  end)

  it("lets no more go in any second, also where the network holds some up", function()
    for _, rate in ipairs { 1, 2, 7, 20, 60 } do
      local times = arrivals(new { rate = rate }, 300)
      for i = 1, #times do times[i] = times[i] + 0.03 * math.random() end
      table.sort(times)
      assert.is_true(most_in_a_second(times) <= rate, ("%d of %d"):format(most_in_a_second(times), rate))
    end
  end)

  it("uses what it may", function()
    local times = arrivals(new { rate = 20 }, 401)
    assert.is_true(400 / (times[401] - times[1]) >= 0.95 * 20)
    time = 1000
    times = arrivals(new { rate = 20, margin = 0.02 }, 401)
    assert.is_true(400 / (times[401] - times[1]) >= 0.98 * 20)
    times = arrivals(new { rate = 0.5 }, 5)
    assert.is_true(times[5] - times[1] >= 8)
  end)

  it("keeps apps, organisations and operations apart", function()
    local function source(name) return { key = function() return name end } end
    local limiter = new { rate = 20 }
    local requests = {
      request(source "app corp1"), request(source "app corp2"), request "string1", request "string2",
      request("string1", "list_attendees"), request({}), request({}),
    }
    arrivals(limiter, 200, nil, function(i) return requests[i % #requests + 1] end)
    local took = time - 1000
    assert.is_true(took < 200 / #requests / 20 * 1.2, took)
    -- Sources of one app and organisation draw on one budget, and so do strings with a name.
    time = 1000
    arrivals(new { rate = 20 }, 100, nil, function() return request(source "app corp1") end)
    assert.is_true(time - 1000 >= 99 / 20)
    time = 1000
    arrivals(new { rate = 20, name = "mine" }, 100, nil, function(i) return request("string" .. i) end)
    assert.is_true(time - 1000 >= 99 / 20)
  end)

  it("does not let a crowd of one customer hold up another", function()
    local limiter, waited = new { rate = 20 }, {}
    arrivals(limiter, 1000, nil, function(i)
      if i <= 990 then return request "crowd" end
      return request "small"
    end)
    time = 2000
    run(1, function()
      local began = time
      assert(limiter:acquire(client_of(), request "small", math.huge))
      waited[1] = time - began
    end)
    assert.same({ 0 }, waited)
  end)

  it("counts all calls of the address together, those for tokens too", function()
    local limiter = new { rate = 20, address_rate = 100 }
    local times = arrivals(limiter, 500, nil, function(i)
      if i % 2 == 0 then return { row = { name = "access_token" }, url = URL } end
      return request("string" .. i)
    end)
    assert.is_true(most_in_a_second(times) <= 100)
    assert.is_true(times[500] - times[1] <= 6)
  end)

  it("says at once that no slot comes before the deadline, and takes none", function()
    local limiter, client = new { rate = 1, margin = 0 }, client_of()
    run(1, function()
      assert(limiter:acquire(client, request(), time + 10))
      for _ = 1, 3 do
        local ok, err = limiter:acquire(client, request(), time + 0.5)
        assert.is_nil(ok)
        assert.is_true(errors.is_error(err))
        assert.same({ "timeout", "no_slot_in_time", "not_sent", true, 1 },
          { err.kind, err.code, err.outcome, err.retryable, err.retry_after })
      end
      assert.equal(1000, time)
      assert(limiter:acquire(client, request(), time + 10))
      assert.equal(1001, time)
    end)
  end)

  it("ends the wait when the client is closed", function()
    local limiter, client = new { rate = 1 }, client_of()
    run(1, function()
      assert(limiter:acquire(client, request(), time + 10))
      client.closed = true
      local ok, err = limiter:acquire(client, request(), time + 10)
      assert.is_nil(ok)
      assert.same({ "cancelled", "not_sent" }, { err.kind, err.outcome })
    end)
  end)

  it("lets nothing go in a burst that was held up in the process", function()
    -- All sleep through the same pause, as a process that is stopped for a while.
    for _, store in ipairs { false, memory.new(clock) } do
      local paused
      local times = arrivals(new { rate = 20, store = store or nil }, 100, function(seconds)
        if seconds > 1 and seconds < 3 and not paused then paused = time + 5 end
        return paused and time < paused and time + seconds < paused and paused - time - seconds or 0
      end)
      assert.equal(100, #times)
      assert.is_true(most_in_a_second(times) <= 20, most_in_a_second(times))
    end
  end)

  it("lets nothing go in a burst that is held up again while it catches up", function()
    -- The process stands still from each of these to the next.
    local stops = { 1003, 1005, 1005.5, 1006.5, 1007.1, 1007.6 }
    local function late(seconds)
      for i = 1, #stops, 2 do
        local at = time + seconds
        if at >= stops[i] and at < stops[i + 1] then return stops[i + 1] - at end
      end
      return 0
    end
    for _, shared in ipairs { false, true } do
      time, sleepers = 1000, {}
      local times = arrivals(new { rate = 20, store = shared and memory.new(clock) or nil }, 200, late)
      assert.equal(200, #times)
      assert.is_true(most_in_a_second(times) <= 21, most_in_a_second(times)) -- one may be late, as in a frame
    end
    time, sleepers = 1000, {}
    local times = arrivals(new { rate = 20, address_rate = 475 }, 3000, late, function()
      return { row = { name = "access_token" }, url = URL }
    end)
    assert.equal(3000, #times)
    assert.is_true(most_in_a_second(times) <= 475, most_in_a_second(times))
  end)

  it("drops a slot of a shared schedule that the wait for the address made late", function()
    local store, slots = memory.new(clock), {}
    local reserve = store.reserve
    function store.reserve(own, key, interval, horizon)
      local wait, ahead = reserve(own, key, interval, horizon)
      if wait and not key:find "address" then slots[#slots + 1] = time + wait end
      return wait, ahead
    end
    local limiter = new { rate = 20, store = store, address_rate = 475 }
    local others = new { store = store, address_rate = 475 }
    local times, client = {}, client_of()
    run(440, function(i)
      if i > 40 then -- they have the address to themselves for a second
        assert(others:acquire(client, { row = { name = "access_token" }, url = URL }, math.huge, {}))
        return
      end
      assert(limiter:acquire(client, request(), math.huge, {}))
      times[#times + 1] = time
    end)
    local on_time = 0
    for _, at in ipairs(times) do
      for _, slot in ipairs(slots) do
        if at >= slot and at - slot <= 0.015 then on_time = on_time + 1 break end
      end
    end
    assert.equal(#times, on_time)
  end)

  for _, rate in ipairs { 20, false } do
    it(("takes one slot of the address for a call, with a store too, rate %s"):format(tostring(rate)), function()
      local limiter = new { rate = rate, store = memory.new(clock), address_rate = 100 }
      local times = arrivals(limiter, 500, nil, function(i) return request("token " .. i % 20) end)
      assert.is_true(times[500] - times[1] < 6, times[500] - times[1])
    end)
  end

  it("goes with a late slot where there is no time for another", function()
    local limiter = new { rate = 1, store = memory.new(clock) }
    local client = client_of(function() return 0.02 end)
    assert(limiter:acquire(client, request(), time + 2, {}))
    local ok
    run(1, function() ok = assert(limiter:acquire(client, request(), time + 2, {})) end)
    assert.is_true(ok)
  end)

  it("goes on under a host that is always late", function()
    local times = arrivals(new { rate = 20 }, 60, function() return 0.2 end)
    assert.equal(60, #times)
    assert.is_true(times[60] - times[1] < 60)
  end)
end)

describe("a limiter whose requests are throttled", function()
  before_each(function() time, sleepers = 1000, {} end)

  local function rate_of(limiter, count)
    local began = time
    arrivals(limiter, count)
    return (count - 1) / (time - began)
  end

  it("slows down once for those under way together, and recovers", function()
    local limiter, states = new { rate = 20 }, {}
    run(20, function(i)
      states[i] = {}
      assert(limiter:acquire(client_of(), request(), math.huge, states[i]))
    end)
    for i = 1, 20 do limiter:throttled(request(), states[i]) end
    local slowed = rate_of(limiter, 11)
    assert.is_true(slowed > 5 and slowed < 17, slowed)
    time = time + 20
    assert.is_true(rate_of(limiter, 100) >= 0.95 * 20)
  end)

  it("leaves others alone", function()
    local limiter = new { rate = 20 }
    arrivals(limiter, 1)
    limiter:throttled(request())
    local began = time
    arrivals(limiter, 20, nil, function() return request "another" end)
    assert.is_true(time - began <= 1)
  end)

  it("waits as long as the answer says", function()
    local limiter = new { rate = 20 }
    arrivals(limiter, 1)
    limiter:throttled(request(), nil, 60)
    arrivals(limiter, 1)
    assert.is_true(time >= 1060)
  end)

  it("slows down all who share the store", function()
    local store = memory.new(clock)
    local one, other = new { rate = 20, store = store }, new { rate = 20, store = store }
    arrivals(one, 1)
    one:throttled(request())
    arrivals(other, 1)
    assert.is_true(time >= 1000.25)
  end)

  it("finds the limit where it was given none", function()
    local limiter = new { rate = false }
    arrivals(limiter, 100)
    assert.equal(1000, time)
    limiter:throttled(request())
    local slowed = rate_of(limiter, 101)
    assert.is_true(slowed > 20 and slowed < 100, slowed)
    time = time + 60
    local began = time
    arrivals(limiter, 100)
    assert.equal(began, time)
  end)
end)

describe("limiters that share a store", function()
  before_each(function() time, sleepers = 1000, {} end)

  local function four(store)
    local limiters = {}
    for i = 1, 4 do limiters[i] = new { rate = 20, store = store } end
    return limiters
  end

  local function all(limiters, count)
    local times, client = {}, client_of()
    run(count, function(i)
      for _ = 1, 3 do
        assert(limiters[i % #limiters + 1]:acquire(client, request(), math.huge, {}))
        times[#times + 1] = time
      end
    end)
    table.sort(times)
    return times
  end

  it("are together one good client", function()
    local times = all(four(memory.new(clock)), 100)
    assert.is_true(most_in_a_second(times) <= 20)
    assert.is_true(299 / (times[300] - times[1]) >= 0.95 * 20)
  end)

  it("go on behind the slots they hold when the schedule is lost", function()
    local store = memory.new(clock)
    local reserve, calls = store.reserve, 0
    function store.reserve(...)
      calls = calls + 1
      if calls == 150 then store.slots = {} end
      return reserve(...)
    end
    local times = all(four(store), 100)
    assert.equal(300, #times)
    assert.is_true(most_in_a_second(times) <= 24, most_in_a_second(times))
  end)

  it("keep their own share while the store fails", function()
    local store = memory.new(clock)
    local reserve, calls, said = store.reserve, 0, 0
    function store.reserve(...)
      calls = calls + 1
      if calls > 120 then return nil, "refused" end
      return reserve(...)
    end
    local limiters = {}
    for i = 1, 4 do
      limiters[i] = new { rate = 20, store = store, on_store_error = function() said = said + 1 end }
    end
    local times = all(limiters, 100)
    assert.equal(300, #times)
    assert.is_true(most_in_a_second(times) <= 30, most_in_a_second(times))
    assert.is_true(said >= 1)
  end)

  it("believe no store that lies", function()
    for _, answer in ipairs { 0, 0 / 0, -1, math.huge, 1e9, "soon", true, {} } do
      local store = memory.new(clock)
      store.reserve = function() return answer end
      local times = arrivals(new { rate = 20, store = store }, 41)
      assert.equal(41, #times)
      assert.is_true(most_in_a_second(times) <= 20)
    end
    local store = memory.new(clock)
    store.reserve = function() return false, 0 / 0 end
    assert.equal(5, #arrivals(new { rate = 20, store = store }, 5))
  end)
end)

describe("the configuration of a limiter", function()
  it("is checked", function()
    for name, values in pairs {
      rate = { 0, -1, "20", 1e9 }, margin = { -1, "x" }, store = { {}, 7, { get = print, set = print } },
      name = { "", "a b\n", 7 }, address_rate = { 0, "x" }, on_store_error = { 7 }, rat = { 20 },
    } do
      for _, value in ipairs(values) do
        local limiter, err = rate_limiter.new { [name] = value }
        assert.is_nil(limiter)
        assert.same({ "argument", "config." .. name }, { err.kind, err.argument })
      end
    end
  end)
end)
