--- The public module: people added to DingTalk calendar events.
---
---   local calendar = require "dingtalk.calendar"
---   local result, err = calendar.add_attendees(token, user, cal, event, list, opts)

local attendees = require "dingtalk.attendees"
local cancellation = require "dingtalk.cancellation"
local client = require "dingtalk.client"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local operations = require "dingtalk.operations"
local pages = require "dingtalk.pages"
local requests = require "dingtalk.request"

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
  return attendees.change(self, operations.add_attendees, token, user, cal, event, list, opts)
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
  return attendees.change(self, operations.remove_attendees, token, user, cal, event, list, opts)
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
  return requests.any(self, token, spec, opts)
end

-- The methods of a row of operations that sends one request, or reads pages.
local function define(row)
  methods[row.name] = function(self, ...)
    local err = client.refusal(self)
    if err then return nil, err end
    return operations.perform(self, row, ...)
  end
  if not row.each then return end
  methods[row.each] = function(self, ...)
    local err = client.refusal(self)
    if err then return pages.each(nil, nil, err) end
    return operations.each(self, row, ...)
  end
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

forward "add_attendees_each"
forward "request"
for _, row in ipairs(operations.rows) do
  if not row.counted then define(row) end
  forward(row.name)
  if row.each then forward(row.each, true) end
end

return calendar
