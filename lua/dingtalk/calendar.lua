--- The public module: people added to DingTalk calendar events.
---
---   local calendar = require "dingtalk.calendar"
---   local result, err = calendar.add_attendees(token, user, cal, event, list, opts)

local attendee_rows = require "dingtalk.attendee_rows"
local attendees = require "dingtalk.attendees"
local cancellation = require "dingtalk.cancellation"
local client = require "dingtalk.client"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"

local require = require -- a program may take the global away

---@class dingtalk.Calendar
---@field empty_array table an empty array, for a body: `{}` is an object, unless the field is known as a list
local calendar = { empty_array = json.empty_array }

---@class dingtalk.Client
local methods = client.methods

--- Adds people to an event.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param list dingtalk.AttendeeToAdd[] 1 to 5,000; sent 500 a request
---@param opts dingtalk.AddOptions?
---@return dingtalk.AddResult? result
---@return dingtalk.Error? err
function methods:add_attendees(token, user, cal, event, list, opts)
  return attendees.change(self, attendee_rows.add_attendees, token, user, cal, event, list, opts)
end

--- Removes people from an event.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param list (string|{id: string})[] unionIds, 1 to 5,000; sent 500 a request
---@param opts dingtalk.RemoveOptions?
---@return dingtalk.RemoveResult? result
---@return dingtalk.Error? err
function methods:remove_attendees(token, user, cal, event, list, opts)
  return attendees.change(self, attendee_rows.remove_attendees, token, user, cal, event, list, opts)
end

--- Adds people to many events: some calls at a time, and no more in a second than the service allows.
---@param token dingtalk.Token
---@param jobs dingtalk.Job[]|(fun(): dingtalk.Job?) an array, or an iterator that gives the next job
---@param opts dingtalk.BulkOptions?
---@return dingtalk.BulkSummary? summary
---@return dingtalk.Error? err for arguments only: each job's error goes to opts.on_result
function methods:add_attendees_each(token, jobs, opts)
  local err = client.refusal(self)
  if err then return nil, err end
  return require("dingtalk.bulk").run(self, token, jobs, opts)
end

--- Makes a call of the service that has no method of its own.
---@param token dingtalk.Token
---@param spec dingtalk.RequestSpec
---@param opts dingtalk.WriteOptions?
---@return dingtalk.RequestResult? result
---@return dingtalk.Error? err
function methods:request(token, spec, opts)
  local err = client.refusal(self)
  if err then return nil, err end
  return require("dingtalk.request").any(self, token, spec, opts)
end

--- A client with its own configuration and connections.
---@param config dingtalk.Config?
---@return dingtalk.Client? client
---@return dingtalk.Error? err
function calendar.new(config)
  return client.new(config)
end

--- Makes a cancellation: given to calls as opts.cancel, it ends them from outside.
---@return dingtalk.Cancellation
function calendar.cancellation()
  return cancellation.new()
end

--- Whether a value is an error of this module.
---@param value any
---@return boolean
function calendar.is_error(value)
  return errors.is_error(value)
end

-- An iterator that gives nothing but a failure.
local function failing(err)
  return require("dingtalk.pages").each(nil, nil, err)
end

-- The module's functions are the methods of a client made at the first call.
local function forward(name, is_iterator)
  calendar[name] = function(...)
    local default, err = client.default()
    if default then return methods[name](default, ...) end
    if is_iterator then return failing(err) end
    return nil, err
  end
end

for _, name in ipairs { "add_attendees", "remove_attendees", "add_attendees_each", "request" } do forward(name) end

-- All other operations, as dingtalk.operation_rows groups them. They are loaded by the first call of one: a program
-- that adds people and removes them needs none.
local operations = {
  -- People of an event
  "list_attendees", "respond",
  -- Events
  "list_events", "list_events_view", "list_events_view_by_me", "get_event", "create_event", "create_event_by_me",
  "update_event", "delete_event", "cancel_event", "transfer_event",
  -- Series
  "list_instances", "list_events_instances", "convert_legacy_event_ids",
  -- Free and busy
  "get_schedule", "get_schedule_by_me", "get_meeting_rooms_schedule",
  -- Meeting rooms
  "add_meeting_rooms", "remove_meeting_rooms", "respond_meeting_room",
  -- Calendars
  "list_calendars", "list_categories", "create_subscribed_calendar", "get_subscribed_calendar",
  "update_subscribed_calendar", "delete_subscribed_calendar", "subscribe_calendar", "unsubscribe_calendar",
  -- Access to a calendar
  "list_acls", "create_acl", "delete_acl", "generate_caldav_account",
  -- Signing in
  "sign_in", "sign_out", "check_in", "get_sign_in_list", "get_sign_out_list", "get_sign_in_link", "get_sign_out_link",
}

for _, name in ipairs(operations) do
  methods[name] = function(self, ...)
    local err = client.refusal(self)
    if err then return nil, err end
    return require("dingtalk.operations").perform(self, name, ...)
  end
  forward(name)
end

-- The iterators of those whose answer comes in pages.
local iterators = {
  each_attendee = "list_attendees", each_event = "list_events", each_event_in_view = "list_events_view",
  each_event_in_view_by_me = "list_events_view_by_me", each_instance = "list_instances",
  each_sign_in = "get_sign_in_list", each_sign_out = "get_sign_out_list",
}

for each, name in pairs(iterators) do
  methods[each] = function(self, ...)
    local err = client.refusal(self)
    if err then return failing(err) end
    return require("dingtalk.operations").each(self, name, ...)
  end
  forward(each, true)
end

return calendar
