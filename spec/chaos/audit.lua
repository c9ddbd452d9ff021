--- Holds what the calls reported against what the service's ledger says was done.
local plan = require "spec.chaos.plan"

local audit = {}

local function say(found, ...)
  found[#found + 1] = string.format(...)
end

local function key(call, batch) return call.index .. "/" .. batch end

-- Which call and batch a write was for; problems where it is no whole batch of one call.
local function owner_of(write, calls, found)
  local index, position = write.added[1]:match("^p(%d+)x(%d+)$")
  local call = calls[tonumber(index)]
  local batch, size = plan.batch_of(call, tonumber(position))
  if write.event ~= call.event then say(found, "call %d went to another event", call.index) end
  if #write.added ~= size then say(found, "%s: %d people instead of %d", key(call, batch), #write.added, size) end
  local first = (batch - 1) * 500
  for i, id in ipairs(write.added) do
    if id ~= ("p%dx%d"):format(call.index, first + i) then
      say(found, "%s: %s stands where it does not belong", key(call, batch), id)
      break
    end
  end
  return call, batch
end

--- How often each batch was carried out, by "call/batch".
function audit.count(writes, calls, found)
  local times = {}
  for _, write in ipairs(writes) do
    local call, batch = owner_of(write, calls, found)
    local name = key(call, batch)
    times[name] = (times[name] or 0) + 1
    if times[name] > 1 or write.already then say(found, "%s was done twice", name) end
    local report = call.reports[batch]
    if not report then
      say(found, "%s was done, and the call says nothing of it", name)
    elseif report.client_token ~= write.client_token then
      say(found, "%s was done with another x-client-token than reported", name)
    end
  end
  return times
end

local allowed = {
  added = { [1] = true },
  rejected = { [0] = true },
  not_sent = { [0] = true },
  unknown = { [0] = true, [1] = true },
}

--- Each batch's report against the ledger.
function audit.compare(calls, times, found)
  for _, call in ipairs(calls) do
    for batch = 1, call.batches do
      local report = call.reports[batch]
      local outcome = report and report.outcome or "not_sent"
      local done = times[key(call, batch)] or 0
      if not allowed[outcome][done] then
        say(found, "%s is reported as %s and was done %d times", key(call, batch), outcome, done)
      end
    end
  end
end

--- Each call's result or error against its batches.
function audit.results(calls, found)
  for _, call in ipairs(calls) do
    local added, worst = 0, nil
    for batch = 1, call.batches do
      local report = call.reports[batch]
      local outcome = report and report.outcome
      local _, size = plan.batch_of(call, (batch - 1) * 500 + 1)
      if outcome == "added" then added = added + size end
      if outcome == "unknown" or (outcome ~= "added" and not worst) then worst = outcome end
    end
    local said = call.result or call.err
    if said.added ~= added then
      say(found, "call %d: added is %s, not %d", call.index, tostring(said.added), added)
    end
    if (call.result ~= nil) ~= (added == call.size) then
      say(found, "call %d: result and batches differ", call.index)
    end
    if call.err and call.err.outcome ~= worst then
      say(found, "call %d: outcome is %s, not %s", call.index, call.err.outcome, tostring(worst))
    end
  end
end

--- After everything was settled: each batch done exactly once.
function audit.settled(calls, times, found)
  for _, call in ipairs(calls) do
    for batch = 1, call.batches do
      if times[key(call, batch)] ~= 1 then
        say(found, "%s was done %d times in the end", key(call, batch), times[key(call, batch)] or 0)
      end
    end
  end
end

return audit
