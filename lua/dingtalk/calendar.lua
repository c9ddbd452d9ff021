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
local operation_names = require "dingtalk.operation_names"
local parts = require "dingtalk.parts"

---@class dingtalk.Calendar
---@field empty_array table an empty array, for a body: `{}` is an object, unless the field is known as a list
local calendar = { empty_array = json.empty_array }

---@class dingtalk.Client
local methods = client.methods

-- A part of the module for a call of a client; or why the call cannot be made.
local function part_for(self, name)
  local err = client.refusal(self)
  if err then return nil, err end
  return parts.load(name)
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
---@return dingtalk.Error? err where nothing was begun: each job's error goes to opts.on_result
function methods:add_attendees_each(token, jobs, opts)
  local bulk, err = part_for(self, "dingtalk.bulk")
  if not bulk then return nil, err end
  return bulk.run(self, token, jobs, opts)
end

--- Makes a call of the service that has no method of its own.
---@param token dingtalk.Token
---@param spec dingtalk.RequestSpec
---@param opts dingtalk.WriteOptions?
---@return dingtalk.RequestResult? result
---@return dingtalk.Error? err
function methods:request(token, spec, opts)
  local requests, err = part_for(self, "dingtalk.request")
  if not requests then return nil, err end
  return requests.any(self, token, spec, opts)
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

-- An iterator that gives nothing but a failure: see dingtalk.pages, which may be what cannot be loaded.
local function failing(err)
  local iterator = {}
  return setmetatable(iterator, { __name = "dingtalk.PagesRead", __call = function()
    local failure = err
    err = nil
    if failure then return false, failure end
    return nil, iterator
  end })
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

-- All other operations, which are loaded by the first call of one: a program that adds people and removes them needs
-- none.
local function define(name, each)
  methods[name] = function(self, ...)
    local operations, err = part_for(self, "dingtalk.operations")
    if not operations then return nil, err end
    return operations.perform(self, name, ...)
  end
  forward(name)
  if not each then return end
  methods[each] = function(self, ...)
    local operations, iterator, err
    operations, err = part_for(self, "dingtalk.operations")
    if operations then iterator, err = operations.each(self, name, ...) end
    return iterator or failing(err)
  end
  forward(each, true)
end

for name, each in pairs(operation_names) do define(name, each) end

return calendar
