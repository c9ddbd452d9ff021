--- Coroutines that wait for a client: parked on slots until a transfer has ended or a time has come,
--- and woken from within client:step(). The suspending itself is the loop's (dingtalk.loops.*).

local core = require "dingtalk.core"

local REAP_INTERVAL = 0.1 -- seconds between two looks for coroutines that died while waiting

local waiting = {}

---@class dingtalk.Client
local methods = {}
waiting.methods = methods

-- The group of each member, by coroutine: a host may run others while a member waits for the host.
local groups = setmetatable({}, { __mode = "kv" })
waiting.groups = groups

--- The group (dingtalk.group) that the caller is a member of, or nil.
function waiting.current_group()
  local running = coroutine.running()
  return running and groups[running]
end

--- Marks a slot as done and resumes whoever waits for it.
function waiting.wake(slot)
  slot.done = true
  local waiter = slot.waiter
  while waiter do
    local was_ready = waiter.done
    waiter:ready(slot)
    if was_ready then return end
    slot, waiter = waiter, waiter.waiter
  end
  -- A coroutine that is suspended for another reason than us must not be resumed.
  if slot.suspended then slot.suspended:resume(slot) end
end

-- The group that waits for us: another client's too, unless our loop can wait wherever it is called.
local function own_group(self)
  local current = waiting.current_group()
  return current and (current.client == self or not self.loop.direct) and current or nil
end

--- Waits until the slot is done.
function waiting.wait(self, slot)
  local outer = own_group(self)
  while not slot.done do
    if outer then
      outer:wait(slot)
    else
      slot.suspended = self.loop
      self.loop:suspend(slot)
      slot.suspended = nil
    end
  end
end

--- Makes the engine's next alarm that of the first sleeper.
function waiting.set_alarm(self)
  local first = self.reminder
  for _, at in pairs(self.sleepers) do
    if not first or at < first then first = at end
  end
  self.next_alarm = first
  if self.engine then self.engine:alarm(first) end
end

local function alarm_by(self, at)
  if self.next_alarm and self.next_alarm <= at then return end
  self.next_alarm = at
  if self.engine then self.engine:alarm(at) end
end

local function sleep_until(self, slot, at)
  self.sleepers[slot] = at
  alarm_by(self, at)
  self.loop:watch()
end

--- Waits for `seconds`; false when the wait was cancelled.
---@param slot dingtalk.Slot
---@param seconds number
function methods:pause(slot, seconds)
  if self.sleep then
    self.sleep(seconds)
    if self.closed then slot.cancelled, slot.sent = "closed", false end
    return not self.closed
  end
  return self:park(slot, seconds)
end

--- Waits until client:wake(slot), at most `seconds`; false when the wait was cancelled. Unlike pause
--- it lets others go on whatever config.sleep is.
---@param slot table
---@param seconds number
function methods:park(slot, seconds)
  if self.closed then
    slot.cancelled, slot.sent = "closed", false
    return false
  end
  if not self:open_engine() then return false end
  slot.done = false
  sleep_until(self, slot, core.now() + seconds)
  waiting.wait(self, slot)
  self.sleepers[slot] = nil
  return not slot.cancelled
end

--- Ends a park: at the next step, since the one who waits must not go on inside the one who calls.
---@param slot table
function methods:wake(slot)
  if self.sleepers[slot] then sleep_until(self, slot, core.now()) end
end

--- Waits until a member of the group is done, or `delay` seconds passed.
function methods:wait_group(members, delay)
  -- Closing has woken all who waited for us; a member may still wait for another client.
  if self.closed and (delay or self.loop.direct) then return end
  if delay and not self:open_engine() then return end
  if delay then sleep_until(self, members, core.now() + delay) end
  waiting.wait(self, members)
  self.sleepers[members] = nil
end

--- Drops what coroutines waited for that have died.
function waiting.reap(self)
  local now = core.now()
  if now < (self.next_reap or 0) then return end
  self.next_reap = now + REAP_INTERVAL
  for id, slot in pairs(self.in_flight) do
    if self.loop:is_dead(slot) then
      self.engine:cancel(id)
      self.in_flight[id] = nil
    end
  end
  for slot in pairs(self.sleepers) do
    if self.loop:is_dead(slot) then self.sleepers[slot] = nil end
  end
end

--- Wakes those whose time has come.
function waiting.wake_sleepers(self)
  local now = core.now()
  if now < self.next_alarm then return end
  local due = {}
  for slot, at in pairs(self.sleepers) do
    if at <= now then due[#due + 1] = slot end
  end
  for _, slot in ipairs(due) do self.sleepers[slot] = nil end
  if self.reminder and self.reminder <= now then self.reminder = nil end
  waiting.set_alarm(self)
  for _, slot in ipairs(due) do waiting.wake(slot) end
end

--- Makes a step due in `seconds`, for a loop's own purposes; the latest reminder counts.
---@param seconds number
function methods:remind(seconds)
  if not self:open_engine() then return end
  self.reminder = core.now() + seconds
  alarm_by(self, self.reminder)
end

--- Whether nothing is in flight or waits for its time.
---@return boolean
function methods:is_idle()
  return next(self.in_flight) == nil and next(self.sleepers) == nil
end

return waiting
