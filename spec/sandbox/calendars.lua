-- The events: by user, calendar and id, and in the order they were made.
local roster = require "sandbox.roster"

local calendars = {}

local users, by_id

---@return table event
function calendars.put(user, calendar, id, fields)
  users[user] = users[user] or {}
  local cal = users[user][calendar] or { map = {}, list = {}, change = 0 }
  users[user][calendar] = cal
  local event = { id = id, user = user, calendar = cal, calendar_id = calendar, fields = fields or {},
    attendees = roster.new(), organizer = user, rooms = {}, created = ngx.now(), place = #cal.list + 1 }
  local before = cal.map[id]
  if before then event.place = before.place end
  cal.list[event.place] = event
  cal.map[id] = event
  by_id[id] = event
  calendars.touch(event)
  return event
end

---Remembers that the event changed now, for update times and sync tokens.
function calendars.touch(event)
  local cal = event.calendar
  cal.change = cal.change + 1
  event.change = cal.change
  event.updated = ngx.now()
end

---@return table|nil event
function calendars.find(user, calendar, id)
  local cal = calendars.calendar(user, calendar)
  local event = cal and cal.map[id]
  if event and not event.deleted then return event end
end

---Whoever it belongs to: an attendee answers an event of someone else's calendar.
function calendars.find_anywhere(id)
  local event = by_id[id]
  if event and not event.deleted then return event end
end

---@return table|nil calendar with list, map and change
function calendars.calendar(user, calendar)
  return users[user] and users[user][calendar]
end

---@return table[] events of everybody that are not deleted
function calendars.all()
  local found = {}
  for _, of_user in pairs(users) do
    for _, calendar in pairs(of_user) do
      for _, event in ipairs(calendar.list) do
        if not event.deleted then found[#found + 1] = event end
      end
    end
  end
  return found
end

---The calendars of a user by id.
---@return table<string, table>
function calendars.of(user) return users[user] or {} end

---Moves an event into another's primary calendar.
function calendars.give(event, user)
  event.organizer = user
  local fields = event.fields
  if user == event.user then return end
  local given = calendars.put(user, "primary", event.id, fields)
  given.attendees, given.rooms, given.created = event.attendees, event.rooms, event.created
  event.deleted = true
  calendars.touch(event)
end

function calendars.reset()
  users, by_id = {}, {}
  calendars.put("U5KPwll3QjgiG", "primary", "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08", {
    summary = "Example event",
    start = { dateTime = "2030-01-15T10:00:00+08:00", timeZone = "Asia/Shanghai" },
    ["end"] = { dateTime = "2030-01-15T11:00:00+08:00", timeZone = "Asia/Shanghai" },
  })
end

return calendars
