-- The last API requests as they came, for comparing clients.
local json = require "sandbox.json"
local settings = require("sandbox.settings").values

local recorder = {}

local entries, count

function recorder.reset() entries, count = {}, 0 end

function recorder.note(ctx)
  local size = settings.record
  if size == 0 then return end
  ctx.record = {
    at = ngx.now(),
    method = ctx.method,
    uri = ctx.uri,
    operation = ctx.operation,
    headers = setmetatable(ngx.req.get_headers(0, true), nil),
    body = ctx.body,
    http_version = ngx.req.http_version(),
    tls = ngx.var.https == "on",
    connection = tonumber(ngx.var.connection),
  }
  count = count + 1
  entries[count] = ctx.record
  entries[count - size] = nil
end

---@return table oldest first
function recorder.describe()
  local list = json.list {}
  for i = math.max(1, count - settings.record + 1), count do
    list[#list + 1] = entries[i]
  end
  return { requests = list }
end

recorder.reset()

return recorder
