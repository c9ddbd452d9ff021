-- The calls of an audit, drawn from its seed. Their people are named as those of spec/chaos, whose comparison is used.
local prng = require "spec.chaos.prng"

local BATCH = 500
local MOST = 5000
local MANY_SHARE = 0.01 -- of the calls take some batches
local LISTS_EVERY = 4000 -- calls to one list of the greatest length
local FAR_SHARE = 0.25  -- of the calls go over the bad link
local HASTY_SHARE = 0.1
local HASTY_SECONDS, PATIENT_SECONDS, LIST_SECONDS = 0.5, 5, 15

local plan = {}

local function call(index, size, fields)
  local list = {}
  for position = 1, size do list[position] = ("p%dx%d"):format(index, position) end
  fields.index, fields.size, fields.list, fields.event = index, size, list, "audit-" .. index
  fields.batches = math.ceil(size / BATCH)
  fields.reports = {}
  return fields
end

local function any_call(index, random)
  local many = random:unit() < MANY_SHARE
  return call(index, many and random:between(BATCH + 1, 3 * BATCH) or random:between(1, 4), {
    far = random:unit() < FAR_SHARE, concurrency = many and random:between(1, 3) or nil,
    timeout = random:unit() < HASTY_SHARE and HASTY_SECONDS or PATIENT_SECONDS,
    max_attempts = random:between(1, 3),
  })
end

--- Three groups of calls: over the good link and over the bad one, so many at a time; the great lists, one by one.
function plan.groups(seed, count)
  local random = prng.new(seed)
  local near, far, lists = { concurrency = 1000 }, { concurrency = 200 }, {}
  for index = 1, count do
    local one = any_call(index, random)
    table.insert(one.far and far or near, one)
  end
  for number = 1, math.max(2, math.floor(count / LISTS_EVERY)) do
    table.insert(lists, call(count + number, MOST, {
      far = true, concurrency = 4, timeout = LIST_SECONDS, max_attempts = random:between(1, 3),
    }))
  end
  return { near, far, lists }
end

return plan
