--- The requests of one batched call: sent in order or several at a time, each told to the hooks.

local attempts = require "dingtalk.attempts"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local resume = require "dingtalk.resume"

local group = require "dingtalk.group"

local batches = {}

local function client_token(given, number, count)
  if not given then return core.uuid() end
  return count == 1 and given or given .. "-" .. number
end

--- The slot of a batch. All that a success fills in stands here, so that the table never grows: that
--- costs as much as the rest of the call does in Lua.
function batches.new(number)
  return {
    batch = number, attempts = 0, started = 0, elapsed = 0, outcome = nil, client_token = nil,
    token = nil, done = false, suspended = nil, curl = 0, status = 0, sent = false, request_id = nil,
    accepted = false,
  }
end

--- What a result says of one batch.
function batches.describe(run, slot)
  local first, last = run.task.body:batch(slot.batch)
  return {
    first = first, last = last, status = slot.status, request_id = slot.request_id,
    attempts = slot.attempts, client_token = slot.client_token, elapsed = slot.elapsed,
    settled = slot.settled,
  }
end

--- What opts.resume should be if nothing more happened.
function batches.left(run)
  return resume.make(run.plan, run.task.body:digest(run.task.url))
end

local function failed_hook(run, message)
  run.hook_error = run.hook_error or errors.one_line(message)
end

-- How many attendees of the list were accepted by earlier calls, and how many there are.
local function sum(run)
  local before, total = 0, 0
  for number, slot in ipairs(run.plan) do
    local _, _, count = run.task.body:batch(number)
    total = total + count
    if slot.before then before = before + count end
  end
  return before, total
end

local function tell(run, slot)
  local info = batches.describe(run, slot)
  info.batch, info.batches, info.error = slot.batch, #run.plan, slot.error
  info[run.kind.counted] = run.count
  info.before, info.total = sum(run)
  local ok, message = group.outside(pcall, run.on_batch, info)
  if not ok then failed_hook(run, message) end
end

-- Returns what went wrong with the hook, or nil.
local function save(run)
  local ok, saved, message = group.outside(pcall, run.checkpoint, batches.left(run))
  if not ok then return errors.one_line(saved) end
  if not saved and message ~= nil then return errors.one_line(message) end
end

-- A request of which nothing would be known after a crash is not sent.
local function unsaved(slot, message)
  slot.attempts, slot.elapsed = 0, 0
  return errors.new {
    kind = "cancelled", code = "checkpoint_failed", outcome = slot.maybe_done and "unknown" or "not_sent",
    message = "opts.checkpoint could not save: " .. message,
    retryable = true, attempts = 0, elapsed = 0, client_token = slot.client_token,
  }
end

--- Takes note that the service did a batch.
function batches.done(run, slot)
  local _, _, count = run.task.body:batch(slot.batch)
  slot.accepted, slot.error, slot.outcome = true, nil, nil
  run.count = run.count + count
end

local function send(run, slot)
  slot.client_token = slot.client_token or client_token(run.client_token, slot.batch, #run.plan)
  slot.outcome = "unknown"
  local problem = run.checkpoint and save(run)
  slot.error = problem and unsaved(slot, problem) or not problem and attempts.run(run.client, run.task, slot) or nil
  run.attempts = run.attempts + slot.attempts
  run.hook_error = run.hook_error or slot.hook_error
  if slot.error then
    slot.outcome = slot.error.outcome
    run.failed = true
  else
    batches.done(run, slot)
  end
  batches.report(run, slot)
end

--- Tells the hooks how a batch ended.
function batches.report(run, slot)
  local problem = run.checkpoint and save(run)
  if problem then failed_hook(run, problem) end
  if run.on_batch then tell(run, slot) end
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

--- Sends what is left, until one fails.
function batches.send(run)
  if run.concurrency == 1 or #run.plan == 1 then
    local slot = next_batch(run)
    while slot do
      send(run, slot)
      slot = next_batch(run)
    end
    return
  end
  group.run(run.client, run.concurrency, function()
    local slot = next_batch(run)
    return slot and function() send(run, slot) end
  end)
end

--- The batches that were accepted by this call.
function batches.accepted(run)
  local list = {}
  local plan = run.plan
  for number = 1, #plan do
    local slot = plan[number]
    if slot.accepted and not slot.before then list[#list + 1] = batches.describe(run, slot) end
  end
  return list
end

--- The batch whose failure the caller must mind first: one that may have been done, else the first.
function batches.worst(run)
  local first
  for _, slot in ipairs(run.plan) do
    if slot.error and slot.error.outcome == "unknown" then return slot end
    first = first or slot.error and slot
  end
  return first
end

return batches
