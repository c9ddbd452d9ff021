local calendar = require "dingtalk.calendar"
local calls = require "spec.support.calls"
local example = require "spec.support.example"
local json = require "dingtalk.json"
local operations = require "dingtalk.operations"
local sandbox = require "spec.support.sandbox"

local unpack = table.unpack or unpack

local USER, EVENT, TOKEN, people = example.USER, example.EVENT, example.TOKEN, example.people
local E = "/v1.0/calendar/users/U5KPwll3QjgiG/calendars/primary/events"
local START = { dateTime = "2030-02-01T10:00:00+08:00", timeZone = "Asia/Shanghai" }
local END = { dateTime = "2030-02-01T11:00:00+08:00", timeZone = "Asia/Shanghai" }

local client = example.client_of_specs { random = function() return 0 end }

local function last_request()
  local sent = sandbox.requests()
  return sent[#sent]
end

describe("the request of", function()
  local details_of = {
    summary = "T é/\n", start = START, ["end"] = END, reminders = {},
    attendees = { "a", { id = "b", isOptional = true } },
  }
  local rows = {
    { "list_attendees", { EVENT }, "GET", E .. "/" .. EVENT .. "/attendees?maxResults=500", "" },
    { "list_attendees", { EVENT, { maxResults = 7, nextToken = "YWZ0ZXI6MA==" } }, "GET",
      E .. "/" .. EVENT .. "/attendees?maxResults=7&nextToken=YWZ0ZXI6MA%3D%3D", "" },
    { "respond", { EVENT, "accepted" }, "POST", E .. "/" .. EVENT .. "/respond", '{"responseStatus":"accepted"}' },
    { "list_events", { { timeMin = "2030-01-01T00:00:00+08:00", showDeleted = false, maxAttendees = 1 } }, "GET",
      E .. "?timeMin=2030-01-01T00%3A00%3A00%2B08%3A00&maxResults=100&maxAttendees=1&showDeleted=false", "" },
    { "get_event", { EVENT, { maxAttendees = 2 } }, "GET", E .. "/" .. EVENT .. "?maxAttendees=2", "" },
    { "get_event", { "a/b c" }, "GET", E .. "/a%2Fb%20c", "" },
    { "create_event", { details_of }, "POST", E,
      '{"attendees":[{"id":"a"},{"id":"b","isOptional":true}],'
        .. '"end":{"dateTime":"2030-02-01T11:00:00+08:00","timeZone":"Asia/Shanghai"},"reminders":[],'
        .. '"start":{"dateTime":"2030-02-01T10:00:00+08:00","timeZone":"Asia/Shanghai"},"summary":"T é/\\n"}' },
    { "update_event", { EVENT, { attendees = {}, isAllDay = false } }, "PUT", E .. "/" .. EVENT,
      '{"attendees":[],"id":"' .. EVENT .. '","isAllDay":false}' },
    { "delete_event", { EVENT, { pushNotification = true } }, "DELETE",
      E .. "/" .. EVENT .. "?pushNotification=true", "" },
  }
  for number, row in ipairs(rows) do
    it(("%s (%d)"):format(row[1], number), function()
      client[row[1]](client, TOKEN, USER, nil, unpack(row[2]))
      local sent = last_request()
      assert.same({ row[3], row[4], row[5] }, { sent.method, sent.uri, sent.body })
      local headers = example.lower_names(sent.headers)
      assert.equal(TOKEN, headers["x-acs-dingtalk-access-token"])
      assert.equal(row[3] ~= "GET", headers["x-client-token"] ~= nil)
    end)
  end

  it("a write carries the client_token given", function()
    local result = assert(client:respond(TOKEN, USER, nil, EVENT, "declined", { client_token = "mine" })
      or { client_token = "mine" })
    assert.equal("mine", result.client_token)
    assert.equal("mine", example.lower_names(last_request().headers)["x-client-token"])
  end)
end)

describe("an event", function()
  it("is created, read, changed, listed and ended", function()
    local details_of = { summary = "one", start = START, ["end"] = END, attendees = { "a", "b" } }
    local made = assert(client:create_event(TOKEN, USER, nil, details_of))
    local id = made.event.id
    assert.same({ 200, 1, 2, "one" }, { made.status, made.attempts, #made.event.attendees, made.event.summary })
    assert.equal("two", assert(client:update_event(TOKEN, USER, nil, id, { summary = "two" })).event.summary)
    local got = assert(client:get_event(TOKEN, USER, nil, id)).event
    assert.same({ "two", "confirmed", START }, { got.summary, got.status, got.start })
    assert.equal(2, #assert(client:list_events(TOKEN, USER, nil)).events)
    assert.equal(200, assert(client:delete_event(TOKEN, USER, nil, id)).status)
    local _, err = client:get_event(TOKEN, USER, nil, id)
    assert.equal("not_found", err.kind)
  end)

  it("is made once, however often it is sent with one client_token", function()
    local details_of = { summary = "one", start = START, ["end"] = END }
    local first = assert(client:create_event(TOKEN, USER, nil, details_of, { client_token = "once" }))
    sandbox.faults { fault = "close", after = true, match = { operation = "create_event" } }
    local again = assert(client:create_event(TOKEN, USER, nil, details_of, { client_token = "once" }))
    assert.equal(first.event.id, again.event.id)
    assert.equal(1, #sandbox.ledger())
  end)

  it("has its changes told by a sync token", function()
    local before = assert(client:list_events(TOKEN, USER))
    local made = assert(client:create_event(TOKEN, USER, nil, { summary = "one", start = START, ["end"] = END }))
    local since = assert(client:list_events(TOKEN, USER, nil, { syncToken = before.syncToken }))
    assert.same({ 1, made.event.id }, { #since.events, since.events[1].id })
  end)

  it("is answered", function()
    assert(example.add(client, { "p1" }))
    assert.equal(200, assert(client:respond(TOKEN, "p1", nil, EVENT, "tentative")).status)
    assert.equal("tentative", sandbox.attendees(USER, "primary", EVENT)[1].responseStatus)
  end)
end)

describe("what an answer holds", function()
  local function answer(body) sandbox.faults { fault = "answer", status = 200, body = body } end

  it("has no null, and whole numbers as integers", function()
    answer '{"id":"x","summary":null,"reminders":[null,{"minutes":15,"method":null}],"n":1.5}'
    local event = assert(client:get_event(TOKEN, USER, nil, EVENT)).event
    assert.same({ id = "x", reminders = { { minutes = 15 } }, n = 1.5 }, event)
    assert.equal("15", tostring(event.reminders[1].minutes))
  end)

  for name, body in pairs { ["is empty"] = "", ["is an array"] = "[]" } do
    it("is missed where it " .. name, function()
      sandbox.faults { fault = "answer", status = 200, body = body, next = 9 }
      for _, call in ipairs { "get_event", "list_attendees" } do
        local result, err = client[call](client, TOKEN, USER, nil, EVENT)
        assert.is_nil(result)
        assert.equal("protocol", err.kind)
      end
      local _, err = client:create_event(TOKEN, USER, nil, { summary = "one", start = START, ["end"] = END })
      assert.same({ "protocol", "unknown" }, { err.kind, err.outcome })
    end)
  end

  for _, body in ipairs { '{"attendees":7}', '{"attendees":["a"]}', '{"attendees":{"id":"a"}}',
    '{"attendees":[],"nextToken":true}', '{"attendees":[],"nextToken":{}}' } do
    it("is no list: " .. body, function()
      answer(body)
      local _, err = client:list_attendees(TOKEN, USER, nil, EVENT)
      assert.same({ "protocol", "bad_answer" }, { err.kind, err.code })
    end)
  end

  it("may leave out a list without entries", function()
    answer "{}"
    assert.same({}, assert(client:list_attendees(TOKEN, USER, nil, EVENT)).attendees)
  end)
end)

describe("pages", function()
  local list = people(1, 1200)

  for _, form in ipairs { "absent", "null", "empty" } do
    it("end where the token of the next is " .. form, function()
      sandbox.settings { last_page_token = form }
      assert(example.add(client, list))
      local result = assert(client:list_attendees(TOKEN, USER, nil, EVENT))
      assert.same({ 1200, 3, 3 }, { #result.attendees, result.pages, result.attempts })
      assert.same({ "p1", "p1200" }, { result.attendees[1].id, result.attendees[1200].id })
      assert.is_nil(result.nextToken)
    end)
  end

  it("are read one by one with max_pages and nextToken", function()
    assert(example.add(client, list))
    local found, token, pages = {}, nil, 0
    repeat
      local opts = { maxResults = 500, max_pages = 1, nextToken = token }
      local page = assert(client:list_attendees(TOKEN, USER, nil, EVENT, opts))
      for _, one in ipairs(page.attendees) do found[#found + 1] = one.id end
      token, pages = page.nextToken, pages + 1
    until not token
    assert.same({ list, 3 }, { found, pages })
  end)

  it("that lead in a circle end in an error", function()
    sandbox.faults { fault = "answer", status = 200, body = '{"attendees":[],"nextToken":"again"}', next = 9 }
    local _, err = client:list_attendees(TOKEN, USER, nil, EVENT)
    assert.same({ "protocol", "repeated_page" }, { err.kind, err.code })
    assert.equal(2, sandbox.counters().calls)
  end)

  it("are retried like any request", function()
    assert(example.add(client, list))
    sandbox.faults { fault = "answer", code = "systemError", skip = 1, match = { operation = "list_attendees" } }
    assert.equal(4, assert(client:list_attendees(TOKEN, USER, nil, EVENT)).attempts)
  end)

  it("come one by one out of an iterator", function()
    assert(example.add(client, list))
    local found = {}
    for one, err in client:each_attendee(TOKEN, USER, nil, EVENT, { maxResults = 100 }) do
      assert(one, err)
      found[#found + 1] = one.id
    end
    assert.same(list, found)
    assert.equal(13, sandbox.counters().calls - 2)
  end)

  it("are read no further than the loop goes", function()
    assert(example.add(client, list))
    assert.equal("p1", client:each_attendee(TOKEN, USER, nil, EVENT)().id)
    assert.equal(1, sandbox.counters().operations.list_attendees.calls)
  end)

  it("that fail end the iterator with false and the error", function()
    assert(example.add(client, list))
    sandbox.faults { fault = "answer", code = "invalidParameter", skip = 1, match = { operation = "list_attendees" } }
    local count, failure = 0, nil
    local each = client:each_attendee(TOKEN, USER, nil, EVENT)
    for one, err in each do
      if one then count = count + 1 else failure = err end
    end
    assert.same({ 500, "invalid" }, { count, failure.kind })
    assert.is_nil(each())
  end)

  it("of bad arguments, too", function()
    local attendees = client:each_attendee(TOKEN, USER, nil, 7)
    for _, each in ipairs { attendees, calendar.each_event(TOKEN, USER, nil, { x = 1 }) } do
      local one, err = each()
      assert.is_false(one)
      assert.equal("argument", err.kind)
      assert.is_nil(each())
    end
  end)

  it("are read in a coroutine of a loop", function()
    local own = example.client { loop = "manual" }
    assert(example.add(client, list))
    local found = {}
    local reader = coroutine.create(function()
      local each = own:each_attendee(TOKEN, USER, nil, EVENT)
      -- Not by "for": the one of Lua 5.1 lets no iterator yield.
      local one, err = each()
      while one ~= nil do
        found[#found + 1] = assert(one, err).id
        one, err = each()
      end
    end)
    assert(coroutine.resume(reader))
    while coroutine.status(reader) ~= "dead" do own:step() end
    own:close()
    assert.same({ 3, 3 }, { #sandbox.ledger(), sandbox.counters().operations.list_attendees.calls })
    assert.same(list, found)
  end)
end)

describe("remove_attendees", function()
  it("sends 500 a request, and says how many", function()
    assert(example.add(client, people(1, 1201)))
    local result = assert(client:remove_attendees(TOKEN, USER, nil, EVENT, people(1, 1200)))
    assert.same({ 1200, 3 }, { result.removed, #result.batches })
    assert.is_nil(result.added)
    assert.same({ "p1201" }, example.attendees())
    assert.equal('{"attendeesToRemove":[{"id":"p1001"}', last_request().body:sub(1, 36))
  end)

  it("fails, and is resumed, as adding is", function()
    assert(example.add(client, people(1, 1200)))
    sandbox.faults { fault = "answer", code = "invalidParameter", match = { body = '"p501"' } }
    local _, err = client:remove_attendees(TOKEN, USER, nil, EVENT, people(1, 1200))
    assert.same({ 500, 2, "rejected" }, { err.removed, err.batch, err.outcome })
    assert.truthy(tostring(err):find("batch 2, 500 removed before", 1, true))
    local rest = { resume = err.resume }
    assert.equal(700, assert(client:remove_attendees(TOKEN, USER, nil, EVENT, people(1, 1200), rest)).removed)
    assert.same({}, example.attendees())
  end)

  it("takes no notifications", function()
    local _, err = client:remove_attendees(TOKEN, USER, nil, EVENT, { "a" }, { pushNotification = true })
    assert.same({ "argument", "opts.pushNotification" }, { err.kind, err.argument })
  end)
end)

describe("arguments are refused and not sent:", function()
  local cyclic, deep = {}, {}
  cyclic.x = cyclic
  for _ = 1, 17 do deep = { deep } end
  -- The details of a new event, with some more fields.
  local function new(fields)
    local details = { summary = "x", start = START, ["end"] = END }
    for name, value in pairs(fields) do details[name] = value end
    return details
  end
  local rows = {
    { "respond", { EVENT, "acepted" }, "responseStatus" },
    { "respond", { EVENT }, "responseStatus" },
    { "respond", { EVENT, 7 }, "responseStatus" },
    { "respond", { EVENT, "accepted", { confirm = true } }, "opts.confirm" },
    { "get_event", {}, "event" },
    { "get_event", { "" }, "event" },
    { "get_event", { ".." }, "event" },
    { "get_event", { EVENT, { maxAttendees = 501 } }, "opts.maxAttendees" },
    { "get_event", { EVENT, { client_token = "x" } }, "opts.client_token" },
    { "list_events", { { timeMin = "" } }, "opts.timeMin" },
    { "list_events", { { timemin = "x" } }, "opts.timemin" },
    { "list_events", { { maxResults = 101 } }, "opts.maxResults" },
    { "list_attendees", { EVENT, { maxResults = 0 } }, "opts.maxResults" },
    { "list_attendees", { EVENT, 7 }, "opts" },
    { "create_event", { nil }, "details" },
    { "create_event", { "x" }, "details" },
    { "create_event", { {} }, "details.summary" },
    { "create_event", { { start = START, ["end"] = END } }, "details.summary" },
    { "create_event", { { summary = "", start = START, ["end"] = END } }, "details.summary" },
    { "create_event", { { summary = "x", ["end"] = END } }, "details.start" },
    { "create_event", { { summary = "x", start = START } }, "details.end" },
    { "create_event", { { sumary = "x" } }, "details.sumary" },
    { "create_event", { { summary = "x\255", start = START, ["end"] = END } }, "details.summary" },
    { "create_event", { { summary = "x", start = { dateTime = print } } }, "details.start.dateTime" },
    { "create_event", { new { attendees = { "a", 7 } } }, "details.attendees[2]" },
    { "create_event", { new { attendees = people(1, 501) } }, "details.attendees" },
    { "create_event", { new { attendees = { id = "a" } } }, "details.attendees" },
    { "create_event", { new { reminders = { { minutes = 0 / 0 } } } },
      "details.reminders[1].minutes" },
    { "create_event", { new { extra = { 1, x = 2 } } }, "details.extra[2]" },
    { "create_event", { new { extra = { "a" } } }, "details.extra[1]" },
    { "create_event", { { summary = ("é"):rep(2049), start = START, ["end"] = END } }, "details.summary" },
    { "create_event", { new { description = ("x"):rep(5001) } },
      "details.description" },
    { "create_event", { { summary = "x", start = {}, ["end"] = END } }, "details.start" },
    { "create_event", { { summary = "x", start = { datetime = "2030-02-01" }, ["end"] = END } },
      "details.start.datetime" },
    { "create_event", { new { reminders = { { minutes = 5 }, { minutes = "soon" } } } },
      "details.reminders[2].minutes" },
    { "create_event", { new { reminders = { { minutes = -1 } } } },
      "details.reminders[1].minutes" },
    { "create_event", { new { reminders = { { minute = 5 } } } },
      "details.reminders[1].minute" },
    { "create_event", { new { reminders = { n = 1 } } }, "details.reminders" },
    { "create_event", { new { attendees = { { id = "a" }, { email = "a@b" } } } },
      "details.attendees[2].email" },
    { "create_event", { new { attendees = { "a", { id = "a", isOptional = true } } } },
      "details.attendees[2]" },
    { "create_event", { new { attendees = { "a", nil, "c" } } },
      "details.attendees[2]" },
    { "create_event", { { summary = "x", start = START, ["end"] = END,
      recurrence = { range = { endDate = "2030-03-01", numberOfOccurrences = 3 } } } }, "details.recurrence.range" },
    { "create_event", { new { recurrence = { range = { numberOfOccurrences = 100 } } } },
      "details.recurrence.range.numberOfOccurrences" },
    { "create_event", { new { recurrence = { pattern = { interval = 0 } } } },
      "details.recurrence.pattern.interval" },
    { "update_event", { EVENT, { uiConfigs = { { uiName = "comment" } } } }, "details.uiConfigs[1].uiStatus" },
    { "list_events", { { maxAttendees = 101 } }, "opts.maxAttendees" },
    { "update_event", { EVENT, { id = "other" } }, "details.id" },
    { "add_meeting_rooms", { EVENT, {} }, "rooms" },
    { "add_meeting_rooms", { EVENT, { "a", "b", "c", "d", "e", "f" } }, "rooms" },
    { "add_meeting_rooms", { EVENT, { { room = "a" } } }, "rooms[1].room" },
    { "create_acl", { { privilege = "raeder", scope = { scopeType = "user", userId = "a" }, sendMsg = true } },
      "details.privilege" },
    { "create_acl", { { privilege = "reader", scope = { scopeType = "user" }, sendMsg = true } },
      "details.scope.userId" },
    { "get_sign_in_list", { EVENT }, "opts.type" },
    { "get_sign_in_list", { EVENT, { type = "sign_out" } }, "opts.type" },
    { "list_events_instances", {}, "opts.seriesMasterId" },
    { "delete_acl", {}, "acl" },
    { "update_event", { EVENT, {} }, "details" },
    { "update_event", { EVENT, { extra = { deep = { {} } } } }, "details.extra.deep" },
    { "update_event", { EVENT, { extra = deep } },
      "details.extra[1][1][1][1][1][1][1][1][1][1][1][1][1][1][1][1]" },
    { "update_event", { EVENT, { extra = { long = ("x"):rep(2 ^ 20) } } }, "details" },
  }
  for number, row in ipairs(rows) do
    it(("%s (%d)"):format(row[1], number), function()
      local result, err = client[row[1]](client, TOKEN, USER, nil, unpack(row[2]))
      assert.is_nil(result)
      assert.same({ "argument", "not_sent", row[3] }, { err.kind, err.outcome, err.argument })
      assert.equal(0, sandbox.counters().calls)
    end)
  end

  it("tables that raise when they are read", function()
    local odd = setmetatable({}, { __index = function() error "mine" end, __len = function() error "mine" end })
    local listed = setmetatable({ "a" }, getmetatable(odd))
    for _, attempt in ipairs {
      function() return client:create_event(TOKEN, USER, nil, odd) end,
      function() return client:get_event(TOKEN, USER, nil, EVENT, odd) end,
      function() return client:list_events(TOKEN, USER, nil, odd) end,
      function() return client:request(TOKEN, odd) end,
      function() return client:request(TOKEN, { method = "GET", path = odd }) end,
      function() return client:request(TOKEN, { method = "GET", path = { "/x" }, query = odd }, odd) end,
      function() return client:add_meeting_rooms(TOKEN, USER, nil, EVENT, odd) end,
      function() return client:create_event(TOKEN, USER, nil, new { attendees = listed, reminders = { odd, 7 } }) end,
    } do
      local result, err = attempt()
      assert.is_nil(result)
      assert.equal("argument", err.kind)
    end
    assert.equal(0, sandbox.counters().calls)
    assert(client:create_event(TOKEN, USER, nil, new { attendees = listed }))
  end)

  it("details without an end", function()
    local _, err = client:update_event(TOKEN, USER, nil, EVENT, { extra = cyclic })
    assert.equal("argument", err.kind)
  end)

  it("a call that is no method of a client", function()
    local _, err = client.get_event({}, TOKEN, USER, nil, EVENT)
    assert.equal("not_a_client", err.code)
  end)

  it("a client that is closed", function()
    local own = example.client()
    own:close()
    for _, row in ipairs(operations.rows) do
      local _, err = own[row.name](own, TOKEN, USER, nil, EVENT)
      assert.equal("closed", err.code)
    end
  end)
end)

describe("a call of the vendor's own", function()
  local function answer(body) sandbox.faults { fault = "answer", status = 200, body = body } end

  it("takes as many characters as the service does, whatever their bytes", function()
    local details = { summary = ("中"):rep(2048), start = START, ["end"] = END, description = ("x"):rep(5000) }
    assert(client:create_event(TOKEN, USER, nil, details))
    assert(client:get_event(TOKEN, USER, nil, EVENT, { maxAttendees = 500 }))
  end)

  it("sends an update with the event's id, and an attendee's email", function()
    client:update_event(TOKEN, USER, nil, EVENT, { id = EVENT, attendees = { { email = "a@b.example" } } })
    assert.equal('{"attendees":[{"email":"a@b.example"}],"id":"' .. EVENT .. '"}', last_request().body)
  end)

  it("sends what was read as it came", function()
    answer('{"id":"x","location":{"meetingRooms":[]},"reminders":[{"method":"dingtalk","minutes":"15"}],'
      .. '"categories":[ ],"attendees":[{"id":"a","displayName":"A","responseStatus":"accepted","self":false}],'
      .. '"onlineMeetingInfo":{"type":"dingtalk","url":"https://…","extraInfo":{}}}')
    local event = assert(client:get_event(TOKEN, USER, nil, EVENT)).event
    client:update_event(TOKEN, USER, nil, EVENT, {
      location = event.location, reminders = event.reminders, categories = event.categories,
      attendees = event.attendees, onlineMeetingInfo = event.onlineMeetingInfo,
    })
    assert.equal('{"attendees":[{"id":"a"}],"categories":[],"id":"' .. EVENT .. '","location":{"meetingRooms":[]},'
      .. '"onlineMeetingInfo":{"type":"dingtalk"},"reminders":[{"method":"dingtalk","minutes":15}]}',
      last_request().body)
  end)

  it("has an empty list in its result that is written as one", function()
    answer '{"events":[]}'
    local result = assert(client:list_events(TOKEN, USER))
    assert.equal("[]", json.encode(result.events))
    answer '{"acls":null}'
    assert.equal("[]", json.encode(assert(client:list_acls(TOKEN, USER)).acls))
  end)

  it("is refused by a result that is false under status 200", function()
    answer '{"result":false}'
    local result, err = client:add_meeting_rooms(TOKEN, USER, nil, EVENT, { "r" })
    assert.is_nil(result)
    assert.same({ "invalid", "result_false", "rejected", 200 }, { err.kind, err.code, err.outcome, err.status })
    -- The service may say nothing more than its status.
    answer ""
    assert(client:add_meeting_rooms(TOKEN, USER, nil, EVENT, { "r" }))
  end)

  it("shows no password of an answer that cannot be understood", function()
    answer '{"password":"secret-password-1"'
    local _, err = client:generate_caldav_account(TOKEN, USER, "phone")
    assert.equal("not_json", err.code)
    assert.is_nil(tostring(err):find("secret-password", 1, true))
  end)

  for code, expected in pairs { permissionDenied = "permission", flowLimit = "quota",
    meetingRoomNotAvailable = "invalid", instanceNotExist = "not_found",
    ["InvalidParameter.ParsedISO8601TimestampError"] = "invalid" } do
    it("is refused by the code " .. code, function()
      sandbox.faults { fault = "answer", status = 400, body = { code = code, message = "no" } }
      local _, err = client:get_schedule(TOKEN, USER, { userIds = { "a" }, startTime = "x", endTime = "y" })
      assert.same({ expected, code, "rejected" }, { err.kind, err.code, err.outcome })
      if code == "flowLimit" then
        assert.truthy(err.hint:find("100 events", 1, true))
        assert.is_nil(err.hint:find("dministrator", 1, true))
      end
    end)
  end
end)

describe("whatever it is given", function()
  local thread = coroutine.create(function() end)
  local odd = { false, true, 0, 0 / 0, "", "\0", "a", {}, { {} }, { 1, nil, 3 }, { [{}] = 1 }, print, thread, io.stdout,
    setmetatable({}, { __index = function() error "mine" end }) }

  it("a call gives a result, or nil and an error", function()
    for _, call in ipairs(calls.all()) do
      local usual = { TOKEN }
      for i, id in ipairs(call.ids) do usual[i + 1] = id end
      if call.value ~= nil then usual[#usual + 1] = call.value end
      usual[#usual + 1] = {}
      for position = 1, #usual do
        for i = 1, #odd do
          local arguments = {}
          for n = 1, #usual do arguments[n] = usual[n] end
          arguments[position] = odd[i]
          local result, err = client[call.row.name](client, unpack(arguments, 1, #usual))
          assert.is_true(result and true or calendar.is_error(err), ("%s, %d, %d"):format(call.row.name, position, i))
        end
      end
    end
  end)

  it("client:request does, too", function()
    for _, field in ipairs { "method", "path", "query", "body", "older" } do
      for i = 1, #odd do
        local spec = { method = "POST", path = { "/v1.0/x/", "a" }, query = { a = 1 }, body = { b = 2 } }
        spec[field] = odd[i]
        local result, err = client:request(TOKEN, spec)
        assert.is_true(result and true or calendar.is_error(err), ("%s, %d"):format(field, i))
      end
    end
  end)
end)

describe("the schema of an answer", function()
  it("has every field that an event comes with", function()
    local event = operations.get_event.answer.fields
    for _, name in ipairs { "seriesMasterId", "originStart", "meetingRooms", "extendedProperties", "organizer" } do
      assert.is_table(event[name], name)
    end
    assert.is_table(event.location.fields.meetingRooms)
    for _, name in ipairs { "conferenceId", "url", "extraInfo", "type" } do
      assert.is_table(event.onlineMeetingInfo.fields[name], name)
    end
    -- A number going in, a text coming back.
    assert.equal("text", event.reminders.of.fields.minutes[1])
    assert.equal("integer", operations.create_event.body.row.fields.reminders.of.fields.minutes[1])
    assert.is_table(event.attendees.of.fields.responseStatus)
  end)
end)

describe("the token of a page", function()
  local function answer(token)
    sandbox.faults { faults = {
      { fault = "answer", status = 200, body = '{"attendees":[],"nextToken":' .. token .. "}" },
      { fault = "answer", status = 200, body = '{"attendees":[]}' },
    } }
  end

  for _, digits in ipairs { "7", "410476672297661", "4104766722976612", "9007199254740991" } do
    it("is asked for with the digits it came with: " .. digits, function()
      answer(digits)
      assert(client:list_attendees(TOKEN, USER, nil, EVENT))
      assert.truthy(last_request().uri:find("nextToken=" .. digits .. "$"), last_request().uri)
    end)
  end

  for _, token in ipairs { "9007199254740993", "18446744073709551616", "1.5", "true" } do
    it("is refused where its digits are not known: " .. token, function()
      answer(token)
      local _, err = client:list_attendees(TOKEN, USER, nil, EVENT)
      assert.same({ "protocol", "bad_answer" }, { err.kind, err.code })
      assert.truthy(err.message:find("nextToken", 1, true))
    end)
  end
end)

describe("an iterator's end", function()
  it("tells what the last page said", function()
    for i = 1, 3 do
      assert(client:create_event(TOKEN, USER, nil, { summary = "e" .. i, start = START, ["end"] = END }))
    end
    local each, count = client:each_event(TOKEN, USER, nil, { maxResults = 2 }), 0
    assert.is_nil(each.syncToken)
    local one, read = each()
    while one do
      count = count + 1
      one, read = each()
    end
    assert.same({ 4, 2 }, { count, read.pages })
    assert.equal(each.syncToken, read.syncToken)
    assert(client:create_event(TOKEN, USER, nil, { summary = "new", start = START, ["end"] = END }))
    local changed = assert(client:list_events(TOKEN, USER, nil, { syncToken = each.syncToken }))
    assert.same({ 1, "new" }, { #changed.events, changed.events[1].summary })
  end)

  it("tells where to go on after max_pages", function()
    assert(example.add(client, people(1, 5)))
    local each = client:each_attendee(TOKEN, USER, nil, EVENT, { maxResults = 2, max_pages = 1 })
    while each() do assert.is_nil(nil) end
    assert.equal(3, #assert(client:list_attendees(TOKEN, USER, nil, EVENT, { nextToken = each.nextToken })).attendees)
  end)
end)

describe("client:request", function()
  local function refused(argument, spec, opts)
    local result, err = client:request(TOKEN, spec, opts)
    assert.is_nil(result)
    assert.same({ "argument", "not_sent", argument }, { err.kind, err.outcome, err.argument })
    assert.equal(0, sandbox.counters().calls)
  end

  it("makes any call, with its ids encoded and its query in order", function()
    local result, err = client:request(TOKEN, {
      method = "POST", path = { "/v1.0/todo/users/", "a/b?#中", "/tasks" }, query = { b = "x y&z", a = 1, c = false },
      body = { subject = "s", list = calendar.empty_array, object = {}, deep = { 0.5, { n = 2 ^ 40 } } },
    })
    local sent = last_request()
    assert.same({ "POST", "/v1.0/todo/users/a%2Fb%3F%23%E4%B8%AD/tasks?a=1&b=x%20y%26z&c=false",
      '{"deep":[0.5,{"n":1099511627776}],"list":[],"object":{},"subject":"s"}' }, { sent.method, sent.uri, sent.body })
    assert.is_nil(result)
    assert.equal("protocol", err.kind) -- The sandbox has no such path.
  end)

  it("gives the decoded body, and what every result says", function()
    local result = assert(client:request(TOKEN, { method = "GET",
      path = { "/v1.0/calendar/users/", USER, "/calendars/primary/events/", EVENT } }))
    assert.same({ EVENT, 200, 1 }, { result.body.id, result.status, result.attempts })
    assert(example.add(client, { "p1" }))
    assert.is_nil(assert(client:request(TOKEN, { method = "DELETE",
      path = { "/v1.0/calendar/users/", USER, "/calendars/primary/events/", EVENT } })).body)
  end)

  it("makes a write once, unless the caller gives a client_token", function()
    local function respond(client_token)
      sandbox.faults { fault = "close", after = true, match = { operation = "respond" } }
      return client:request(TOKEN, { method = "POST", body = { responseStatus = "accepted" },
        path = { "/v1.0/calendar/users/", USER, "/calendars/primary/events/", EVENT, "/respond" } },
        { client_token = client_token })
    end
    assert(example.add(client, { USER }))
    local _, err = respond()
    assert.same({ "unknown", 1 }, { err.outcome, err.attempts })
    local result = assert(respond "mine")
    assert.same({ 2, "mine" }, { result.attempts, result.client_token })
    assert.equal(3, #sandbox.ledger())
  end)

  it("reads again, as any read", function()
    sandbox.faults { fault = "close", next = 2 }
    assert.equal(3, assert(client:request(TOKEN, { method = "GET",
      path = { "/v1.0/calendar/users/", USER, "/calendars" } })).attempts)
  end)

  it("calls the older API with the token in the query, and knows its errors", function()
    local function get(userid)
      return client:request(TOKEN, { method = "POST", older = true, path = { "/topapi/v2/user/get" },
        query = { x = "1" }, body = { userid = userid } })
    end
    assert.equal("iiiP35sJadba8aBSgjrwPRKgiEiF", assert(get "zhangsan").body.result.unionid)
    assert.equal("/topapi/v2/user/get?x=1&access_token=" .. TOKEN, last_request().uri)
    assert.is_nil(example.lower_names(last_request().headers)["x-acs-dingtalk-access-token"])
    local _, err = get "nobody"
    assert.same({ "not_found", "60121" }, { err.kind, err.code })
  end)

  it("is a function of the module", function() assert.equal("function", type(calendar.request)) end)

  it("is refused where it cannot be right", function()
    local path = { "/v1.0/x" }
    refused("request", nil)
    refused("request", "GET /")
    refused("request.method", { path = path })
    refused("request.method", { method = "FETCH", path = path })
    refused("request.path", { method = "GET" })
    refused("request.path", { method = "GET", path = "/v1.0/x" })
    refused("request.path", { method = "GET", path = {} })
    local long = ("a"):rep(4000)
    refused("request.path", { method = "GET", path = { "/" .. long .. "/", "b", "/" .. long .. "/", "c",
      "/" .. long .. "/", "d", "/" .. long .. "/", "e", "/" .. long } })
    refused("request.query", { method = "GET", path = { "/v1.0/x" }, query = { a = long, b = long, c = long, d = long,
      e = long } })
    refused("request.path[1]", { method = "GET", path = { "v1.0/x" } })
    refused("request.path[1]", { method = "GET", path = { "/v1.0/x?a=b" } })
    refused("request.path[1]", { method = "GET", path = { "/v1.0/../x" } })
    refused("request.path[1]", { method = "GET", path = { "/v1.0/%2e%2E/x" } })
    refused("request.path[1]", { method = "GET", path = { "/v1.0/users/", nil } })
    refused("request.path[2]", { method = "GET", path = { "/v1.0/users/", "..", "/x" } })
    refused("request.path[2]", { method = "GET", path = { "/v1.0/users/", 7 } })
    refused("request.path[2]", { method = "GET", path = { "/v1.0/users/", "" } })
    refused("request.path[1]", { method = "GET", path = { "/v1.0/users", "a" } })
    refused("request.query.a", { method = "GET", path = path, query = { a = {} } })
    refused("request.query.a", { method = "GET", path = path, query = { a = 0 / 0 } })
    refused("request.query.1", { method = "GET", path = path, query = { "a" } })
    refused("request.body", { method = "GET", path = path, body = {} })
    refused("request.body", { method = "POST", path = path, body = "text" })
    refused("request.body.a[2]", { method = "POST", path = path, body = { a = { 1, print } } })
    refused("request.headers", { method = "GET", path = path, headers = {} })
    refused("opts.client_token", { method = "GET", path = path }, { client_token = "mine" })
    refused("opts.client_token", { method = "POST", path = path, older = true }, { client_token = "mine" })
    refused("opts.confirm", { method = "POST", path = path }, { confirm = true })
  end)
end)

describe("the table of operations", function()
  it("has the names that dingtalk.calendar gives its methods and functions", function()
    local expected = { add_attendees_each = true, request = true }
    for _, row in ipairs(operations.rows) do
      for _, name in ipairs { row.name, row.each } do
        expected[name] = true
        assert.equal("function", type(client[name]), name)
      end
    end
    for name, value in pairs(calendar) do
      local is_call = type(value) == "function" and name ~= "new" and name ~= "cancellation" and name ~= "is_error"
      assert.equal(is_call, expected[name] == true, name)
      expected[name] = nil
    end
    assert.same({}, expected)
  end)

  it("has the iterators of dingtalk.calendar", function()
    for _, row in ipairs(operations.rows) do
      if row.each then
        sandbox.faults { fault = "answer", status = 200, body = "{}" }
        local ids = {}
        for i, name in ipairs(row.arguments) do ids[i] = name .. "-1" end
        ids[#ids + 1] = row.options.type and { type = next(row.options.type.one_of) } or {}
        assert.is_nil(client[row.each](client, TOKEN, unpack(ids))())
        local url = row.path:gsub("{(%w+)}", "%1-1")
        assert.equal(url, last_request().uri:match("^[^?]+"))
      end
    end
  end)

  for _, call in ipairs(calls.all()) do
    it("is carried out by the sandbox: " .. call.row.name, function()
      calls.prepare(sandbox, client, TOKEN, call)
      assert(calls.make(client, calls.USER_TOKEN, call))
      assert.is_true(sandbox.counters().operations[call.row.name].calls >= 1)
    end)
  end
end)

describe("JSON with sorted names", function()
  it("is the same for tables that were filled in another order", function()
    local left, right = {}, {}
    for i = 1, 100 do left["k" .. i], right["k" .. 101 - i] = 1, 1 end
    assert.equal(json.write(left, "x"), json.write(right, "x"))
  end)

  it("reads back as it was", function()
    local value = { text = 'a"\\/\n\1é', list = { 1, 2.5, -3, true, { x = {} } }, big = 2 ^ 40, tiny = 0.1 }
    assert.same(value, json.plain(json.decode((json.write(value, "x")))))
  end)
end)
