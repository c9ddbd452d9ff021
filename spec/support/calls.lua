-- A call for each row of the table of operations, with every parameter and every field of its body set: made from
-- the row's schema, so that a new row has one, too.
local operations = require "dingtalk.operations"

local calls = {}

local unpack = table.unpack or unpack

-- Ids of the path, by the name of the argument.
calls.ids = { user = "U5KPwll3QjgiG", cal = "primary", calendar = "calendar-1", acl = "acl-1", room = "room-1",
  event = "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08" }

-- Texts that must be of a form.
local texts = {
  dateTime = "2030-02-01T10:00:00+08:00", date = "2030-02-01", startTime = "2030-02-01T10:00:00.000+08:00",
  endTime = "2030-02-02T10:00:00.000+08:00", timeMin = "2030-01-01T00:00:00+08:00",
  timeMax = "2030-03-01T00:00:00+08:00", endDate = "2030-03-01T00:00:00+08:00", type = "daily",
}

local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- `left_out` names fields that exclude others.
local function sample(row, name, left_out)
  local kind = row[1]
  if row.one_of then return sorted(row.one_of)[1] end
  if kind == "boolean" then return true end
  if kind == "integer" or kind == "number" then return 3 end
  if kind == "list" then return { sample(row.of, name .. "1", left_out), sample(row.of, name .. "2", left_out) } end
  if kind == "map" then return { [name .. "-key"] = name .. "-value" } end
  if kind ~= "object" then return texts[name] or name:sub(1, 1) .. "-" .. name end
  local object = {}
  for _, field in ipairs(sorted(row.fields)) do
    local entry = row.fields[field]
    if not entry.read_only and not left_out[field] then object[field] = sample(entry, field, left_out) end
  end
  -- The entries of a list differ by their ids.
  if object.id and name ~= "details" then object.id = "i-" .. name end
  return object
end

--- The calls of a row: one, or two where fields exclude each other.
---@return table[] calls { row, ids, value, opts, query }
function calls.of(row)
  local found = {}
  local variants = row.body and row.body.row.fields and row.body.row.fields.recurrence
    and { { endDate = true }, { numberOfOccurrences = true } } or { {} }
  for _, left_out in ipairs(variants) do
    local call = { row = row, ids = {}, opts = {} }
    for i, name in ipairs(row.arguments) do call.ids[i] = calls.ids[name] or name .. "-1" end
    for _, entry in ipairs(row.query or {}) do
      call.opts[entry[1]] = sample(row.options[entry[1]], entry[1], left_out)
    end
    if row.body then
      call.value = sample(row.body.row, row.body.argument, left_out)
      for field, argument in pairs(row.body.from or {}) do call.value[field] = calls.ids[argument] end
    elseif row.counted then
      call.value = { { id = "p1", isOptional = not row.removing or nil } }
      if not row.removing then call.opts.pushNotification, call.opts.chatNotification = true, false end
    end
    found[#found + 1] = call
  end
  return found
end

--- Makes a call.
---@return table? result, table? err
function calls.make(client, token, call, opts)
  local arguments, count = {}, #call.ids
  for i, id in ipairs(call.ids) do arguments[i] = id end
  if call.value ~= nil then
    count = count + 1
    arguments[count] = call.value
  end
  arguments[count + 1] = opts or call.opts
  return client[call.row.name](client, token, unpack(arguments, 1, count + 1))
end

--- A token of the sandbox that belongs to a user, for the calls `…_by_me`.
calls.USER_TOKEN = "user-token-of-a-spec"

--- Puts into the sandbox what a call needs to be answered well: a user token, the user in the event, a room booked, a
--- calendar shared, somebody with access.
---@param sandbox table spec.support.sandbox
---@param client dingtalk.Client
function calls.prepare(sandbox, client, token, call)
  local user, event = calls.ids.user, calls.ids.event
  sandbox.tokens { token = calls.USER_TOKEN, union_id = user }
  assert(client:add_attendees(token, user, nil, event, { user }))
  assert(client:add_meeting_rooms(token, user, nil, event, { "room-1" }))
  local shared = { name = "n", subscribeScope = { corpIds = { "corp" } } }
  local access = { privilege = "reader", scope = { scopeType = "user", userId = "p1" }, sendMsg = false }
  local ids = {
    calendar = assert(client:create_subscribed_calendar(token, user, shared)).calendarId,
    acl = assert(client:create_acl(token, user, nil, access)).aclId,
  }
  for i, name in ipairs(call.row.arguments) do call.ids[i] = ids[name] or call.ids[i] end
  call.opts.nextToken, call.opts.syncToken = nil, nil
  -- An event has one booking of a room.
  if call.row.name == "add_meeting_rooms" then call.value = { "room-2" } end
end

--- All calls of the table.
---@return table[]
function calls.all()
  local found = {}
  for _, row in ipairs(operations.rows) do
    for _, call in ipairs(calls.of(row)) do found[#found + 1] = call end
  end
  return found
end

return calls
