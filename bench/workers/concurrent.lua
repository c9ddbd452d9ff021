-- This module with many calls in flight: a bulk run without its limiter.
-- usage: concurrent.lua URL CA CALLS ATTENDEES IN_FLIGHT
local calendar = require "dingtalk.calendar"
local measure = require "measure"
local people = require "people"

local url, ca, calls, attendees, in_flight = ...
calls, in_flight = tonumber(calls), tonumber(in_flight)

local ca_file, ca_path = measure.authorities(ca)
local client = assert(calendar.new {
  base_url = url, allow_http = true, loop = "blocking", ca_file = ca_file, ca_path = ca_path, timeout = 300,
})
local list = people.list(tonumber(attendees), "strings")

local function run(count)
  local left = count
  local summary = assert(client:add_attendees_each(people.token, function()
    left = left - 1
    return left >= 0 and { user = people.user, event = people.event, list = list } or nil
  end, { concurrency = in_flight, rate = false }))
  assert(summary.failed == 0 and summary.succeeded == count, "calls failed")
end

run(math.max(20, in_flight))
measure.run(function() run(calls) end)
client:close()
