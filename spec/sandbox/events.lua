-- The calls on events themselves.
local answers = require "sandbox.answers"
local attendees = require "sandbox.attendees"
local calendars = require "sandbox.calendars"
local contacts = require "sandbox.contacts"
local ids = require "sandbox.ids"
local json = require "sandbox.json"
local ledger = require "sandbox.ledger"
local pages = require "sandbox.pages"
local people = require "sandbox.people"
local series = require "sandbox.series"
local times = require "sandbox.times"

local events = {}

local YEAR = 366 * 86400
-- What a caller may set; given back as it came.
local FIELDS = { "summary", "description", "start", "end", "isAllDay", "recurrence", "location", "reminders",
  "onlineMeetingInfo", "extra", "uiConfigs", "richTextDescription", "cardInstances", "categories", "freeBusyStatus" }

local function person(id, user)
  return { id = id, displayName = contacts.display_name(id), responseStatus = "accepted", self = id == user }
end

-- Minutes go in as a number and come out as a text.
local function read_reminders(reminders)
  if reminders == nil then return nil end
  local read = json.list {}
  for i, one in ipairs(reminders) do
    read[i] = { method = one.method, minutes = one.minutes and ("%d"):format(one.minutes) }
  end
  return read
end

local function describe(event, user, max_attendees)
  local answer = {
    id = event.id,
    status = event.deleted and "cancelled" or "confirmed",
    organizer = person(event.organizer, user),
    createTime = times.format(event.created),
    updateTime = times.format(event.updated),
    etag = ngx.md5(event.id .. event.change),
    isAllDay = false,
  }
  for name, value in pairs(event.fields) do answer[name] = value end
  local list = event.attendees:page(0, max_attendees)
  for i = 1, #list do list[i] = attendees.describe(list[i], user) end
  answer.attendees = json.list(list)
  answer.reminders = read_reminders(answer.reminders)
  if #event.rooms > 0 then answer.meetingRooms = json.list(event.rooms) end
  return answer
end

local function not_found(ctx, is_deleted)
  return answers.error(ctx, is_deleted and "instanceNotExist" or "itemNotFound")
end

local function find_by(lookup, ctx)
  local refused = people.check_user(ctx)
  if refused then return nil, refused end
  local params = ctx.params
  local event, is_deleted = lookup(params.userId, params.calendarId, params.eventId)
  if not event then return nil, not_found(ctx, is_deleted) end
  return event
end

-- Of the user's own calendar.
local function find(ctx) return find_by(series.find, ctx) end

-- Every user has a primary calendar; the others exist once they hold an event.
local function calendar_of(ctx)
  local refused = people.check_user(ctx)
  if refused then return nil, refused end
  local params = ctx.params
  local calendar = calendars.calendar(params.userId, params.calendarId)
  if not calendar and params.calendarId ~= "primary" then return nil, answers.error(ctx, "itemNotFound") end
  return calendar or { list = {}, change = 0 }
end

function events.get(ctx)
  local event, refused = find_by(series.find_for, ctx)
  if not event then return refused end
  local most
  most, refused = people.count(ctx, "maxAttendees", 100, 500)
  if not most then return refused end
  return answers.json(describe(event, ctx.params.userId, most))
end

-- What a listing asks for: bounds in time, the change it continues from, pages.
local function wanted(ctx)
  local query = ctx.query
  local want = { series = query.seriesMasterId, deleted = query.showDeleted == "true" }
  for _, name in ipairs { "timeMin", "timeMax" } do
    if query[name] and query[name] ~= "" then
      want[name] = times.parse(query[name])
      if not want[name] then return nil, answers.invalid(ctx, name .. " is no time.") end
    end
  end
  if want.timeMin and want.timeMax and (want.timeMax < want.timeMin or want.timeMax - want.timeMin > YEAR) then
    return nil, answers.invalid(ctx, "timeMin and timeMax are not in order or more than a year apart.")
  end
  want.after, want.since = pages.number(query.nextToken), pages.number(query.syncToken)
  if not want.after or not want.since then return nil, answers.invalid(ctx, "A token is none of ours.") end
  if query.syncToken and query.syncToken ~= "" then want.deleted = true end
  local refused
  want.size, refused = people.count(ctx, "maxResults", 100, 100)
  if not want.size then return nil, refused end
  want.attendees, refused = people.count(ctx, "maxAttendees", 100, 100)
  return want.attendees and want, refused
end

-- By their start: timeMin and timeMax are the least and the greatest.
local function matches(event, want)
  if event.deleted and not want.deleted then return false end
  if event.change <= want.since then return false end
  if want.series and want.series ~= "" and event.fields.seriesMasterId ~= want.series then return false end
  local from = times.of(event.fields.start)
  if want.timeMin and from and from < want.timeMin then return false end
  if want.timeMax and from and from > want.timeMax then return false end
  return true
end

