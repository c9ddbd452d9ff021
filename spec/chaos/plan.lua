--- What a chaos run does, all of it drawn from the seed: the calls, and the faults they meet.
local prng = require "spec.chaos.prng"

local BATCH = 500
local EVENTS = 100
local MOST = 5000 -- people in an event: the service's limit, which these calls are not to meet
local MANY_SHARE = 0.015 -- of the calls take several batches
local HASTY_SHARE = 0.15 -- of the calls have less time than a delayed answer takes
local HASTY_SECONDS, PATIENT_SECONDS = 0.3, 6
local DELAY_MS = 450 -- longer than the hasty wait
local PROCESSING_MS = 150

local plan = { events = {}, quiet_seconds = 5 }
for i = 1, EVENTS do plan.events[i] = "chaos-event-" .. i end

--- The faults of a run: this share of all requests meets one.
plan.rate = 0.3

local function before_and_after(mix, fault, weight)
  local after = { after = true, weight = weight }
  for key, value in pairs(fault) do after[key] = value end
  fault.weight = weight
  mix[#mix + 1], mix[#mix + 2] = fault, after
end

--- A service that says no after it did the work is none that any client could believe: such
--- combinations are left out.
function plan.faults(seed)
  local mix = {
    { fault = "delay", ms = 30, weight = 4 },
    { fault = "delay", ms = DELAY_MS, weight = 6 },
    { fault = "slow", ms = 60, weight = 4 },
    { fault = "slow", ms = DELAY_MS, weight = 3 },
    { fault = "processing", ms = PROCESSING_MS, weight = 3 },
    { fault = "processing", ms = PROCESSING_MS, first = "error", weight = 2 },
    { fault = "processing", ms = PROCESSING_MS, first = "wait", weight = 2 },
    { fault = "answer", code = "invalidParameter", weight = 4 },
    { fault = "answer", code = "itemNotFound", weight = 2 },
    { fault = "answer", code = "Forbidden.AccessDenied.QpsLimitForApi", weight = 2 },
    { fault = "answer", code = "idempotencyProcessing", weight = 1 },
    { fault = "answer", status = 429, weight = 1 },
    { fault = "garbage", kind = "html", status = 403, weight = 2 },
    { fault = "garbage", kind = "errcode", weight = 3 },
    { fault = "garbage", kind = "huge", weight = 1, after = true },
  }
  before_and_after(mix, { fault = "close" }, 12)
  before_and_after(mix, { fault = "close", ms = 20 }, 4)
  before_and_after(mix, { fault = "answer", code = "systemError" }, 6)
  before_and_after(mix, { fault = "answer", status = 500 }, 4)
  before_and_after(mix, { fault = "answer", status = 503, body = "" }, 4)
  before_and_after(mix, { fault = "answer", status = 504, ms = 30 }, 4)
  for _, kind in ipairs { "html", "truncated", "string", "array", "text", "binary" } do
    before_and_after(mix, { fault = "garbage", kind = kind }, 2)
    before_and_after(mix, { fault = "garbage", kind = kind, status = 200 }, 2)
  end
  before_and_after(mix, { fault = "garbage", kind = "redirect" }, 3)
  return { seed = seed, rate = plan.rate, mix = mix, clear = true }
end

local function person(call, position, random)
  local id = ("p%dx%d"):format(call, position)
  local form = random:between(1, 4)
  if form == 1 then return { id = id } end
  if form == 2 then return { id = id, isOptional = random:between(0, 1) == 1 } end
  return id
end

-- An event that has room for so many more.
local function event_for(size, random, held)
  local number = random:between(1, EVENTS)
  while (held[number] or 0) + size > MOST do number = number % EVENTS + 1 end
  held[number] = (held[number] or 0) + size
  return plan.events[number]
end

--- The calls of a run, in order.
function plan.calls(seed, count)
  local random = prng.new(seed)
  local calls, held = {}, {}
  for index = 1, count do
    local many = random:unit() < MANY_SHARE
    local size = many and random:between(BATCH + 1, 3 * BATCH) or random:between(1, 5)
    local list = {}
    for position = 1, size do list[position] = person(index, position, random) end
    calls[index] = {
      index = index, event = event_for(size, random, held), list = list, size = size,
      batches = math.ceil(size / BATCH), concurrency = many and random:between(1, 3) or nil,
      timeout = random:unit() < HASTY_SHARE and HASTY_SECONDS or PATIENT_SECONDS,
    }
  end
  return calls
end

--- Which batch of its call a position is in, and how many attendees that batch has.
function plan.batch_of(call, position)
  local number = math.ceil(position / BATCH)
  return number, math.min(BATCH, call.size - (number - 1) * BATCH)
end

return plan
