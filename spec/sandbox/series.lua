-- Events that repeat: their instances, and events found by id, instances too. An instance is made up when it is
-- asked for, and stored when it is written to, when it is past, or when it is deleted. Its id is that of the
-- series with its time of beginning.
local calendars = require "sandbox.calendars"
local roster = require "sandbox.roster"
local times = require "sandbox.times"

local series = {}

local DAY = 86400
local MOST_DAYS = 3660 -- of a series without an end
local WEEKDAYS = { sunday = 0, monday = 1, tuesday = 2, wednesday = 3, thursday = 4, friday = 5, saturday = 6 }

local function date_of(day)
  return os.date("!*t", day * DAY)
end

local function weekdays_of(pattern, default)
  local set = {}
  for name in (pattern.daysOfWeek or ""):gmatch("%a+") do set[WEEKDAYS[name:lower()] or -1] = true end
  if next(set) == nil then set[default] = true end
  return set
end

local INDEXES = { first = 1, second = 2, third = 3, fourth = 4 }

local function is_nth(day, date, index)
  if index == "last" then return date_of(day + 7).month ~= date.month end
  return math.floor((date.day - 1) / 7) + 1 == (INDEXES[index] or 1)
end

-- By the pattern's type: whether the series has an instance on a day.
local matches = {}

function matches.daily(day, first, pattern)
  return (day - first) % (pattern.interval or 1) == 0
end

function matches.weekly(day, first, pattern)
  local start = WEEKDAYS[pattern.firstDayOfWeek or "sunday"] or 0
  local function week(of) return math.floor((of + 4 - start) / 7) end -- day 0 was a Thursday
  return (week(day) - week(first)) % (pattern.interval or 1) == 0
    and weekdays_of(pattern, (first + 4) % 7)[(day + 4) % 7] == true
end

local function months(day) local date = date_of(day) return date.year * 12 + date.month, date end

function matches.absoluteMonthly(day, first, pattern)
  local month, date = months(day)
  local first_month, first_date = months(first)
  return date.day == (pattern.dayOfMonth or first_date.day) and (month - first_month) % (pattern.interval or 1) == 0
end

function matches.relativeMonthly(day, first, pattern)
  local month, date = months(day)
  return (month - months(first)) % (pattern.interval or 1) == 0
    and weekdays_of(pattern, (first + 4) % 7)[(day + 4) % 7] == true and is_nth(day, date, pattern.index)
end

function matches.absoluteYearly(day, first, pattern)
  local date, first_date = date_of(day), date_of(first)
  return date.day == first_date.day and date.month == first_date.month
    and (date.year - first_date.year) % (pattern.interval or 1) == 0
end

---@return table|nil recurrence
function series.recurrence(event)
  local recurrence = event.fields.recurrence
  return type(recurrence) == "table" and type(recurrence.pattern) == "table" and recurrence or nil
end

local function span_of(event)
  local from = times.of(event.fields.start)
  return from, times.of(event.fields["end"]) or from
end

-- Beginnings of all instances, stored ones too, below a time.
local function beginnings(event, below)
  local recurrence = series.recurrence(event)
  local pattern, range = recurrence.pattern, recurrence.range or {}
  local from = span_of(event)
  local _, offset = times.zone(event.fields.start.dateTime)
  local match = matches[pattern.type] or matches.daily
  local first, second = math.floor((from + offset) / DAY), (from + offset) % DAY
  local last = range.endDate and times.parse(range.endDate)
  local found = {}
  for day = first, first + MOST_DAYS do
    local at = day * DAY + second - offset
    if at >= below or last and at >= last + DAY then break end
    if range.numberOfOccurrences and #found == range.numberOfOccurrences then break end
    if match(day, first, pattern) then found[#found + 1] = at end
  end
  return found
end

local function time_like(field, at)
  if field.date and not field.dateTime then return { date = os.date("!%Y-%m-%d", at), timeZone = field.timeZone } end
  return { dateTime = times.format(at, (times.zone(field.dateTime))), timeZone = field.timeZone }
end

-- The instance of a series that begins at a time.
local function instance_of(event, at)
  local from, to = span_of(event)
  local fields = {}
  for name, value in pairs(event.fields) do
    if name ~= "recurrence" then fields[name] = value end
  end
  fields.seriesMasterId = event.id
  fields.start = time_like(event.fields.start, at)
  fields["end"] = time_like(event.fields["end"] or event.fields.start, at + to - from)
  fields.originStart = fields.start
  return {
    id = ("%s_%d"):format(event.id, at), user = event.user, organizer = event.organizer, calendar = event.calendar,
    calendar_id = event.calendar_id, fields = fields, attendees = event.attendees, rooms = event.rooms,
    created = event.created, updated = event.updated, change = event.change, series = event,
  }
end

---What there is of an event between two times: itself or its instances, in order.
---@return table[] events
function series.within(event, from, to)
  if event.deleted then return {} end
  local start, stop = span_of(event)
  if not series.recurrence(event) then
    return start and start < to and stop >= from and { event } or {}
  end
  local found = {}
  for _, at in ipairs(beginnings(event, to)) do
    local instance = at + stop - start >= from and instance_of(event, at)
    if instance and not event.calendar.map[instance.id] then found[#found + 1] = instance end
  end
  return found
end

---Makes an instance an event of its own.
---@return table event
function series.store(event)
  if not event.series then return event end
  local stored = calendars.put(event.user, event.calendar_id, event.id, event.fields)
  stored.organizer, stored.attendees = event.organizer, roster.new()
  for _, entry in ipairs((event.attendees:page(0, math.huge))) do
    stored.attendees:add(entry.id, entry.optional, entry.status)
  end
  for i, room in ipairs(event.rooms) do stored.rooms[i] = room end
  return stored
end

---Stores the instances of a calendar that are past: those that a listing of events has.
function series.store_past(calendar)
  local now = ngx.now()
  for place = 1, #calendar.list do
    local event = calendar.list[place]
    if series.recurrence(event) then
      for _, instance in ipairs(series.within(event, -math.huge, now)) do series.store(instance) end
    end
  end
end

local function find_instance(user, calendar, id)
  local master, at = id:match("^(.+)_(%d+)$")
  local event = master and calendars.find(user, calendar, master)
  if not event or not series.recurrence(event) then return nil end
  at = tonumber(at)
  for _, one in ipairs(beginnings(event, at + 1)) do
    if one == at then return instance_of(event, at) end
  end
end

---An event of a calendar, or an instance of one.
---@return table|nil event, boolean|nil is_deleted whether it is an instance that was deleted
function series.find(user, calendar, id)
  local event = calendars.find(user, calendar, id)
  if event then return event end
  local cal = calendars.calendar(user, calendar)
  if cal and cal.map[id] then return nil, cal.map[id].fields.seriesMasterId ~= nil end
  return find_instance(user, calendar, id)
end

---For an attendee also an event of another's calendar.
function series.find_for(user, calendar, id)
  local event, is_deleted = series.find(user, calendar, id)
  if event or is_deleted then return event, is_deleted end
  event = calendars.find_anywhere(id)
  if event and event.attendees:find(user) then return event end
end

return series
