--- Many calls at the speed the service allows: jobs from an array or an iterator, some at a time, a
--- result for each, in memory bounded by how many are under way.

local attendees = require "dingtalk.attendees"
local errors = require "dingtalk.errors"
local scheduler = require "dingtalk.scheduler"
local limiter = require "dingtalk.rate_limiter"
local limits = require "dingtalk.limits"
local operations = require "dingtalk.operations"
local options = require "dingtalk.options"

local bulk = {}

local job_fields = { user = true, cal = true, event = true, list = true, opts = true }

-- Numbers of the jobs that ended, as a low-water mark and the few above it.
local function mark_done(progress, number)
  progress.above[number] = true
  while progress.above[progress.next] do
    progress.above[progress.next] = nil
    progress.next = progress.next + 1
  end
end

local function resume_of(progress)
  local done = {}
  for number in pairs(progress.above) do done[#done + 1] = number end
  table.sort(done)
  return { next = progress.next, done = done, open = progress.open }
end

local function is_resume(given)
  return type(given.next) == "number" and given.next >= 1 and given.next % 1 == 0
    and type(given.done) == "table" and (given.open == nil or type(given.open) == "table")
end

-- `open` holds what is left of the jobs that were cut off, by their number as a string, fit for JSON.
local function progress_of(given)
  local progress = { next = 1, above = {}, open = {} }
  if not given then return progress end
  if not is_resume(given) then
    return nil, errors.argument("opts.resume", "bad_resume", "opts.resume is not what a summary gave")
  end
  progress.next = given.next
  for _, number in ipairs(given.done) do
    if type(number) == "number" and number == number then progress.above[number] = true end
  end
  for number, left in pairs(given.open or {}) do progress.open[number] = left end
  return progress
end

local function check_job(job)
  if type(job) ~= "table" then
    return errors.argument("job", "wrong_type", ("a job must be a table, not a %s"):format(type(job)))
  end
  for name in next, job do
    if not job_fields[name] then
      local shown = errors.one_line(name)
      return errors.argument("job." .. shown, "unknown_field", ("a job has no field %q"):format(shown),
        options.did_you_mean(name, job_fields))
    end
  end
end

-- The options of one job: its own over those of the run.
local function options_of(run, job, number)
  local merged = {}
  for name in pairs(options.add_attendees) do merged[name] = run.shared[name] end
  if run.client_token then merged.client_token = ("%s-%d"):format(run.client_token, number) end
  if job.opts ~= nil and type(job.opts) ~= "table" then return job.opts end
  for name, value in next, job.opts or {} do merged[name] = value end
  merged.resume = run.progress.open[tostring(number)] or merged.resume
  return merged
end

local function count(run, result, err)
  local summary = run.summary
  summary.added = summary.added + ((result or err).added or 0)
  summary.attempts = summary.attempts + ((result or err).attempts or 0)
  if result then
    summary.succeeded = summary.succeeded + 1
    return
  end
  summary.failed = summary.failed + 1
  summary.kinds[err.kind] = (summary.kinds[err.kind] or 0) + 1
  summary[err.outcome] = summary[err.outcome] + 1
end

local function stop(run, why, message)
  local summary = run.summary
  summary.stopped = summary.stopped or why
  summary.message = summary.message or (message and errors.one_line(message))
end

local function tell(run, job, result, err)
  if not run.on_result then return end
  local ok, answer = scheduler.outside(pcall, run.on_result, job, result, err)
  if not ok then
    stop(run, "hook_failed", answer)
  elseif answer == false then
    stop(run, "asked")
  end
end

local function change(run, job, number, permit)
  local err = check_job(job)
  if err then
    run.limiter:give_back(permit)
    return nil, err
  end
  local pace = { limiter = run.limiter, permit = permit }
  local result
  result, err = attendees.change(run.client, operations.add_attendees, run.token, job.user, job.cal, job.event,
    job.list, options_of(run, job, number), pace)
  if pace.permit then run.limiter:give_back(pace.permit) end
  return result, err
end

-- What was cut off has not ended: it is what resume is for.
local function conclude(run, number, err)
  local progress = run.progress
  if err and err.kind == "cancelled" then
    progress.open[tostring(number)] = err.resume
    if err.code ~= "checkpoint_failed" then stop(run, "closed") end
    return
  end
  progress.open[tostring(number)] = nil
  mark_done(progress, number)
end

local function perform(run, job, number, permit)
  local result, err = change(run, job, number, permit)
  count(run, result, err)
  conclude(run, number, err)
  tell(run, job, result, err)
end

-- The next job that is not done, with its number; it is kept until it is taken.
local function next_job(run)
  while run.job == nil do
    local ok, job = pcall(run.jobs)
    if not ok then return stop(run, "jobs_failed", job) end
    if job == nil then return nil end
    run.number = run.number + 1
    local progress = run.progress
    if run.number >= progress.next and not progress.above[run.number] then run.job = job end
  end
  return run.job, run.number
end

local function next_member(run)
  if run.client.closed then stop(run, "closed") end
  if run.summary.stopped then return nil end
  local job, number = next_job(run)
  if job == nil then return nil end
  local delay = run.limiter:delay()
  if delay > 0 then return nil, delay end
  run.job = nil
  run.summary.jobs = run.summary.jobs + 1
  local permit = run.limiter:take()
  return function() perform(run, job, number, permit) end
end

local function is_callable(value)
  return options.check_value(value, { "function" }, "jobs") == nil
end

local function iterator(jobs)
  if is_callable(jobs) then return jobs end
  local position = 0
  return function()
    position = position + 1
    return jobs[position]
  end
end

local function check(token, jobs, opts)
  local err = options.check_token(token) or options.check(opts, options.add_attendees_each, "opts")
  if err or is_callable(jobs) or type(jobs) == "table" then return err end
  return errors.argument("jobs", "wrong_type",
    ("jobs must be an array or an iterator function, not a %s"):format(type(jobs)))
end

--- Runs the jobs: see dingtalk.calendar.
---@return dingtalk.BulkSummary? summary
---@return dingtalk.Error? err for arguments only: each job's error goes to on_result
function bulk.run(client, token, jobs, opts)
  local err = check(token, jobs, opts)
  if err then return nil, err end
  opts = opts or {}
  local progress
  progress, err = progress_of(opts.resume)
  if not progress then return nil, err end
  local rate = opts.rate
  if rate == nil then rate = limits.defaults.rate end
  local now = function() return client:now() end
  local began = now()
  local shared = {}
  for _, name in ipairs { "pushNotification", "chatNotification", "timeout", "max_attempts", "confirm" } do
    shared[name] = opts[name]
  end
  local run = {
    client = client, token = token, jobs = iterator(jobs), shared = shared, number = 0,
    client_token = opts.client_token, on_result = opts.on_result, progress = progress,
    limiter = limiter.new(rate, now),
    summary = {
      jobs = 0, succeeded = 0, failed = 0, added = 0, attempts = 0, kinds = {},
      not_sent = 0, rejected = 0, unknown = 0,
    },
  }
  scheduler.run(client, opts.concurrency or limits.defaults.bulk_concurrency, function() return next_member(run) end)
  run.summary.elapsed = now() - began
  run.summary.resume = resume_of(progress)
  return run.summary
end

return bulk
