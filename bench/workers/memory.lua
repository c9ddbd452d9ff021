-- The garbage that a warm call leaves in Lua, with the collector stopped.
-- usage: memory.lua URL CA CALLS ATTENDEES strings|tables|optional
local calendar = require "dingtalk.calendar"
local measure = require "measure"
local people = require "people"

local url, ca, calls, attendees, kind = ...
calls = tonumber(calls)

local ca_file, ca_path = measure.authorities(ca)
local client = assert(calendar.new {
  base_url = url, allow_http = true, loop = "blocking", ca_file = ca_file, ca_path = ca_path,
})
local list = people.list(tonumber(attendees), kind)

local function run(count)
  for _ = 1, count do
    assert(client:add_attendees(people.token, people.user, "primary", people.event, list))
  end
end

run(20)
collectgarbage()
collectgarbage("stop")
local before = collectgarbage("count")
run(calls)
local garbage = (collectgarbage("count") - before) / calls
print(("garbage=%.3f resident=%d"):format(garbage, measure.kib("VmRSS")))
client:close()
