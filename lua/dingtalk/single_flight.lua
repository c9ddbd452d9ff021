--- One piece of work at a time for many who want its outcome: the first does it, the others wait
--- through their own clients, so under any loop, and get the same.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"

local GRACE = 1 -- seconds beyond its deadline after which work is taken for abandoned
local STALL = 0.5 -- seconds, too, since what the worker waited for has ended and it did not go on
local LOOK = 0.25 -- seconds between two looks of who waits, whether it is

local single_flight = {}

local Flight = {}
Flight.__index = Flight

--- A flight: nothing runs in it yet.
---@return table flight
function single_flight.new()
  return setmetatable({}, Flight)
end

local function current_thread()
  return coroutine.running() or "main"
end

-- Closed, or it raised. Where the host itself suspends, its coroutines are not ours to ask: nginx calls
-- those of another request dead.
local function is_dead(running)
  return not running.client.loop.direct and coroutine.status(running.thread) == "dead"
end

-- What the worker waited for has ended, and it does not go on: its request was aborted, or nobody resumes it.
local function is_stalled(running)
  if not (running.waits_for and running.waits_for.done) then
    running.stalled_since = nil
    return false
  end
  running.stalled_since = running.stalled_since or core.now()
  return core.now() - running.stalled_since >= STALL
end

-- Work whose coroutine was dropped or is dead, or that a fork left behind, never ends.
local function is_abandoned(running)
  return core.now() >= running.lapses or running.pid ~= core.pid() or running.thread == current_thread()
    or is_dead(running) or is_stalled(running)
end

--- Whether somebody is at work.
---@return boolean
function Flight:is_running()
  return self.running ~= nil and not is_abandoned(self.running)
end

--- The one at work tells what it is about to wait for.
---@param state table given to client:park, client:pause or attempts.run
function Flight:waits_for(state)
  local running = self.running
  if running and running.thread == current_thread() then running.waits_for, running.stalled_since = state, nil end
end

local function lead(self, client, deadline, work)
  local mine = {
    client = client, thread = current_thread(), pid = core.pid(), waiters = {}, waits_for = nil, stalled_since = nil,
    lapses = core.now() + (deadline - client:now()) + GRACE,
  }
  self.running = mine
  local value, err = work()
  mine.ended, mine.value, mine.err = true, value, err
  if self.running == mine then self.running = nil end
  for slot, waiting in pairs(mine.waiters) do waiting:wake(slot) end
  return value, err
end

-- A client that waits by blocking the thread would wait forever for the work of another client.
local function must_not_wait(running, client)
  return running.client ~= client and client.loop.name == "blocking"
end

-- Waits for the work of another, for some time; false when the waiter's client was closed.
local function join(running, client, deadline)
  local seconds = math.min(deadline - client:now(), running.lapses - core.now(), LOOK)
  local slot = {}
  running.waiters[slot] = client
  local waited = client:park(slot, math.max(seconds, 0))
  running.waiters[slot] = nil
  return waited
end

-- Whether the outcome is the worker's own: its time was up, or its client was closed.
local function is_own(err)
  return errors.is_error(err) and (err.kind == "timeout" or err.kind == "cancelled")
end

--- Runs `work`, or waits for the one who does already. Who waits gets a copy of the error; when it was
--- only the worker's time that was up, the next one works.
---@param client dingtalk.Client the caller's
---@param deadline number in seconds of client:now()
---@param work fun(): any, any the outcome: a value, or nil and an error
---@return any value
---@return any err the work's; "timeout" or "cancelled" when the wait ended without an outcome
function Flight:run(client, deadline, work)
  while true do
    local running = self.running
    if not running or is_abandoned(running) then return lead(self, client, deadline, work) end
    if must_not_wait(running, client) then return work() end
    if not join(running, client, deadline) then return nil, "cancelled" end
    if running.ended and not is_own(running.err) then
      return running.value, errors.is_error(running.err) and errors.copy(running.err) or running.err
    end
    if client:now() >= deadline then return nil, "timeout" end
  end
end

return single_flight