function events.list(ctx)
  local calendar, refused = calendar_of(ctx)
  if not calendar then return refused end
  local want
  want, refused = wanted(ctx)
  if not want then return refused end
  if calendar.map then series.store_past(calendar) end
  local page, last, more = {}, want.after, false
  for place = want.after + 1, #calendar.list do
    local event = calendar.list[place]
    if matches(event, want) then
      more = #page == want.size
      if more then break end
      page[#page + 1] = describe(event, ctx.params.userId, want.attendees)
    end
    last = place
  end
  return answers.json {
    events = json.list(page),
    nextToken = pages.token(more and last or nil),
    syncToken = not more and not want.timeMax and pages.token(calendar.change) or nil,
  }
end

-- A page of events that are there already, in order of their start.
local function page_of(ctx, list, size, most)
  table.sort(list, function(a, b)
    local left, right = times.of(a.fields.start) or 0, times.of(b.fields.start) or 0
    if left ~= right then return left < right end
    return a.id < b.id
  end)
  local after = pages.number(ctx.query.nextToken)
  if not after then return answers.invalid(ctx, "nextToken is none of ours.") end
  local page = {}
  for i = after + 1, math.min(#list, after + size) do page[#page + 1] = describe(list[i], ctx.params.userId, most) end
  local following = #list > after + size and after + size or nil
  return answers.json { events = json.list(page), nextToken = pages.token(following) }
end

-- All that overlaps the span asked for, of some events. `latest`: where none is asked for.
local function view(ctx, list, latest)
  local want, refused = wanted(ctx)
  if not want then return refused end
  local from = want.timeMin or -math.huge
  local to = want.timeMax or latest or (want.timeMin or ngx.now()) + YEAR
  local found = {}
  for _, event in ipairs(list) do
    for _, one in ipairs(series.within(event, from, to)) do found[#found + 1] = one end
  end
  return page_of(ctx, found, want.size, want.attendees)
end

function events.view(ctx)
  local calendar, refused = calendar_of(ctx)
  return refused or view(ctx, calendar.list)
end

-- The instances of one series, those that were stored, too.
function events.instances(ctx)
  local event, refused = find(ctx)
  if not event then return refused end
  local list = { event }
  for _, other in ipairs(event.calendar.list) do
    if other.fields.seriesMasterId == event.id then list[#list + 1] = other end
  end
  return view(ctx, series.recurrence(event) and list or {}, math.huge)
end

function events.stored_instances(ctx)
  local calendar, refused = calendar_of(ctx)
  if not calendar then return refused end
  local want
  want, refused = wanted(ctx)
  if not want then return refused end
  if calendar.map then series.store_past(calendar) end
  local from, found = ctx.query.startRecurrenceId or "", {}
  for _, event in ipairs(calendar.list) do
    if event.fields.seriesMasterId == ctx.query.seriesMasterId and not event.deleted and event.id >= from then
      found[#found + 1] = event
    end
  end
  return page_of(ctx, found, want.size, want.attendees)
end

local function take_fields(ctx, body, fields)
  for _, name in ipairs(FIELDS) do
    local value = json.field(body, name)
    if value ~= nil then fields[name] = value end
  end
  if type(fields.summary) ~= "string" then return answers.invalid(ctx, "summary is required.") end
  if not times.of(fields.start) then return answers.invalid(ctx, "Event start time not set.") end
  if not times.of(fields["end"]) then return answers.invalid(ctx, "Event end time not set.") end
end

local function take_attendees(ctx, body)
  local given = json.field(body, "attendees")
  if given == nil or (type(given) == "table" and next(given) == nil) then return {} end
  return people.list(ctx, body, "attendees")
end

local function seat(event, list)
  local seated = {}
  for _, one in ipairs(list) do
    if not event.attendees:find(one.id) then
      event.attendees:add(one.id, one.optional)
      seated[#seated + 1] = one.id
    end
  end
  return seated
end

function events.create(ctx)
  local body, refused = people.body(ctx)
  if not body then return refused end
  local _
  _, refused = calendar_of(ctx)
  local fields = {}
  refused = refused or take_fields(ctx, body, fields)
  if refused then return refused end
  local list
  list, refused = take_attendees(ctx, body)
  if not list then return refused end
  local event = calendars.put(ctx.params.userId, ctx.params.calendarId, ids.event_id(), fields)
  ctx.event_id = event.id
  ledger.write(ctx, "created", seat(event, list))
  return answers.json(describe(event, ctx.params.userId, 500))
end

local function keep_only(event, list)
  local wanted_ids = {}
  for _, one in ipairs(list) do wanted_ids[one.id] = true end
  for _, entry in ipairs((event.attendees:page(0, math.huge))) do
    if not wanted_ids[entry.id] then event.attendees:remove(entry.id) end
  end
end

function events.update(ctx)
  local body, refused = people.body(ctx)
  if not body then return refused end
  local event
  event, refused = find(ctx)
  if not event then return refused end
  local fields = {}
  for name, value in pairs(event.fields) do fields[name] = value end
  refused = take_fields(ctx, body, fields)
  if refused then return refused end
  local list
  list, refused = take_attendees(ctx, body)
  if not list then return refused end
  event = series.store(event)
  event.fields = fields
  if json.field(body, "attendees") then keep_only(event, list) end
  calendars.touch(event)
  ledger.write(ctx, "updated", seat(event, list))
  return answers.json(describe(event, ctx.params.userId, 500))
end

-- For an attendee it is gone from the own calendar only.
function events.delete(ctx)
  local event, refused = find_by(series.find_for, ctx)
  if not event then return refused end
  event = series.store(event)
  if event.user == ctx.params.userId then event.deleted = true else event.attendees:remove(ctx.params.userId) end
  calendars.touch(event)
  ledger.write(ctx, "deleted", {})
  return answers.empty()
end

function events.cancel(ctx)
  local event, refused = find(ctx)
  if not event then return refused end
  event = series.store(event)
  event.deleted = true
  calendars.touch(event)
  ledger.write(ctx, "cancelled", {})
  return answers.json { result = true }
end

function events.transfer(ctx)
  local event, refused = find(ctx)
  if not event then return refused end
  local new, old = ctx.json.newOrganizerId, event.organizer
  if not people.is_union_id(new) then return answers.invalid(ctx, "newOrganizerId is no unionId.") end
  event.attendees:remove(new)
  if not ctx.json.isExitCalendar and not event.attendees:find(old) then event.attendees:add(old, false, "accepted") end
  calendars.give(event, new)
  ledger.write(ctx, "transferred", { new })
  return answers.json { result = true }
end

return events
