--- Adding people to an event and removing them: a list in, requests of up to 500 people each, a result or an error out.

local attempts = require "dingtalk.attempts"
local client_module = require "dingtalk.client"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"
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

local function type_message(name, field, detail)
  if field == "isOptional" then return ("%s must be a boolean, not a %s"):format(name, detail) end
  if field == "id" then return ("%s must be a string, not a %s"):format(name, detail) end
  return ("%s must be a unionId string or a table with id, not a %s"):format(name, detail)
end

-- The error of what core.attendees refused.
local function refusal(people, argument, code, position, field, detail)
  if code == "out_of_memory" then error("not enough memory", 0) end
  local shown = field ~= nil and errors.one_line(field) or nil
  local name = position and ("%s[%d]"):format(argument, position) or argument
  if code == "not_a_list" then
    return errors.argument(argument, code, ("%s has a key that is no position: %s"):format(argument, shown))
  elseif code == "conflicting_duplicate" then
    return errors.argument(name, code,
      ("%s repeats the id of %s[%d] with another isOptional"):format(name, argument, detail))
  elseif code == "unknown_field" then
    return errors.argument(name .. "." .. shown, code,
      ("%s has a field %q that is not known here"):format(name, shown),
      options.did_you_mean(field, entry_fields))
  end
  local in_table = code ~= "wrong_type" and code ~= "hole" and position and type(rawget(people, position)) == "table"
  if shown or in_table then name = name .. "." .. (shown or "id") end
  local message = code == "wrong_type" and type_message(name, shown, detail)
    or messages[code] and messages[code]:format(name)
    or name .. " " .. options.fault_text(code)
  return errors.argument(name, code, message)
end

--- Checks and encodes a list.
---@param people any
---@param argument string how the list is called, for the error's `argument`
---@param push boolean? pushNotification
---@param chat boolean? chatNotification
---@param removing boolean?
---@return userdata? body the bodies of its batches
---@return dingtalk.Error? err
function attendees.encode(people, argument, push, chat, removing)
  if type(people) ~= "table" then
    return nil, errors.argument(argument, "wrong_type",
      ("%s must be an array, not a %s"):format(argument, type(people)))
  end
  local body, code, position, field, detail = core.attendees(people, push, chat, removing)
  if body then return body end
  return nil, refusal(people, argument, code, position, field, detail)
end

local path_arguments = { "user", "cal", "event" }

local function url_of(client, operation, user, cal, event)
  if cal == nil then cal = "primary" end
  local path = operation.path
  local url, which, fault, detail = core.url(client.base_url, path[1], user, path[3], cal, path[5], event, path[7])
  if url then return url end
  local name = path_arguments[which]
  local text = detail and "must be a string, not a " .. detail or options.fault_text(fault)
  return nil, errors.argument(name, fault, name .. " " .. text)
end

-- The x-client-token of a batch.
local function client_token(given, number, count)
  if not given then return core.uuid() end
  return count == 1 and given or given .. "-" .. number
end

-- A batch: the state of its request, and which part of the list it holds.
local function new_batch(body, number, given)
  local batch = attempts.new(client_token(given, number, body:batches()), number)
  batch.first, batch.last, batch.count = body:batch(number)
  batch.accepted = false
  return batch
end

-- The call: what is to be sent, and what came of it so far.
local function new_call(client, operation, token, url, body, opts)
  local call = {
    client = client, operation = operation, opts = opts, url = url, body = body,
    batches = {},
    next = 1,      -- the batch to be sent next
    count = 0,     -- people accepted
    attempts = 0,  -- requests made
    failed = false,
    request = {
      operation = operation.name, method = operation.method, url = url, token = token, body = body,
      deadline = client:now() + (opts.timeout or client.call_timeout),
      max_attempts = opts.max_attempts or client.max_attempts,
    },
  }
  for number = 1, body:batches() do call.batches[number] = new_batch(body, number, opts.client_token) end
  return call
end

-- 2. The batches: sent one after the other or some at a time, each told to the hooks.

--- What a result says of one batch.
function attendees.describe(batch)
  return {
    first = batch.first, last = batch.last, status = batch.status, request_id = batch.request_id,
    attempts = batch.attempts, client_token = batch.client_token, elapsed = batch.elapsed, settled = batch.settled,
  }
end

-- What opts.resume should be if nothing more happened.
local function left(call)
  return resume.make(call.batches, call.body:digest(call.url))
end

local function note_hook_error(call, message)
  call.hook_error = call.hook_error or (message and errors.one_line(message))
end

-- How many people of the list were accepted by earlier calls, and how many there are.
local function sum(call)
  local before, total = 0, 0
  for _, batch in ipairs(call.batches) do
    total = total + batch.count
    if batch.before then before = before + batch.count end
  end
  return before, total
end

local function tell(call, batch)
  local info = attendees.describe(batch)
  info.batch, info.batches, info.error = batch.batch, #call.batches, batch.error
  info[call.operation.counted] = call.count
  info.before, info.total = sum(call)
  local ok, message = scheduler.outside(pcall, call.opts.on_batch, info)
  if not ok then note_hook_error(call, message) end
end

-- Has opts.checkpoint save what is left. Returns what went wrong, or nil.
local function save(call)
  local ok, saved, message = scheduler.outside(pcall, call.opts.checkpoint, left(call))
  if not ok then return errors.one_line(saved) end
  if not saved and message ~= nil then return errors.one_line(message) end
