--- A budget of calls, kept as the service counts them: apart by app, organisation and operation, and one of
--- all calls from this address.
---
---   local limiter = assert(rate_limiter.new { rate = 20, store = store })
---   local client = assert(calendar.new { rate_limiter = limiter })
---
--- Each request waits for a slot of its own in a schedule, GCRA without a burst: `(1 + margin) / rate` seconds
--- apart. So many fit into any second, whether the service counts in seconds of the clock or in sliding ones,
--- and whatever the latency. With a store all processes that share it draw from one schedule; without it, or
--- while it is out, each keeps a schedule of its own, as dense as the share it had. Nothing is given back: a
--- process that ends loses the slots it held.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local guarded = require "dingtalk.stores.guarded"
local limits = require "dingtalk.limits"
local memory = require "dingtalk.stores.memory"
local options = require "dingtalk.options"

local rate_limiter = {}

local WINDOW = 1      -- seconds: the service's window
local SLOWER = 0.7    -- factor of the pace at a throttling answer
local SLOWEST = 0.02  -- of the full rate
local FASTER = 0.1    -- of the full rate, regained each second without one
local GAP = 0.25      -- seconds in which nobody gets a slot after a throttling answer
local SHARE_GAIN = 0.2 -- weight of the newest in the mean distance between a process's own slots
local MAX_SHARE = 50  -- processes that are reckoned with
local NEAREST = 0.4   -- of the interval: nearer together are no two slots of a schedule that one process draws from
local LATE = 0.015    -- seconds after which a slot of a shared schedule is too old to be used
local HELD_UP = 0.05  -- seconds a wait may last longer: what a frame of a game takes
local TRIES = 4       -- waits after which a request goes even so
local SWEEP_EVERY = 1000 -- slots between two looks for budgets that are idle
local IDLE = 60       -- seconds until a budget is forgotten

---@class dingtalk.RateLimiterConfig
---@field rate number? calls a second for an app, an organisation and an operation (20: the standard edition)
---@field margin number? how much further apart than 1 / rate the slots are (0.045): room for the network's jitter
---@field address_rate number|false|nil calls a second of all, token requests included (475)
---@field store dingtalk.Store? with `reserve`: who shares it shares the budget; by default the memory of the process
---@field name string? what tells the budget of plain token strings from others; by default each string has its own
---@field on_store_error fun(message: string)?
---@field clock (fun(): number)? seconds, never set back; for tests

---@class dingtalk.RateLimiter
local Limiter = { __name = "dingtalk.RateLimiter" }
Limiter.__index = Limiter

local function check_store(value)
  return guarded.check(value) or type(value.reserve) ~= "function" and "has no reserve" or nil
end

local function check_name(value)
  if core.check_visible(value, limits.max_token_bytes) then return "must be of visible ASCII" end
end

local schema = {
  rate = { "rate", 0.001, limits.max_rate },
  address_rate = { "rate", 0.001, limits.max_rate },
  margin = { "number", 0, 10 },
  store = { "table", check = check_store },
  name = { "string", check = check_name },
  on_store_error = { "function" },
  clock = { "function" },
}

local function either(value, default)
  if value == nil then return default end
  return value
end

--- A limiter. `rate = false`: as fast as the service takes, slower when it says so.
---@param config dingtalk.RateLimiterConfig?
---@return dingtalk.RateLimiter? limiter
---@return dingtalk.Error? err
function rate_limiter.new(config)
  local err = options.check(config, schema, "config")
  if err then return nil, err end
  config = config or {}
  local clock = config.clock or core.now
  return setmetatable({
    rate = either(config.rate, limits.defaults.rate), margin = config.margin or limits.defaults.rate_margin,
    address_rate = either(config.address_rate, limits.defaults.address_rate),
    store = config.store, name = config.name, on_store_error = config.on_store_error,
    clock = clock, own = memory.new(clock), budgets = {}, taken = 0,
    source_names = setmetatable({}, { __mode = "k" }),
  }, Limiter)
end

--- Whether a value is a limiter.
---@param value any
---@return boolean
function rate_limiter.is_limiter(value)
  return type(value) == "table" and getmetatable(value) == Limiter
end

--- The limiter of a run of many calls: what its caller gives, else the client's, else one at the service's limit.
---@param client dingtalk.Client
---@param rate number|false|dingtalk.RateLimiter|nil
---@return dingtalk.RateLimiter
function rate_limiter.of_run(client, rate)
  if type(rate) == "table" then return rate end
  if rate == nil and client.rate_limiter then return client.rate_limiter end
  return assert(rate_limiter.new { rate = rate, address_rate = false })
end

