--- Runs several requests at a time in one coroutine of the host: each in a coroutine of ours, which
--- waits by handing its slot up to here. Works under every loop, the blocking one included.

local waiting = require "dingtalk.waiting"

local group = {}

-- Told apart from what code of the user may yield to its own loop.
local WAITING, CALLING = {}, {}

local groups = waiting.groups

local Group = {}
Group.__index = Group

--- Calls a hook or token source of the user's, in the coroutine of the host: there it may wait by the
--- host's own means, whichever these are.
function group.outside(f, ...)
  if waiting.current_group() then return coroutine.yield(CALLING, f, ...) end
  return f(...)
end

--- Called by a client inside a member: waits for the member's slot.
function Group:wait(slot)
  slot.waiter = self
  coroutine.yield(WAITING, slot)
  slot.waiter = nil
end

--- Called by the client when a member's slot is done; the group's own waiter is woken by the client.
function Group:ready(slot)
  local ended = self.ended
  ended[#ended + 1] = slot
  self.done = true
end

local step

-- What a member did until it waited, ended or failed.
local function settle(self, member, ok, first, ...)
  if ok and coroutine.status(member) ~= "dead" then
    if first == CALLING then return step(self, member, group.outside(...)) end
    if first ~= WAITING then
      -- Meant for the host's loop: handed up, and the answer down.
      return step(self, member, coroutine.yield(first, ...))
    end
    self.members[(...)] = member
    return
  end
  if not ok then self.failure = self.failure or { first } end
  groups[member] = nil
  self.running = self.running - 1
end

function step(self, member, ...)
  return settle(self, member, coroutine.resume(member, ...))
end

-- Starts members until the width is reached; returns seconds to wait before the next, or nil.
local function fill(self, width, next_member)
  while self.running < width and not self.failure and not self.exhausted do
    local member, delay = next_member()
    if not member then
      self.exhausted = not delay
      return delay
    end
    local thread = coroutine.create(member)
    groups[thread] = self
    self.running = self.running + 1
    step(self, thread)
  end
end

local function resume_ended(self)
  local ended = self.ended
  self.ended, self.done = {}, false
  for _, slot in ipairs(ended) do
    local member = self.members[slot]
    self.members[slot] = nil
    if member then step(self, member) end
  end
end

--- Runs members until there are no more and all have ended. An error that a member raises is
--- raised again once the others have ended.
---@param client table
---@param width integer how many at a time
---@param next_member fun(): function?, number? the next; nil for no more, or nil and the seconds
--- until there may be one
function group.run(client, width, next_member)
  local self = setmetatable({
    client = client, running = 0, members = {}, ended = {}, done = false,
  }, Group)
  repeat
    local delay = fill(self, width, next_member)
    if not self.done and (self.running > 0 or delay) then client:wait_group(self, delay) end
    resume_ended(self)
  until self.running == 0 and (self.exhausted or self.failure)
  if self.failure then error(self.failure[1], 0) end
end

return group
