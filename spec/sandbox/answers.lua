-- Answers as the service words them. An answer is { status, body, headers };
-- no body means an empty one.
local cjson = require "cjson"
local codes = require "sandbox.codes"
local ids = require "sandbox.ids"
local json = require "sandbox.json"
local settings = require("sandbox.settings").values

local answers = {}

local EMPTY = { status = 200 }

---What a successful write answers.
function answers.empty() return EMPTY end

function answers.json(value)
  return { status = 200, body = json.encode(value) }
end

---@param ctx table the request, for its id
---@param code string
---@param message string|nil the code's usual one by default
---@param extra string|nil further JSON members, written out
---@param status integer|nil the code's usual one by default
function answers.error(ctx, code, message, extra, status)
  local usual = codes[code] or { 400, code }
  local parts = { '{"code":', cjson.encode(code) }
  if settings.request_id_field ~= "none" then
    parts[#parts + 1] = ',"' .. settings.request_id_field .. '":"' .. ctx.request_id .. '"'
  end
  parts[#parts + 1] = ',"message":' .. cjson.encode(message or usual[2])
  if extra then parts[#parts + 1] = "," .. extra end
  parts[#parts + 1] = "}"
  return { status = status or usual[1], body = table.concat(parts) }
end

function answers.invalid(ctx, message)
  return answers.error(ctx, "invalidParameter", message)
end

function answers.wrong_path(ctx)
  if settings.wrong_path == "http_404" then return answers.error(ctx, "InvalidAction.NotFound") end
  return { status = 200, body = '{"errcode":404,"errmsg":"请求的URI地址不存在"}' }
end

local PROXY_PAGE = [[<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html>
<head><title>%d %s</title></head>
<body>
<center><h1>%d %s</h1></center>
<hr/>Powered by DingTalk/1.0.0<hr><center>tengine</center>
</body>
</html>
]]

local REASONS = { [403] = "Forbidden", [500] = "Internal Server Error", [502] = "Bad Gateway",
  [503] = "Service Temporarily Unavailable", [504] = "Gateway Time-out" }

---What the proxy in front says by itself.
function answers.html(status)
  local reason = REASONS[status] or "Error"
  return { status = status, headers = { ["Content-Type"] = "text/html" },
    body = PROXY_PAGE:format(status, reason, status, reason) }
end

local function set_headers(ctx, answer)
  local header = ngx.header
  header["Server"] = "DingTalk/1.0.0"
  header["Content-Type"] = "application/json;charset=utf-8"
  header["x-acs-request-id"] = ctx.request_id
  header["x-acs-trace-id"] = ids.hex32()
  if answer.headers then
    for name, value in pairs(answer.headers) do
      if value == cjson.null then value = nil end
      header[name] = value
    end
  end
end

---Status and headers only; the caller writes the body.
---@param length integer
function answers.send_head(ctx, answer, length)
  ngx.status = answer.status
  set_headers(ctx, answer)
  ngx.header["Content-Length"] = length
  if ctx.record then ctx.record.status = answer.status end
  ctx.status = answer.status
  ngx.send_headers()
end

function answers.send(ctx, answer)
  local body = answer.body or ""
  answers.send_head(ctx, answer, #body)
  if body ~= "" then ngx.print(body) end
end

return answers
