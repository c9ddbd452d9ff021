--- Adding people to an event and removing them: arguments in, requests of up to 500 each, a result or
--- an error out.

local batches = require "dingtalk.batches"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local list = require "dingtalk.list"
local operations = require "dingtalk.operations.attendees"
local options = require "dingtalk.options"
local resume = require "dingtalk.resume"

local confirm = require "dingtalk.confirm"

local attendees = {
  add = operations.add_attendees,
  remove = operations.remove_attendees,
}

local path_arguments = { "user", "cal", "event" }

local function url_of(client, kind, user, cal, event)
  if cal == nil then cal = "primary" end
  local path = kind.path
  local url, which, fault, detail = core.url(client.base_url, path[1], user, path[3], cal, path[5], event, kind.tail)
  if url then return url end
  local name = path_arguments[which]
  local text = detail and "must be a string, not a " .. detail or options.fault_text(fault)
  return nil, errors.argument(name, fault, name .. " " .. text)
end

local NO_OPTIONS = {}

-- What is to be sent, all of it checked: the task and its batches.
local function prepare(client, kind, token, user, cal, event, people, opts)
  local err = options.check_token(token) or options.check(opts, options[kind.options], "opts")
  if err then return nil, err end
  opts = opts or NO_OPTIONS
  local url, body
  url, err = url_of(client, kind, user, cal, event)
  if not url then return nil, err end
  body, err = list.encode(people, "list", opts.pushNotification, opts.chatNotification, kind.removing)
  if not body then return nil, err end
  local plan = {}
  for number = 1, body:batches() do plan[number] = batches.new(number) end
  if opts.resume then
    err = resume.apply(opts.resume, plan, body:digest(url))
    if err then return nil, err end
  end
  return {
    operation = kind.name, method = kind.method, url = url, token = token, body = body,
    deadline = client:now() + (opts.timeout or client.call_timeout),
    max_attempts = opts.max_attempts or client.max_attempts,
  }, plan
end

local function fail(run)
  local slot = batches.worst(run)
  local err = slot.error
  err[run.kind.counted], err.batch, err.batches = run.count, slot.batch, batches.accepted(run)
  err.attempts = run.attempts
  err.resume = batches.left(run)
  err.confirmed = run.confirmed
  err.hook_error = run.hook_error
  return nil, err
end

-- The service accepted everything, and the attendee list does not show it.
local function unconfirmed(run)
  local err = confirm.failure(run)
  err[run.kind.counted], err.batches, err.resume = run.count, batches.accepted(run), batches.left(run)
  err.attempts, err.hook_error = run.attempts, run.hook_error
  return nil, err
end

local function succeed(run)
  local accepted = batches.accepted(run)
  local last = accepted[#accepted] or NO_OPTIONS
  return {
    [run.kind.counted] = run.count, status = last.status, request_id = last.request_id,
    attempts = run.attempts, client_token = run.client_token or accepted[1] and accepted[1].client_token,
    batches = accepted, confirmed = run.confirmed, hook_error = run.hook_error,
  }
end

local function outcome(run)
  if run.failed then return fail(run) end
  if run.confirmed and not run.confirmed.all then return unconfirmed(run) end
  return succeed(run)
end

local function conclude(run)
  local result, err = outcome(run)
  run.task.body:free()
  return result, err
end

-- Eight fields, which is what fits into a table of half the size; the others are rare.
local function new_run(client, kind, task, plan, opts)
  return {
    client = client, kind = kind, task = task, plan = plan, next = 1, count = 0, attempts = 0,
    concurrency = opts and opts.concurrency or limits.defaults.concurrency,
  }
end

--- Adds or removes attendees: see dingtalk.calendar.
---@param kind table a row of dingtalk.operations: attendees.add or attendees.remove
---@param pace table? of a bulk run: see dingtalk.Task
---@return table? result
---@return dingtalk.Error? err
function attendees.change(client, kind, token, user, cal, event, people, opts, pace)
  local task, plan = prepare(client, kind, token, user, cal, event, people, opts)
  if not task then return nil, plan end
  task.pace = pace
  local run = new_run(client, kind, task, plan, opts)
  if opts then
    run.client_token, run.on_batch, run.checkpoint = opts.client_token, opts.on_batch, opts.checkpoint
  end
  if opts and opts.confirm then
    confirm.send(run, { user, cal or "primary", event }, people)
  else
    batches.send(run)
  end
  return conclude(run)
end

--- Goes on with a call whose only request the core has sent: see core.add_attendees.
---@param body userdata
---@param client_token string
---@param id integer of the transfer
---@param started number in seconds of client:now()
---@return table? result
---@return dingtalk.Error? err
function attendees.go_on(client, kind, token, user, cal, event, body, client_token, id, started)
  local slot = batches.new(1)
  slot.client_token, slot.transfer, slot.started = client_token, id, started
  local task = {
    operation = kind.name, method = kind.method, url = url_of(client, kind, user, cal, event), token = token,
    body = body, deadline = started + client.call_timeout, max_attempts = client.max_attempts,
  }
  local run = new_run(client, kind, task, { slot })
  batches.send(run)
  return conclude(run)
end

return attendees
