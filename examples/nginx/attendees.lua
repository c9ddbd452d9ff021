-- POST /attendees {"event": "…", "people": ["unionId", …]} adds them. GET /metrics counts requests to DingTalk.
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local cjson = require "cjson.safe"
local ngx_shared = require "dingtalk.stores.ngx_shared"

local handler = {}

local counters = ngx.shared.counters
local statuses = { argument = 400, not_found = 404, permission = 403, throttled = 429, timeout = 504 }

local function must(value, err) return value or error(tostring(err), 2) end

local function env(name)
  return must(os.getenv(name), name .. " is not set, or nginx.conf has no line: env " .. name .. ";")
end

local function count(info) -- of each request to the service
  counters:incr(("requests{operation=%q,kind=%q}"):format(info.operation, info.kind or "ok"), 1, 0)
end

local client, token -- one of each a worker: made at its first request, since a client keeps its connections

local function connect()
  if client then return end
  client = must(calendar.new {
    base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
    ca_file = os.getenv "DINGTALK_CA_FILE",
    on_attempt = count,
  })
  token = must(auth.internal_app {
    app_key = env "DINGTALK_APP_KEY", app_secret = env "DINGTALK_APP_SECRET",
    store = must(ngx_shared.new "dingtalk"), -- all workers share one token
  })
end

function handler.add()
  connect()
  ngx.req.read_body()
  local wanted = cjson.decode(ngx.req.get_body_data() or "") or {}
  local result, err = client:add_attendees(token, env "DINGTALK_USER", nil, wanted.event, wanted.people)
  if result then
    ngx.say(cjson.encode { added = result.added })
    return
  end
  ngx.log(ngx.WARN, tostring(err))
  ngx.status = statuses[err.kind] or 502
  ngx.say(cjson.encode { kind = err.kind, message = err.message, outcome = err.outcome })
end

function handler.metrics()
  for _, name in ipairs(counters:get_keys()) do ngx.say("dingtalk_", name, " ", counters:get(name)) end
end

return handler
