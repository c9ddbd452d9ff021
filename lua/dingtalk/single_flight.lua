--- One piece of work for many callers who want its outcome: the first caller does it; the others wait, each through its
--- own client and so under any loop, and get the same outcome.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"

-- In seconds:
local GRACE = 1 -- beyond its deadline, after which work is taken for abandoned
local STALL = 0.5 -- after the end of what the worker waited for, when it has not gone on: it is abandoned, too
local LOOK = 0.25 -- between two checks of a waiting caller whether the work is abandoned

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

-- Whether the worker's coroutine was closed or has raised. Where the host itself suspends coroutines, their status says
-- nothing: nginx calls those of another request dead.
local function is_dead(running)
  return not running.client.loop.direct and coroutine.status(running.thread) == "dead"
end

-- Whether the worker does not go on though what it waited for has ended: its request was aborted, or it is not resumed.
local function is_stalled(running)
  if not (running.waits_for and running.waits_for.done) then
    running.stalled_since = nil
    return false
  end
  running.stalled_since = running.stalled_since or core.now()
  return core.now() - running.stalled_since >= STALL
end

-- Whether the work will never end: its coroutine was dropped or is dead, or it belongs to the parent of a fork.
local function is_abandoned(running)
  return core.now() >= running.lapses or running.pid ~= core.pid() or running.thread == current_thread()
    or is_dead(running) or is_stalled(running)
end

--- Whether a caller is at work.
---@return boolean
function Flight:is_running()
  return self.running ~= nil and not is_abandoned(self.running)
end

--- Notes what the worker is about to wait for.
---@param waiter table given to client:park, client:pause or attempts.run
function Flight:waits_for(waiter)
  local running = self.running
  if running and running.thread == current_thread() then running.waits_for, running.stalled_since = waiter, nil end
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
  for waiter, waiting in pairs(mine.waiters) do waiting:wake(waiter) end
  return value, err
end

-- A client that waits by blocking the thread would wait forever for the work of another client.
local function must_not_wait(running, client)
  return running.client ~= client and client.loop.name == "blocking"
end

-- Waits for the work of another caller until the next check; false when the waiting caller's client was closed.
local function join(running, client, deadline)
  local seconds = math.min(deadline - client:now(), running.lapses - core.now(), LOOK)
  local waiter = {}
  running.waiters[waiter] = client
  local waited = client:park(waiter, math.max(seconds, 0))
  running.waiters[waiter] = nil
  return waited
end

-- Whether the outcome concerns only the worker: its time was up, or its client was closed.
local function is_own(err)
  return errors.is_error(err) and (err.kind == "timeout" or err.kind == "cancelled")
end

--- Runs `work`, or waits for the caller who runs it already. A waiting caller gets a copy of the error; where the error
--- concerns only the worker, such as its time-out, the next caller runs the work.
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
