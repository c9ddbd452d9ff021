local limiter = require "dingtalk.rate_limiter"

local clock

local function now() return clock.time end

-- A run by a made-up clock: requests that take `latency()` seconds each, at most `width` at a time.
-- Returns when each reached the service, in order.
local function arrivals(limit, count, width, latency, at)
  local sent, out = {}, {}
  local function finish_due(time)
    for i = #out, 1, -1 do
      if out[i].ends <= time then
        clock.time = math.max(clock.time, out[i].ends)
        limit:finish(out[i].permit, out[i].throttled)
        table.remove(out, i)
      end
    end
  end
  while #sent < count do
    local delay = limit:delay()
    if #out < width and delay == 0 then
      local takes = latency()
      sent[#sent + 1] = clock.time + takes * at()
      out[#out + 1] = { permit = limit:take(), ends = clock.time + takes }
      table.sort(out, function(a, b) return a.ends > b.ends end)
    else
      local until_ = #out > 0 and out[#out].ends or math.huge
      if delay > 0 then until_ = math.min(until_, clock.time + delay) end
      finish_due(until_)
      clock.time = math.max(clock.time, until_)
    end
  end
  table.sort(sent)
  return sent
end

local function most_in_a_second(times, window)
  local most, first = 0, 1
  for last = 1, #times do
    while times[last] - times[first] >= (window or 1) do first = first + 1 end
    most = math.max(most, last - first + 1)
  end
  return most
end

describe("the limiter", function()
  before_each(function() clock = { time = 1000 } end)

  it("never lets more arrive in any second, wherever the network holds them up", function()
    math.randomseed(7)
    for _, rate in ipairs { 1, 2, 7, 20 } do
      for _, slowest in ipairs { 0.001, 0.3, 3 } do
        local limit = limiter.new(rate, now)
        local times = arrivals(limit, 300, 50, function() return math.random() * slowest end, math.random)
        assert.is_true(most_in_a_second(times) <= rate, ("%d in a second"):format(most_in_a_second(times)))
      end
    end
  end)

  it("uses what it may, but for the time of one answer a second", function()
    local limit = limiter.new(20, now)
    local times = arrivals(limit, 400, 50, function() return 0.05 end, function() return 1 end)
    assert.is_true(399 / (times[400] - times[1]) >= 20 / 1.06)
  end)

  it("takes less than one a second", function()
    local limit = limiter.new(0.5, now)
    local times = arrivals(limit, 10, 5, function() return 0.01 end, function() return 1 end)
    assert.equal(1, most_in_a_second(times, 1.99))
  end)

  it("halves at a throttling answer, once for those under way together, and recovers", function()
    local limit = limiter.new(20, now)
    local permits = {}
    for i = 1, 20 do permits[i] = limit:take() end
    clock.time = clock.time + 0.1
    for i = 1, 20 do limit:finish(permits[i], true) end
    assert.equal(10, limit.rate)
    clock.time = clock.time + 5
    assert.equal(0, limit:delay())
    assert.equal(20, limit.rate)
  end)

  it("finds the service's limit where it was given none", function()
    local limit = limiter.new(false, now)
    assert.equal(0, limit:delay())
    local permits = {}
    for i = 1, 100 do permits[i] = limit:take() end
    for i = 1, 100 do limit:finish(permits[i], i > 50) end
    assert.equal(50, limit.rate)
    assert.is_true(limit:delay() > 0)
    clock.time = clock.time + 60
    limit:delay()
    assert.equal(math.huge, limit.rate)
  end)

  it("never falls to nothing", function()
    local limit = limiter.new(2, now)
    for _ = 1, 20 do
      local permit = limit:take()
      clock.time = clock.time + 1.1
      limit:finish(permit, true)
    end
    assert.is_true(limit.rate >= 1)
  end)

  it("counts nothing that was given back", function()
    local limit = limiter.new(1, now)
    local permit = limit:take()
    assert.is_true(limit:delay() > 0)
    limit:give_back(permit)
    limit:give_back(permit)
    limit:finish(permit)
    assert.equal(0, limit:delay())
    assert.equal(0, limit.out)
  end)
end)
