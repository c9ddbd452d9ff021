-- One audit: rounds of calls while everything goes wrong, each compared with what the service read and did; what failed
-- goes on with resume, at last in fair weather.
local calendar = require "dingtalk.calendar"
local cjson = require "cjson"
local socket = require "socket"

local compare = require "spec.chaos.audit"
local plan = require "spec.audit.plan"

local TOKEN, USER = "secret-token-of-the-audit", "U5KPwll3QjgiG"
local STORMS = 3         -- rounds in which things go wrong
local FAIR_SECONDS = 300 -- for a call in fair weather, on a machine that does other work, too
local LATE_SECONDS = 60  -- after its deadline a call that has not returned hangs
local OUTAGE = 600       -- seconds: a bulk run keeps for later what fails while nothing else is answered
local QUIET_SECONDS = 120

local function new_client(place, far, seen)
  return assert(calendar.new {
    base_url = far and place.far or place.near, ca_file = place.ca_file, proxy = "", loop = "blocking",
    max_connections = 64, connect_timeout = 3, retry_budget = 1e9,
    random = function() return 0 end, -- the shortest waits
    on_attempt = function(info)
      seen.attempts = seen.attempts + 1
      local code = info.code or "ok"
      seen.codes[code] = (seen.codes[code] or 0) + 1
    end,
  })
end

local function check_late(call, seconds, found)
  local late = seconds - call.seconds
  if late > LATE_SECONDS then found[#found + 1] = ("call %d returned %.0f s late"):format(call.index, late) end
end

local function report(call, round, found)
  return function(info)
    check_late(call, info.elapsed, found)
    call.reports[info.batch] = {
      outcome = info.error and info.error.outcome or "added", client_token = info.client_token, round = round,
    }
  end
end

local function options_of(call, round, fair, found)
  call.began = socket.gettime()
  call.seconds = fair and FAIR_SECONDS or call.timeout
  return {
    timeout = call.seconds, max_attempts = fair and 100 or call.max_attempts, concurrency = call.concurrency,
    -- As a script would that keeps it in a file.
    resume = call.err and cjson.decode(cjson.encode(call.err.resume)) or nil, on_batch = report(call, round, found),
  }
end

local function finish(call, result, err, held, found)
  check_late(call, socket.gettime() - call.began - held, found)
  call.result, call.err = result, err
  call.added = (call.added or 0) + (result or err).added
end

local function make_each(client, group, round, fair, found)
  local at, calls = 0, {}
  local function next_job()
    repeat at = at + 1 until not (group[at] and group[at].result)
    local call = group[at]
    if not call then return nil end
    calls[call.event] = call
    return { user = USER, event = call.event, list = call.list, opts = options_of(call, round, fair, found) }
  end
  local summary = assert(client:add_attendees_each(TOKEN, next_job, {
    rate = false, concurrency = group.concurrency, max_outage = OUTAGE,
    on_result = function(job, result, err) finish(calls[job.event], result, err, OUTAGE, found) end,
  }))
  if summary.stopped then found[#found + 1] = "the run stopped: " .. summary.stopped end
end

-- Makes the calls of one group that have no result yet.
local function make(client, group, round, fair, found)
  if group.concurrency then return make_each(client, group, round, fair, found) end
  for _, call in ipairs(group) do
    if not call.result then
      local result, err = client:add_attendees(TOKEN, USER, nil, call.event, call.list,
        options_of(call, round, fair, found))
      finish(call, result, err, 0, found)
    end
  end
end

local function wait_until_quiet(server)
  local deadline = socket.gettime() + QUIET_SECONDS
  repeat
    local seen = server:ask { op = "audit", audit = "quiet" }
    if seen.open == 0 and seen.pending == 0 then return end
    socket.sleep(0.1)
  until socket.gettime() > deadline
  error("the service does not come to rest")
end

-- What was said not to have been sent, and arrived.
local function check_not_sent(calls, reads, round, found)
  for _, call in ipairs(calls) do
    for batch, said in pairs(call.reports) do
      if said.round == round and said.outcome == "not_sent" and reads[said.client_token] then
        found[#found + 1] = ("%d/%d is reported as not_sent and was read %d times, in round %d"):format(
          call.index, batch, reads[said.client_token], round)
      end
    end
  end
end

-- A batch that was attempted and of which a refusal is not certain keeps its token.
local function check_resume(calls, found)
  for _, call in ipairs(calls) do
    for batch, said in pairs(call.reports) do
      local kept = call.err and call.err.resume.client_tokens[tostring(batch)]
      local open = said.outcome == "unknown"
      if call.err and open and kept ~= said.client_token then
        found[#found + 1] = ("%d/%d: resume does not keep its token"):format(call.index, batch)
      end
    end
  end
end

local function check(server, calls, round, found)
  wait_until_quiet(server)
  local ledger = server:ask { op = "audit", audit = "ledger" }
  for _, fault in ipairs(ledger.faults) do found[#found + 1] = fault end
  local here = {}
  local times = compare.count(ledger.writes, calls, here)
  compare.compare(calls, times, here)
  check_not_sent(calls, ledger.reads, round, here)
  check_resume(calls, here)
  for _, call in ipairs(calls) do
    if call.result and call.added ~= call.size then
      here[#here + 1] = ("call %d: %d were added, not %d"):format(call.index, call.added, call.size)
    end
  end
  for _, problem in ipairs(here) do found[#found + 1] = ("round %d: %s"):format(round, problem) end
  return times
end

local function all_of(groups)
  local calls = {}
  for _, group in ipairs(groups) do
    for _, call in ipairs(group) do calls[call.index] = call end
  end
  return calls
end

local function count(calls, seen)
  for _, call in ipairs(calls) do
    local outcome = call.result and "added" or call.err.outcome
    seen[outcome] = (seen[outcome] or 0) + 1
  end
end

local function run_round(server, place, groups, round, fair, found, seen)
  server:ask { op = "audit", audit = "weather", seed = not fair and seen.seed + round or nil }
  for _, group in ipairs(groups) do
    local client = new_client(place, group[1].far, seen)
    make(client, group, round, fair, found)
    client:close()
  end
end

--- Runs `count` calls over "http1" or "http2" in the weather of `seed`. Returns the disagreements (none is right) and
--- what happened: numbers of outcomes after the first round, attempts, how often each code came.
return function(server, protocol, seed, calls_wanted)
  local found, seen = {}, { seed = seed, attempts = 0, codes = {} }
  local place = server:ask { op = "audit", audit = "open" }
  place[protocol].ca_file = place.ca_file
  place = place[protocol]
  local groups = plan.groups(seed, calls_wanted)
  local calls = all_of(groups)
  seen.calls = #calls
  for round = 1, STORMS do
    run_round(server, place, groups, round, false, found, seen)
    check(server, calls, round, found)
    if round == 1 then
      compare.results(calls, found)
      count(calls, seen)
    end
  end
  run_round(server, place, groups, STORMS + 1, true, found, seen)
  compare.settled(calls, check(server, calls, STORMS + 1, found), found)
  for _, call in ipairs(calls) do
    if call.err then found[#found + 1] = ("call %d is not settled: %s"):format(call.index, tostring(call.err)) end
  end
  return found, seen
end
