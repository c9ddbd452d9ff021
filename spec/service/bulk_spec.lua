local cjson = require "cjson"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

local USER, EVENT, TOKEN = example.USER, example.EVENT, example.TOKEN

-- An iterator of jobs that each add one person, and how often it was asked.
local function jobs(count, fields)
  local at = 0
  return function()
    at = at + 1
    if at > count then return nil end
    local job = { user = USER, event = EVENT, list = { "p" .. (at - 1) % 4000 + 1 } }
    for name, value in pairs(fields or {}) do job[name] = value end
    return job
  end
end

-- How often each person stands in the ledger.
local function ledger()
  local times, people = {}, 0
  for _, write in ipairs(sandbox.ledger()) do
    for _, id in ipairs(write.added) do
      if not times[id] then people = people + 1 end
      times[id] = (times[id] or 0) + 1
    end
  end
  return times, people
end

local function assert_each_once(count)
  local times, people = ledger()
  assert.equal(count, people)
  for id, often in pairs(times) do assert.equal(1, often, id) end
end

local function rss_kb()
  for line in io.lines "/proc/self/status" do
    local size = line:match("^VmRSS:%s*(%d+)")
    if size then return tonumber(size) end
  end
end

describe("add_attendees_each", function()
  local client

  before_each(function()
    sandbox.reset()
    client = example.client { random = function() return 0.5 end }
  end)

  after_each(function()
    client:close()
    sandbox.reset()
  end)

  local function run(list, opts) return client:add_attendees_each(TOKEN, list, opts) end

  it("runs jobs of an array and tells of each", function()
    local told = {}
    local list = {
      { user = USER, event = EVENT, list = { "a", "b" } },
      { user = USER, event = "nowhere", list = { "c" } },
      { user = USER, event = EVENT, list = {} },
      "nonsense",
      { user = USER, event = EVENT, lists = {} },
    }
    local summary = assert(run(list, { on_result = function(job, result, err)
      told[job] = result and "ok" or err.kind .. " " .. err.code
    end }))
    assert.same(
      { "ok", "not_found itemNotFound", "argument no_attendees", "argument wrong_type", "argument unknown_field" },
      { told[list[1]], told[list[2]], told[list[3]], told["nonsense"], told[list[5]] })
    assert.same({ 5, 1, 4, 2 }, { summary.jobs, summary.succeeded, summary.failed, summary.added })
    assert.same({ not_found = 1, argument = 3 }, summary.kinds)
    assert.same({ 3, 1, 0 }, { summary.not_sent, summary.rejected, summary.unknown })
    assert.same({ next = 6, done = {}, open = {} }, summary.resume)
  end)

  it("refuses what is no list of jobs", function()
    for _, row in ipairs {
      { 7, nil, "jobs" }, { nil, nil, "jobs" }, { {}, { rate = 0 }, "opts.rate" }, { {}, { rat = 1 }, "opts.rat" },
      { {}, { resume = { next = 0, done = {} } }, "opts.resume" }, { {}, { resume = {} }, "opts.resume" },
      { {}, { resume = { next = 1, done = {}, open = 1 } }, "opts.resume" },
    } do
      local summary, err = run(row[1], row[2])
      assert.is_nil(summary)
      assert.same({ "argument", row[3] }, { err.kind, err.argument })
    end
  end)

  it("takes jobs of any metatable, and a resume of any numbers", function()
    local odd = { __pairs = function() error "mine" end, __metatable = true }
    local job = setmetatable({ user = USER, event = EVENT, list = { "a" }, opts = setmetatable({}, odd) }, odd)
    local summary = assert(run(setmetatable({ job, job }, odd), { resume = { next = 1, done = { 0 / 0, 2 } } }))
    assert.same({ 1, 1 }, { summary.jobs, summary.succeeded })
  end)

  it("sends no more than 20 in any second, also when it must try again", function()
    sandbox.faults { fault = "answer", code = "systemError", rate = 0.3, seed = 3 }
    local summary = assert(run(jobs(50), { concurrency = 30 }))
    assert.equal(50, summary.succeeded)
    assert.is_true(summary.attempts > 50)
    assert.is_true(sandbox.counters().max_per_second <= 20, sandbox.counters().max_per_second .. " in a second")
  end)

  it("slows down when the service throttles, and all is done in the end", function()
    sandbox.settings { qps = 10 }
    local summary = assert(run(jobs(40), { max_attempts = 10 }))
    assert.equal(40, summary.succeeded)
    assert_each_once(40)
    local statuses = sandbox.counters().operations.add_attendees.statuses
    assert.is_true((statuses["403"] or 0) <= 20, tostring(statuses["403"]) .. " were throttled")
  end)

  it("finds the limit itself with rate = false", function()
    sandbox.settings { qps = 40 }
    local summary = assert(run(jobs(150), { rate = false, max_attempts = 10, concurrency = 50 }))
    assert.equal(150, summary.succeeded)
    assert_each_once(150)
  end)

  it("does not wait when there is nothing left to send", function()
    -- The next call would be allowed in a thousand seconds.
    assert.equal(1, assert(run(jobs(1), { rate = 0.001 })).succeeded)
  end)

  it("stops when on_result says so, and sends exactly what is missing when it is resumed", function()
    local told = 0
    local summary = assert(run(jobs(60), { rate = false, concurrency = 7, on_result = function()
      told = told + 1
      return told < 20
    end }))
    assert.equal("asked", summary.stopped)
    assert.is_true(summary.jobs >= 20 and summary.jobs <= 27)
    assert.equal(summary.jobs, told)
    local rest = assert(run(jobs(60), { rate = false, resume = cjson.decode(cjson.encode(summary.resume)) }))
    assert.equal(60 - summary.jobs, rest.jobs)
    assert.is_nil(rest.stopped)
    assert_each_once(60)
  end)

  it("is stopped by close, and what was under way is asked again with its own token", function()
    sandbox.settings { latency_ms = 150 }
    local told, kinds = 0, {}
    local summary = assert(run(jobs(40), { rate = false, concurrency = 8, on_result = function(_, _, err)
      told = told + 1
      if told == 12 then client:close() end
      if err then kinds[err.kind .. " " .. err.outcome] = true end
    end }))
    assert.equal("closed", summary.stopped)
    assert.same({ ["cancelled unknown"] = true }, kinds)
    sandbox.settings { latency_ms = 0 }
    while sandbox.counters().in_flight > 0 do socket.sleep(0.02) end
    client = example.client()
    local rest = assert(run(jobs(40), { rate = false, resume = cjson.decode(cjson.encode(summary.resume)) }))
    assert.equal(40, summary.succeeded + rest.succeeded)
    assert_each_once(40)
  end)

  it("is stopped by a hook that raises, and by jobs that do", function()
    local function on_result() error("no\nmore", 0) end
    local summary = assert(run(jobs(30), { rate = false, concurrency = 3, on_result = on_result }))
    assert.same({ "hook_failed", "no more" }, { summary.stopped, (summary.message:gsub("%s+", " ")) })
    assert.is_true(summary.jobs <= 3)
    local at = 0
    summary = assert(run(function()
      at = at + 1
      if at == 4 then error("the file ended", 0) end
      return { user = USER, event = EVENT, list = { "j" .. at } }
    end, { rate = false }))
    assert.same({ "jobs_failed", "the file ended", 3 }, { summary.stopped, summary.message, summary.succeeded })
  end)

  it("sends batches of jobs in parallel, too", function()
    local list = {}
    for i = 1, 3 do list[i] = { user = USER, event = EVENT, list = example.people(i * 1000, i * 1000 + 999),
      opts = { concurrency = 2 } } end
    local summary = assert(run(list, { rate = false, concurrency = 3 }))
    assert.same({ 3, 3000, 6 }, { summary.succeeded, summary.added, summary.attempts })
  end)

  it("has 1,000 calls in flight over one connection, in 64 KiB each #slow", function()
    assert(run(jobs(1))) -- until the first answer a connection of HTTP/2 takes no more than 100 at a time
    local before, during, counters = rss_kb(), 0, nil
    -- All are to be sent before the first is answered, however busy the machine is; an attempt has 10 s.
    for _, latency in ipairs { 1500, 3000, 5000 } do
      sandbox.reset()
      sandbox.settings { latency_ms = latency, ledger = false, record = 0 }
      local summary = assert(run(jobs(1000), { rate = false, concurrency = 1000, timeout = 600,
        max_attempts = 9, on_result = function()
          if during == 0 then during = rss_kb() end
        end }))
      assert.equal(1000, summary.succeeded)
      counters = sandbox.counters()
      if counters.max_in_flight >= 1000 then break end
    end
    assert.is_true(counters.max_in_flight >= 1000, counters.max_in_flight .. " in flight")
    assert.is_true(counters.connections_opened <= 1, counters.connections_opened .. " connections")
    assert.is_true((during - before) / 1000 <= 64, (during - before) / 1000 .. " KiB a call")
  end)

  it("needs no more memory for more jobs #slow", function()
    sandbox.settings { ledger = false, record = 0 }
    local marks, told = {}, 0
    local summary = assert(run(jobs(12000), { rate = false, concurrency = 20, on_result = function()
      told = told + 1
      if told % 4000 == 0 then
        collectgarbage()
        collectgarbage()
        marks[#marks + 1] = collectgarbage "count"
      end
    end }))
    assert.equal(12000, summary.succeeded)
    -- The limiter remembers the requests of the last second, some ten thousand, more or less of them by
    -- how fast the machine is just then; a table kept for each of the 8,000 jobs between would be above.
    assert.is_true(marks[3] <= marks[1] + 1024, ("%.0f KiB, then %.0f"):format(marks[1], marks[3]))
  end)
end)

describe("batches of one call", function()
  it("are under way at the same time", function()
    local client = example.client()
    for _, latency in ipairs { 50, 500, 5000 } do
      sandbox.reset()
      sandbox.settings { latency_ms = latency }
      assert(example.add(client, example.people(1, 5000), { concurrency = 10, timeout = 600 }))
      if sandbox.counters().max_in_flight == 10 then break end
    end
    assert.equal(10, sandbox.counters().max_in_flight)
    client:close()
    sandbox.reset()
  end)
end)
