--- One chaos run: calls under faults, the audit, every failure settled with resume, the audit again.
local calendar = require "dingtalk.calendar"
local cjson = require "cjson"
local socket = require "socket"

local audit = require "spec.chaos.audit"
local plan = require "spec.chaos.plan"

local USER = "U5KPwll3QjgiG"
local TOKEN = "dd43888e26953deead8cba556389b063"
local WIDTH = 64 -- calls in flight

local function new_client(base_url, ca_file, seen)
  return assert(calendar.new {
    base_url = base_url, ca_file = ca_file, allow_http = true, proxy = "", loop = "manual",
    max_connections = WIDTH, retry_budget = 1e9,
    random = function() return 0 end, -- the shortest waits
    on_attempt = function(info)
      seen.attempts = seen.attempts + 1
      if info.kind then seen.failed = seen.failed + 1 end
    end,
  })
end

local function make(client, call, resume)
  call.reports = call.reports or {}
  call.result, call.err = client:add_attendees(TOKEN, USER, "primary", call.event, call.list, {
    timeout = call.timeout, concurrency = call.concurrency, resume = resume,
    on_batch = function(info)
      call.reports[info.batch] = {
        outcome = info.error and info.error.outcome or "added", client_token = info.client_token,
      }
    end,
  })
end

local function make_all(client, calls, settle)
  local at, at_work = 0, 0
  local function work()
    while at < #calls do
      at = at + 1
      local call = calls[at]
      -- As a script would that keeps it in a file.
      make(client, call, settle and cjson.decode(cjson.encode(call.err.resume)) or nil)
    end
    at_work = at_work - 1
  end
  for _ = 1, WIDTH do
    at_work = at_work + 1
    assert(coroutine.resume(coroutine.create(work)))
  end
  local descriptor = { getfd = function() return client:pollfd() end, dirty = function() return false end }
  while at_work > 0 do
    socket.select({ descriptor }, nil, client:timeout())
    client:step()
  end
end

-- What was given up by us may still be running there.
local function wait_until_quiet(sandbox)
  socket.sleep(plan.quiet_seconds)
  while sandbox.counters().in_flight > 0 do socket.sleep(0.05) end
end

local function failures(calls)
  local failed, outcomes = {}, { not_sent = 0, rejected = 0, unknown = 0 }
  for _, call in ipairs(calls) do
    if call.err then
      failed[#failed + 1] = call
      outcomes[call.err.outcome] = outcomes[call.err.outcome] + 1
    end
  end
  return failed, outcomes
end

local function prepare(sandbox, seed)
  sandbox.reset()
  sandbox.settings { record = 0 }
  for _, event in ipairs(plan.events) do sandbox.event(USER, "primary", event) end
  sandbox.faults(plan.faults(seed))
end

-- Each failed call goes on from where it stood; nothing is in the way any more.
local function settle(client, sandbox, failed, found)
  sandbox.faults { clear = true, faults = {} }
  for _, call in ipairs(failed) do call.timeout, call.first = 30, call.err end
  make_all(client, failed, true)
  for _, call in ipairs(failed) do
    if call.err then
      found[#found + 1] = ("call %d is not settled: %s"):format(call.index, tostring(call.err))
    elseif call.result.added + call.first.added ~= call.size then
      found[#found + 1] = ("call %d: %d and %d are not %d"):format(
        call.index, call.first.added, call.result.added, call.size)
    end
  end
end

--- Runs `count` calls under the faults of `seed`. Returns the disagreements (none is right) and what happened.
return function(sandbox, seed, count, base_url, ca_file)
  local found, seen = {}, { attempts = 0, failed = 0 }
  local calls = plan.calls(seed, count)
  prepare(sandbox, seed)
  local client = new_client(base_url, ca_file, seen)
  make_all(client, calls)
  wait_until_quiet(sandbox)
  local failed, outcomes = failures(calls)
  audit.results(calls, found)
  audit.compare(calls, audit.count(sandbox.ledger(), calls, found), found)
  outcomes.calls, outcomes.attempts, outcomes.faulted = count, seen.attempts, seen.failed
  settle(client, sandbox, failed, found)
  client:close()
  audit.settled(calls, audit.count(sandbox.ledger(), calls, found), found)
  return found, outcomes
end
