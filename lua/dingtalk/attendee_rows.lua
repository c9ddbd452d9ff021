--- The operations that add people to an event and remove them: two rows of dingtalk.operation_rows, which says what
--- their fields mean. They stand here so that a program that makes no other call loads no other row.

local options = require "dingtalk.options"

local EVENT = "/v1.0/calendar/users/{user}/calendars/{cal}/events/{event}"

local rows = {
  add_attendees = {
    name = "add_attendees", vendor = "addAttendee", doc = "Adds people to an event.",
    method = "POST", path = EVENT .. "/attendees", write = true, scope = "Calendar.Event.Write",
    removing = false, counted = "added", options = options.add_attendees, page = "add-schedule-participant",
  },
  remove_attendees = {
    name = "remove_attendees", vendor = "removeAttendee", doc = "Removes people from an event.",
    method = "POST", path = EVENT .. "/attendees/batchRemove", write = true, scope = "Calendar.Event.Write",
    removing = true, counted = "removed", options = options.batched, page = "delete-schedule-participant",
  },
}

for _, row in pairs(rows) do
  row.literals = { row.path:match("^(.+){user}(.+){cal}(.+){event}(.+)$") }
end

return rows
