-- What the sandbox's own specs share: raw calls to it, and what they must answer.
local assert = require "luassert"
local cjson = require "cjson"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

local api = {}

api.USER, api.EVENT = "U5KPwll3QjgiG", "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"
api.TOKEN = "dd43888e26953deead8cba556389b063"
api.EVENTS = "/v1.0/calendar/users/" .. api.USER .. "/calendars/primary/events"
api.ATTENDEES = api.EVENTS .. "/" .. api.EVENT .. "/attendees"

---@param options table|nil token (false for none), client_token
---@return table|nil answer with json where the body is, string|nil problem
function api.call(method, path, body, options)
  options = options or {}
  local headers = { ["content-type"] = "application/json" }
  if options.token ~= false then headers["x-acs-dingtalk-access-token"] = options.token or api.TOKEN end
  headers["x-client-token"] = options.client_token
  if type(body) == "table" then body = cjson.encode(body) end
  local answer, problem = sandbox.request(method, path, headers, body)
  if not answer then return nil, problem end
  local ok, value = pcall(cjson.decode, answer.body)
  answer.json = ok and value or nil
  return answer
end

function api.people(first, last)
  local list = {}
  for i = first, last do list[#list + 1] = { id = "p" .. i } end
  return list
end

function api.add(list, options)
  return api.call("POST", api.ATTENDEES, { attendeesToAdd = list }, options)
end

function api.remove(list, options)
  return api.call("POST", api.ATTENDEES .. "/batchRemove", { attendeesToRemove = list }, options)
end

function api.assert_refused(status, code, answer)
  assert.equal(status, answer.status)
  assert.equal(code, answer.json.code)
  assert.equal(answer.headers["x-acs-request-id"], answer.json.requestid)
  assert.is_string(answer.json.message)
end

function api.ids_in(attendees)
  local list = {}
  for i, entry in ipairs(attendees) do list[i] = entry.id end
  return list
end

function api.attendees_of_example()
  return api.ids_in(sandbox.attendees(api.USER, "primary", api.EVENT))
end

---Over a plain socket, for what socket.http would not send or would not show.
---@return string bytes of the answer
function api.raw_post(path, extra, body)
  local host, port = sandbox.start().http_url:match("//([^:]+):(%d+)")
  local connection = assert(socket.connect(host, tonumber(port)))
  connection:settimeout(5)
  assert(connection:send("POST " .. path .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    .. "x-acs-dingtalk-access-token: " .. api.TOKEN .. "\r\n" .. extra .. "\r\n\r\n" .. body))
  local all, _, part = connection:receive("*a")
  connection:close()
  return all or part
end

---@return string output of a command
function api.output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

return api
