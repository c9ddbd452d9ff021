-- One of several processes that share a budget: JOBS calls by add_attendees_each. Started by bench/scale.
-- usage: scale.lua JOBS CONCURRENCY REDIS_PORT START
local calendar = require "dingtalk.calendar"
local core = require "dingtalk.core"
local rate_limiter = require "dingtalk.rate_limiter"
local redis = require "dingtalk.stores.redis"

local TOKEN, USER = "dd43888e26953deead8cba556389b063", "U5KPwll3QjgiG"
local EVENT = "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"

local count, concurrency, port, start = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
local limiter = assert(rate_limiter.new { rate = 20, store = assert(redis.new { port = port }) })
local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", ca_file = os.getenv "DINGTALK_CA_FILE", rate_limiter = limiter,
})

client:pause({}, math.max(0, start - core.now()))
local number = 0
local summary = assert(client:add_attendees_each(TOKEN, function()
  number = number + 1
  if number > count then return nil end
  return { user = USER, event = EVENT, list = { "p" .. number } }
end, { concurrency = concurrency }))
client:close()
print(("succeeded=%d failed=%d attempts=%d"):format(summary.succeeded, summary.failed, summary.attempts))
