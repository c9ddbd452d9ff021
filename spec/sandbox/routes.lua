-- The calls the sandbox knows, as rows. `kind` says which checks come first:
-- "api" a token header and a scope, "open" nothing, "old" the older API's own.
local attendees = require "sandbox.attendees"
local contacts = require "sandbox.contacts"
local events = require "sandbox.events"
local oauth = require "sandbox.oauth"

local READ, WRITE = "Calendar.Event.Read", "Calendar.Event.Write"
local E = "/v1.0/calendar/users/{userId}/calendars/{calendarId}/events"

local function calendar(operation, method, path, scope, handler)
  return { operation = operation, method = method, path = E .. path, kind = "api", scope = scope,
    write = scope == WRITE, metered = true, handler = handler }
end

local function open(operation, path, handler)
  return { operation = operation, method = "POST", path = path, kind = "open", handler = handler }
end

local function old(operation, path, handler)
  return { operation = operation, method = "POST", path = path, kind = "old", handler = handler }
end

return {
  calendar("add_attendees", "POST", "/{eventId}/attendees", WRITE, attendees.add),
  calendar("remove_attendees", "POST", "/{eventId}/attendees/batchRemove", WRITE, attendees.remove),
  calendar("list_attendees", "GET", "/{eventId}/attendees", READ, attendees.list),
  calendar("respond", "POST", "/{eventId}/respond", WRITE, attendees.respond),
  calendar("list_events", "GET", "", READ, events.list),
  calendar("get_event", "GET", "/{eventId}", READ, events.get),
  calendar("create_event", "POST", "", WRITE, events.create),
  calendar("update_event", "PUT", "/{eventId}", WRITE, events.update),
  calendar("delete_event", "DELETE", "/{eventId}", WRITE, events.delete),
  { operation = "me", method = "GET", path = "/v1.0/contact/users/me", kind = "api",
    scope = "Contact.User.Read", handler = contacts.me },
  open("access_token", "/v1.0/oauth2/accessToken", oauth.internal),
  open("corp_access_token", "/v1.0/oauth2/corpAccessToken", oauth.enterprise),
  open("corp_token", "/v1.0/oauth2/{corpId}/token", oauth.corp),
  open("user_access_token", "/v1.0/oauth2/userAccessToken", oauth.user),
  old("user_get", "/topapi/v2/user/get", contacts.user_get),
  old("user_getbymobile", "/topapi/v2/user/getbymobile", contacts.user_getbymobile),
}
