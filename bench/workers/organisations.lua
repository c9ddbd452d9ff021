-- COUNT organisations, each with a token source, whose tokens have all ended: what they cost, and how many requests
-- for a token are made in which second. Started by bench/scale.
-- usage: organisations.lua COUNT
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local core = require "dingtalk.core"
local memory = require "dingtalk.stores.memory"
local rate_limiter = require "dingtalk.rate_limiter"
local socket = require "socket"

local count = tonumber(arg[1])
local shift = 0
local function clock() return os.time() + shift end

local function used()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end

local limiter = assert(rate_limiter.new())
local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", ca_file = os.getenv "DINGTALK_CA_FILE", loop = "manual",
  rate_limiter = limiter,
})
local before = used()
local store, sources, failed = memory.new(clock), {}, 0
for i = 1, count do
  sources[i] = assert(auth.internal_app {
    app_key = "app" .. i, app_secret = "secret-of-app", store = store, clock = clock, timeout = 60,
  })
end

local function all(work)
  for i = 1, count do
    coroutine.wrap(function()
      if not work(sources[i]) then failed = failed + 1 end
    end)()
  end
  while not client:is_idle() do
    if not client:step() then socket.select({ { getfd = function() return client:pollfd() end } }, nil,
      client:timeout() or 1) end
  end
end

local function ask(source)
  return source:get(client, client:now() + 600)
end

all(ask)
local token_kib = (used() - before) / count
shift = 8000
local began = core.now()
all(ask)
local took = core.now() - began
local budgeted = used()
all(function(source)
  return limiter:acquire(client, { token = source, url = client.base_url, row = { name = "add_attendees" } },
    client:now() + 600)
end)
print(("failed=%d seconds=%.1f token_kib=%.2f budget_kib=%.2f"):format(failed, took, token_kib,
  token_kib + (used() - budgeted) / count))
client:close()
