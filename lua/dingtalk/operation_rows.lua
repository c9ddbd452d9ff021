--- The operations of the vendor's calendar API, a row each. The client's methods, the module's functions, the
--- types and the reference, and the sandbox's check of fields are made from them: a new operation is a row, and
--- `tools/docs write`.
---
---   name       of the public method, and in hooks and logs; `vendor`: in the vendor's SDKs
---   doc        what it does; `group`: under which heading of the reference
---   method     of HTTP
---   path       with the names of its arguments in braces; "cal" is "primary" where it is nil
---   query      the query's parameters in order: name, then a row as in dingtalk.options
---   fixed      parameters that are sent unless given
---   body       the argument that becomes the body: `row` is its schema; with `field` the body is an object of
---              this field alone; `from` names fields that repeat an argument of the path
---   write      whether it changes something: then it carries an x-client-token, unless `client_token` is false
---              since the service knows none: it is never sent again where it may have been done
---   answer     the answer's schema: its fields become fields of the result; `answer_as`: one field of this name
---   unwrap     the field of the answer that holds it
---   secret     whether the answer holds a secret, which no message may quote
---   items      the field of an answer that comes in pages; `each` names the iterator
---   scope      the permission the app needs; nil where the vendor names none
---   page       of the vendor's documentation; nil where only the vendor's SDKs have the operation
---
--- The two operations that change who is in an event, whose body the C core writes, stand in dingtalk.attendee_rows.
--- They also have:
---
---   removing   what is done with the people of the list
---   counted    the field of a result or an error that counts them
---   options    the name of their schema in dingtalk.options

local attendee_rows = require "dingtalk.attendee_rows"
local limits = require "dingtalk.limits"
local operation_names = require "dingtalk.operation_names"
local options = require "dingtalk.options"

local operations = { rows = {}, by_name = {} }

local READ, WRITE = "Calendar.Event.Read", "Calendar.Event.Write"
local ACL_READ, ACL_WRITE = "Calendar.Acl.Read", "Calendar.Acl.Write"
local CALENDAR_READ, CALENDAR_WRITE = "Calendar.Calendar.Read", "Calendar.Calendar.Write"

local USER = "/v1.0/calendar/users/{user}"
local CALENDAR = USER .. "/calendars/{cal}"
local EVENT = CALENDAR .. "/events/{event}"
local OWNER = "unionId of the user whose calendar it is"

local function with(row, more)
  for name, value in pairs(more or {}) do row[name] = value end
  return row
end

local function text(doc, more) return with({ "text", doc = doc }, more) end
local function flag(doc, more) return with({ "boolean", doc = doc }, more) end
local function integer(low, high, doc, more) return with({ "integer", low, high, doc = doc }, more) end
local function number(doc) return { "number", doc = doc } end
local function list(of, max, doc, more) return with({ "list", max, of = of, doc = doc }, more) end
local function map(of, doc) return { "map", of = of, doc = doc } end
local function object(fields, more) return with({ "object", fields = fields }, more) end

local function required(row)
  local copy = with({}, row)
  copy.required = true
  return copy
end

local function choice(values, doc, more)
  local allowed = {}
  for value in values:gmatch("%S+") do allowed[value] = true end
  return with({ "text", one_of = allowed, doc = doc }, more)
end

local function documented(row, doc)
  return with(with({}, row), { doc = doc })
end

local function read_only(row) return with(with({}, row), { read_only = true }) end

local function query_text(name, doc, more) return with({ name, "string", check = "query", doc = doc }, more) end

local union_id = text("unionId", { check = "id" })
local status = choice("needsAction accepted declined tentative", nil, { class = "ResponseStatus" })

