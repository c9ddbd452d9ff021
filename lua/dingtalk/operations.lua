--- The calls of the calendar, as rows: another of the service's calls is another row.
---
---   name       of the public method, and in hooks and logs
---   method, path  the path's literals and, between them, the names of its arguments
---   query      the query's parameters in order: name, then a row as in dingtalk.options
---   fixed      parameters that are sent unless given
---   body       the argument that becomes the body: `field` of one value, or `fields` of a table
---   write      whether it changes something: then it carries an x-client-token
---   answer     what the answer holds: "event" for one object, named so in the result; nil for nothing
---   items      the field of an answer that comes in pages; `each` names the iterator
---   scope      the permission the app needs

local attendee_operations = require "dingtalk.operations.attendees"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"

local operations = {}

local READ, WRITE = "Calendar.Event.Read", "Calendar.Event.Write"

local function path(...)
  return { "/v1.0/calendar/users/", "user", "/calendars/", "cal", "/events", ... }
end

local function event_path(tail)
  return { "/v1.0/calendar/users/", "user", "/calendars/", "cal", "/events/", "event", tail }
end

local text = { "string" }
local query_text = { "string", check = "query" }
local flag = { "boolean" }
local object = { "table" }
local array = { "list", limits.max_attendees }

local statuses = { needsAction = true, accepted = true, declined = true, tentative = true }

-- Of an event that is made or changed.
local event_fields = {
  summary = text, description = text, start = object, ["end"] = object, isAllDay = flag,
  attendees = { "list", limits.batch_attendees, people = true },
  recurrence = object, location = object, reminders = array, onlineMeetingInfo = object, extra = object,
  uiConfigs = array, richTextDescription = object, categories = array, cardInstances = array,
  freeBusyStatus = text,
}

local max_attendees = { "maxAttendees", "integer", 1, limits.max_page_attendees }

local rows = {
  attendee_operations.add_attendees, attendee_operations.remove_attendees,
  {
    name = "list_attendees", each = "each_attendee", method = "GET", path = event_path("/attendees"), scope = READ,
    query = { { "maxResults", "integer", 1, limits.max_page_attendees }, { "nextToken", query_text } },
    -- The largest page: each request counts against the organisation's monthly quota.
    fixed = { maxResults = limits.max_page_attendees },
    items = "attendees",
  },
  {
    name = "respond", method = "POST", path = event_path("/respond"), write = true, scope = WRITE,
    body = { argument = "responseStatus", field = { "string", check = "one_of", one_of = statuses } },
  },
  {
    name = "list_events", each = "each_event", method = "GET", path = path(), scope = READ,
    query = {
      { "timeMin", query_text }, { "timeMax", query_text },
      { "maxResults", "integer", 1, limits.max_page_events }, max_attendees, { "nextToken", query_text },
      { "syncToken", query_text }, { "seriesMasterId", query_text }, { "showDeleted", flag },
    },
    fixed = { maxResults = limits.max_page_events },
    items = "events",
  },
  {
    name = "get_event", method = "GET", path = event_path(), query = { max_attendees }, scope = READ, answer = "event",
  },
  {
    name = "create_event", method = "POST", path = path(), write = true, scope = WRITE, answer = "event",
    body = { argument = "details", fields = event_fields, required = { "summary", "start" } },
  },
  {
    name = "update_event", method = "PUT", path = event_path(), write = true, scope = WRITE, answer = "event",
    body = { argument = "details", fields = event_fields, required = {} },
  },
  {
    name = "delete_event", method = "DELETE", path = event_path(), query = { { "pushNotification", flag } },
    write = true, scope = WRITE,
  },
}

-- { name, row } or { name, type, bounds … } as a row of a schema.
local function parameter(entry)
  return type(entry[2]) == "table" and entry[2] or { select(2, (table.unpack or unpack)(entry)) }
end

local function finish(row)
  row.arguments = {}
  for i = 2, #row.path, 2 do row.arguments[#row.arguments + 1] = row.path[i] end
  if row.options then return end
  local parameters = {}
  for _, entry in ipairs(row.query or {}) do parameters[entry[1]] = parameter(entry) end
  local paging = row.items and { max_pages = { "integer", 1, limits.max_pages } } or {}
  row.options = options.join(row.write and options.write or options.read, parameters, paging)
end

--- In their order here; and each by its name.
operations.rows = rows
for _, row in ipairs(rows) do
  finish(row)
  operations[row.name] = row
end

return operations