-- A source without a name of its own shares its budget with nobody.
local function name_of(self, token)
  if type(token) == "string" then return self.name or core.digest(token) end
  local ok, name = pcall(function() return token:key() end)
  if ok and type(name) == "string" then return name end
  if self.name then return self.name end
  self.source_names[token] = self.source_names[token] or core.uuid()
  return self.source_names[token]
end

-- The budgets of a request by their keys: nil for a token request, which the address alone counts.
local function key_of(self, request)
  if request.token == nil then return nil end
  return ("rate:%s:%s:%s"):format((request.url or ""):match("^%a+://[^/?]+") or "", name_of(self, request.token),
    request.row.name)
end

local ADDRESS = "rate:address"
local ADDRESS_MARGIN = 0.15 -- at that rate a stall of a few hundredths of a second is many requests

local function sweep(self, now)
  for key, budget in pairs(self.budgets) do
    if now - budget.used > IDLE and now > budget.last then self.budgets[key] = nil end
  end
end

local function budget_of(self, key, rate, now)
  local budget = self.budgets[key]
  if not budget then
    budget = {
      rate = rate or nil,  -- calls a second; nil without a limit
      margin = key == ADDRESS and math.max(self.margin, ADDRESS_MARGIN) or self.margin,
      is_given = rate ~= false, -- else it was found out
      pace = 1,            -- of that
      changed = now,       -- when the pace was reckoned
      slowed = -math.huge, -- when it last fell
      last = -math.huge,   -- the latest slot that was ours
      sent = -math.huge,   -- when the latest request was let go
      distance = 0,        -- mean seconds between those
      used = now, second = now, count = 0, before = 0, -- calls of this second and of the one before
    }
    self.budgets[key] = budget
  end
  budget.used = now
  return budget
end

-- How many calls were made in the last second, about.
local function count(budget, now)
  if now - budget.second < WINDOW then return end
  budget.before = now - budget.second < 2 * WINDOW and budget.count or 0
  budget.second, budget.count = now, 0
end

local function recover(budget, now)
  budget.pace = budget.pace + (now - budget.changed) * FASTER
  budget.changed = now
  if budget.is_given then
    budget.pace = math.min(budget.pace, 1)
  elseif budget.pace > 2 then
    -- Growing to twice what was throttled means that there is no limit any more.
    budget.rate, budget.pace = nil, 1
  end
end

local function is_wait(value, horizon)
  return type(value) == "number" and value >= 0 and value <= horizon
end

-- A slot of the schedule of this process alone.
local function draw_own(self, key, interval, horizon)
  return self.own:reserve(key, interval, horizon)
end

-- A slot of the store's schedule; nil where there is none to be had.
local function draw_shared(self, key, interval, horizon)
  if not self.store then return nil end
  local wait, ahead = guarded.call(self.store, "reserve", horizon, self.on_store_error, key, interval, horizon)
  if wait == false and type(ahead) == "number" and ahead > horizon then return false, ahead end
  if is_wait(wait, horizon) then return wait end
end

-- How far apart the slots of this process are while there are more calls than slots.
local function learn(budget, at, wait, interval)
  local distance = at - budget.last
  if wait <= 0 or distance > MAX_SHARE * interval then return end
  budget.distance = math.max(interval, budget.distance + SHARE_GAIN * (distance - budget.distance))
end

-- Whether a slot is one that this process cannot have been given by a schedule that it has drawn from.
local function is_behind(self, budget, wait)
  return self.clock() + wait < budget.last + NEAREST / budget.rate
end

-- After a flush, a restart, on another replica and in an outage a schedule begins anew: it is moved on behind the
-- slots that are held. A store that does not even do that is not believed: nil.
local function reserve(self, draw, key, budget, interval, horizon)
  local wait, ahead = draw(self, key, interval, horizon)
  if not wait or not is_behind(self, budget, wait) then return wait, ahead end
  draw(self, key, math.max(0, budget.last - self.clock() - wait), limits.max_timeout)
  wait, ahead = draw(self, key, interval, horizon)
  if wait and is_behind(self, budget, wait) then return nil end
  return wait, ahead
end

-- The time of a slot, or nil and the seconds until the one that is too far ahead.
local function next_slot(self, key, budget, horizon)
  local interval = (1 + budget.margin) / (budget.rate * budget.pace)
  local wait, ahead = reserve(self, draw_shared, key, budget, interval, horizon)
  if wait then
    learn(budget, self.clock() + wait, wait, interval)
  elseif wait == nil then
    wait, ahead = reserve(self, draw_own, key, budget, math.max(interval, budget.distance), horizon)
  end
  if not wait then return nil, ahead end
  local at = self.clock() + wait
  budget.last = math.max(budget.last, at)
  return at
