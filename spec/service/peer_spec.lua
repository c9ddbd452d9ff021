-- The official Node SDK, unchanged, and the module: both send to the sandbox over plain HTTP, and what arrives is
-- compared.
local calls_of_rows = require "spec.support.calls"
local cjson = require "cjson"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

local USER, EVENT, TOKEN = example.USER, example.EVENT, example.TOKEN
local COMPARED = { "x-acs-dingtalk-access-token", "x-client-token", "content-type", "accept" }

-- Calls that both can make right.
local ordinary = {
  { event = EVENT, list = { { id = "iiiP35sJadba8aBSgjrwPRKgiEiF", isOptional = false } } },
  { event = EVENT, list = { { id = "a" }, { id = "b", isOptional = true }, { id = "c", isOptional = false } } },
  { event = EVENT, list = { { id = "a" } }, pushNotification = true },
  { event = EVENT, list = { { id = "a" } }, chatNotification = false },
  { event = EVENT, list = { { id = "a" } }, pushNotification = false, chatNotification = true },
  { event = EVENT, list = { { id = 'say "x"\\' }, { id = "中文" }, { id = "😀" } } },
  { event = "plain-id_0.~", calendar = "other", user = "U-1", list = { { id = "a" } } },
}

-- Ids with which the SDK's path leads elsewhere.
local encoded = { "a#b", "a/b", "a?b", "a%2Fb", "100%41" }

local function run_sdk(calls)
  local input = os.tmpname()
  local file = assert(io.open(input, "w"))
  file:write(cjson.encode(calls))
  file:close()
  local pipe = assert(io.popen(("node spec/peer/run.js '%s' <'%s'"):format(sandbox.start().http_url, input)))
  local ends = cjson.decode(pipe:read("*a"))
  pipe:close()
  os.remove(input)
  return ends
end

local function why_not()
  local modules = io.open("spec/peer/node_modules/@alicloud/dingtalk/package.json")
  if not modules then return "the Node SDK is not installed: npm ci --prefix spec/peer" end
  modules:close()
  local pipe = io.popen("node --version 2>/dev/null")
  local version = pipe:read("*a")
  pipe:close()
  if version == "" then return "Node is not installed" end
end

local function completed(call, number)
  return { user = call.user or USER, calendar = call.calendar or "primary", event = call.event, list = call.list,
    pushNotification = call.pushNotification, chatNotification = call.chatNotification,
    token = TOKEN, client_token = "call-" .. number }
end

-- An adding of people, as the SDK takes it.
local function adding(call)
  return { vendor = "addAttendee", token = call.token, client_token = call.client_token,
    ids = { userId = call.user, calendarId = call.calendar, eventId = call.event },
    fields = { attendeesToAdd = call.list, pushNotification = call.pushNotification,
      chatNotification = call.chatNotification } }
end

local function map(list, f)
  local mapped = {}
  for i, one in ipairs(list) do mapped[i] = f(one) end
  return mapped
end

local sdk_names = { user = "userId", cal = "calendarId", calendar = "calendarId", event = "eventId", acl = "aclId",
  room = "roomId" }

-- A call of a row, as the SDK takes it.
local function for_sdk(call)
  local row, fields = call.row, {}
  for name, value in pairs(call.opts) do fields[name] = value end
  fields.client_token = nil
  if row.counted then
    fields[row.removing and "attendeesToRemove" or "attendeesToAdd"] = call.value
  elseif row.body and row.body.field then
    local is_rooms = row.name:find("_meeting_rooms$") ~= nil
    fields[row.body.field] = is_rooms and map(call.value, function(room)
      return type(room) == "table" and room or { roomId = room }
    end) or call.value
  elseif row.body then
    for name, value in pairs(call.value) do fields[name] = value end
  end
  local ids = { userId = USER }
  for i, name in ipairs(row.arguments) do ids[sdk_names[name]] = call.ids[i] end
  return { vendor = row.vendor, token = TOKEN, client_token = call.client_token, ids = ids, fields = fields }
end

-- Where we mean to send something else, and why.
local differences = {
  -- A POST or PUT without a body has "content-length: 0" and a type; the SDK sends an empty chunked body without one.
  { when = function(row) return row.write and not row.body and not row.counted and row.method ~= "DELETE" end,
    field = "content-type", theirs = "missing" },
  -- What was read with an event can be sent back; the SDK's request has no such field.
  { when = function(row) return row.body and row.body.row.fields and row.body.row.fields.location end,
    body = function(json) json.location.meetingRooms = nil end },
}

