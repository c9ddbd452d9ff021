-- Token sources of the sandbox's credentials, for specs.
local auth = require "dingtalk.auth"
local sandbox = require "spec.support.sandbox"

local sources = {}

sources.KINDS = {
  internal_app = { app_key = "dingsandboxapp", app_secret = "sandbox-app-secret" },
  enterprise_app = {
    suite_key = "suitesandbox", suite_secret = "sandbox-suite-secret", suite_ticket = "sandbox-suite-ticket",
    corp_id = "dingcorpsandbox",
  },
  corp = { corp_id = "dingcorpsandbox", client_id = "suitesandbox", client_secret = "sandbox-suite-secret" },
  user = { client_id = "dingsandboxuser", client_secret = "sandbox-user-secret", code = "sandbox-code" },
}

sources.OPERATIONS = {
  internal_app = "access_token", enterprise_app = "corp_access_token", corp = "corp_token", user = "user_access_token",
}

sources.SECRETS = {
  "sandbox-app-secret", "sandbox-suite-secret", "sandbox-suite-ticket", "sandbox-user-secret", "sandbox-code",
  "sandbox-refresh-token",
}

function sources.merged(...)
  local all = {}
  for i = 1, select("#", ...) do
    for name, value in pairs((select(i, ...)) or {}) do all[name] = value end
  end
  return all
end

---A source with a cache of its own; `false` leaves a field out.
function sources.new(kind, with)
  local own = kind ~= "user" and { store = auth.memory_store() } or nil
  local config = sources.merged(sources.KINDS[kind], own, with)
  for name, value in pairs(config) do
    if value == false then config[name] = nil end
  end
  return assert(auth[kind](config))
end

---All tokens end now, and the next takes long enough that everybody has to wait for it.
function sources.expire()
  sandbox.faults { fault = "delay", ms = 200, rate = 1, match = { operation = "access_token" } }
  sandbox.tokens { expire = "all" }
end

---@return integer how many requests for a token of this kind the sandbox has had since its reset
function sources.requests(kind)
  local operation = sandbox.counters().operations[sources.OPERATIONS[kind]]
  return operation and operation.calls or 0
end

return sources