local event_time = object({
  dateTime = text("ISO 8601 with zone, like `2030-01-15T10:00:00+08:00`"),
  date = text("of an event of whole days, like `2030-01-15`; the end is the day after the last"),
  timeZone = text("like `Asia/Shanghai`; the end's is that of the start"),
}, {
  class = "EventTime",
  check = function(value)
    if rawget(value, "dateTime") == nil and rawget(value, "date") == nil then return "needs dateTime, or date" end
  end,
})

local attendee = object({
  id = text("unionId"), displayName = text(), responseStatus = status,
  self = flag("whether it is the user of the call"), isOptional = flag(),
}, { class = "Attendee" })

local function attendee_in(more)
  local fields = with({
    id = required(union_id), isOptional = flag("whether the person need not come"),
    displayName = read_only(text()), responseStatus = read_only(status), self = read_only(flag()),
  }, more)
  return object(fields, { shorthand = "id" })
end

local recurrence = object({
  pattern = object {
    type = text("such as `daily`, `weekly`, `absoluteMonthly`"),
    interval = integer(1, limits.max_interval, "days, weeks or months between two instances"),
    daysOfWeek = text("lower-case names joined by commas"), firstDayOfWeek = text("`sunday` by default"),
    dayOfMonth = integer(1, 31), index = text("such as `first`"),
  },
  range = object({
    type = text("`noEnd`, `endDate` or `numbered`"), endDate = text("ISO 8601; not with numberOfOccurrences"),
    numberOfOccurrences = integer(1, limits.max_occurrences, "not with endDate"),
  }, {
    check = function(value)
      if rawget(value, "endDate") ~= nil and rawget(value, "numberOfOccurrences") ~= nil then
        return "must not have both endDate and numberOfOccurrences"
      end
    end,
  }),
}, { class = "Recurrence" })

local room_ids = list(text(), nil, "ids of rooms")
local location = object({ displayName = text(), meetingRooms = room_ids }, { class = "Location" })
local online_meeting = object({
  type = text("`dingtalk`"), conferenceId = read_only(text "of answers"), url = read_only(text "of answers"),
  extraInfo = read_only(map({ "any" }, "of answers")),
}, { class = "OnlineMeeting", doc = "given in a change, a new meeting replaces the old" })
local rich_text = object { text = text() }
local category = object { categoryId = text("openCategoryId of list_categories"), displayName = text() }
local card = object { outTrackId = text(), scenario = text() }
local ui_config = object {
  uiName = text("`updateEventButton`, `deleteEventButton`, `transferEventButton`, `attendee` or `comment`"),
  uiStatus = text("`hide`, `disable` or `enable`"),
}
local reminder = object({
  method = text("`dingtalk`"),
  minutes = integer(0, limits.max_minutes, "before the start", { digits = true }),
}, { class = "Reminder" })

local function bounded(max, doc) return { "text", max, doc = doc } end

-- The fields of an event that is created by a user token; all other events have them, too.
local function common_fields(attendees)
  return {
    summary = bounded(limits.max_summary, "the title"),
    description = bounded(limits.max_description, "plain text"),
    start = event_time, ["end"] = event_time, isAllDay = flag("then start and end have a date"),
    attendees = attendees, recurrence = recurrence, location = location,
    reminders = list(reminder, nil, "without it 15 minutes before, empty for none"),
    onlineMeetingInfo = online_meeting, richTextDescription = rich_text,
    extra = map(text(), "`noPushNotification`, `noChatNotification`: the texts `true` or `false`"),
    uiConfigs = list(ui_config),
  }
end

local function event_fields(attendees)
  return with(common_fields(attendees), {
    categories = list(category), cardInstances = list(card), freeBusyStatus = text("such as `busy`, `free`"),
  })
end

local people_in = list(attendee_in(), limits.batch_attendees, "unionIds, or tables with id", { unique = "id" })

local new_event = event_fields(people_in)
local changed_ui = object { uiName = required(ui_config.fields.uiName), uiStatus = required(ui_config.fields.uiStatus) }
local changed_event = with(event_fields(list(attendee_in {
  id = union_id, email = text("instead of an id, of someone outside"),
}, limits.batch_attendees, "replaces everybody who is in it", { unique = "id" })), {
  id = text("the event's id, sent whether it is given or not"), uiConfigs = list(changed_ui),
})

