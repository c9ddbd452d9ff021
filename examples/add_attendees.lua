-- Adds people to an event. Environment:
--   DINGTALK_TOKEN, DINGTALK_USER: unionId of the event's creator, DINGTALK_EVENT,
--   DINGTALK_ATTENDEES: unionIds, separated by spaces
local calendar = require "dingtalk.calendar"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local people = {}
for id in env("DINGTALK_ATTENDEES"):gmatch "%S+" do people[#people + 1] = id end

local result = must(calendar.add_attendees(env "DINGTALK_TOKEN", env "DINGTALK_USER", "primary", env "DINGTALK_EVENT",
  people))
print(("added %d people in %d request(s), x-client-token %s"):format(result.added, #result.batches,
  result.client_token))
