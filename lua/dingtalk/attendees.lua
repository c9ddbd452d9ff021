--- Adding people to an event and removing them: a list in, requests of up to 500 people each, a result or an error out.

local attempts = require "dingtalk.attempts"
local client_module = require "dingtalk.client"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"
local parts = require "dingtalk.parts"
local resume = require "dingtalk.resume"
local scheduler = require "dingtalk.scheduler"

local attendees = {}

local NO_OPTIONS = {}

-- 1. The arguments: checked, and encoded by the C core in one pass.

local entry_fields = { id = true, isOptional = true }

local messages = {
  no_attendees = "%s is empty: 1 to 5,000 attendees are needed",
  too_many_attendees = "%s has more than 5,000 attendees, as many as an event can have",
  missing_id = "%s is missing",
  hole = "%s is missing: the list has a hole",
}

-- The fields of what contact.unionids gives, by which it is recognised.
local found_fields = { unionids = true, failed = true, error = true }

local function type_message(name, position, field, detail)
  if not position then return ("%s must be an array, not a %s"):format(name, detail) end
  if field == "isOptional" then return ("%s must be a boolean, not a %s"):format(name, detail) end
  if field == "id" then return ("%s must be a string, not a %s"):format(name, detail) end
  return ("%s must be a unionId string or a table with id, not a %s"):format(name, detail)
end

-- The error of what core.attendees refused.
local function refusal(people, code, position, field, detail)
  if code == "out_of_memory" then error("not enough memory", 0) end
  local shown = field ~= nil and errors.one_line(field) or nil
  local name = position and ("list[%d]"):format(position) or "list"
  if code == "not_a_list" then
    return errors.argument("list", code, "list has a key that is no position: " .. shown,
      found_fields[field] and "Of what contact.unionids found, found.unionids is the list." or nil)
  elseif code == "conflicting_duplicate" then
    return errors.argument(name, code,
      ("%s repeats the id of list[%d] with another isOptional"):format(name, detail))
  elseif code == "unknown_field" then
    return errors.argument(name .. "." .. shown, code,
      ("%s has a field %q that is not known here"):format(name, shown),
      options.did_you_mean(field, entry_fields))
  end
  local in_table = code ~= "wrong_type" and code ~= "hole" and position and type(rawget(people, position)) == "table"
  if shown or in_table then name = name .. "." .. (shown or "id") end
  local message = code == "wrong_type" and type_message(name, position, shown, detail)
    or messages[code] and messages[code]:format(name)
    or name .. " " .. options.fault_text(code)
  return errors.argument(name, code, message)
end

local path_arguments = { "user", "cal", "event" }

-- The error of what core.url refused.
local function bad_place(which, fault, type_given)
  local name = path_arguments[which]
  local text = type_given and "must be a string, not a " .. type_given or options.fault_text(fault)
  local lacks_cal = name == "event" and type_given == "table"
  local hint = lacks_cal and "cal is the third argument: nil for the primary calendar." or nil
  return errors.argument(name, fault, name .. " " .. text, hint)
end

-- The batches of a list: the state of each one's request, with an x-client-token of its own.
local function new_batches(count, given)
  if count == 1 then return { attempts.new(given or core.uuid(), 1) } end
  local batches = {}
  for number = 1, count do
    batches[number] = attempts.new(given and given .. "-" .. number or core.uuid(), number)
  end
  return batches
end

-- 2. The batches: sent one after the other or some at a time; the hooks are called for each.

--- What a result says of one batch.
local function describe(batch, first, last)
  return {
    first = first, last = last, status = batch.status, request_id = batch.request_id or nil,
    attempts = batch.attempts, client_token = batch.client_token, elapsed = batch.elapsed, settled = batch.settled,
  }
end

-- What opts.resume should be if nothing more happened.
local function left(call)
  call.digest = call.digest or call.body:digest(call.url)
  return resume.make(call.batches, call.digest)
end

local function note_hook_error(call, message)
  call.hook_error = call.hook_error or errors.one_line(message)
end

-- How many people of the list were accepted by this call and by earlier ones, and how many there are.
local function sum(call)
  local count, before, total = 0, 0, 0
  for number, batch in ipairs(call.batches) do
    local _, _, people = call.body:batch(number)
    total = total + people
    if batch.before then before = before + people elseif batch.accepted then count = count + people end
  end
  return count, before, total
end

local function tell(call, batch)
  local info = describe(batch, call.body:batch(batch.batch))
  -- A hook may change what it is given.
  info.batch, info.batches, info.error = batch.batch, #call.batches, batch.error and errors.copy(batch.error)
  info[call.row.counted], info.before, info.total = sum(call)
  local ok, message = scheduler.outside(pcall, call.opts.on_batch, info)
  if not ok then note_hook_error(call, message) end
end

-- Calls opts.checkpoint with what is left. Returns what went wrong, or nil.
local function save(call)
  local ok, saved, message = scheduler.outside(pcall, call.opts.checkpoint, left(call))
  if not ok then return errors.one_line(saved) end
  if not saved and message ~= nil then return errors.one_line(message) end
end

-- Calls opts.checkpoint before a batch is sent. If it cannot save, the batch is not sent.
local function announce(call, batch)
  batch.sending = true
  local message = save(call)
  return message and errors.new {
    kind = "cancelled", code = "checkpoint_failed", outcome = batch.outcome or "not_sent",
    message = "opts.checkpoint could not save: " .. message,
    retryable = true, attempts = 0, elapsed = 0, client_token = batch.client_token,
  }
end

--- Calls the hooks at the end of a batch.
function attendees.report(call, batch)
  local problem = call.opts.checkpoint and save(call)
  if problem then note_hook_error(call, problem) end
  if call.opts.on_batch then tell(call, batch) end
end

