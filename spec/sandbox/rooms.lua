-- Meeting rooms and their bookings, and when rooms and people are busy. Any room id of letters, digits, "_" and
-- "-" is a room.
local answers = require "sandbox.answers"
local calendars = require "sandbox.calendars"
local ids = require "sandbox.ids"
local json = require "sandbox.json"
local ledger = require "sandbox.ledger"
local people = require "sandbox.people"
local series = require "sandbox.series"
local times = require "sandbox.times"

local rooms = {}

local MOST, MOST_SECONDS = 5, 90 * 86400
local YEAR = 366 * 86400

local function find(ctx)
  local refused = people.check_user(ctx)
  if refused then return nil, refused end
  local event = series.find(ctx.params.userId, ctx.params.calendarId, ctx.params.eventId)
  if not event then return nil, answers.error(ctx, "itemNotFound") end
  return event
end

local function position_of(event, room)
  for i, one in ipairs(event.rooms) do
    if one.roomId == room then return i end
  end
end

local function span(event)
  local from = times.of(event.fields.start)
  return from, times.of(event.fields["end"]) or from
end

-- The events that have a room between two times.
local function bookings(room, from, to)
  local found = {}
  for _, event in ipairs(calendars.all()) do
    local at = position_of(event, room)
    if at and event.rooms[at].responseStatus ~= "declined" then
      for _, one in ipairs(series.within(event, from, to)) do found[#found + 1] = one end
    end
  end
  return found
end

local function is_free(room, event)
  local from = span(event)
  for _, own in ipairs(series.within(event, from, from + YEAR)) do
    local own_from, own_to = span(own)
    for _, other in ipairs(bookings(room, own_from, own_to)) do
      local _, other_to = span(other)
      if other.id ~= own.id and other_to > own_from then return false end
    end
  end
  return true
end

local function room_ids(ctx, name)
  local found = {}
  for i, entry in ipairs(ctx.json[name]) do
    local id = type(entry) == "table" and entry.roomId
    if not ids.is_union_id(id) then return nil, answers.invalid(ctx, "roomId invalid") end
    found[i] = id
  end
  return found
end

function rooms.add(ctx)
  local event, refused = find(ctx)
  if not event then return refused end
  local list
  list, refused = room_ids(ctx, "meetingRoomsToAdd")
  if not list then return refused end
  if #event.rooms + #list > MOST then
    return answers.invalid(ctx, "attendees batch size too large. Maximum allowed:5")
  end
  for _, room in ipairs(list) do
    if not position_of(event, room) and not is_free(room, event) then
      return answers.error(ctx, "meetingRoomNotAvailable")
    end
  end
  event = series.store(event)
  for _, room in ipairs(list) do
    if not position_of(event, room) then
      event.rooms[#event.rooms + 1] = { roomId = room, displayName = room, responseStatus = "accepted" }
    end
  end
  calendars.touch(event)
  ledger.write(ctx, "booked", list)
  return answers.json { result = true }
end

function rooms.remove(ctx)
  local event, refused = find(ctx)
  if not event then return refused end
  local list
  list, refused = room_ids(ctx, "meetingRoomsToRemove")
  if not list then return refused end
  event = series.store(event)
  for _, room in ipairs(list) do
    local at = position_of(event, room)
    if at then table.remove(event.rooms, at) end
  end
  calendars.touch(event)
  ledger.write(ctx, "unbooked", list)
  return answers.json { result = true }
end

function rooms.respond(ctx)
  local event, refused = find(ctx)
  if not event then return refused end
  event = series.store(event)
  local at = position_of(event, ctx.params.roomId)
  if not at then return answers.json { result = false } end
  event.rooms[at].responseStatus = ctx.json.responseStatus
  calendars.touch(event)
  ledger.write(ctx, "room_responded", { ctx.params.roomId })
  return answers.json { result = true }
end

-- The bounds of a question, or what is wrong with them.
local function bounds(ctx)
  local from, to = times.parse(ctx.json.startTime), times.parse(ctx.json.endTime)
  if not from or not to then return nil, answers.error(ctx, "InvalidParameter.ParsedISO8601TimestampError") end
  if to < from then return nil, answers.invalid(ctx, "endTime is before startTime.") end
  return from, to
end

function rooms.schedule(ctx)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local from, to = bounds(ctx)
  if not from then return to end
  if to - from > MOST_SECONDS then return answers.invalid(ctx, "Cannot query schedule for more than 90 days.") end
  local information = json.list {}
  for i, room in ipairs(ctx.json.roomIds) do
    if not ids.is_union_id(room) then return answers.invalid(ctx, "roomId invalid") end
    local items = json.list {}
    for n, event in ipairs(bookings(room, from, to)) do
      items[n] = { start = event.fields.start, ["end"] = event.fields["end"], status = "BUSY", eventId = event.id,
        organizer = { id = event.organizer } }
    end
    information[i] = { roomId = room, scheduleItems = items }
  end
  return answers.json { scheduleInformation = information }
end

-- Whether an event takes a person's time, and how.
local function busy_status(event, user)
  if event.fields.freeBusyStatus == "free" then return nil end
  if event.organizer == user then return "BUSY" end
  local entry = event.attendees:find(user)
  if not entry or entry.status == "declined" then return nil end
  return entry.status == "accepted" and "BUSY" or "TENTATIVE"
end

function rooms.people_schedule(ctx)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local from, to = bounds(ctx)
  if not from then return to end
  local information = json.list {}
  for i, user in ipairs(ctx.json.userIds) do
    local items = json.list {}
    for _, event in ipairs(calendars.all()) do
      local status = busy_status(event, user)
      for _, one in ipairs(status and series.within(event, from, to) or {}) do
        items[#items + 1] = { start = one.fields.start, ["end"] = one.fields["end"], status = status }
      end
    end
    local is_person = people.is_union_id(user)
    information[i] = { userId = user, scheduleItems = items, error = not is_person and "userId is no unionId" or nil }
  end
  return answers.json { scheduleInformation = information }
end

return rooms
