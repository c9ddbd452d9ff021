-- POST /attendees {"event": "…", "people": ["unionId", …]}: adds them, one client a worker.
local calendar = require "dingtalk.calendar"
local cjson = require "cjson.safe"

local handler = {}

local client -- made at the worker's first request, and kept: its connections are
local statuses = { argument = 400, not_found = 404, permission = 403, throttled = 429, timeout = 504 }

function handler.add()
  client = client or assert(calendar.new {
    base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
    ca_file = os.getenv "DINGTALK_CA_FILE",
  })
  ngx.req.read_body()
  local wish = cjson.decode(ngx.req.get_body_data() or "") or {}
  local result, err = client:add_attendees(os.getenv "DINGTALK_TOKEN", os.getenv "DINGTALK_USER", nil,
    wish.event, wish.people)
  if result then
    ngx.say(cjson.encode { added = result.added })
    return
  end
  ngx.log(ngx.WARN, tostring(err))
  ngx.status = statuses[err.kind] or 502
  ngx.say(cjson.encode { kind = err.kind, message = err.message, outcome = err.outcome })
end

return handler
