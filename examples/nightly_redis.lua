-- A nightly job over many machines that survives the death of any process: its events stand in a Redis stream,
-- `XADD nightly * event EVENT people ID,ID,…`, and as many of this program as you like work them off together.
-- Environment: DINGTALK_TOKEN, DINGTALK_USER: unionId of the events' creator, WORKER: a name of this process's own;
--   optionally REDIS_PORT, CLAIM_SECONDS: until the unfinished work of another process is taken over (120)
local calendar = require "dingtalk.calendar"
local rate_limiter = require "dingtalk.rate_limiter"
local redis = require "redis" -- Debian's lua-redis
local redis_store = require "dingtalk.stores.redis"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token, user, worker = env "DINGTALK_TOKEN", env "DINGTALK_USER", env "WORKER"
local port, claim = tonumber(os.getenv "REDIS_PORT" or 6379), tonumber(os.getenv "CLAIM_SECONDS" or 120) * 1000
for _, name in ipairs { "xgroup", "xreadgroup", "xautoclaim", "xlen" } do redis.commands[name] = redis.command(name) end
local server = redis.connect("127.0.0.1", port)
pcall(server.xgroup, server, "CREATE", "nightly", "workers", "0", "MKSTREAM") -- raises where there is one

local client = must(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", ca_file = os.getenv "DINGTALK_CA_FILE",
  rate_limiter = must(rate_limiter.new { rate = 20, store = must(redis_store.new { port = port }) }),
})

-- Together or not at all: the result, the acknowledgement, and the entry's end.
local SETTLE = [[
redis.call("hset", KEYS[2], ARGV[1], ARGV[2])
redis.call("xack", KEYS[1], "workers", ARGV[1])
return redis.call("xdel", KEYS[1], ARGV[1])]]

local taken = {} -- entries of this process that are still to be started
local function take()
  taken = server:xautoclaim("nightly", "workers", worker, claim, "0-0", "COUNT", 10)[2]
  if #taken > 0 then return end
  local new = server:xreadgroup("GROUP", "workers", worker, "COUNT", 10, "STREAMS", "nightly", ">")
  taken = new and new[1][2] or {}
end

local function next_job()
  if #taken == 0 then take() end
  local entry = table.remove(taken, 1)
  if not entry then return server:xlen "nightly" > 0 and 1 or nil end -- what others hold may still come back
  local fields, list = {}, {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  for id in fields.people:gmatch "[^,]+" do list[#list + 1] = id end
  -- The same token whoever sends it, and however often: the service does it once.
  return { user = user, event = fields.event, list = list, opts = { client_token = entry[1] } }
end

local summary = must(client:add_attendees_each(token, next_job, {
  on_result = function(job, result, err)
    if err and (err.retryable or err.outcome == "unknown") then return end -- stays, and is claimed again
    server:eval(SETTLE, 2, "nightly", "nightly:results", job.opts.client_token, result and "done" or tostring(err))
  end,
}))
client:close()
print(("%s: %d of %d"):format(worker, summary.succeeded, summary.jobs), summary.stopped or "")
