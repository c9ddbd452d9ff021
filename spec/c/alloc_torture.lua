--- Every allocation of a call failed in turn, until the call succeeds. Usage:
---   build/asan/alloc_ldt_torture spec/c/alloc_torture.lua [SCENARIO...]
--- With TORTURE_TRACE=1 it prints each before it is tried. Each time: a result, an error of ours or a raised
--- "not enough memory"; what is said of the outcome is true; nothing is left when the state is closed;
--- and the next call of the same client does what it should, in time.
local victim = victim -- luacheck: ignore 113 121 (from alloc_ldt_torture.c)
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

local USER, EVENT = "U5KPwll3QjgiG", "torture-event"
local PEOPLE = 501
local TIMEOUT, SLOW_SECONDS = 60, 50 -- a call that took so long hung until its timeout
local NEVER = 2 ^ 31
local OWNERS = { "lua", "curl", "core" }

local box = sandbox.start()

local SETUP = [[
  collectgarbage "stop" -- the allocations are then the same each time
  calendar = require "dingtalk.calendar"
  config = {
    base_url = %q, ca_file = %q, allow_http = true, proxy = "", timeout = %d, loop = "blocking",
    random = function() return 0 end,
  }
  people, more = {}, {}
  for i = 1, %d do people[i] = { id = "person" .. i, isOptional = i %% 2 == 0 } end
  for i = 1, 3 do more[i] = "late" .. i end
  client, result, failure = false, false, false
  function add(list, opts)
    if not client then client, failure = calendar.new(config) end
    if not client then return end
    result, failure = client:add_attendees("dd43888e26953deead8cba556389b063", %q, nil, %q, list, opts)
  end
]]

local REPORT = [[
  if result then return "added", result.added end
  if not calendar.is_error(failure) then return "strange", tostring(failure) end
  return failure.outcome, failure.added or 0, tostring(failure)
]]

local NEXT = [[
  result, failure = false, false
  config.loop = "blocking"
  if client and client.loop.name == "manual" then -- closing it may raise what a coroutine raised
    pcall(client.close, client)
    client = false
  end
  add(more)
  assert(not failure, failure)
  assert(result.added == 3)
]]

-- The frame loop: a step that raises must leave nobody waiting for what has come.
local IN_FRAMES = [[
  local call = coroutine.create(function() add(people, { concurrency = 2, timeout = 2 }) end)
  local ok, problem = coroutine.resume(call)
  local failed = 0 -- steps; all do where there is no more memory at all
  while ok and failed < 1000 and coroutine.status(call) ~= "dead" do
    assert(not client:is_idle(), "the call waits for nothing")
    local stepped, raised = pcall(client.step, client)
    if not stepped then failed, problem = failed + 1, raised end
  end
  if not (result or failure) then error(problem, 0) end
]]

local CLOSE = "if client then client:close() end"

-- `warm` is run before, and nothing of it fails. Of `step` allocations one is tried: loading the modules takes
-- thousands that are all alike.
local scenarios = {
  { name = "modules", step = 29 },
  { name = "plain", url = box.http_url, call = "add(people)" },
  { name = "tls", url = box.base_url, call = "add(people)" },
  { name = "warm", url = box.base_url, warm = "add { 'early' }", call = "add(people)" },
  { name = "short", url = box.base_url, warm = "add { 'early' }", call = "add { people[1], people[2] }" },
  -- The second waits for the connection of the first, and libcurl ends that wait after 2 s only.
  { name = "abreast", url = box.http_url, call = "add(people, { concurrency = 2, timeout = 2 })" },
  { name = "frames", url = box.http_url, config = "loop = 'manual'", call = IN_FRAMES },
  { name = "retry", url = box.http_url, call = "add(people)",
    faults = { { fault = "answer", code = "systemError" }, { fault = "close", after = true } } },
  { name = "refused", url = box.http_url, call = "add(people)",
    faults = { { fault = "answer", code = "Forbidden.AccessDenied.AccessTokenPermissionDenied" } } },
  { name = "garbage", url = box.base_url, call = "add(people)",
    faults = { { fault = "garbage", kind = "html" }, { fault = "garbage", kind = "text" }, { fault = "garbage" } } },
}

-- At the end, LeakSanitizer says by the library whose leak it is.
victim.pin(assert(package.searchpath("cjson", package.cpath))) -- luacheck: ignore 143 (of Lua 5.4)
io.stdout:setvbuf "line"

local problems, runs = 0, 0

