--- At most so many requests in any second, as the service counts them; slower when the service says
--- so, and back again.
---
--- A request counts from when it was sent to a second after it was answered: it reached the service
--- somewhere between, so that no second holds more than the limit, whatever the network delays.

local limiter = {}

local WINDOW = 1         -- seconds: the service's window
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
    now = now, full = rate or UNLIMITED, rate = rate or UNLIMITED, changed = now(),
    out = 0, -- requests without an answer
    answered = {}, first = 1, last = 0, -- when those that still count were answered, oldest first
  }, Limiter)
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

-- How many requests count now.
local function count(self, now)
  local window, answered = window_of(self.rate), self.answered
  while self.first <= self.last and answered[self.first] + window <= now do
    answered[self.first] = nil
    self.first = self.first + 1
  end
  return self.out + self.last - self.first + 1
end

--- Seconds until a request may be sent, 0 for now. At least so many: more when answers are awaited.
function Limiter:delay()
  local now = self.now()
  recover(self, now)
  local excess = count(self, now) - math.max(1, math.floor(self.rate))
  if excess < 0 then return 0 end
  local answered = self.answered[self.first + excess] or now
  return math.max(answered + window_of(self.rate) - now, 0)
end

--- Counts a request that is about to be sent.
---@return table permit to be given to finish()
function Limiter:take()
  self.out = self.out + 1
  return { sent = self.now() }
end

--- The request was answered, or failed. Idempotent.
---@param permit table
---@param throttled boolean? whether the service said that it was one too many
function Limiter:finish(permit, throttled)
  if permit.finished then return end
  permit.finished = true
  local now = self.now()
  local counted = count(self, now)
  self.out = self.out - 1
  self.last = self.last + 1
  self.answered[self.last] = now
  -- Requests that were under way together are throttled together: that is one sign, not many.
  if not throttled or (self.slowed and permit.sent <= self.slowed) then return end
  recover(self, now)
  self.peak = math.max(1, math.min(self.rate, counted))
  self.rate = math.max(math.min(1, self.full), self.peak * SLOWER)
  self.slowed, self.changed = now, now
end

--- The request was not sent and will not be.
---@param permit table
function Limiter:give_back(permit)
  if permit.finished then return end
  permit.finished = true
  self.out = self.out - 1
end

return limiter
