--- At most so many requests in any second, as the service counts them; slower when the service says
--- so, and back again.
---
--- A request counts from when it was sent to a second after it was answered: it reached the service
--- somewhere between, so that no second holds more than the limit, whatever the network delays.

local limiter = {}

local WINDOW = 1         -- seconds: the service's window
local GRACE = 1          -- seconds after which a request without an answer is taken for arrived
local SLOWER = 0.5       -- factor at a throttling answer
local FASTER = 0.1       -- of the full rate, regained each second without one
local UNLIMITED = math.huge

local Limiter = {}
Limiter.__index = Limiter

--- A limiter for `rate` requests a second; false for as many as the service takes.
---@param rate number|false
---@param now fun(): number seconds
function limiter.new(rate, now)
  return setmetatable({
    now = now, full = rate or UNLIMITED, rate = rate or UNLIMITED,
    first = 1, last = 0, -- of the permits in `queue`, oldest first
    queue = {}, changed = now(),
  }, Limiter)
end

-- When a permit stops to count, or a lower bound of it while its answer is out.
local function ends_at(permit, window, now)
  local arrived = permit.finished
  if not arrived then arrived = now - permit.sent >= GRACE and permit.sent + GRACE or now end
  return arrived + window
end

-- Below one a second the window grows instead.
local function window_of(rate)
  return rate >= 1 and WINDOW or WINDOW / rate
end

local function recover(self, now)
  if self.rate >= self.full then return end
  local gained = (now - self.changed) * FASTER * (self.full < UNLIMITED and self.full or self.peak)
  self.changed = now
  self.rate = math.min(self.full, self.rate + gained)
  -- Without a limit of the caller's, growing past what was throttled means that there is none again.
  if self.full == UNLIMITED and self.rate > 2 * self.peak then self.rate = UNLIMITED end
end

--- Seconds until a request may be sent, 0 for now.
function Limiter:delay()
  local now = self.now()
  recover(self, now)
  local window, queue = window_of(self.rate), self.queue
  while self.first <= self.last and ends_at(queue[self.first], window, now) <= now do
    queue[self.first] = nil
    self.first = self.first + 1
  end
  local count = self.last - self.first + 1
  local allowed = math.max(1, math.floor(self.rate))
  if count < allowed then return 0 end
  return ends_at(queue[self.first + count - allowed], window, now) - now
end

--- Counts a request that is about to be sent.
---@return table permit to be given to finish()
function Limiter:take()
  local permit = { sent = self.now() }
  self.last = self.last + 1
  self.queue[self.last] = permit
  return permit
end

--- The request was answered, or will not be sent. Idempotent.
---@param permit table
---@param throttled boolean? whether the service said that it was one too many
function Limiter:finish(permit, throttled)
  if permit.finished then return end
  local now = self.now()
  permit.finished = now
  -- Requests that were under way together are throttled together: that is one sign, not many.
  if not throttled or (self.slowed and permit.sent < self.slowed) then return end
  recover(self, now)
  self.peak = math.max(1, math.min(self.rate, self.last - self.first + 1))
  self.rate = math.max(math.min(1, self.full), self.peak * SLOWER)
  self.slowed, self.changed = now, now
end

return limiter
