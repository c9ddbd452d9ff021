--- opts.confirm: what was asked of an event's attendees is looked up in the event. That settles what
--- the service's answers leave open, and shows who is in and who is not.

local batches = require "dingtalk.batches"
local attempts = require "dingtalk.attempts"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local list = require "dingtalk.list"
local operations = require "dingtalk.operations"
local pages = require "dingtalk.pages"
local request = require "dingtalk.request"
local codes = require "dingtalk.codes"

local confirm = {}

---@class dingtalk.Confirmed what the event's attendee list says of the people of a call
---@field all boolean whether it shows what was asked: everybody in it after adding, nobody after removing
---@field present string[]? unionIds of the call that are in the event
---@field absent string[]? unionIds of the call that are not
---@field reads integer how often the list was read
---@field error dingtalk.Error? why it could not be read; then `present` and `absent` are missing

-- The ids in the event, as a set.
local function read(run, place)
  local client, task = run.client, run.task
  local left = math.max(run.confirm_until - client:now(), 0.001)
  local reading, err = request.prepare(client, operations.list_attendees, task.token, place, nil,
    { timeout = left, max_attempts = task.max_attempts })
  if not reading then return nil, err end
  local found = {}
  local state = pages.start(reading)
  repeat
    local page
    page, err = pages.next(client, state)
    for _, attendee in ipairs(page or {}) do found[attendee.id or false] = true end
  until not page
  run.attempts = run.attempts + state.attempts
  if err then return nil, err end
  return found
end

local function compare(run, found, reads)
  local confirmed = { all = true, present = {}, absent = {}, reads = reads }
  local seen = {}
  for _, id in ipairs(run.ids) do
    if not seen[id] then
      seen[id] = true
      local side = found[id] and confirmed.present or confirmed.absent
      side[#side + 1] = id
    end
  end
  confirmed.all = #(run.kind.removing and confirmed.present or confirmed.absent) == 0
  return confirmed
end

local function is_as_asked(run, slot, found)
  local first, last = run.task.body:batch(slot.batch)
  for position = first, last do
    local is_in = found[run.ids[position]] or false
    if is_in == run.kind.removing then return false end
  end
  return true
end

-- Batches of which it is not known whether they were done, and that turn out to have been.
local function settle(run, found)
  local left = 0
  run.failed = false
  for _, slot in ipairs(run.plan) do
    if slot.error and slot.outcome == "unknown" and is_as_asked(run, slot, found) then
      slot.settled, slot.status = true, nil
      batches.done(run, slot)
      batches.report(run, slot)
    end
    if slot.error then
      run.failed = true
      if slot.outcome == "unknown" then left = left + 1 end
    end
  end
  return left
end

-- What was just written may take a moment to show.
local function wait(run, reads)
  local client = run.client
  local seconds = attempts.backoff(codes.retries.throttled, reads, client:random())
  return client:now() + seconds < run.confirm_until and client:pause({}, seconds)
end

-- Reads until everything shows, or it is no use. Sets run.confirmed.
local function look(run, place)
  local client = run.client
  run.confirm_until = math.max(run.task.deadline, client:now() + limits.defaults.confirm_timeout)
  for reads = 1, limits.confirm_reads do
    local found, err = read(run, place)
    if not found then
      run.confirmed = { all = false, reads = reads, error = err }
      return
    end
    run.confirmed = compare(run, found, reads)
    local open = settle(run, found)
    if run.failed and open == 0 or not run.failed and run.confirmed.all then return end
    -- Batches that wait to be sent cannot show yet.
    if not run.failed and run.next <= #run.plan then return end
    if reads < limits.confirm_reads and not wait(run, reads) then return end
  end
end

-- A refusal, or a request that never went out, leaves nothing open.
local function is_open(run)
  return not run.failed or batches.worst(run).outcome == "unknown"
end

--- Sends the batches of a call, as batches.send does, and confirms them.
---@param run table
---@param place string[] user, calendar and event
---@param people table the list of the call
function confirm.send(run, place, people)
  local body = run.task.body
  local _, last = body:batch(body:batches())
  run.ids = list.ids(people, last)
  repeat
    run.confirmed = nil
    batches.send(run)
    if is_open(run) then look(run, place) end
  until run.failed or run.next > #run.plan
end

local function hint_of(cause)
  if not cause then return codes.not_confirmed.hint end
  if cause.hint or cause.kind ~= "permission" then return cause.hint end
  return "Reading the list needs the permission " .. operations.list_attendees.scope .. "."
end

--- The error of a call that was accepted whole and is not confirmed.
---@param run table
---@return dingtalk.Error
function confirm.failure(run)
  local rule, confirmed = codes.not_confirmed, run.confirmed
  local cause = confirmed.error
  local message
  if cause then
    message = rule.unread:format(cause.message)
  else
    local wrong = run.kind.removing and confirmed.present or confirmed.absent
    message = (run.kind.removing and rule.present or rule.absent):format(#wrong)
  end
  return errors.new {
    kind = cause and cause.kind or rule.kind, code = rule.code, message = message, outcome = "unknown",
    retryable = cause == nil or cause.retryable, retry_after = cause and cause.retry_after,
    status = cause and cause.status, request_id = cause and cause.request_id,
    required_scopes = cause and cause.required_scopes, hint = hint_of(cause),
    confirmed = confirmed,
  }
end

return confirm
