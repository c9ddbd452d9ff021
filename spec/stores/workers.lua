-- What each worker of the nginx of stores_spec answers.
-- luacheck: read globals ngx
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local check = require "spec.stores.check"
local ngx_shared = require "dingtalk.stores.ngx_shared"
local rate_limiter = require "dingtalk.rate_limiter"
local redis = require "dingtalk.stores.redis"

local USER, EVENT = "U5KPwll3QjgiG", "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"

local workers = {}

function workers.new(base_url, ca_file, redis_port, guarded_port)
  local stores = {
    shared = assert(ngx_shared.new "tokens"),
    memory = auth.memory_store(),
    redis = redis_port and assert(redis.new { port = redis_port }) or nil,
    owner = guarded_port and assert(redis.new { port = guarded_port, password = "guarded-secret" }) or nil,
    guesser = guarded_port and assert(redis.new { port = guarded_port, password = "guarded-guess" }) or nil,
    stranger = guarded_port and assert(redis.new { port = guarded_port }) or nil,
    broken = assert(redis.new { port = 1, timeout = 0.2 }),
  }
  local client, limited, sources = nil, nil, {}
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

  --- The same under a limiter that all workers share.
  function self.limited(store)
    limited = limited or assert(calendar.new {
      base_url = base_url, ca_file = ca_file,
      rate_limiter = assert(rate_limiter.new { rate = 20, store = stores[store] }),
    })
    local result, err = limited:add_attendees("dd43888e26953deead8cba556389b063", USER, nil, EVENT, { "p1" })
    ngx.say(ngx.worker.pid(), " ", result and "ok" or tostring(err))
  end

  --- What the contract of a store finds wrong.
  function self.try_store(store)
    ngx.say(check.fault(stores[store], ngx.sleep) or "ok")
  end

  --- What a store says of a key that its owner has just written, in the same worker.
  function self.peek(store)
    assert(stores.owner:set("k", "of-the-owner", 60))
    ngx.say(tostring((stores[store]:get "k")))
  end

  return self
end

return workers
