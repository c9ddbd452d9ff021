-- Machines share one access token through Redis: the first asks the service for it, the others find it there.
-- Environment: DINGTALK_APP_KEY, DINGTALK_APP_SECRET, DINGTALK_USER: unionId of the event's creator, DINGTALK_EVENT,
--   DINGTALK_ATTENDEES: unionIds, separated by spaces; optionally REDIS_HOST, REDIS_PORT, REDIS_PASSWORD
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local redis = require "dingtalk.stores.redis"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local store = must(redis.new { -- needs lua-redis, or in nginx lua-resty-redis
  host = os.getenv "REDIS_HOST", port = tonumber(os.getenv "REDIS_PORT"), password = os.getenv "REDIS_PASSWORD",
})
local token = must(auth.internal_app {
  app_key = env "DINGTALK_APP_KEY", app_secret = env "DINGTALK_APP_SECRET", store = store,
  on_store_error = function(message) io.stderr:write("Redis: ", message, "\n") end, -- fails no call
})

local people = {}
for id in env("DINGTALK_ATTENDEES"):gmatch "%S+" do people[#people + 1] = id end
local result = must(calendar.add_attendees(token, env "DINGTALK_USER", nil, env "DINGTALK_EVENT", people))
print(("added %d people"):format(result.added))
