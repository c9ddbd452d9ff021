--- What a client has in flight: sent, waited for, moved on and judged by time. Calls that take the short way
--- through the core need none of it.

local core = require "dingtalk.core"
local limits = require "dingtalk.limits"
local waiting = require "dingtalk.waiting"

local transfers = {}

---@class dingtalk.Client
local methods = {}
transfers.methods = methods

--- Seconds of the client's clock, in which deadlines are told.
---@return number
function methods:now()
  return self.clock()
end

--- A number in [0, 1).
function methods:random()
  return self.random_source() or 0.5
end

--- Takes one retry from the budget; false when none is left.
function methods:spend_retry()
  if self.retries_left < 1 then return false end
  self.retries_left = self.retries_left - 1
  return true
end

--- Gives the budget back what a success earns.
function methods:earn_retry()
  local left = self.retries_left + limits.retry_earned
  self.retries_left = left < self.retry_budget and left or self.retry_budget
end

--- After a fork the child starts anew; what the parent had in flight is not the child's. Who waits for
--- a time, waits on.
function transfers.abandon(self)
  self.engine:close()
  self.engine = nil
  self.next_alarm = nil
  self.unclaimed = nil
  local slots = self.in_flight
  self.in_flight = {}
  self.loop:forget()
  if next(self.sleepers) and self:open_engine() then self.loop:watch() end
  for _, slot in pairs(slots) do
    slot.cancelled, slot.sent = "forked", true
    waiting.wake(slot)
  end
end

local function take(engine, slot, id)
  slot.curl, slot.status, slot.sent, slot.body, slot.request_id,
    slot.retry_after, slot.message, slot.overflow, slot.resent, slot.proxy_status = engine:take(id)
  if not slot.curl then slot.cancelled, slot.sent = "closed", true end
end

--- Waits for the end of a transfer: fills the slot with curl, status, sent, body, request_id,
--- retry_after (seconds), message, overflow, resent, proxy_status; or cancelled and sent.
function methods:await(slot, id)
  if self.closed then -- by a finalizer, since it was started
    slot.cancelled, slot.sent = "closed", true
    return
  end
  if self.unclaimed and self.unclaimed[id] then
    self.unclaimed[id] = nil
    take(self.engine, slot, id)
  else
    slot.done = false
    self.in_flight[id] = slot
    self.loop:watch()
    waiting.wait(self, slot)
  end
  if slot.retry_after then slot.retry_after = core.retry_after(slot.retry_after, os.time()) end
end

--- Sends a request and waits for its end, as await does.
function methods:exchange(slot, task, token, timeout)
  slot.retry_after = nil
  if self.closed then
    slot.cancelled, slot.sent = "closed", false
    return
  end
  local id
  local engine, code = self:open_engine()
  if engine then
    id, code = engine:start(
      task.method, slot.url or task.url, token, slot.client_token, task.body, slot.batch, timeout)
  end
  if not id then
    slot.curl, slot.status, slot.sent, slot.body, slot.message = code, 0, false, nil, nil
    return
  end
  return self:await(slot, id)
end

--- Moves the transfers on, waiting up to `seconds` for one to end (nil: until something is due),
--- and resumes those whose wait is over.
function methods:turn(seconds)
  local engine = self.engine
  local id = engine:step(seconds)
  while id do
    local slot = self.in_flight[id]
    self.in_flight[id] = nil
    if slot then
      take(engine, slot, id)
      waiting.wake(slot)
    else -- a finalizer that makes a call came before the one that started this could wait for it
      self.unclaimed = self.unclaimed or {}
      self.unclaimed[id] = true
    end
    -- What was resumed may have closed the client.
    id = self.engine == engine and engine:finished()
  end
  if self.engine == engine and self.next_alarm then waiting.wake_sleepers(self) end
end

--- Does the I/O that is due, without waiting, and resumes the coroutines whose wait is over.
function methods:step()
  if self.closed or not self.engine then return end
  if not self.engine:is_usable() then return transfers.abandon(self) end
  self:turn(0)
  if not self.closed then waiting.reap(self) end
  self.loop:rethrow()
end

--- The descriptor to watch for reading: readable when step() is due. Nil where the platform has none.
---@return integer?
function methods:pollfd()
  local engine = not self.closed and self:open_engine()
  return engine and engine:pollfd() or nil
end

--- What to watch the descriptor for: always "r". With pollfd and timeout, the protocol of cqueues.
---@return string
function methods:events()
  return "r"
end

--- Seconds until step() is due whatever the descriptor says, or nil. Where the platform has no
--- descriptor they are few while anything is in flight.
---@return number?
function methods:timeout()
  if self.closed or not self.engine then return nil end
  if not self.engine:is_usable() then return 0 end -- after a fork step() is to let go of them
  local seconds = self.engine:timeout()
  if self:is_idle() or self.engine:pollfd() then return seconds end
  return math.min(seconds or limits.poll_interval, limits.poll_interval)
end

return transfers
