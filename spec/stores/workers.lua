-- What each worker of the nginx of stores_spec answers.
-- luacheck: read globals ngx
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local check = require "spec.stores.check"
local ngx_shared = require "dingtalk.stores.ngx_shared"
local redis = require "dingtalk.stores.redis"

local USER, EVENT = "U5KPwll3QjgiG", "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"

local workers = {}

function workers.new(base_url, ca_file, redis_port)
  local stores = {
    shared = assert(ngx_shared.new "tokens"),
    redis = redis_port and assert(redis.new { port = redis_port }) or nil,
    broken = assert(redis.new { port = 1, timeout = 0.2 }),
  }
  local client, sources = nil, {}
  for name, store in pairs(stores) do
    sources[name] = assert(auth.internal_app {
      app_key = "dingsandboxapp", app_secret = "sandbox-app-secret", store = store,
    })
  end

  local self = {}

  --- Adds somebody to the example's event: "pid ok", or "pid" and the error.
  function self.add(store)
    client = client or assert(calendar.new { base_url = base_url, ca_file = ca_file })
    local result, err = client:add_attendees(sources[store], USER, nil, EVENT, { "p1" })
    ngx.say(ngx.worker.pid(), " ", result and "ok" or tostring(err))
  end

  --- What the contract of a store finds wrong.
  function self.try_store(store)
    ngx.say(check.fault(stores[store], ngx.sleep) or "ok")
  end

  return self
end

return workers
