local concurrently = require "spec.support.concurrently"
local cjson = require "cjson"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"
local sources = require "spec.support.sources"

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

-- How often each person is in the ledger.
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

  it("sends no more than 20 a second, also when it must try again", function()
    sandbox.faults { fault = "answer", code = "systemError", rate = 0.3, seed = 3 }
    local summary = assert(run(jobs(50), { concurrency = 30, max_attempts = 20 }))
    assert.equal(50, summary.succeeded)
    assert.is_true(summary.attempts > 50)
    -- What comes in a single second also depends on how busy the machine is: the unit spec counts that.
    assert.is_true((summary.attempts - 1) / summary.elapsed <= 20, summary.attempts .. " in " .. summary.elapsed)
  end)

  it("slows down when the service throttles, and all is done in the end", function()
    sandbox.settings { qps = 10 }
    local summary = assert(run(jobs(40), { max_attempts = 10 }))
    assert.equal(40, summary.succeeded)
    assert_each_once(40)
    local statuses = sandbox.counters().operations.add_attendees.statuses
    assert.is_true((statuses["403"] or 0) <= 25, tostring(statuses["403"]) .. " were throttled")
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
    sandbox.faults { fault = "delay", ms = 2000, match = { body = '"p5"' } } -- the others may be answered all at once
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

  it("counts rightly what a hook has changed", function()
    local list = {}
    for i = 1, 4 do list[i] = { user = USER, event = EVENT, list = { "p" .. i }, token = "refused-token" } end
    local summary = assert(run(list, { rate = false, concurrency = 1, on_result = function(_, _, err)
      for name in pairs(err) do err[name] = nil end
    end }))
    assert.same({ 4, { auth = 4 } }, { summary.failed, summary.kinds })
    assert.same({ ["1"] = true, ["2"] = true, ["3"] = true, ["4"] = true }, summary.resume.open)
  end)

  it("loses no job where the iterator closes the client", function()
    local all, given = {}, 0
    for job in jobs(3) do all[#all + 1] = job end
    local function iterator()
      given = given + 1
      if given == 2 then client:close() end
      return all[given]
    end
    local summary = assert(run(iterator, { rate = false, concurrency = 1 }))
    assert.same({ "closed", 1, 1 }, { summary.stopped, summary.succeeded, summary.not_sent })
    client = example.client()
    assert.equal(2, assert(run(all, { rate = false, resume = summary.resume })).succeeded)
    assert_each_once(3)
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

  it("stops by itself where no job could succeed, and goes on where it was", function()
    for code, why in pairs {
      ["Forbidden.AccessDenied.ApiCountLimitForOrg"] = "quota",
      ["Forbidden.AccessDenied.AccessTokenPermissionDenied"] = "permission",
      ["Forbidden.AccessDenied.IpNotInWhiteList"] = "permission",
      InvalidAuthentication = "auth",
    } do
      sandbox.reset()
      sandbox.faults { fault = "answer", code = code, rate = 1, match = { operation = "add_attendees" } }
      local summary = assert(run(jobs(40), { rate = false, concurrency = 4 }))
      assert.equal(why, summary.stopped)
      assert.is_true(summary.jobs <= 8, summary.jobs)
      sandbox.faults { clear = true, faults = {} }
      assert(run(jobs(40), { rate = false, resume = cjson.decode(cjson.encode(summary.resume)) }))
      assert_each_once(40)
    end
  end)

  it("stops at a ban of the address, in either form", function()
    for _, form in ipairs { "json", "html" } do
      sandbox.reset()
      sandbox.settings { ban_calls = 10, ban_answer = form }
      local summary = assert(run(jobs(200), { rate = false, concurrency = 5 }))
      assert.equal("banned", summary.stopped)
      assert.is_true(summary.jobs <= 25, summary.jobs)
    end
  end)

  it("does not stop for what concerns one job", function()
    for _, code in ipairs { "flowLimit", "permissionDeny", "exceedMaxReceiverSize", "itemNotFound" } do
      sandbox.faults { fault = "answer", code = code, message = "no" }
      local summary = assert(run(jobs(6), { rate = false, concurrency = 1 }))
      assert.same({ 5, 1 }, { summary.succeeded, summary.failed }, code)
      assert.is_nil(summary.stopped)
      assert.same({ next = 7, done = {}, open = {} }, summary.resume)
    end
  end)

  it("waits while the service is out of reach, and then does everything once", function()
    sandbox.faults { fault = "close", next = 7 }
    local told = 0
    local summary = assert(run(jobs(60), { rate = false, concurrency = 5, max_attempts = 1, on_result = function()
      told = told + 1
    end }))
    assert.same({ 60, 60 }, { summary.jobs, told })
    assert.is_true(summary.succeeded >= 55, summary.succeeded)
    local rest = assert(run(jobs(60), { rate = false, resume = summary.resume }))
    assert.equal(60, summary.succeeded + rest.succeeded)
    assert_each_once(60)
  end)

  it("tells of a job all that it did, also before the service was out of reach", function()
    local people, told = {}, nil
    for i = 1, 1200 do people[i] = "p" .. i end
    sandbox.faults { fault = "close", skip = 1, next = 1 }
    local summary = assert(run({ { user = USER, event = EVENT, list = people } }, {
      rate = false, max_attempts = 1, on_result = function(_, result) told = result end,
    }))
    assert.same({ 1, 1200, 4 }, { summary.succeeded, summary.added, summary.attempts })
    assert.same({ 1200, 4, 3 }, { told.added, told.attempts, #told.batches })
    for number, batch in ipairs(told.batches) do assert.equal(number * 500 - 499, batch.first) end
    assert_each_once(1200)
  end)

  it("ends when the service stays out of reach, with all of it in resume", function()
    sandbox.faults { fault = "close", rate = 1 }
    local summary = assert(run(jobs(600), { rate = false, max_attempts = 1, max_outage = 0.5 }))
    sandbox.faults { clear = true, faults = {} }
    assert.equal("unreachable", summary.stopped)
    assert.is_true(summary.jobs <= 20, summary.jobs)
    assert.same({ summary.jobs, summary.jobs }, { summary.failed, summary.unknown })
    local rest = assert(run(jobs(600), { rate = false, resume = cjson.decode(cjson.encode(summary.resume)) }))
    assert.equal(600, rest.succeeded)
    assert_each_once(600)
  end)

  it("does not wait for one job that alone gets no answer", function()
    sandbox.faults { fault = "delay", ms = 20000, rate = 1, match = { body = '"p3"' } }
    local summary = assert(run(jobs(60), { rate = 20, concurrency = 3, timeout = 2.5, max_attempts = 1 }))
    assert.same({ 59, 1, 1 }, { summary.succeeded, summary.failed, summary.unknown })
    assert.is_truthy(summary.resume.open["3"])
    assert.is_nil(summary.stopped)
  end)

  it("keeps what may succeed later, and what is unknown, in resume", function()
    sandbox.faults { fault = "close", after = true, rate = 1, match = { body = '"p2"' } }
    sandbox.faults { fault = "answer", code = "systemError", rate = 1, match = { body = '"p4"' } }
    sandbox.faults { fault = "answer", code = "itemNotFound", match = { body = '"p5"' } }
    local summary = assert(run(jobs(8), { rate = false, concurrency = 8, max_attempts = 1 }))
    assert.same({ 5, 3 }, { summary.succeeded, summary.failed })
    sandbox.faults { clear = true, faults = {} }
    local resume = cjson.decode(cjson.encode(summary.resume))
    assert.is_truthy(resume.open["2"])
    assert.is_truthy(resume.open["4"])
    assert.is_nil(resume.open["5"])
    local rest = assert(run(jobs(8), { rate = false, resume = resume }))
    assert.same({ 2, 2 }, { rest.jobs, rest.succeeded })
    assert.same({ next = 9, done = {}, open = {} }, rest.resume)
    local times = ledger()
    for _, number in ipairs { 1, 2, 3, 4, 6, 7, 8 } do assert.equal(1, times["p" .. number], number) end
  end)

  it("refuses what is no array of jobs", function()
    local job = { user = USER, event = EVENT, list = { "a" } }
    for argument, list in pairs {
      jobs = job, ["jobs[0]"] = { [0] = job, job }, ["jobs[2]"] = { job, nil, job },
      ["jobs[name]"] = { job, name = job },
      ["jobs[1]"] = { [2] = job }, ["jobs[1.5]"] = { job, [1.5] = job },
    } do
      local summary, err = run(list)
      assert.is_nil(summary)
      assert.same({ "argument", argument }, { err.kind, err.argument })
    end
    assert.equal(0, sandbox.counters().calls)
    assert.equal(0, assert(run({})).jobs)
  end)

  it("survives jobs that cannot be read", function()
    local bad = setmetatable({}, { __index = function() error("mine", 0) end })
    local summary = assert(run({ { user = USER, event = EVENT, list = { "a" } }, bad, 7 }, { rate = false }))
    assert.same({ 1, 2 }, { summary.succeeded, summary.failed })
    assert.same({ argument = 2 }, summary.kinds)
  end)

  it("tells the right job where the iterator uses one table for all", function()
    local at, job, told = 0, { user = USER, event = EVENT }, {}
    assert(run(function()
      at = at + 1
      if at > 12 then return nil end
      job.list = { "p" .. at }
      return job
    end, { rate = false, concurrency = 4, on_result = function(of, result) told[of.list[1]] = result and true end }))
    for i = 1, 12 do assert.is_true(told["p" .. i]) end
  end)

  it("asks an iterator again when it says so", function()
    local asked, at = 0, 0
    local summary = assert(run(function()
      asked = asked + 1
      if asked % 3 ~= 0 then return 0.01 end
      at = at + 1
      return at <= 5 and { user = USER, event = EVENT, list = { "p" .. at } } or nil
    end, { rate = false }))
    assert.equal(5, summary.succeeded)
    assert_each_once(5)
    for _, wrong in ipairs { -1, 0 / 0, math.huge } do
      assert.equal("jobs_failed", assert(run(function() return wrong end)).stopped)
    end
  end)

  it("uses a job's own token, and spares the others when that is refused", function()
    sandbox.tokens { token = "of-another-customer" }
    local list = {}
    for i = 1, 12 do
      list[i] = { user = USER, event = EVENT, list = { "p" .. i }, token = i % 3 == 0 and "refused-token"
        or i % 3 == 1 and "of-another-customer" or nil }
    end
    local summary = assert(run(list, { rate = false, concurrency = 1 }))
    assert.same({ 8, 4 }, { summary.succeeded, summary.failed })
    assert.is_nil(summary.stopped)
    assert.equal(9, summary.attempts)
    assert.same({ 3, 1 }, { summary.not_sent, summary.rejected })
    assert.is_truthy(summary.resume.open["12"])
  end)

  it("saves where it is before each request and after, so that a crash sends nothing twice", function()
    local saved, saves = nil, 0
    local summary = assert(run(jobs(10), { rate = false, concurrency = 3, checkpoint = function(left)
      saves = saves + 1
      if saves == 12 then error("killed", 0) end -- what was saved last is all that is left
      if saves < 12 then saved = cjson.encode(left) end
      return saves < 12 or nil, "disk full"
    end }))
    assert.equal("checkpoint_failed", summary.stopped)
    local rest = assert(run(jobs(10), { rate = false, resume = cjson.decode(saved) }))
    assert.is_true(rest.succeeded >= 1)
    assert_each_once(10)
  end)

  it("tells of a job before it is saved as ended, so that a crash loses no result", function()
    local list, saved, at_telling = {}, nil, {}
    for i, event in ipairs { EVENT, "no-such-event", EVENT } do
      list[i] = { user = USER, event = event, list = { "j" .. i } }
    end
    assert(run(list, { rate = false, concurrency = 1, checkpoint = function(left)
      saved = cjson.encode(left)
      return true
    end, on_result = function() at_telling[#at_telling + 1] = saved end }))
    assert.equal(3, #at_telling)
    for number, state in ipairs(at_telling) do
      local told = {}
      assert(run(list, { rate = false, concurrency = 1, resume = cjson.decode(state), on_result = function(job, result)
        told[#told + 1] = { job, result ~= nil }
      end }))
      assert.same({ { list[number], number ~= 2 }, 4 - number }, { told[1], #told })
    end
  end)

  it("does not hold up a frame with thousands of refused jobs", function()
    local games = example.client { loop = "manual" }
    local list, told, most = {}, 0, 0
    for i = 1, 2000 do list[i] = { user = USER, event = EVENT, list = {} } end
    local summary
    local thread = coroutine.create(function()
      local function on_result() told = told + 1 end
      summary = assert(games:add_attendees_each(TOKEN, list, { rate = false, on_result = on_result }))
    end)
    assert(coroutine.resume(thread))
    while coroutine.status(thread) ~= "dead" do
      local before = told
      games:step()
      most = math.max(most, told - before)
    end
    games:close()
    assert.same({ 2000, 2000 }, { summary.failed, told })
    assert.is_true(most <= 200, most)
  end)

  it("waits for slots outside of its jobs' own time", function()
    local limiter = assert(require("dingtalk.rate_limiter").new { rate = 0.4 })
    local summary = assert(run(jobs(3), { rate = limiter, timeout = 2, concurrency = 3 }))
    assert.same({ 3, 0 }, { summary.succeeded, summary.failed })
    assert_each_once(3)
  end)

  it("is bound by the client's limiter where it has none of its own", function()
    local limiter = assert(require("dingtalk.rate_limiter").new { rate = 10, margin = 0 })
    local own = example.client { rate_limiter = limiter }
    local summary = assert(own:add_attendees_each(TOKEN, jobs(15)))
    assert.is_true(summary.elapsed >= 1.3)
    summary = assert(client:add_attendees_each(TOKEN, jobs(5), { rate = limiter }))
    assert.is_true(summary.elapsed >= 0.3)
    own:close()
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

describe("many customers of one client", function()
  it("do not spend each other's retries", function()
    sandbox.reset()
    sandbox.tokens { token = "of-another-customer" }
    local own = example.client { retry_budget = 2, max_attempts = 2, random = function() return 0 end }
    sandbox.faults { fault = "answer", code = "systemError", rate = 1, match = { body = '"down"' } }
    for _ = 1, 10 do assert.is_nil((example.add(own, { "down" }))) end
    sandbox.faults { fault = "answer", code = "systemError" }
    local result = assert(own:add_attendees("of-another-customer", USER, nil, EVENT, { "p1" }))
    assert.equal(2, result.attempts)
    own:close()
    sandbox.reset()
  end)

  it("leave each other connections over HTTP/1.1", function()
    sandbox.reset()
    sandbox.tokens { token = "of-another-customer" }
    sandbox.faults { fault = "delay", ms = 600000, rate = 1, match = { body = '"hangs"' } }
    local own = example.client {
      base_url = sandbox.start().http_url, allow_http = true, loop = "manual",
      max_connections = 4, attempt_timeout = 300, timeout = 300,
    }
    local hung, done, said = 0, 0, nil
    for _ = 1, 20 do
      coroutine.wrap(function()
        example.add(own, { "hangs" })
        hung = hung + 1
      end)()
    end
    coroutine.wrap(function()
      for i = 1, 30 do
        local result, err = own:add_attendees("of-another-customer", USER, nil, EVENT, { "p" .. i })
        done = done + (result and 1 or 0)
        said = said or err and tostring(err)
      end
      own:close()
    end)()
    while not own.closed do
      own:step()
      socket.sleep(0.001)
    end
    assert.same({ 30, 20 }, { done, hung }, said) -- those that hung were ended by closing
    assert.equal(32, sandbox.counters().calls)
    sandbox.reset()
  end)

  it("each have their own limit, and none fails", function()
    sandbox.reset()
    sandbox.settings { qps = 20 }
    local limiter = assert(require("dingtalk.rate_limiter").new { rate = 20 })
    local own, failed = example.client { rate_limiter = limiter, loop = "manual" }, {}
    local all = {}
    for i = 1, 5 do
      sandbox.credentials { kind = "app", key = "app" .. i, secret = "secret-of-app", corp = "corp" .. i }
      all[i] = sources.new("internal_app", { app_key = "app" .. i, app_secret = "secret-of-app" })
    end
    concurrently.manual(own, 150, function(i)
      local result, err = own:add_attendees(all[i % 5 + 1], USER, nil, EVENT, { "p" .. i })
      if not result then failed[#failed + 1] = tostring(err) end
    end)
    own:close()
    sandbox.reset()
    assert.same({}, failed)
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
