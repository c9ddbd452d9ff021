--- The calls that change who is in an event, as rows of dingtalk.operations; apart from the others,
--- which the adding of people does not need.
---
---   removing   what it does with the people of the list
---   counted    the field of a result or an error that counts them
---   tail       the end of the path
---   options    the name of their schema in dingtalk.options

local function row(name, tail, fields)
  fields.name, fields.method, fields.tail = name, "POST", tail
  fields.path = { "/v1.0/calendar/users/", "user", "/calendars/", "cal", "/events/", "event", tail }
  fields.write, fields.scope = true, "Calendar.Event.Write"
  return fields
end

return {
  add_attendees = row("add_attendees", "/attendees", {
    removing = false, counted = "added", options = "add_attendees",
  }),
  remove_attendees = row("remove_attendees", "/attendees/batchRemove", {
    removing = true, counted = "removed", options = "batched",
  }),
}
