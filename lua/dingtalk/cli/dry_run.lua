--- --dry-run: a client that shows its requests instead of sending them.

local dry_run = {}

local json = require "dingtalk.json"

local HIDDEN = "(hidden)"

--- Stands for the token: none is needed.
dry_run.token = "hidden"

-- What reads and token requests may want to find in an answer.
local ANSWER = ('{"accessToken":"%s","access_token":"%s","expireIn":7200,"expires_in":7200,"errcode":0,'
  .. '"result":{"userid":"(userid)","unionid":"(unionid)"}}'):format(dry_run.token, dry_run.token)

-- In a body it stands as JSON writes it.
local function hide(text, secrets)
  for _, secret in ipairs(secrets or {}) do
    for _, form in ipairs { json.encode(secret):sub(2, -2), secret } do
      text = text:gsub(form:gsub("%p", "%%%0"), HIDDEN)
    end
  end
  return text
end

local function describe(slot, task, token)
  local body = task.body
  if type(body) == "userdata" then body = body:body(slot.batch) end
  return {
    method = task.method, url = hide(slot.url or task.url, task.secrets),
    body = body and hide(body, task.secrets),
    headers = {
      ["accept"] = "application/json",
      ["content-type"] = body and "application/json; charset=utf-8" or nil,
      ["x-acs-dingtalk-access-token"] = token and HIDDEN or nil,
      ["x-client-token"] = slot.client_token,
    },
  }
end

--- Makes a client show what it would send.
---@param client dingtalk.Client
---@return table[] requests filled as the client goes on
function dry_run.attach(client)
  local requests = {}
  function client.exchange(_, slot, task, token)
    requests[#requests + 1] = describe(slot, task, token)
    slot.curl, slot.status, slot.sent = 0, 200, true
    slot.body = not slot.client_token and ANSWER or nil
  end
  return requests
end

--- A request as it goes over the wire.
---@param stream file*
---@param request table
function dry_run.print(stream, request)
  stream:write(request.method, " ", request.url, "\n")
  local names = {}
  for name in pairs(request.headers) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do stream:write(name, ": ", request.headers[name], "\n") end
  stream:write("\n", request.body and request.body .. "\n\n" or "")
end

return dry_run
