local calendar = require "dingtalk.calendar"
local calls = require "spec.support.calls"
local example = require "spec.support.example"
local json = require "dingtalk.json"
local operations = require "dingtalk.operations"
local sandbox = require "spec.support.sandbox"

local USER, EVENT, TOKEN, people = example.USER, example.EVENT, example.TOKEN, example.people
local E = "/v1.0/calendar/users/U5KPwll3QjgiG/calendars/primary/events"
local START = { dateTime = "2030-02-01T10:00:00+08:00", timeZone = "Asia/Shanghai" }
local END = { dateTime = "2030-02-01T11:00:00+08:00", timeZone = "Asia/Shanghai" }

local client

setup(function() client = example.client { random = function() return 0 end } end)
before_each(sandbox.reset)
teardown(function()
  client:close()
  sandbox.reset()
end)

local function last_request()
  local sent = sandbox.requests()
  return sent[#sent]
end

describe("the request of", function()
  local details_of = {
    summary = "T é/\n", start = START, ["end"] = END, reminders = {}, attendees = { "a", { id = "b", isOptional = true } },
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
      client[row[1]](client, TOKEN, USER, nil, (table.unpack or unpack)(row[2]))
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
  local cyclic = {}
  cyclic.x = cyclic
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
    { "create_event", { { summary = "x", start = START, ["end"] = END, attendees = { "a", 7 } } }, "details.attendees[2]" },
    { "create_event", { { summary = "x", start = START, ["end"] = END, attendees = people(1, 501) } }, "details.attendees" },
    { "create_event", { { summary = "x", start = START, ["end"] = END, attendees = { id = "a" } } }, "details.attendees" },
    { "create_event", { { summary = "x", start = START, ["end"] = END, reminders = { { minutes = 0 / 0 } } } },
      "details.reminders[1].minutes" },
    { "create_event", { { summary = "x", start = START, ["end"] = END, extra = { 1, x = 2 } } }, "details.extra[1]" },
    { "update_event", { EVENT, {} }, "details" },
    { "update_event", { EVENT, { extra = { deep = { {} } } } }, "details.extra.deep" },
    { "update_event", { EVENT, { extra = { long = ("x"):rep(2 ^ 20) } } }, "details" },
  }
  for number, row in ipairs(rows) do
    it(("%s (%d)"):format(row[1], number), function()
      local result, err = client[row[1]](client, TOKEN, USER, nil, (table.unpack or unpack)(row[2]))
      assert.is_nil(result)
      assert.same({ "argument", "not_sent", row[3] }, { err.kind, err.outcome, err.argument })
      assert.equal(0, sandbox.counters().calls)
    end)
  end

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

describe("the table of operations", function()
  it("has a method and a function for each row", function()
    for _, row in ipairs(operations.rows) do
      for _, name in ipairs { row.name, row.each } do
        assert.equal("function", type(client[name]))
        assert.equal("function", type(calendar[name]))
      end
    end
  end)

  -- What a call needs to be there: a user token, the user in the event, a room booked, a calendar shared.
  local function prepare(call)
    sandbox.tokens { token = "user-token-of-a-spec", union_id = USER }
    assert(example.add(client, { USER }))
    assert(client:add_meeting_rooms(TOKEN, USER, nil, EVENT, { "room-1" }))
    local scope = { corpIds = { "corp" } }
    local ids = {
      calendar = assert(client:create_subscribed_calendar(TOKEN, USER, { name = "n", subscribeScope = scope })).calendarId,
      acl = assert(client:create_acl(TOKEN, USER, nil,
        { privilege = "reader", scope = { scopeType = "user", userId = "p1" }, sendMsg = false })).aclId,
    }
    for i, name in ipairs(call.row.arguments) do call.ids[i] = ids[name] or call.ids[i] end
    call.opts.nextToken, call.opts.syncToken = nil, nil
    -- An event has one booking of a room.
    if call.row.name == "add_meeting_rooms" then call.value = { "room-2" } end
  end

  for _, call in ipairs(calls.all()) do
    it("is carried out by the sandbox: " .. call.row.name, function()
      prepare(call)
      assert(calls.make(client, "user-token-of-a-spec", call))
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
