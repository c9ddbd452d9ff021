-- Ten customers of one client, 100 calls each at once; the first one's hang where HANG is 1. Prints the 99th percentile
-- of the others' seconds. Started by bench/scale.
-- usage: customers.lua URL HANG
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local core = require "dingtalk.core"
local rate_limiter = require "dingtalk.rate_limiter"
local socket = require "socket"

local url, hangs = arg[1], arg[2] == "1"
local client = assert(calendar.new {
  base_url = url, ca_file = url:find "^https" and os.getenv "DINGTALK_CA_FILE" or nil, allow_http = true,
  loop = "manual", max_connections = 64, rate_limiter = assert(rate_limiter.new()),
})
local sources, times, failed, hung = {}, {}, 0, 0
for i = 1, 10 do
  sources[i] = assert(auth.internal_app { app_key = "app" .. i, app_secret = "secret-of-app" })
end

local began = core.now()
for n = 1, 1000 do
  local i = (n - 1) % 10 + 1
  coroutine.wrap(function()
    local result = client:add_attendees(sources[i], "U5KPwll3QjgiG", nil, "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08",
      { i == 1 and hangs and "hangs" or "p" .. n })
    if i == 1 and hangs then
      hung = hung + 1
    elseif not result then
      failed = failed + 1
    elseif i > 1 then
      times[#times + 1] = core.now() - began
    end
  end)()
end
local fd = { getfd = function() return client:pollfd() end }
while not client:is_idle() do
  if not client:step() then socket.select({ fd }, nil, client:timeout() or 1) end
end
client:close()
table.sort(times)
print(("failed=%d p99=%.3f"):format(failed, times[math.ceil(#times * 0.99)] or 0))