end

-- A request of which nothing would be known after a crash is not sent.
local function unsaved(batch, message)
  return errors.new {
    kind = "cancelled", code = "checkpoint_failed", outcome = batch.outcome or "not_sent",
    message = "opts.checkpoint could not save: " .. message,
    retryable = true, attempts = 0, elapsed = 0, client_token = batch.client_token,
  }
end

--- Takes note that the service did a batch.
function attendees.accept(call, batch)
  batch.accepted, batch.error, batch.outcome = true, nil, nil
  call.count = call.count + batch.count
end

--- Tells the hooks how a batch ended.
function attendees.report(call, batch)
  if call.opts.checkpoint then note_hook_error(call, save(call)) end
  if call.opts.on_batch then tell(call, batch) end
end

local function send_batch(call, batch)
  batch.sending = true
  local problem = call.opts.checkpoint and save(call)
  local err
  if problem then
    err = unsaved(batch, problem)
  else
    err = attempts.run(call.client, call.request, batch)
  end
  batch.sending = false
  call.attempts = call.attempts + batch.attempts
  note_hook_error(call, batch.hook_error)
  if err then
    batch.error, batch.outcome, call.failed = err, err.outcome, true
  else
    attendees.accept(call, batch)
  end
  attendees.report(call, batch)
end

-- The next batch to send, or nil when all are sent or one has failed.
local function next_batch(call)
  while not call.failed do
    local batch = call.batches[call.next]
    if not batch then return nil end
    call.next = call.next + 1
    if not batch.before then return batch end
  end
end

--- Sends what is left, until one fails.
function attendees.send(call)
  local concurrency = call.opts.concurrency or limits.defaults.concurrency
  if concurrency == 1 or #call.batches == 1 then
    local batch = next_batch(call)
    while batch do
      send_batch(call, batch)
      batch = next_batch(call)
    end
    return
  end
  scheduler.run(call.client, concurrency, function()
    local batch = next_batch(call)
    return batch and function() send_batch(call, batch) end
  end)
end

-- 3. The result, or the error.

-- What a result says of the batches that were accepted by this call.
local function accepted(call)
  local list = {}
  for _, batch in ipairs(call.batches) do
    if batch.accepted and not batch.before then list[#list + 1] = attendees.describe(batch) end
  end
  return list
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

-- What of the whole call the error of one batch does not say.
local function qualify(call, err)
  local counted = call.operation.counted
  if err.outcome ~= "unknown" and attendees.has_unknown(call) then
    err.outcome = "unknown"
    err.message = err.message .. "; whether another batch was done is still unknown"
  elseif err.outcome ~= "unknown" and call.count > 0 then
    err.message = ("%s; %d people were %s before"):format(err.message, call.count, counted)
  end
end

local function fail(call)
  local batch = worst(call)
  local err = batch.error
  qualify(call, err)
  err[call.operation.counted], err.batch, err.batches = call.count, batch.batch, accepted(call)
  err.attempts, err.resume = call.attempts, left(call)
  err.confirmed, err.hook_error = call.confirmed, call.hook_error
  return nil, err
end

-- The service accepted everything, and the attendee list does not show it.
local function unconfirmed(call)
  local err = require("dingtalk.confirm").failure(call)
  err[call.operation.counted], err.batches, err.resume = call.count, accepted(call), left(call)
  err.attempts, err.hook_error = call.attempts, call.hook_error
  return nil, err
end

local function succeed(call)
  local batches = accepted(call)
  local last = batches[#batches] or NO_OPTIONS
  return {
    [call.operation.counted] = call.count, status = last.status, request_id = last.request_id,
    attempts = call.attempts, client_token = call.opts.client_token or batches[1] and batches[1].client_token,
    batches = batches, confirmed = call.confirmed, hook_error = call.hook_error,
  }
end

local function outcome(call)
  if call.failed then return fail(call) end
  if call.confirmed and not call.confirmed.all then return unconfirmed(call) end
  return succeed(call)
end

-- A hook may change the table that the caller passed.
local function copy(opts, schema)
  local own = {}
  for name in pairs(schema) do own[name] = opts[name] end
  return own
end

--- Adds or removes attendees: see dingtalk.calendar.
---@param client dingtalk.Client
---@param operation table a row of dingtalk.operations: add_attendees or remove_attendees
---@param pace table? of a bulk run: see dingtalk.Request
---@return table? result
---@return dingtalk.Error? err
function attendees.change(client, operation, token, user, cal, event, people, opts, pace)
  local schema = options[operation.options]
  local err = client_module.refusal(client) or options.check_token(token) or options.check(opts, schema, "opts")
  if err then return nil, err end
  opts = opts and copy(opts, schema) or NO_OPTIONS
  local url, body
  url, err = url_of(client, operation, user, cal, event)
  if not url then return nil, err end
  body, err = attendees.encode(people, "list", opts.pushNotification, opts.chatNotification, operation.removing)
  if not body then return nil, err end
  local call = new_call(client, operation, token, url, body, opts)
  call.request.pace = pace
  err = opts.resume and resume.apply(opts.resume, call.batches, body:digest(url))
  if err then return nil, err end
  if opts.confirm then
    require("dingtalk.confirm").send(call, { user, cal or "primary", event }, people)
  else
    attendees.send(call)
  end
  local result
  result, err = outcome(call)
  body:free()
  return result, err
end

return attendees