end

local function too_late(ahead)
  return errors.new {
    kind = "timeout", code = "no_slot_in_time", outcome = "not_sent", retryable = true, retry_after = ahead,
    message = "the rate limit leaves no slot before the deadline",
  }
end

-- Waits until then. Returns an error where the client is closed or the call cancelled.
local function wait_until(self, client, at, state)
  local wait = at - self.clock()
  if wait > 0 and not client:pause(state, wait) then return (errors.judge(state)) end
end

-- What was held up in this process goes on a little faster than the schedule, not in a burst: also where it is held up
-- once more while it waits for that.
local function keep_distance(self, client, budget, deadline, state)
  for _ = 1, TRIES do
    local now = self.clock()
    local at = math.max(now, budget.sent + (1 + budget.margin / 2) / budget.rate)
    if client:now() + at - now >= deadline then return too_late(at - now) end
    budget.sent = at
    local err = wait_until(self, client, at, state)
    if err or self.clock() - at <= HELD_UP then return err end
  end
end

-- Waits for a slot of one budget. Gives an error or nil, and when the slot was.
local function take(self, client, key, rate, deadline, state)
  local now = self.clock()
  local budget = budget_of(self, key, rate, now)
  recover(budget, now)
  local at, ahead
  if budget.rate then
    at, ahead = next_slot(self, key, budget, deadline - client:now())
    if not at then return too_late(ahead) end
    local err = wait_until(self, client, at, state) or keep_distance(self, client, budget, deadline, state)
    if err then return err end
  end
  count(budget, self.clock())
  budget.count = budget.count + 1
  self.taken = self.taken + 1
  if self.taken % SWEEP_EVERY == 0 then sweep(self, now) end
  return nil, at
end

--- Waits, through the client's loop, until a request may be sent.
---@param client dingtalk.Client
---@param request {row: {name: string}, token: dingtalk.Token?, url: string} as in dingtalk.Request
---@param deadline number in seconds of client:now()
---@param state table? of the attempt: what the client parks; gets `permit_at`, when the slot was taken
---@return boolean? ok
---@return table? err when no slot comes before the deadline, or the client was closed
function Limiter:acquire(client, request, deadline, state)
  state = state or {}
  local key = key_of(self, request)
  local err, at
  state.permit_at = self.clock()
  if key then err, at = take(self, client, key, self.rate, deadline, state) end
  if not err and self.address_rate then err = take(self, client, ADDRESS, self.address_rate, deadline, state) end
  if err then return nil, err end
  -- A slot of a shared schedule that is used late would meet those of other processes behind it: it is dropped for
  -- another, but only once, since a host that is always late must go on, and only where there is time for another.
  if self.store and at and self.clock() - at > LATE then
    state.permit_at = self.clock()
    err = take(self, client, key, self.rate, deadline, state)
    if err and err.code ~= "no_slot_in_time" then return nil, err end
  end
  return true
end

-- Nobody who shares the schedule gets a slot for a while; the first who says so is enough.
local function leave_gap(self, key, seconds)
  local store = self.store
  if store and store.add then
    local first = guarded.call(store, "add", limits.store_seconds, self.on_store_error, key .. ":slow", "1", WINDOW)
    if first == false then return end
  end
  if draw_shared(self, key, seconds, limits.max_timeout) == nil then
    draw_own(self, key, seconds, limits.max_timeout)
  end
end

--- The service has said that a request was one too many. Requests whose slots were taken before the budget was
--- last slowed tell nothing new: those that are under way together are throttled together.
---@param request {row: {name: string}, token: dingtalk.Token?, url: string} as in dingtalk.Request
---@param state table? of the attempt, as given to acquire
---@param retry_after number? seconds, where the answer says
function Limiter:throttled(request, state, retry_after)
  local now = self.clock()
  local key = key_of(self, request)
  local budget = key and budget_of(self, key, self.rate, now)
  if not budget or (state and state.permit_at or now - WINDOW) <= budget.slowed then return end
  count(budget, now)
  recover(budget, now)
  budget.rate = budget.rate or math.max(1, budget.count, budget.before)
  budget.pace = math.max(SLOWEST, math.min(budget.pace, 1) * SLOWER)
  budget.slowed = now
  leave_gap(self, key, math.max(GAP, (retry_after or 0) > WINDOW and retry_after or 0))
end

function Limiter:__tostring()
  return ("dingtalk.RateLimiter (%s a second%s)"):format(tostring(self.rate), self.store and ", shared" or "")
end

return rate_limiter
