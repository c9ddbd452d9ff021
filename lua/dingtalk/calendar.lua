--- The public module: people added to DingTalk calendar events.
---
---   local calendar = require "dingtalk.calendar"
---   local result, err = calendar.add_attendees(token, user, cal, event, list, opts)

local client = require "dingtalk.client"
local core = require "dingtalk.core"
local lazy = require "dingtalk.lazy"

local attendees = lazy.kept("dingtalk.attendees", "dingtalk.batches", "dingtalk.call", "dingtalk.list",
  "dingtalk.resume")
local errors = lazy.kept "dingtalk.errors"

local bulk = lazy.module "dingtalk.bulk"
local calls = lazy.module "dingtalk.calls"
local pages = lazy.module "dingtalk.pages"

local core_add, core_remove = core.add_attendees, core.remove_attendees

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

-- A call that did not end in the core: what was sent there goes on from it, others begin here. A client's
-- first has the engine made before, and then may well end in the core.
local function change(self, kind, token, user, cal, event, list, opts, body, client_token, id, started)
  if id then
    return attendees.go_on(self, attendees[kind], token, user, cal, event, body, client_token, id, started)
  end
  local err = refusal(self)
  if err then return nil, err end
  if opts == nil and not self.engine and self.loop.in_place and self:open_engine() then
    return methods[kind .. "_attendees"](self, token, user, cal, event, list)
  end
  return attendees.change(self, attendees[kind], token, user, cal, event, list, opts)
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
  local result, body, client_token, id, started = core_add(self, token, user, cal, event, list, opts)
  if not result then
    return change(self, "add", token, user, cal, event, list, opts, body, client_token, id, started)
  end
  -- earn_retry would see to it, but stands in a module that a plain call does not compile.
  if self.retries_left < self.retry_budget then self:earn_retry() end
  return result
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
  local result, body, client_token, id, started = core_remove(self, token, user, cal, event, list, opts)
  if not result then
    return change(self, "remove", token, user, cal, event, list, opts, body, client_token, id, started)
  end
  -- earn_retry would see to it, but stands in a module that a plain call does not compile.
  if self.retries_left < self.retry_budget then self:earn_retry() end
  return result
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

-- The workers of nginx share what their master has read.
if rawget(_G, "ngx") then lazy.read_all() end

return calendar
