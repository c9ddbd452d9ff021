--- The public module: people added to DingTalk calendar events.
---
---   local calendar = require "dingtalk.calendar"
---   local result, err = calendar.add_attendees(token, user, cal, event, list, opts)

local client = require "dingtalk.client"

local attendees = require "dingtalk.attendees"
local errors = require "dingtalk.errors"

local bulk = require "dingtalk.bulk"
local calls = require "dingtalk.calls"
local pages = require "dingtalk.pages"

---@class dingtalk.Calendar
local calendar = {}

---@class dingtalk.Client
local methods = client.methods

local function not_a_client()
  return errors.argument("self", "not_a_client", "call it as a method: client:add_attendees(…)")
end

local function refusal(self)
  if not client.is_client(self) then return not_a_client() end
  return client.refusal(self)
end

local function change(self, kind, ...)
  local err = refusal(self)
  if err then return nil, err end
  return attendees.change(self, attendees[kind], ...)
end

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
  return change(self, "add", token, user, cal, event, list, opts)
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
  return change(self, "remove", token, user, cal, event, list, opts)
end

--- Adds people to many events: some calls at a time, no more a second than the service takes.
---@param token dingtalk.Token
---@param jobs dingtalk.Job[]|(fun(): dingtalk.Job?) an array, or an iterator that gives the next job
---@param opts dingtalk.BulkOptions?
---@return dingtalk.BulkSummary? summary
---@return dingtalk.Error? err for arguments only: each job's error goes to opts.on_result
function methods:add_attendees_each(token, jobs, opts)
  local err = refusal(self)
  if err then return nil, err end
  return bulk.run(self, token, jobs, opts)
end

--- A client with its own configuration and connections.
---@param config dingtalk.Config?
---@return dingtalk.Client? client
---@return dingtalk.Error? err
function calendar.new(config)
  return client.new(config)
end

--- Whether a value is an error of this module.
---@param value any
---@return boolean
function calendar.is_error(value)
  return errors.is_error(value)
end

-- The module's functions are the methods of a client made at the first call. An iterator's failure
-- comes out of the iterator.
local function forward(name, is_iterator)
  calendar[name] = function(...)
    local default, err = client.default()
    if default then return methods[name](default, ...) end
    if not is_iterator then return nil, err end
    return pages.each(nil, nil, err)
  end
end

forward "add_attendees"
forward "remove_attendees"
forward "add_attendees_each"

-- By name, so that all are there before the module of calls is read.
local function define(name, is_iterator)
  methods[name] = function(self, ...)
    return calls[name](self, refusal(self), ...)
  end
  forward(name, is_iterator)
end

define "list_attendees"
define("each_attendee", true)
define "respond"
define "list_events"
define("each_event", true)
define "get_event"
define "create_event"
define "update_event"
define "delete_event"

return calendar