for _, name in ipairs { "summary", "start", "end" } do new_event[name] = required(new_event[name]) end
local my_event = common_fields(people_in)
for _, name in ipairs { "summary", "start" } do my_event[name] = required(my_event[name]) end

local event = object({
  id = text(), status = choice "confirmed cancelled", summary = text("the title"), description = text(),
  start = event_time, ["end"] = event_time, originStart = documented(event_time, "of a moved instance: where it was"),
  isAllDay = flag(), recurrence = recurrence, seriesMasterId = text("of an instance: the event that it repeats"),
  organizer = attendee, attendees = list(attendee), createTime = text("ISO 8601"), updateTime = text("ISO 8601"),
  location = location,
  reminders = list(object({ method = text(), minutes = text("digits") }, { class = "ReminderRead" })),
  meetingRooms = list(object({
    roomId = text(), displayName = text(), responseStatus = text(),
  }, { class = "EventRoom" })),
  onlineMeetingInfo = online_meeting, richTextDescription = rich_text, categories = list(category),
  cardInstances = list(card), uiConfigs = list(ui_config), freeBusyStatus = text(),
  extendedProperties = object {
    sharedProperties = object { belongCorpId = text(), sourceOpenCid = text() },
    privateProperties = object { dingtalkDetailUrl = text("of list_events_view only") },
  },
}, { class = "Event", doc = "what the service says of an event; JSON's null is nil" })

local success = object { result = flag() }

local time_min_start = query_text("timeMin", "ISO 8601 with zone: events that start then or later")
local time_max_start = query_text("timeMax",
  "ISO 8601 with zone: events that start then or earlier, at most a year after timeMin")
local time_min_overlap = query_text("timeMin", "ISO 8601 with zone: events that end then or later")
local time_max_overlap = query_text("timeMax", "ISO 8601 with zone: events that start before")
local next_token = query_text("nextToken", "where to begin: of an earlier result")
local page_events = { "maxResults", "integer", 1, limits.max_page_events, doc = "events of one page; 100" }
local event_attendees = {
  "maxAttendees", "integer", 1, limits.max_page_events, doc = "attendees given with each event; 100",
}

-- The largest page: each request counts against the organisation's monthly quota.
local largest_events = { maxResults = limits.max_page_events }

local function define_all(group, rows)
  for _, row in ipairs(rows) do
    row.group = group
    operations.define(row)
  end
end