local function send_batch(call, batch)
  local err = call.opts.checkpoint and announce(call, batch) or attempts.run(call.client, call, batch)
  if batch.hook_error then note_hook_error(call, batch.hook_error) end
  if err then
    batch.error, batch.outcome, batch.sending, call.failed = err, err.outcome, nil, true
  else
    batch.accepted = true
  end
  if call.opts ~= NO_OPTIONS then attendees.report(call, batch) end
end

--- Sends the batches that are not accepted yet, until one fails.
function attendees.send(call)
  local batches, last = call.batches, #call.batches
  if last == 1 or (call.opts.concurrency or limits.defaults.concurrency) == 1 then
    for number = 1, last do
      if not batches[number].accepted and not call.failed then send_batch(call, batches[number]) end
    end
    return
  end
  local number = 0
  scheduler.run(call.client, call.opts.concurrency, function()
    repeat number = number + 1 until number > last or not batches[number].accepted
    local batch = not call.failed and batches[number]
    return batch and function() send_batch(call, batch) end
  end)
end

--- Whether a batch waits to be sent.
function attendees.has_unsent(call)
  for _, batch in ipairs(call.batches) do
    if not batch.accepted and not batch.error then return true end
  end
  return false
end

-- 3. The result, or the error.

-- Puts in the place of the call's batches, which nothing needs any more, the records of those that this call had
-- accepted, in the order of the list. Returns them, how many people they were, and how many requests were made.
local function to_records(call)
  local records, at, count, made = call.batches, 0, 0, call.reads_made or 0
  for number = 1, #records do
    local batch = records[number]
    records[number] = nil
    made = made + batch.attempts
    if batch.accepted and not batch.before then
      local first, last, people = call.body:batch(number)
      at, count = at + 1, count + people
      records[at] = describe(batch, first, last)
    end
  end
  return records, count, made
end

-- The batch whose failure the caller must mind first: one that may have been done, else the first.
local function worst(call)
  local first
  for _, batch in ipairs(call.batches) do
    if batch.error and batch.outcome == "unknown" then return batch end
    first = first or batch.error and batch
  end
  return first
end

--- Whether a batch may have been done, in this call or an earlier one that opts.resume tells of.
function attendees.has_unknown(call)
  for _, batch in ipairs(call.batches) do
    if batch.outcome == "unknown" and not batch.accepted then return true end
  end
  return false
end

-- Adds what a failed call knows beyond the error of one batch, and what opts.resume takes.
local function complete(call, err)
  err.resume, err.confirmed, err.hook_error = left(call), call.confirmed, call.hook_error
  err.batches, err[call.row.counted], err.attempts = to_records(call)
  return err
end

local function fail(call)
  local batch = worst(call)
  local err, is_unknown = batch.error, attendees.has_unknown(call)
  local counted = call.row.counted
  err.batch = batch.batch
  complete(call, err)
  if err.outcome ~= "unknown" and is_unknown then
    err.outcome = "unknown"
    err.message = err.message .. "; whether another batch was done is still unknown"
  elseif err.outcome ~= "unknown" and err[counted] > 0 then
    err.message = ("%s; %d people were %s before"):format(err.message, err[counted], counted)
  end
  return err
end

-- The service accepted everything, and the attendee list does not show it.
local function unconfirmed(call)
  return complete(call, call.confirm.failure(call))
end

local function succeed(call)
  local records, count, made = to_records(call)
  local last = records[#records] or NO_OPTIONS
  return {
    [call.row.counted] = count, status = last.status, request_id = last.request_id, attempts = made,
    client_token = call.opts.client_token or records[1] and records[1].client_token, batches = records,
    confirmed = call.confirmed, hook_error = call.hook_error,
  }
end

--- Adds or removes attendees: see dingtalk.calendar.
---@param client dingtalk.Client
---@param row table of dingtalk.attendee_rows
---@param limiter dingtalk.RateLimiter? of a bulk run; by default the client's
---@return table? result
---@return dingtalk.Error? err
function attendees.change(client, row, token, user, cal, event, people, opts, limiter)
  local literals = row.literals
  local err = client_module.refusal(client) or options.check_token(token)
  if err then return nil, err end
  if opts == nil then
    opts = NO_OPTIONS
  else
    opts, err = options.take(opts, row.options, "opts")
    if err then return nil, err end
  end
  local confirm
  if opts.confirm then
    confirm, err = parts.load "dingtalk.confirm"
    if err then return nil, err end
  end
  local url, which, fault, type_given = core.url(client.base_url, literals[1], user,
    literals[2], cal == nil and "primary" or cal, literals[3], event, literals[4])
  if not url then return nil, bad_place(which, fault, type_given) end
  local body, count, position, field, detail =
    core.attendees(people, opts.pushNotification, opts.chatNotification, row.removing)
  if not body then return nil, refusal(people, count, position, field, detail) end
  -- The call: what its requests share (see dingtalk.Request), and its batches.
  local call = {
    client = client, row = row, opts = opts, url = url, token = token, body = body,
    deadline = client.clock() + (opts.timeout or client.call_timeout),
    batches = new_batches(count, opts.client_token),
  }
  if opts ~= NO_OPTIONS then call.cancel, call.max_attempts = opts.cancel, opts.max_attempts end
  if limiter then call.rate_limiter = limiter end
  err = opts.resume and resume.apply(opts.resume, call.batches, body:digest(url))
  if err then return nil, err end
  if confirm then
    call.confirm = confirm
    confirm.send(call, { user, cal or "primary", event }, people)
  else
    attendees.send(call)
  end
  local result
  if call.failed then
    err = fail(call)
  elseif call.confirmed and not call.confirmed.all then
    err = unconfirmed(call)
  else
    result = succeed(call)
  end
  body:free()
  return result, err
end

return attendees
