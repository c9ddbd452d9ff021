-- The calls the sandbox knows, as rows. `kind` says which checks come first: "api" a token header and a scope,
-- "open" nothing, "old" the older API's own. Those of the calendar are made from the client's table of operations;
-- a call without a handler here is checked by its row, written down, and answered by its schema.
local answers = require "sandbox.answers"
local attendees = require "sandbox.attendees"
local client = require "sandbox.client_modules"
local contacts = require "sandbox.contacts"
local events = require "sandbox.events"
local fields = require "sandbox.fields"
local ledger = require "sandbox.ledger"
local oauth = require "sandbox.oauth"
local rooms = require "sandbox.rooms"
local shares = require "sandbox.shares"
local sign_ins = require "sandbox.sign_ins"

-- The user of a call without one is the token's.
local function by_me(handler)
  return function(ctx)
    ctx.params.userId = ctx.session.union_id
    if not ctx.params.userId then
      return answers.error(ctx, "Forbidden.AccessDenied.AccessTokenPermissionDenied")
    end
    return handler(ctx)
  end
end

local handlers = {
  add_attendees = attendees.add, remove_attendees = attendees.remove, list_attendees = attendees.list,
  respond = attendees.respond,
  list_events = events.list, get_event = events.get, create_event = events.create, update_event = events.update,
  delete_event = events.delete, cancel_event = events.cancel, transfer_event = events.transfer,
  list_events_view = events.view, list_events_view_by_me = by_me(events.view),
  create_event_by_me = by_me(events.create), list_instances = events.instances,
  list_events_instances = events.stored_instances,
  get_schedule = rooms.people_schedule, get_schedule_by_me = by_me(rooms.people_schedule),
  get_meeting_rooms_schedule = rooms.schedule, add_meeting_rooms = rooms.add, remove_meeting_rooms = rooms.remove,
  respond_meeting_room = rooms.respond,
  list_calendars = shares.calendars, create_subscribed_calendar = shares.create, get_subscribed_calendar = shares.get,
  update_subscribed_calendar = shares.update, delete_subscribed_calendar = shares.delete,
  subscribe_calendar = shares.subscribe, unsubscribe_calendar = shares.unsubscribe,
  list_acls = shares.list_acls, create_acl = shares.create_acl, delete_acl = shares.delete_acl,
  sign_in = sign_ins.sign_in, sign_out = sign_ins.sign_out, check_in = sign_ins.sign_in,
  get_sign_in_list = sign_ins.list_in, get_sign_out_list = sign_ins.list_out,
  get_sign_in_link = sign_ins.link_in, get_sign_out_link = sign_ins.link_out,
}

local function answer_by_row(row)
  return function(ctx)
    if row.write then ledger.write(ctx, "called", { row.name }) end
    return fields.answer(row)
  end
end

local names = { user = "userId", cal = "calendarId", calendar = "calendarId", event = "eventId", acl = "aclId",
  room = "roomId" }

local function calendar(row)
  local handler = handlers[row.name] or answer_by_row(row)
  return {
    operation = row.name, method = row.method, kind = "api", scope = row.scope, metered = true, row = row,
    path = row.path:gsub("{(%w+)}", function(name) return "{" .. (names[name] or name) .. "}" end),
    write = row.client_token,
    handler = function(ctx) return fields.check(ctx) or handler(ctx) end,
  }
end

local function open(operation, path, handler)
  return { operation = operation, method = "POST", path = path, kind = "open", handler = handler }
end

local function old(operation, path, handler)
  return { operation = operation, method = "POST", path = path, kind = "old", handler = handler }
end

local routes = {
  { operation = "me", method = "GET", path = "/v1.0/contact/users/me", kind = "api",
    scope = "Contact.User.Read", handler = contacts.me },
  open("access_token", "/v1.0/oauth2/accessToken", oauth.internal),
  open("corp_access_token", "/v1.0/oauth2/corpAccessToken", oauth.enterprise),
  open("corp_token", "/v1.0/oauth2/{corpId}/token", oauth.corp),
  open("user_access_token", "/v1.0/oauth2/userAccessToken", oauth.user),
  old("user_get", "/topapi/v2/user/get", contacts.user_get),
  old("user_getbymobile", "/topapi/v2/user/getbymobile", contacts.user_getbymobile),
}
for _, row in ipairs(client.operations.rows) do routes[#routes + 1] = calendar(row) end

return routes
