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
local times = require "sandbox.times"

local events = {}

local YEAR = 366 * 86400
-- What a caller may set; given back as it came.
local FIELDS = { "summary", "description", "start", "end", "isAllDay", "recurrence", "location", "reminders",
  "onlineMeetingInfo", "extra", "uiConfigs", "richTextDescription", "cardInstances" }

local function person(id, user)
  return { id = id, displayName = contacts.display_name(id), responseStatus = "accepted", self = id == user }
end

local function describe(event, user, max_attendees)
  local answer = {
    id = event.id,
    status = event.deleted and "cancelled" or "confirmed",
    organizer = person(event.user, user),
    createTime = times.format(event.created),
    updateTime = times.format(event.updated),
    etag = ngx.md5(event.id .. event.change),
    isAllDay = false,
  }
  for name, value in pairs(event.fields) do answer[name] = value end
  local list = event.attendees:page(0, max_attendees)
  for i = 1, #list do list[i] = attendees.describe(list[i], user) end
  answer.attendees = json.list(list)
  return answer
end

local function find(ctx)
  local refused = people.check_user(ctx)
  if refused then return nil, refused end
  local params = ctx.params
  local event = calendars.find(params.userId, params.calendarId, params.eventId)
  if not event then return nil, answers.error(ctx, "itemNotFound") end
  return event
end

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
  local event, refused = find(ctx)
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
  want.attendees, refused = people.count(ctx, "maxAttendees", 100, 500)
  return want.attendees and want, refused
end

local function matches(event, want)
  if event.deleted and not want.deleted then return false end
  if event.change <= want.since then return false end
  if want.series and want.series ~= "" and event.fields.seriesMasterId ~= want.series then return false end
  local from, to = times.of(event.fields.start), times.of(event.fields["end"])
  if want.timeMin and (to or from) and (to or from) <= want.timeMin then return false end
  if want.timeMax and from and from >= want.timeMax then return false end
  return true
end

function events.list(ctx)
  local calendar, refused = calendar_of(ctx)
  if not calendar then return refused end
  local want
  want, refused = wanted(ctx)
  if not want then return refused end
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
    syncToken = not more and pages.token(calendar.change) or nil,
  }
end

local function take_fields(ctx, body, fields)
  for _, name in ipairs(FIELDS) do
    local value = json.field(body, name)
    if value ~= nil then fields[name] = value end
  end
  if type(fields.summary) ~= "string" then return answers.invalid(ctx, "summary is required.") end
  if not times.of(fields.start) then return answers.invalid(ctx, "start is required.") end
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
  event.fields = fields
  if json.field(body, "attendees") then keep_only(event, list) end
  calendars.touch(event)
  ledger.write(ctx, "updated", seat(event, list))
  return answers.json(describe(event, ctx.params.userId, 500))
end

function events.delete(ctx)
  local event, refused = find(ctx)
  if not event then return refused end
  event.deleted = true
  calendars.touch(event)
  ledger.write(ctx, "deleted", {})
  return answers.empty()
end

return events
