-- One of several processes that share a token: gets one, says so, waits for a line, then makes its
-- calls at a time and prints how many went well. Arguments: the port of Redis, how many calls.
local auth = require "dingtalk.auth"
local concurrently = require "spec.support.concurrently"
local example = require "spec.support.example"
local redis = require "dingtalk.stores.redis"

local port, count = tonumber(arg[1]), tonumber(arg[2])

local client = example.client { loop = "manual" }
local source = assert(auth.internal_app {
  app_key = "dingsandboxapp", app_secret = "sandbox-app-secret", store = assert(redis.new { port = port }),
  on_store_error = function(message) io.stderr:write(message, "\n") end,
})

concurrently.manual(client, 1, function() assert(source:get(client)) end)
local ready = assert(io.open(arg[3], "w"))
ready:close()
while not io.open(arg[4]) do require("socket").sleep(0.002) end

local good = 0
concurrently.manual(client, count, function()
  local result, err = client:add_attendees(source, example.USER, nil, example.EVENT, { "p1" })
  if result then good = good + 1 else io.stderr:write(tostring(err), "\n") end
end)
client:close()
print(good)
