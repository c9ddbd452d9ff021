--- Adding people to an event and removing them: arguments in, requests of up to 500 each, a result or
--- an error out.

local call = require "dingtalk.call"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local group = require "dingtalk.group"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"
local resume = require "dingtalk.resume"

local attendees = {}

attendees.add = { operation = "add_attendees", tail = "/attendees", removing = false }

local path_arguments = { "user", "cal", "event" }
local entry_fields = { id = true, isOptional = true }

local list_messages = {
  no_attendees = "list is empty: 1 to 5,000 attendees are needed",
  too_many_attendees = "list has more than 5,000 attendees, as many as an event can have",
  missing_id = "%s is missing",
  hole = "%s is missing: the list has a hole",
  not_a_list = "list has a key that is no position: %s",
}

local function type_message(name, field, detail)
  if field == "isOptional" then return ("%s must be a boolean, not a %s"):format(name, detail) end
  if field == "id" then return ("%s must be a string, not a %s"):format(name, detail) end
  return ("%s must be a unionId string or a table with id, not a %s"):format(name, detail)
end

-- The error of what core.attendees refused.
local function list_error(list, code, position, field, detail)
  if code == "out_of_memory" then error("not enough memory", 0) end
  local shown = field ~= nil and errors.one_line(tostring(field)) or nil
  local name = position and ("list[%d]"):format(position) or "list"
  if code == "not_a_list" then
    return errors.argument("list", code, list_messages.not_a_list:format(shown))
  elseif code == "conflicting_duplicate" then
    return errors.argument(name, code,
      ("%s repeats the id of list[%d] with another isOptional"):format(name, detail))
  elseif code == "unknown_field" then
    return errors.argument(name .. "." .. shown, code,
      ("%s has a field %q that is not known here"):format(name, shown),
      options.did_you_mean(field, entry_fields))
  end
  local in_table = code ~= "wrong_type" and code ~= "hole" and position and type(rawget(list, position)) == "table"
  if shown or in_table then name = name .. "." .. (shown or "id") end
  local message = code == "wrong_type" and type_message(name, shown, detail)
    or list_messages[code] and list_messages[code]:format(name)
    or name .. " " .. options.fault_text(code)
  return errors.argument(name, code, message)
end

local function url_of(client, kind, user, cal, event)
  if cal == nil then cal = "primary" end
  local given = { user, cal, event }
  for i, name in ipairs(path_arguments) do
    if type(given[i]) ~= "string" then
      return nil, errors.argument(name, "wrong_type",
        ("%s must be a string, not a %s"):format(name, type(given[i])))
    end
  end
  local url, which, fault = core.url(client.base_url, "/v1.0/calendar/users/", user,
    "/calendars/", cal, "/events/", event, kind.tail)
  if url then return url end
  local name = path_arguments[which]
  return nil, errors.argument(name, fault, name .. " " .. options.fault_text(fault))
end

local function encode(kind, list, opts)
  if type(list) ~= "table" then
    return nil, errors.argument("list", "wrong_type", ("list must be an array, not a %s"):format(type(list)))
  end
  local body, code, position, field, detail =
    core.attendees(list, opts.pushNotification, opts.chatNotification, kind.removing)
  if body then return body end
  return nil, list_error(list, code, position, field, detail)
end

local NO_OPTIONS = {}

-- What is to be sent, all of it checked: the task and its batches.
local function prepare(client, kind, token, user, cal, event, list, opts)
  local err = options.check_token(token) or options.check(opts, options.add_attendees, "opts")
  if err then return nil, err end
  opts = opts or NO_OPTIONS
  local url, body
  url, err = url_of(client, kind, user, cal, event)
  if not url then return nil, err end
  body, err = encode(kind, list, opts)
  if not body then return nil, err end
  local plan = {}
  for number = 1, body:batches() do
    plan[number] = { batch = number }
  end
  if opts.resume then
    err = resume.apply(opts.resume, plan, body:digest(url))
    if err then return nil, err end
  end
  return {
    operation = kind.operation, method = "POST", url = url, token = token, body = body,
    deadline = client:now() + (opts.timeout or client.call_timeout),
    max_attempts = opts.max_attempts or client.max_attempts,
  }, plan