-- A path's literals and, between them, its arguments.
local function split(path)
  local literals, arguments, from = {}, {}, 1
  for at, name, behind in path:gmatch("(){(%w+)}()") do
    literals[#literals + 1], arguments[#arguments + 1] = path:sub(from, at - 1), name
    from = behind
  end
  if from <= #path then literals[#literals + 1] = path:sub(from) end
  return literals, arguments
end

-- The check of opts.client_token where the service knows none.
local function no_client_token() return "cannot be used: the service knows no x-client-token for this call" end

local function options_of(row)
  local parameters = {}
  for _, entry in ipairs(row.query or {}) do
    local parameter = with({}, entry)
    table.remove(parameter, 1)
    parameters[entry[1]] = parameter
  end
  local paging = row.items and { max_pages = { "integer", 1, limits.max_pages } } or {}
  local usual = row.write and row.client_token and options.write or options.read
  if row.write and not row.client_token then
    paging.client_token = { "any", check = no_client_token, hidden = true }
  end
  return options.join(usual, parameters, paging)
end

--- Adds an operation.
---@param row table
---@return table row
function operations.define(row)
  row.literals, row.arguments = split(row.path)
  row.client_token = row.write and row.client_token ~= false
  row.options = row.options or options_of(row)
  operations.rows[#operations.rows + 1] = row
  operations.by_name[row.name] = row
  if not row.counted then operation_names[row.name] = row.each or false end
  return row
end

define_all("People of an event", {
  attendee_rows.add_attendees, attendee_rows.remove_attendees,
  {
    name = "list_attendees", each = "each_attendee", vendor = "listAttendees", doc = "Everybody who is in an event.",
    method = "GET", path = EVENT .. "/attendees", scope = READ,
    query = {
      { "maxResults", "integer", 1, limits.max_page_attendees, doc = "people of one page; 500" }, next_token,
    },
    fixed = { maxResults = limits.max_page_attendees }, items = "attendees",
    answer = object { attendees = list(attendee) }, page = "get-the-participants-of-a-schedule",
  },
  {
    name = "respond", vendor = "respondEvent", doc = "Answers the invitation to an event.",
    method = "POST", path = EVENT .. "/respond", write = true, scope = WRITE,
    user = "unionId of the attendee who answers",
    body = { argument = "responseStatus", field = "responseStatus", row = status }, page = "configure-response-status",
  },
})

define_all("Events", {
  {
    name = "list_events", each = "each_event", vendor = "listEvents",
    doc = "The events of a calendar by their start. Of a series it has past instances and no future ones: "
      .. "list_events_view and list_instances have those. A syncToken comes with the last page, "
      .. "unless timeMax is given.",
    method = "GET", path = CALENDAR .. "/events", scope = READ, user = OWNER,
    query = {
      time_min_start, time_max_start, page_events, event_attendees, next_token,
      query_text("syncToken", "of an earlier result: only what has changed since; not with timeMax"),
      query_text("seriesMasterId", "only the events of this series"),
      { "showDeleted", "boolean", doc = "also events that were deleted" },
    },
    fixed = largest_events, items = "events", page = "query-an-event-list",
    answer = object { events = list(event), syncToken = text("for opts.syncToken of the next time") },
  },
  {
    name = "list_events_view", each = "each_event_in_view", vendor = "listEventsView",
    doc = "The events of a calendar that overlap a span of time, each instance of a series by itself.",
    method = "GET", path = CALENDAR .. "/eventsview", scope = READ, user = OWNER,
    query = { time_min_overlap, time_max_overlap, page_events, event_attendees, next_token },
    fixed = largest_events, items = "events", page = "query-schedule-view",
    answer = object { events = list(event) },
  },
  {
    name = "list_events_view_by_me", each = "each_event_in_view_by_me", vendor = "listEventsViewByMe",
    doc = "As list_events_view, of the user whose token it is.",
    method = "GET", path = "/v1.0/calendar/me/calendars/{cal}/eventsview",
    query = { time_min_overlap, time_max_overlap, page_events, event_attendees, next_token },
    fixed = largest_events, items = "events", answer = object { events = list(event) },
  },
  {
    name = "get_event", vendor = "getEvent", doc = "One event.",
    method = "GET", path = EVENT, scope = READ, user = "unionId of the user whose calendar holds it",
    query = {
      { "maxAttendees", "integer", 1, limits.max_page_attendees, doc = "attendees given with the event; 100" },
    },
    answer = event, answer_as = "event", page = "query-details-about-an-event",
  },
  {
    name = "create_event", vendor = "createEvent", doc = "Makes an event; result.event.id is its id.",
    method = "POST", path = CALENDAR .. "/events", write = true, scope = WRITE, user = "unionId of its creator",
    body = { argument = "details", row = object(new_event, { class = "EventDetails", doc = "the API's own fields" }) },
    answer = event, answer_as = "event", page = "create-schedule",
  },
  {
    name = "create_event_by_me", vendor = "createEventByMe",
    doc = "As create_event, for the user whose token it is.",
    method = "POST", path = "/v1.0/calendar/me/calendars/{cal}/events", write = true,
    body = { argument = "details", row = object(my_event, { class = "MyEventDetails" }) },
    answer = event, answer_as = "event",
  },
  {
    name = "update_event", vendor = "patchEvent",
    doc = "Changes the given fields of an event. `attendees` replaces everybody who is in it.",
    method = "PUT", path = EVENT, write = true, scope = WRITE,
    body = {
      argument = "details", from = { id = "event" }, row = object(changed_event, { class = "EventChanges" }),
    },
    answer = event, answer_as = "event", page = "modify-event",
  },
  {
    name = "delete_event", vendor = "deleteEvent",
    doc = "Deletes an event: for all where user is its creator, who are notified; else from this attendee's calendar.",
    method = "DELETE", path = EVENT, write = true, scope = WRITE,
    query = { { "pushNotification", "boolean", doc = "the API's own; its default is not documented" } },
    page = "delete-event",
  },
  {
    name = "cancel_event", vendor = "cancelEvent", doc = "Cancels an event.",
    method = "POST", path = EVENT .. "/cancel", write = true,
    query = { query_text("scope", "the API's own; its values are not documented") }, answer = success,
  },
  {
    name = "transfer_event", vendor = "transferEvent", doc = "Makes someone else the organizer of an event.",
    method = "POST", path = EVENT .. "/transfer", write = true,
    body = { argument = "details", row = object({
      newOrganizerId = required(union_id), isExitCalendar = flag("whether the old organizer leaves the event"),
      needNotifyViaO2O = flag("whether to notify in a single chat"),
    }, { class = "TransferDetails" }) },
    answer = success,
  },
})

define_all("Series", {
  {
    name = "list_instances", each = "each_instance", vendor = "listInstances",
    doc = "The instances of a series, by the event that it repeats.",
    method = "GET", path = EVENT .. "/instances", user = "unionId of the user whose calendar holds it",
    query = { time_min_overlap, time_max_overlap, page_events, event_attendees, next_token },
    fixed = largest_events, items = "events", answer = object { events = list(event) },
  },
  {
    name = "list_events_instances", vendor = "listEventsInstances",
    doc = "The stored instances of a series, from startRecurrenceId on: at most 100, without pages.",
    method = "GET", path = CALENDAR .. "/instances", user = OWNER,
    query = {
      query_text("seriesMasterId", "the event that is repeated", { required = true }),
      query_text("startRecurrenceId", "the instance to begin with"), page_events, event_attendees,
    },
    fixed = largest_events, answer = object { events = list(event) },
  },
  {
    name = "convert_legacy_event_ids", vendor = "convertLegacyEventId",
    doc = "Ids of the older calendar API as ids of this one.",
    method = "POST", path = USER .. "/legacyEventIds/convert",
    body = { argument = "legacyEventIds", field = "legacyEventIds",
      row = list(text(), limits.max_legacy_ids, "ids", { required = true }) },
    answer = object { legacyEventIdMap = map({ "any" }, "new ids by the old ones") },
  },
})

local item_times = { start = event_time, ["end"] = event_time, status = text("`BUSY` or `TENTATIVE`") }
local busy = list(object({
  userId = text("unionId"), error = text("why nothing is known of this user"), scheduleItems = list(object(item_times)),
}, { class = "UserSchedule" }))
local busy_rooms = list(object({
  roomId = text(), error = text("why nothing is known of this room"), scheduleItems = list(object {
    start = event_time, ["end"] = event_time, status = text(), eventId = text(), organizer = object { id = text() },
  }),
}, { class = "RoomSchedule" }))

local span_start = required(text "ISO 8601 with milliseconds and zone, like `2030-01-15T10:00:00.000+08:00`")
local span_end = required(text "ISO 8601, as startTime")
local span = object({
  startTime = span_start, endTime = span_end,
  userIds = required(list(union_id, limits.max_schedule_users, "unionIds, up to 20")),
}, { class = "ScheduleQuestion" })

define_all("Free and busy", {
  {
    name = "get_schedule", vendor = "getSchedule", doc = "When people are busy.",
    method = "POST", path = USER .. "/querySchedule", scope = "Calendar.EventSchedule.Read",
    user = "unionId of the user who asks",
    body = { argument = "details", row = span }, answer = object { scheduleInformation = busy }, page = "free-schedule",
  },
  {
    name = "get_schedule_by_me", vendor = "getScheduleByMe",
    doc = "As get_schedule, asked by the user whose token it is.",
    method = "POST", path = "/v1.0/calendar/me/schedules/query",
    body = { argument = "details", row = span }, answer = object { scheduleInformation = busy },
  },
  {
    name = "get_meeting_rooms_schedule", vendor = "getMeetingRoomsSchedule",
    doc = "When meeting rooms are booked, over at most 90 days. Not for personal apps.",
    method = "POST", path = USER .. "/meetingRooms/schedules/query", scope = READ,
    user = "unionId of the user who asks",
    body = { argument = "details", row = object({
      startTime = span_start, endTime = span_end,
      roomIds = required(list(text(), nil, "ids of rooms, up to 5 advised")),
    }, { class = "RoomQuestion" }) },
    answer = object { scheduleInformation = busy_rooms }, page = "queries-free-and-busy-meeting-room-information",
  },
})

local room = object({ roomId = required(text "the room's id") }, { shorthand = "roomId" })
local rooms = list(room, limits.max_rooms, "ids, or tables with roomId; up to 5", { required = true })

define_all("Meeting rooms", {
  {
    name = "add_meeting_rooms", vendor = "addMeetingRooms",
    doc = "Books meeting rooms for an event, which has at most 5. Not for personal apps.",
    method = "POST", path = EVENT .. "/meetingRooms", write = true, scope = WRITE,
    body = { argument = "rooms", field = "meetingRoomsToAdd", row = rooms },
    answer = success, page = "add-a-meeting-room",
  },
  {
    name = "remove_meeting_rooms", vendor = "removeMeetingRooms",
    doc = "Gives an event's meeting rooms back. Not for personal apps.",
    method = "POST", path = EVENT .. "/meetingRooms/batchRemove", write = true, scope = WRITE,
    body = { argument = "rooms", field = "meetingRoomsToRemove", row = rooms },
    answer = success, page = "remove-a-meeting-room",
  },
  {
    name = "respond_meeting_room", vendor = "meetingRoomRespond", doc = "Answers an event's booking of a meeting room.",
    method = "POST", path = EVENT .. "/meetingRooms/{room}/respond", write = true,
    body = { argument = "responseStatus", field = "responseStatus",
      row = text("its values are not documented; rooms answer `accepted`, `tentative`, `declined`",
        { required = true }) },
    answer = success,
  },
})

local subscribe_scope = object({
  corpIds = list(text(), nil, "organisations"), openConversationIds = list(text(), nil, "group chats"),
  unionIds = list(union_id, nil, "people"),
}, { class = "SubscribeScope" })
local calendar_name = bounded(limits.max_subscribed_name)
local calendar_description = bounded(limits.max_subscribed_description)
local managers = list(union_id, nil, "unionIds")

define_all("Calendars", {
  {
    name = "list_calendars", vendor = "listCalendars", doc = "The calendars of a user.",
    method = "GET", path = USER .. "/calendars", scope = READ, unwrap = "response",
    user = "unionId of the user whose calendars they are",
    answer = object { calendars = list(object({
      id = text(), summary = text(), description = text(), timeZone = text(), eTag = text(),
      type = choice "unknown primary subscribed shared",
      privilege = choice "free_busy_reader title_reader reader writer owner",
    }, { class = "CalendarEntry" })) },
    page = "query-a-calendar",
  },
  {
    name = "list_categories", vendor = "listCategories",
    doc = "The categories of events: openCategoryId is the categoryId of an event.",
    method = "GET", path = "/v1.0/calendar/categories",
    answer = object { categories = list(object { openCategoryId = text(), displayName = text() }) },
  },
  {
    name = "create_subscribed_calendar", vendor = "createSubscribedCalendar",
    doc = "Makes a calendar that others subscribe to. The user must be in the scope.",
    method = "POST", path = USER .. "/subscribedCalendars", write = true, client_token = false, scope = CALENDAR_WRITE,
    user = "unionId of its creator",
    body = { argument = "details", row = object({
      name = required(calendar_name), description = calendar_description, managers = managers,
      subscribeScope = required(subscribe_scope),
    }, { class = "SubscribedCalendarDetails" }) },
    answer = object { calendarId = text() }, page = "create-subscription-calendar",
  },
  {
    name = "get_subscribed_calendar", vendor = "getSubscribedCalendar", doc = "A calendar that others subscribe to.",
    method = "GET", path = USER .. "/subscribedCalendars/{calendar}", scope = CALENDAR_READ,
    answer = object {
      calendarId = text(), name = text(), description = text(), author = text("unionId"), managers = managers,
      subscribeScope = subscribe_scope,
    },
    page = "query-a-single-subscription-calendar",
  },
  {
    name = "update_subscribed_calendar", vendor = "updateSubscribedCalendars",
    doc = "Changes the given fields of a calendar that others subscribe to.",
    method = "PUT", path = USER .. "/subscribedCalendars/{calendar}", write = true, client_token = false,
    scope = CALENDAR_WRITE, user = "unionId of its creator",
    body = { argument = "details", row = object({
      name = calendar_name, description = calendar_description, managers = managers, subscribeScope = subscribe_scope,
    }, { class = "SubscribedCalendarChanges" }) },
    answer = success, page = "update-subscription-calendar",
  },
  {
    name = "delete_subscribed_calendar", vendor = "deleteSubscribedCalendar",
    doc = "Deletes a calendar that others subscribe to.",
    method = "DELETE", path = USER .. "/subscribedCalendars/{calendar}", write = true, client_token = false,
    scope = CALENDAR_WRITE, user = "unionId of its creator",
    answer = success, page = "delete-subscription-calendar",
  },
  {
    name = "subscribe_calendar", vendor = "subscribeCalendar", doc = "Subscribes a user to a calendar.",
    method = "POST", path = USER .. "/calendars/{calendar}/subscribe", write = true, client_token = false,
    scope = CALENDAR_WRITE, user = "unionId of the subscriber", page = "subscribe-to-a-public-calendar",
  },
  {
    name = "unsubscribe_calendar", vendor = "unsubscribeCalendar", doc = "Ends a user's subscription of a calendar.",
    method = "POST", path = USER .. "/calendars/{calendar}/unsubscribe", write = true, client_token = false,
    scope = CALENDAR_WRITE, user = "unionId of the subscriber",
    answer = success, page = "unsubscribe-from-a-public-calendar",
  },
})

local acl_scope = object { scopeType = required(text "`user`"), userId = required(union_id) }
local privilege = choice("free_busy_reader title_reader reader writer", nil)
local acl = { aclId = text(), privilege = privilege, scope = acl_scope }

define_all("Access to a calendar", {
  {
    name = "list_acls", vendor = "listAcls", doc = "Who may see a calendar. For internal and personal apps.",
    method = "GET", path = CALENDAR .. "/acls", scope = ACL_READ, user = OWNER,
    answer = object { acls = list(object(acl, { class = "Acl" })) },
    page = "obtain-the-access-control-list-of-the-calendar",
  },
  {
    name = "create_acl", vendor = "createAcls", doc = "Lets someone see a calendar. For internal and personal apps.",
    method = "POST", path = CALENDAR .. "/acls", write = true, client_token = false, scope = ACL_WRITE, user = OWNER,
    body = { argument = "details", row = object({
      privilege = required(privilege), scope = required(acl_scope),
      sendMsg = required(flag "whether to notify the person"),
    }, { class = "AclDetails" }) },
    answer = object(acl), page = "create-schedule-access-control",
  },
  {
    name = "delete_acl", vendor = "deleteAcl", doc = "Takes access to a calendar back. For internal and personal apps.",
    method = "DELETE", path = CALENDAR .. "/acls/{acl}", write = true, client_token = false, scope = ACL_WRITE,
    user = OWNER, page = "delete-an-access-control-list",
  },
  {
    name = "generate_caldav_account", vendor = "generateCaldavAccount",
    doc = "Makes an account for a CalDAV program. The result holds its password.",
    method = "POST", path = USER .. "/caldavAccounts", write = true, client_token = false, secret = true,
    user = OWNER,
    body = { argument = "device", field = "device", row = text("the device's name", { required = true }) },
    answer = object { username = text(), password = text(), serverAddress = text() },
  },
})

local function sign_list(each, vendor, name, path, types, time, page)
  return {
    name = name, each = each, vendor = vendor, doc = ("Who has signed %s of an event, or has not."):format(
      time == "checkInTime" and "in" or "out"),
    method = "GET", path = EVENT .. path, scope = READ,
    query = {
      { "maxResults", "integer", 1, limits.max_page_sign_ins, doc = "people of one page; 200" }, next_token,
      { "type", "string", required = true, one_of = choice(types).one_of },
    },
    fixed = { maxResults = limits.defaults.page_sign_ins }, items = "users", page = page,
    answer = object { users = list(object {
      userId = text("unionId"), displayName = text(), [time] = number "milliseconds since 1970",
    }) },
  }
end

define_all("Signing in", {
  {
    name = "sign_in", vendor = "signIn", doc = "Signs an attendee in at an event.",
    method = "POST", path = EVENT .. "/signin", write = true, client_token = false, scope = WRITE,
    user = "unionId of the attendee", answer = object { checkInTime = number "milliseconds since 1970" },
    page = "sign-in-single-schedule-news",
  },
  {
    name = "sign_out", vendor = "signOut", doc = "Signs an attendee out of an event.",
    method = "POST", path = EVENT .. "/signOut", write = true, client_token = false, scope = WRITE,
    user = "unionId of the attendee", answer = object { checkOutTime = number "milliseconds since 1970" },
    page = "sign-off-for-a-single-schedule",
  },
  {
    name = "check_in", vendor = "checkIn", doc = "The older sign_in, which superseded it in 2022.",
    method = "POST", path = EVENT .. "/checkIn", write = true, client_token = false,
    user = "unionId of the attendee", answer = object { checkInTime = number "milliseconds since 1970" },
    page = "sign-in-for-a-single-schedule",
  },
  sign_list("each_sign_in", "getSignInList", "get_sign_in_list", "/signin",
    "sign_in not_yet_sign_in check_in not_yet_check_in", "checkInTime",
    "view-the-check-in-details-of-a-single-schedule"),
  sign_list("each_sign_out", "getSignOutList", "get_sign_out_list", "/signOut", "sign_out not_yet_sign_out",
    "checkOutTime", "view-the-billing-details-of-a-single-schedule"),
  {
    name = "get_sign_in_link", vendor = "getSignInLink", doc = "The link under which an event's attendees sign in.",
    method = "GET", path = EVENT .. "/signInLinks", scope = WRITE,
    answer = object { signInLink = text() }, page = "api-getsigninlink",
  },
  {
    name = "get_sign_out_link", vendor = "getSignOutLink", doc = "The link under which an event's attendees sign out.",
    method = "GET", path = EVENT .. "/signOutLinks", scope = WRITE,
    answer = object { signOutLink = text() }, page = "api-getsignoutlink",
  },
})

return operations
