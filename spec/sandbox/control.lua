-- The control calls under /_sandbox/: JSON in, JSON out, not part of DingTalk.
local calendars = require "sandbox.calendars"
local contacts = require "sandbox.contacts"
local counters = require "sandbox.counters"
local faults = require "sandbox.faults"
local json = require "sandbox.json"
local ledger = require "sandbox.ledger"
local oauth = require "sandbox.oauth"
local recorder = require "sandbox.recorder"
local settings = require "sandbox.settings"
local state = require "sandbox.state"
local tokens = require "sandbox.tokens"

local control = {}

local OK = { ok = true }

local function string_fields(body, ...)
  for _, name in ipairs { ... } do
    if type(body[name]) ~= "string" or body[name] == "" then return name .. " is required, a string" end
  end
end

local function people_of(list)
  local people = {}
  for i, entry in ipairs(list or {}) do
    people[i] = type(entry) == "table" and entry or { id = entry }
    if type(people[i].id) ~= "string" then return nil, ("attendees[%d] is no id"):format(i - 1) end
  end
  return people
end

local function put_event(body)
  local calendar = body.calendar or "primary"
  local problem = string_fields(body, "user", "id")
  if problem then return nil, problem end
  local people
  people, problem = people_of(body.attendees)
  if not people then return nil, problem end
  local event = calendars.put(body.user, calendar, body.id, {
    summary = body.summary or "Sandbox event", start = body.start, ["end"] = body["end"],
  })
  for _, person in ipairs(people) do event.attendees:add(person.id, person.isOptional) end
  return { user = body.user, calendar = calendar, id = body.id }
end

local function get_event(_, query)
  local problem = string_fields(query, "user", "id")
  if problem then return nil, problem end
  local event = calendars.find(query.user, query.calendar or "primary", query.id)
  if not event then return nil, "no such event" end
  local list = json.list(event.attendees:page(0, math.huge))
  for i, entry in ipairs(list) do
    list[i] = { id = entry.id, isOptional = entry.optional, responseStatus = entry.status }
  end
  return { user = event.user, calendar = event.calendar_id, id = event.id, attendees = list }
end

local function put_token(body)
  if body.expire == "all" then
    tokens.expire_all()
    return OK
  end
  local problem = string_fields(body, "token")
  if problem then return nil, problem end
  if body.expire then
    if not tokens.expire(body.token) then return nil, "no such token" end
    return OK
  end
  tokens.put(body.token, { owner = body.owner or "dingsandboxapp", union_id = body.union_id, scopes = body.scopes,
    suite = body.suite, expires = body.seconds and ngx.now() + body.seconds or math.huge })
  return { token = body.token }
end

local function put_users(body)
  local list = body.users or { body }
  for _, user in ipairs(list) do
    local problem = string_fields(user, "userid", "unionid")
    if problem then return nil, problem end
  end
  for _, user in ipairs(list) do contacts.put(user) end
  return { users = #list }
end

local function put_credential(body)
  local problem = oauth.put(body)
  if problem then return nil, problem end
  return OK
end

local function arm_faults(body)
  local problem = faults.arm(body)
  if problem then return nil, problem end
  return faults.describe()
end

local function change_settings(body)
  local problem = settings.change(body)
  if problem then return nil, problem end
  return settings.values
end

local function reset()
  state.reset()
  return OK
end

local function clear_faults()
  faults.reset()
  return faults.describe()
end

-- The ledger is JSON text already.
local function read_ledger() return ledger.read() end

local calls = {
  ["GET status"] = function() return { ready = true, pid = ngx.worker.pid() } end,
  ["POST reset"] = reset,
  ["POST events"] = put_event,
  ["GET events"] = get_event,
  ["GET ledger"] = read_ledger,
  ["POST faults"] = arm_faults,
  ["GET faults"] = faults.describe,
  ["DELETE faults"] = clear_faults,
  ["POST settings"] = change_settings,
  ["GET settings"] = function() return settings.values end,
  ["GET requests"] = recorder.describe,
  ["GET counters"] = counters.describe,
  ["POST tokens"] = put_token,
  ["POST users"] = put_users,
  ["POST credentials"] = put_credential,
}

local function send(status, value)
  local text = type(value) == "string" and value or json.encode(value)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json;charset=utf-8"
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

function control.handle(ctx)
  local call = #ctx.segments == 2 and calls[ctx.method .. " " .. ctx.segments[2]]
  if not call then return send(404, { error = "no such control call: " .. ctx.method .. " " .. ctx.path }) end
  local body = ctx.body == "" and {} or json.decode(ctx.body)
  if type(body) ~= "table" then return send(400, { error = "the body is no JSON object" }) end
  local ok, result, problem = pcall(call, body, ctx.query)
  if not ok then return send(400, { error = "bad arguments: " .. tostring(result) }) end
  if not result then return send(400, { error = problem }) end
  return send(200, result)
end

return control