local function problem(where, ...)
  problems = problems + 1
  print(where .. ": " .. string.format(...))
end

local function arrived()
  local count = 0
  for _, attendee in ipairs(sandbox.attendees(USER, "primary", EVENT)) do
    if attendee.id:find "^person" then count = count + 1 end
  end
  return count
end

local function check_truth(where, outcome, added, text)
  local there = arrived()
  added = tonumber(added)
  if outcome == "strange" then
    problem(where, "no error: %s", added or text or "?")
  elseif outcome == "unknown" then
    if there < added then problem(where, "%d reported as added, %d are there", added, there) end
  elseif there ~= added then
    problem(where, "%s, %d reported as added, %d are there: %s", outcome, added, there, text or "")
  end
end

local function timed_run(where, code, limit)
  local began = socket.gettime()
  local outcome = { victim.run(code) }
  local took = socket.gettime() - began
  if took > limit then problem(where, "took %.2f s: %s", took, tostring(outcome[2])) end
  return (table.unpack or unpack)(outcome)
end

local function prepare(scenario)
  if not scenario.url then return end
  sandbox.event(USER, "primary", EVENT)
  sandbox.faults { clear = true, faults = scenario.faults or {} }
  assert(victim.open())
  assert(victim.run(SETUP:format(scenario.url, box.ca_file, TIMEOUT, PEOPLE, USER, EVENT)))
  if scenario.config then assert(victim.run("config." .. scenario.config)) end
  if scenario.warm then assert(victim.run(scenario.warm .. " assert(result)")) end
end

local function after_call(where, ok, message)
  if ok then
    local told, outcome, added, text = victim.run(REPORT)
    if not told then
      problem(where, "no report: %s", outcome)
    else
      check_truth(where, outcome, added, text)
    end
  elseif not message:find "[Mm]emory" and not message:find "stack overflow" then -- without memory for a stack
    problem(where, "raised %s", message)
  end
  sandbox.faults { clear = true, faults = {} }
  local well, why = timed_run(where .. " next call", NEXT, SLOW_SECONDS)
  if not well then problem(where, "the next call failed: %s", why) end
  assert(victim.run(CLOSE))
end

-- Returns whether an allocation was made to fail, and the blocks of libcurl that are left.
local function once(scenario, owner, number, lasting)
  local where = ("%s: allocation %d of %s%s"):format(scenario.name, number, owner, lasting and " and all after" or "")
  if os.getenv "TORTURE_TRACE" then print(where) end
  prepare(scenario)
  victim.arm(owner, number, lasting)
  local ok, message
  if scenario.url then
    ok, message = timed_run(where, scenario.call, SLOW_SECONDS)
  else
    ok, message = victim.open()
    if ok then
      ok, message = victim.run [[require "dingtalk.calendar"]]
    end
  end
  local fired = victim.fired(owner)
  if scenario.url then
    after_call(where, ok, message)
  elseif not ok and not message:find "[Mm]emory" then
    problem(where, "raised %s", message)
  end
  local of_lua, of_curl, of_core = victim.close()
  if of_lua ~= 0 or of_core ~= 0 then
    problem(where, "left behind: %d blocks of Lua, %d of the core", of_lua, of_core)
  end
  runs = runs + 1
  return fired, of_curl, where
end

local function fail_each(scenario, owner, lasting, step)
  local _, kept = once(scenario, owner, NEVER, false)
  local number, fired = 1, true
  while fired do
    local left, where
    fired, left, where = once(scenario, owner, number, lasting)
    if left > kept then
      -- libcurl keeps what it makes once a process. A leak comes again.
      local _, again = once(scenario, owner, number, lasting)
      kept = left
      if again > kept then problem(where, "left behind: %d blocks of libcurl", again - kept) end
    end
    number = number + step
  end
  return number - step - 1
end

local wanted = {}
for _, name in ipairs(arg) do wanted[name] = true end
for _, scenario in ipairs(scenarios) do
  if next(wanted) == nil or wanted[scenario.name] then
    for _, owner in ipairs(OWNERS) do
      local began = socket.gettime()
      local step = owner == "lua" and scenario.step or 1
      local single = fail_each(scenario, owner, false, step)
      local all = fail_each(scenario, owner, true, step)
      print(("%-8s %-4s %5d allocations failed alone, %5d with all after, every %d, %.0f s"):format(
        scenario.name, owner, single, all, step, socket.gettime() - began))
    end
  end
end

sandbox.reset()
print(("%d runs, %d problems"):format(runs, problems))
assert(problems == 0, "see above")
