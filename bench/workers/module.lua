-- This module, as users call it.
-- usage: module.lua URL CA CALLS ATTENDEES strings|tables|optional [options|limiter]
-- With "options" each call has a time-out of its own, and the client a hook; with "limiter" the client has a rate
-- limiter of so many calls a second that none waits.
local calendar = require "dingtalk.calendar"
local people = require "people"

local url, ca, calls, attendees, kind, with = ...
calls = tonumber(calls)

local is_directory = io.open(ca .. "/.") ~= nil
local limiter
if with == "limiter" then
  limiter = assert(require("dingtalk.rate_limiter").new { rate = 10000, address_rate = 10000 })
end
local client = assert(calendar.new {
  base_url = url, allow_http = true, loop = "blocking",
  ca_path = is_directory and ca or nil, ca_file = not is_directory and ca ~= "-" and ca or nil,
  on_attempt = with == "options" and function() end or nil,
  rate_limiter = limiter,
})
local list = people.list(tonumber(attendees), kind)

local opts = with == "options" and { timeout = 10 } or nil

local function run(count)
  for _ = 1, count do
    assert(client:add_attendees(people.token, people.user, "primary", people.event, list, opts))
  end
end

-- A cold start is one call and no more, and loads nothing that the call does not need.
if calls == 1 then
  run(1)
else
  run(20)
  require("measure").run(function() run(calls) end)
end
client:close()
