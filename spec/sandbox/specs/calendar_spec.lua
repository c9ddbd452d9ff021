-- The state that the sandbox keeps of a calendar, in addition to events and their attendees.
local api = require "spec.sandbox.specs.api"
local sandbox = require "spec.support.sandbox"

local USER, EVENT, EVENTS = api.USER, api.EVENT, api.EVENTS
local call, assert_refused = api.call, api.assert_refused
local CALENDAR = EVENTS:gsub("/events$", "")

local function at(text) return { dateTime = text, timeZone = "Asia/Shanghai" } end

local function create(from, to, more, user)
  local body = { summary = "s", start = at(from), ["end"] = at(to) }
  for name, value in pairs(more or {}) do body[name] = value end
  local answer = call("POST", EVENTS:gsub(USER, user or USER), body)
  assert.equal(200, answer.status, answer.body)
  return answer.json.id
end

local function repeated(pattern, range)
  return { recurrence = { pattern = pattern, range = range or { type = "numbered", numberOfOccurrences = 5 } } }
end

local function encode(text) return (text:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)) end

local function starts(events)
  local found = {}
  for i, event in ipairs(events) do found[i] = event.start.dateTime:sub(1, 16) end
  return found
end

local function instances(id)
  return call("GET", ("%s/%s/instances"):format(EVENTS, encode(id))).json.events
end

local function schedule(users, from, to)
  return call("POST", "/v1.0/calendar/users/" .. USER .. "/querySchedule",
    { userIds = users, startTime = from, endTime = to }).json.scheduleInformation
end