end

local function client_token(given, number, count)
  if not given then return core.uuid() end
  return count == 1 and given or given .. "-" .. number
end

-- What a result says of one batch.
local function describe(task, slot)
  local first, last = task.body:batch(slot.batch)
  return {
    first = first, last = last, status = slot.status, request_id = slot.request_id,
    attempts = slot.attempts, client_token = slot.client_token, elapsed = slot.elapsed,
  }
end

local function tell(run, slot)
  local hook = run.on_batch
  if not hook then return end
  local info = describe(run.task, slot)
  info.batch, info.batches, info.added, info.error = slot.batch, #run.plan, run.added, slot.error
  local ok, message = pcall(hook, info)
  if not ok then run.hook_error = run.hook_error or errors.one_line(tostring(message)) end
end

local function send(run, slot)
  slot.client_token = slot.client_token or client_token(run.client_token, slot.batch, #run.plan)
  slot.error = call.run(run.client, run.task, slot)
  run.attempts = run.attempts + slot.attempts
  run.hook_error = run.hook_error or slot.hook_error
  if slot.error then
    slot.outcome = slot.error.outcome
    run.failed = true
  else
    slot.done = true
    local _, _, count = run.task.body:batch(slot.batch)
    run.added = run.added + count
  end
  tell(run, slot)
end

-- The next batch to send, or nil when all are sent or one has failed.
local function next_batch(run)
  local plan = run.plan
  while not run.failed and run.next <= #plan do
    local slot = plan[run.next]
    run.next = run.next + 1
    if not slot.before then return slot end
  end
end

local function send_all(run, concurrency)
  if concurrency == 1 or #run.plan == 1 then
    local slot = next_batch(run)
    while slot do
      send(run, slot)
      slot = next_batch(run)
    end
    return
  end
  group.run(run.client, concurrency, function()
    local slot = next_batch(run)
    return slot and function() send(run, slot) end
  end)
end

local function accepted(run)
  local list = {}
  for _, slot in ipairs(run.plan) do
    if slot.done and not slot.before then list[#list + 1] = describe(run.task, slot) end
  end
  return list
end

-- The batch whose failure the caller must mind first: one that may have been done, else the first.
local function worst(run)
  local first
  for _, slot in ipairs(run.plan) do
    if slot.error and slot.error.outcome == "unknown" then return slot end
    first = first or slot.error and slot
  end
  return first
end

local function fail(run)
  local slot = worst(run)
  local err = slot.error
  err.added, err.batch, err.batches = run.added, slot.batch, accepted(run)
  err.attempts = run.attempts
  err.resume = resume.make(run.plan, run.task.body:digest(run.task.url))
  err.hook_error = run.hook_error
  return nil, err
end

local function succeed(run)
  local batches = accepted(run)
  local last = batches[#batches] or NO_OPTIONS
  return {
    added = run.added, status = last.status, request_id = last.request_id, attempts = run.attempts,
    client_token = run.client_token or batches[1] and batches[1].client_token,
    batches = batches, hook_error = run.hook_error,
  }
end

--- Adds or removes attendees: see dingtalk.calendar.
---@return table? result
---@return dingtalk.Error? err
function attendees.change(client, kind, token, user, cal, event, list, opts)
  local task, plan = prepare(client, kind, token, user, cal, event, list, opts)
  if not task then return nil, plan end
  opts = opts or NO_OPTIONS
  local run = {
    client = client, task = task, plan = plan, client_token = opts.client_token,
    on_batch = opts.on_batch, next = 1, added = 0, attempts = 0, failed = false,
  }
  send_all(run, opts.concurrency or limits.defaults.concurrency)
  if run.failed then return fail(run) end
  return succeed(run)
end

return attendees
