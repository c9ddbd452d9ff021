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
    attendees = roster.new(), created = ngx.now(), place = #cal.list + 1 }
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

function calendars.reset()
  users, by_id = {}, {}
  calendars.put("U5KPwll3QjgiG", "primary", "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08", {
    summary = "Example event",
    start = { dateTime = "2030-01-15T10:00:00+08:00", timeZone = "Asia/Shanghai" },
    ["end"] = { dateTime = "2030-01-15T11:00:00+08:00", timeZone = "Asia/Shanghai" },
  })
end

return calendars