describe("in the sandbox", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  describe("a series", function()
    for _, row in ipairs {
      { "daily", { type = "daily", interval = 2 }, nil,
        { "2030-02-01T10:00", "2030-02-03T10:00", "2030-02-05T10:00", "2030-02-07T10:00", "2030-02-09T10:00" } },
      { "weekly on two days", { type = "weekly", interval = 2, daysOfWeek = "monday,friday" }, nil,
        { "2030-02-01T10:00", "2030-02-11T10:00", "2030-02-15T10:00", "2030-02-25T10:00", "2030-03-01T10:00" } },
      { "monthly by date", { type = "absoluteMonthly", dayOfMonth = 1 }, { endDate = "2030-04-01T23:00:00+08:00" },
        { "2030-02-01T10:00", "2030-03-01T10:00", "2030-04-01T10:00" } },
      { "monthly by weekday", { type = "relativeMonthly", daysOfWeek = "friday", index = "last" },
        { numberOfOccurrences = 2 }, { "2030-02-22T10:00", "2030-03-29T10:00" } },
      { "yearly", { type = "absoluteYearly" }, { numberOfOccurrences = 2 },
        { "2030-02-01T10:00", "2031-02-01T10:00" } },
    } do
      it("has its instances: " .. row[1], function()
        local id = create("2030-02-01T10:00:00+08:00", "2030-02-01T11:00:00+08:00", repeated(row[2], row[3]))
        local found = instances(id)
        assert.same(row[4], starts(found))
        assert.equal(id, found[1].seriesMasterId)
        assert.equal("11:00", found[1]["end"].dateTime:sub(12, 16))
      end)
    end

    it("has an instance changed by itself, and another deleted", function()
      local id = create("2030-02-01T10:00:00+08:00", "2030-02-01T11:00:00+08:00", repeated { type = "daily" })
      local found = instances(id)
      local second, third = encode(found[2].id), encode(found[3].id)
      local moved = call("PUT", EVENTS .. "/" .. second, { id = found[2].id, start = at "2030-02-02T15:00:00+08:00",
        ["end"] = at "2030-02-02T16:00:00+08:00" }).json
      assert.same({ "2030-02-02T10:00:00+08:00", id }, { moved.originStart.dateTime, moved.seriesMasterId })
      assert.equal(200, call("DELETE", EVENTS .. "/" .. third).status)
      assert_refused(404, "instanceNotExist", call("GET", EVENTS .. "/" .. third))
      assert.same({ "2030-02-01T10:00", "2030-02-02T15:00", "2030-02-04T10:00", "2030-02-05T10:00" },
        starts(instances(id)))
      assert_refused(404, "itemNotFound", call("GET", EVENTS .. "/" .. encode(id .. "_7")))
    end)

    it("is listed with past instances, and without future ones", function()
      local id = create("2020-02-01T10:00:00+08:00", "2020-02-01T11:00:00+08:00",
        repeated({ type = "absoluteYearly" }, { type = "noEnd" }))
      local count = 0
      for _, event in ipairs(call("GET", EVENTS).json.events) do
        if event.seriesMasterId == id then
          count = count + 1
          assert.is_true(event.start.dateTime < os.date "%Y-%m-%dT%H:%M:%S")
        end
      end
      assert.is_true(count >= 6, count)
      local stored = call("GET", CALENDAR .. "/instances?seriesMasterId=" .. encode(id)).json.events
      assert.equal(count, #stored)
      local from = call("GET", ("%s/instances?seriesMasterId=%s&startRecurrenceId=%s"):format(CALENDAR, encode(id),
        encode(stored[3].id))).json.events
      assert.equal(count - 2, #from)
      assert_refused(400, "invalidParameter", call("GET", CALENDAR .. "/instances"))
    end)
  end)

  it("a view has what overlaps, page by page", function()
    create("2030-02-01T10:00:00+08:00", "2030-02-01T12:00:00+08:00", repeated { type = "daily" })
    create("2030-02-02T09:00:00+08:00", "2030-02-02T20:00:00+08:00")
    local query = CALENDAR .. "/eventsview?timeMin=2030-02-01T11%3A00%3A00%2B08%3A00"
      .. "&timeMax=2030-02-03T10%3A00%3A01%2B08%3A00"
    local page = call("GET", query .. "&maxResults=3").json
    assert.same({ "2030-02-01T10:00", "2030-02-02T09:00", "2030-02-02T10:00" }, starts(page.events))
    page = call("GET", query .. "&maxResults=3&nextToken=" .. encode(page.nextToken)).json
    assert.same({ "2030-02-03T10:00" }, starts(page.events))
    assert.is_nil(page.nextToken)
  end)

  it("people are busy by their events", function()
    create("2030-02-01T10:00:00+08:00", "2030-02-01T11:00:00+08:00", { attendees = { { id = "a" }, { id = "b" } } })
    create("2030-02-01T12:00:00+08:00", "2030-02-01T13:00:00+08:00", { freeBusyStatus = "free" })
    local answer = schedule({ USER, "a", "nobody", "zhangsan" }, "2030-02-01T10:30:00.000+08:00",
      "2030-02-01T18:00:00.000+08:00")
    assert.same({ 1, 1, 0, 0 }, { #answer[1].scheduleItems, #answer[2].scheduleItems, #answer[3].scheduleItems,
      #answer[4].scheduleItems })
    assert.same({ "BUSY", "TENTATIVE" }, { answer[1].scheduleItems[1].status, answer[2].scheduleItems[1].status })
    assert.truthy(answer[4].error)
    assert_refused(400, "InvalidParameter.ParsedISO8601TimestampError", call("POST",
      "/v1.0/calendar/users/" .. USER .. "/querySchedule", { userIds = { "a" }, startTime = "today", endTime = "x" }))
    local many = {}
    for i = 1, 21 do many[i] = "p" .. i end
    assert_refused(400, "invalidParameter", call("POST", "/v1.0/calendar/users/" .. USER .. "/querySchedule",
      { userIds = many, startTime = "2030-02-01T10:00:00Z", endTime = "2030-02-02T10:00:00Z" }))
  end)

  describe("a meeting room", function()
    local ROOMS = EVENTS .. "/" .. EVENT .. "/meetingRooms"
    local function book(path, ...)
      local list = {}
      for i, id in ipairs { ... } do list[i] = { roomId = id } end
      return call("POST", path, { meetingRoomsToAdd = list })
    end

    it("is booked once for a time", function()
      assert.is_true(book(ROOMS, "r1", "r2").json.result)
      local other = create("2030-01-15T10:30:00+08:00", "2030-01-15T10:45:00+08:00")
      assert_refused(400, "meetingRoomNotAvailable", book(EVENTS .. "/" .. encode(other) .. "/meetingRooms", "r1"))
      local later = create("2030-01-15T11:00:00+08:00", "2030-01-15T12:00:00+08:00")
      assert.equal(200, book(EVENTS .. "/" .. encode(later) .. "/meetingRooms", "r1").status)
      local event = call("GET", EVENTS .. "/" .. EVENT).json
      assert.same({ "r1", "r2" }, { event.meetingRooms[1].roomId, event.meetingRooms[2].roomId })
      local removed = call("POST", ROOMS .. "/batchRemove", { meetingRoomsToRemove = { { roomId = "r1" } } })
      assert.is_true(removed.json.result)
      assert.equal(200, book(EVENTS .. "/" .. encode(other) .. "/meetingRooms", "r1").status)
      assert.same({ "r1", "r2" }, sandbox.ledger()[1].booked)
    end)

    it("is free again where it declines", function()
      book(ROOMS, "r1")
      local other = create("2030-01-15T10:30:00+08:00", "2030-01-15T10:45:00+08:00")
      assert.is_true(call("POST", ROOMS .. "/r1/respond", { responseStatus = "declined" }).json.result)
      assert.equal(200, book(EVENTS .. "/" .. encode(other) .. "/meetingRooms", "r1").status)
      assert.is_false(call("POST", ROOMS .. "/r9/respond", { responseStatus = "declined" }).json.result)
    end)

    it("has at most five in an event, each of a room's id", function()
      assert.equal(200, book(ROOMS, "a", "b", "c").status)
      assert_refused(400, "invalidParameter", book(ROOMS, "d", "e", "f"))
      assert_refused(400, "invalidParameter", book(ROOMS, "no room"))
      assert_refused(400, "invalidParameter", call("POST", ROOMS, { meetingRoomsToAdd = { "a" } }))
      assert_refused(400, "invalidParameter", call("POST", ROOMS, { meetingRoomsToAdd = {} }))
      assert_refused(400, "invalidParameter", call("POST", ROOMS, { rooms = {} }))
    end)

    it("is asked for its bookings", function()
      book(ROOMS, "r1")
      local path = "/v1.0/calendar/users/" .. USER .. "/meetingRooms/schedules/query"
      local function ask(to)
        return call("POST", path, { roomIds = { "r1", "r2" }, startTime = "2030-01-15T00:00:00Z", endTime = to })
      end
      local answer = ask("2030-01-16T00:00:00Z").json.scheduleInformation
      assert.same({ EVENT, USER }, { answer[1].scheduleItems[1].eventId, answer[1].scheduleItems[1].organizer.id })
      assert.equal(0, #answer[2].scheduleItems)
      assert_refused(400, "invalidParameter", ask("2030-04-30T00:00:00Z"))
    end)
  end)

  it("a calendar is shared, subscribed to and taken back", function()
    local base = "/v1.0/calendar/users/%s/subscribedCalendars"
    local own = base:format(USER)
    assert_refused(400, "invalidParameter", call("POST", own, { name = "n", subscribeScope = { unionIds = { "a" } } }))
    assert_refused(400, "invalidParameter", call("POST", own, { name = ("n"):rep(128),
      subscribeScope = { corpIds = { "c" } } }))
    local id = call("POST", own, { name = "n", subscribeScope = { corpIds = { "c" } } }).json.calendarId
    assert.equal("n", call("GET", own .. "/" .. encode(id)).json.name)
    assert_refused(403, "permissionDenied", call("GET", base:format "other" .. "/" .. encode(id)))
    assert.is_true(call("PUT", own .. "/" .. encode(id), { name = "m" }).json.result)
    local subscription = "/v1.0/calendar/users/a/calendars/" .. encode(id)
    assert.equal("", call("POST", subscription .. "/subscribe").body)
    local listed = call("GET", "/v1.0/calendar/users/a/calendars").json.response.calendars
    assert.same({ "primary", "m", "subscribed" }, { listed[1].id, listed[2].summary, listed[2].type })
    assert.is_true(call("POST", subscription .. "/unsubscribe").json.result)
    assert.equal(1, #call("GET", "/v1.0/calendar/users/a/calendars").json.response.calendars)
    assert.is_true(call("DELETE", own .. "/" .. encode(id)).json.result)
    assert_refused(400, "invalidParameter", call("POST", subscription .. "/subscribe"))
  end)

  it("access to a calendar is given and taken back", function()
    local body = { privilege = "reader", scope = { scopeType = "user", userId = "a" }, sendMsg = false }
    local made = call("POST", CALENDAR .. "/acls", body).json
    assert.same({ "reader", "a" }, { made.privilege, made.scope.userId })
    assert.equal(made.aclId, call("GET", CALENDAR .. "/acls").json.acls[1].aclId)
    assert.equal(200, call("DELETE", CALENDAR .. "/acls/" .. made.aclId).status)
    assert.equal(0, #call("GET", CALENDAR .. "/acls").json.acls)
    assert_refused(404, "itemNotFound", call("DELETE", CALENDAR .. "/acls/" .. made.aclId))
    body.privilege = "god"
    assert_refused(400, "invalidParameter", call("POST", CALENDAR .. "/acls", body))
  end)

  it("attendees sign in and out", function()
    api.add { { id = "a" }, { id = "b" } }
    local path = "/v1.0/calendar/users/a/calendars/primary/events/" .. EVENT
    local time = call("POST", path .. "/signin").json.checkInTime
    assert.is_near(os.time() * 1000, time, 60000)
    assert.equal(time, call("POST", path .. "/checkIn").json.checkInTime)
    assert_refused(400, "notInEvent", call("POST", path:gsub("users/a", "users/x") .. "/signin"))
    local function list(kind, query)
      return call("GET", ("%s/%s/%s?maxResults=200&type=%s"):format(EVENTS, EVENT, kind, query)).json.users
    end
    assert.same({ "a" }, { list("signin", "sign_in")[1].userId, list("signin", "sign_in")[2] })
    assert.equal("b", list("signin", "not_yet_sign_in")[1].userId)
    assert.equal(0, #list("signOut", "sign_out"))
    call("POST", path .. "/signOut")
    assert.equal("a", list("signOut", "sign_out")[1].userId)
    assert_refused(400, "invalidParameter", call("GET", EVENTS .. "/" .. EVENT .. "/signin"))
    assert.truthy(call("GET", EVENTS .. "/" .. EVENT .. "/signInLinks").json.signInLink:find("^https://"))
    assert_refused(400, "permissionDenied", call("GET", path .. "/signOutLinks"))
  end)

  it("an event gets another organizer", function()
    local path = EVENTS .. "/" .. EVENT
    assert.is_true(call("POST", path .. "/transfer", { newOrganizerId = "b" }).json.result)
    local given = call("GET", "/v1.0/calendar/users/b/calendars/primary/events/" .. EVENT).json
    assert.same({ "b", USER }, { given.organizer.id, given.attendees[1].id })
    assert_refused(404, "itemNotFound", call("POST", path .. "/transfer", { newOrganizerId = "c" }))
    assert_refused(400, "invalidParameter",
      call("POST", path:gsub(USER, "b") .. "/transfer", { newOrganizerId = "zhangsan" }))
  end)

  it("what has no state is checked, written down and answered by its schema", function()
    local path = "/v1.0/calendar/users/" .. USER
    local account = call("POST", path .. "/caldavAccounts", { device = "phone" }).json
    assert.same({ "string", "string", "string" }, { type(account.username), type(account.password),
      type(account.serverAddress) })
    assert.same({ "generate_caldav_account" }, sandbox.ledger()[1].called)
    assert_refused(400, "invalidParameter", call("POST", path .. "/caldavAccounts", {}))
    assert.equal("table", type(call("GET", "/v1.0/calendar/categories").json.categories[1]))
    assert_refused(400, "invalidParameter", call("POST", path .. "/legacyEventIds/convert", { legacyEventIds = "x" }))
  end)

  it("a call of one's own wants a user token", function()
    assert_refused(403, "Forbidden.AccessDenied.AccessTokenPermissionDenied",
      call("GET", "/v1.0/calendar/me/calendars/primary/eventsview"))
    sandbox.tokens { token = "of-a-user", union_id = USER }
    local query = "?timeMin=2030-01-01T00%3A00%3A00Z"
    assert.equal(1, #call("GET", "/v1.0/calendar/me/calendars/primary/eventsview" .. query, nil,
      { token = "of-a-user" }).json.events)
  end)
end)