local function query_of(uri)
  local query = {}
  for name, value in (uri:match("?(.*)") or ""):gmatch("([^&=]+)=([^&]*)") do
    query[name] = value:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  end
  return query
end

local function essence(request)
  local headers = example.lower_names(request.headers)
  local kept = { method = request.method, path = request.uri:match("^[^?]*"), query = query_of(request.uri),
    json = request.body ~= "" and cjson.decode(request.body) or nil }
  for _, name in ipairs(COMPARED) do kept[name] = headers[name] or "missing" end
  return kept
end

describe("the official Node SDK", function()
  local reason = why_not()
  if reason then return pending(reason) end

  local client = example.client_of_specs { base_url = sandbox.start().http_url, allow_http = true }

  local function send_all(calls)
    for _, call in ipairs(calls) do
      client:add_attendees(call.token, call.user, call.calendar, call.event, call.list, {
        client_token = call.client_token, pushNotification = call.pushNotification,
        chatNotification = call.chatNotification,
      })
    end
  end

  it("sends what we send, for ordinary ids", function()
    local calls = {}
    for i, call in ipairs(ordinary) do calls[i] = completed(call, i) end
    run_sdk(map(calls, adding))
    local theirs = sandbox.requests()
    sandbox.reset()
    send_all(calls)
    local ours = sandbox.requests()
    assert.same({ #calls, #calls }, { #theirs, #ours })
    for i = 1, #calls do assert.same(essence(theirs[i]), essence(ours[i])) end
  end)

  it("makes all 42 calls as we do, with every parameter and every field", function()
    assert.is_nil(reason)
    local all, vendors = calls_of_rows.all(), {}
    for i, call in ipairs(all) do
      if call.row.client_token then call.client_token, call.opts.client_token = "call-" .. i, "call-" .. i end
      vendors[call.row.vendor] = true
    end
    local count = 0
    for _ in pairs(vendors) do count = count + 1 end
    assert.equal(42, count)
    -- In one of the two calls each.
    local excluded = { ["recurrence.range.endDate"] = true, ["recurrence.range.numberOfOccurrences"] = true }
    for i, done in ipairs(run_sdk(map(all, for_sdk))) do
      for _, field in ipairs(done.unset) do
        assert.is_true(excluded[field] or false, ("%s leaves out %s"):format(all[i].row.name, field))
      end
    end
    local theirs = sandbox.requests()
    sandbox.reset()
    for _, call in ipairs(all) do calls_of_rows.make(client, TOKEN, call) end
    local ours = sandbox.requests()
    assert.same({ #all, #all }, { #theirs, #ours })
    for i, call in ipairs(all) do
      local their, our = essence(theirs[i]), essence(ours[i])
      for _, difference in ipairs(differences) do
        if difference.when(call.row) and difference.field then
          assert.equal(difference.theirs, their[difference.field], call.row.name)
          our[difference.field] = difference.theirs
        elseif difference.when(call.row) then
          difference.body(our.json)
        end
      end
      assert.same(their, our, call.row.name)
    end
  end)

  it("makes the whole journey against the sandbox", function()
    local command = "node spec/peer/journey.js '%s' dingsandboxapp sandbox-app-secret %s %s person1"
    local pipe = assert(io.popen(command:format(sandbox.start().http_url, USER, EVENT)))
    local journey = cjson.decode(pipe:read("*a"))
    pipe:close()
    -- lua-cjson reads an empty array as an empty table.
    assert.same({ added = 200, between = { "person1" }, removed = 200, after = {} }, journey)
    local writes = sandbox.ledger()
    assert.same({ { "person1" }, { "person1" } }, { writes[1].added, writes[2].removed })
  end)

  it("misses events that we reach, for ids that need encoding", function()
    local calls = {}
    for i, id in ipairs(encoded) do calls[i] = completed({ event = id, list = { { id = "a" } } }, i) end
    -- The event that each call wrote to.
    local function reached(send)
      sandbox.reset()
      for _, id in ipairs(encoded) do sandbox.event(USER, "primary", id) end
      send(calls)
      local events = {}
      for _, write in ipairs(sandbox.ledger()) do events[write.client_token] = write.event end
      return events
    end
    local theirs, ours = reached(function(list) run_sdk(map(list, adding)) end), reached(send_all)
    for _, call in ipairs(calls) do
      assert.are_not.equal(call.event, theirs[call.client_token])
      assert.equal(call.event, ours[call.client_token])
    end
  end)
end)
