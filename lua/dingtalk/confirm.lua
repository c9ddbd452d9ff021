--- opts.confirm: reads the event's attendees after a call. That settles the batches whose answers were lost, and shows
--- who is in the event and who is not.

local attendees = require "dingtalk.attendees"
local attempts = require "dingtalk.attempts"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local operations = require "dingtalk.operations"
local pages = require "dingtalk.pages"
local codes = require "dingtalk.codes"

local confirm = {}

---@class dingtalk.Confirmed what the event's attendee list says of the people of a call
---@field all boolean whether it shows what was asked: everybody in it after adding, nobody after removing
---@field present string[]? unionIds of the call that are in the event
---@field absent string[]? unionIds of the call that are not
---@field otherwise string[]? unionIds that are in the event with another isOptional than the call asked for
---@field reads integer how often the list was read
---@field error dingtalk.Error? why it could not be read; then the lists are missing

-- What the call asks for, by position of its list.
local function wishes_of(people, last)
  local wishes = {}
  for position = 1, last do
    local entry = rawget(people, position)
    local is_table = type(entry) == "table"
    wishes[position] = {
      id = is_table and rawget(entry, "id") or entry,
      optional = is_table and rawget(entry, "isOptional"),
      said = is_table and rawget(entry, "isOptional") ~= nil, -- whether the list says whether the person need not come
    }
  end
  return wishes
end

-- Who is in the event: whether the person need not come, by id; and how many pages that took. Or nil and the error.
local function read(call, place)
  local client = call.client
  local left = math.max(call.confirm_until - client:now(), 0.001)
  local request, err = operations.prepare(client, operations.list_attendees, call.token, place, nil,
    { timeout = left, max_attempts = call.max_attempts, cancel = call.cancel })
  if not request then return nil, err end
  local found = {}
  local reading = pages.start(request)
  repeat
    local page
    page, err = pages.next(client, reading)
    for _, attendee in ipairs(page or {}) do found[attendee.id or false] = attendee.isOptional == true end
  until not page
  call.reads_made = (call.reads_made or 0) + reading.attempts
  if err then return nil, err end
  return found, reading.count
end

local function is_same(found, other)
  for id in pairs(found) do
    if other[id] == nil then return false end
  end
  for id in pairs(other) do
    if found[id] == nil then return false end
  end
  return true
end

local function has_other_flag(wish, found)
  return wish.said and found[wish.id] ~= nil and found[wish.id] ~= wish.optional
end

local function is_as_asked(call, wish, found)
  if call.row.removing then return found[wish.id] == nil end
  return found[wish.id] ~= nil and not has_other_flag(wish, found)
end

local function compare(call, found, reads)
  local confirmed = { all = true, present = {}, absent = {}, otherwise = nil, reads = reads }
  local seen = {}
  for _, wish in ipairs(call.wishes) do
    if not seen[wish.id] then
      seen[wish.id] = true
      local side = found[wish.id] ~= nil and confirmed.present or confirmed.absent
      side[#side + 1] = wish.id
      if not call.row.removing and has_other_flag(wish, found) then
        confirmed.otherwise = confirmed.otherwise or {}
        table.insert(confirmed.otherwise, wish.id)
      end
      confirmed.all = confirmed.all and is_as_asked(call, wish, found)
    end
  end
  return confirmed
end

local function is_done(call, batch, found)
  local first, last = call.body:batch(batch.batch)
  for position = first, last do
    if not is_as_asked(call, call.wishes[position], found) then return false end
  end
  return true
end

-- Accepts the batches whose outcome was unknown and that the list shows to be done. Returns how many stay unknown.
local function settle(call, found)
  local open = 0
  call.failed = false
  for _, batch in ipairs(call.batches) do
    if batch.error and batch.outcome == "unknown" and is_done(call, batch, found) then
      batch.accepted, batch.settled, batch.status, batch.error = true, true, nil, nil
      attendees.report(call, batch)
    end
    if batch.error then
      call.failed = true
      if batch.outcome == "unknown" then open = open + 1 end
    end
  end
  return open
end

-- A write may take a moment to show.
local function wait(call, reads)
  local client = call.client
  local seconds = attempts.backoff(codes.retries.throttled, reads, client:random())
  return client:now() + seconds < call.confirm_until and client:pause({}, seconds)
end

-- Reads until the list shows everything, or more reading cannot help. Sets call.confirmed.
local function look(call, place)
  local previous
  for reads = 1, limits.confirm_reads do
    local found, read_pages = read(call, place)
    if not found then
      call.confirmed = { all = false, reads = reads, error = read_pages }
      return
    end
    -- Someone who moves to another page while the list is read may be on neither.
    local is_certain = read_pages == 1 or not call.row.removing or previous and is_same(previous, found)
    previous = found
    call.confirmed = compare(call, found, reads)
    local open = is_certain and settle(call, found)
    if not is_certain then
      call.confirmed.all = false
    elseif call.failed and open == 0 or not call.failed and call.confirmed.all then
      return
    elseif not call.failed and attendees.has_unsent(call) then
      return -- batches that wait to be sent cannot show yet
    end
    if reads < limits.confirm_reads and not wait(call, reads) then return end
  end
end

-- Whether reading can change anything: not after a refusal, nor if a request was never sent.
local function is_open(call)
  return not call.failed or attendees.has_unknown(call)
end

--- Sends the batches of a call, as attendees.send does, and confirms them.
---@param call table
---@param place string[] user, calendar and event
---@param people table the list of the call
function confirm.send(call, place, people)
  call.wishes = wishes_of(people, (select(2, call.body:batch(#call.batches))))
  call.confirm_until = call.deadline + limits.defaults.confirm_timeout
  repeat
    call.confirmed = nil
    attendees.send(call)
    if is_open(call) then look(call, place) end
  until call.failed or not attendees.has_unsent(call)
end

local function hint_of(cause)
  if not cause then return codes.not_confirmed.hint end
  if cause.hint or cause.kind ~= "permission" then return cause.hint end
  return "Reading the list needs the permission " .. operations.list_attendees.scope .. "."
end

--- The error of a call whose batches were all accepted, and that is not confirmed.
---@param call table
---@return dingtalk.Error
function confirm.failure(call)
  local rule, confirmed = codes.not_confirmed, call.confirmed
  local cause = confirmed.error
  local message
  if cause then
    message = rule.unread:format(cause.message)
  elseif call.row.removing then
    message = rule.present:format(#confirmed.present)
  elseif #confirmed.absent > 0 then
    message = rule.absent:format(#confirmed.absent)
  else
    message = rule.otherwise:format(#confirmed.otherwise)
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
