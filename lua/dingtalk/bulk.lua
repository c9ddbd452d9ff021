--- Many calls at the speed the service allows: jobs from an array or an iterator, some at a time, a
--- result for each, in memory bounded by how many are under way. A run stops by itself where no job could
--- succeed, and waits while the service is out of reach.

local attendee_rows = require "dingtalk.attendee_rows"
local attendees = require "dingtalk.attendees"
local codes = require "dingtalk.codes"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"
local rate_limiter = require "dingtalk.rate_limiter"
local scheduler = require "dingtalk.scheduler"

local bulk = {}

local AT_ONCE = 50 -- jobs looked at before others have their turn: a frame must not wait for thousands
local SLOT_LOOK = 0.5 -- seconds, at most, until a job without a slot asks again
local PROBE = { first = 1, cap = 30 } -- seconds between two tries to reach the service, doubling

local job_fields = { user = true, cal = true, event = true, list = true, opts = true, token = true }
local shared_options = { "pushNotification", "chatNotification", "timeout", "max_attempts", "confirm" }

-- What is left. `open` holds the jobs that are to be run again, by their number as a string, fit for JSON:
-- what their call takes as opts.resume, or true. `next` and `done` are the numbers of those that were taken,
-- as a low-water mark and the few above it.

local function mark_taken(progress, number)
  if number < progress.next then return end
  progress.above[number] = true
  while progress.above[progress.next] do
    progress.above[progress.next] = nil
    progress.next = progress.next + 1
  end
end

local function resume_of(progress)
  local done, open = {}, {}
  for number in pairs(progress.above) do done[#done + 1] = number end
  table.sort(done)
  for number, left in pairs(progress.open) do open[number] = left end
  return { next = progress.next, done = done, open = open }
end

local function is_resume(given)
  return type(given.next) == "number" and given.next >= 1 and given.next % 1 == 0
    and type(given.done) == "table" and (given.open == nil or type(given.open) == "table")
end

local function read_resume(given)
  local progress = { next = 1, above = {}, open = {} }
  if not is_resume(given) then return nil end
  progress.next = given.next
  for _, number in ipairs(given.done) do
    if type(number) == "number" and number == number then progress.above[number] = true end
  end
  for number, left in pairs(given.open or {}) do
    if type(left) ~= "table" and left ~= true then return nil end
    progress.open[tostring(number)] = left
  end
  return progress
end

local function progress_of(given)
  if not given then return { next = 1, above = {}, open = {} } end
  local ok, progress = pcall(read_resume, given)
  if ok and progress then return progress end
  return nil, errors.argument("opts.resume", "bad_resume", "opts.resume is not what a summary gave")
end

local function is_left(progress, number)
  return number >= progress.next and not progress.above[number] or progress.open[("%d"):format(number)] ~= nil
end

local function read_fields(job, copy)
  for name in pairs(job_fields) do copy[name] = job[name] end
end

-- A copy of the job: an iterator may use one table for all of them.
local function read_job(job)
  if type(job) ~= "table" then
    return nil, errors.argument("job", "wrong_type", ("a job must be a table, not a %s"):format(type(job)))
  end
  for name in next, job do
    if not job_fields[name] then
      local shown = errors.one_line(name)
      return nil, errors.argument("job." .. shown, "unknown_field", ("a job has no field %q"):format(shown),
        options.did_you_mean(name, job_fields))
    end
  end
  local copy = {}
  local ok, message = pcall(read_fields, job, copy)
  if ok then return copy end
  return nil, errors.argument("job", "bad_value", "a job cannot be read: " .. errors.one_line(message))
end

local function stop(run, why, message)
  local summary = run.summary
  summary.stopped = summary.stopped or why
  summary.message = summary.message or (message and errors.one_line(message))
end

local function save(run)
  local ok, saved, message = scheduler.outside(pcall, run.checkpoint, resume_of(run.progress))
  if ok and (saved or message == nil) then return true end
  return nil, errors.one_line(ok and message or saved)
end

-- The options of one job: its own over those of the run.
local function options_of(run, entry)
  local merged, given = {}, entry.job.opts
  for name in pairs(options.add_attendees) do merged[name] = run.shared[name] end
  if run.client_token then merged.client_token = ("%s-%d"):format(run.client_token, entry.number) end
  if given ~= nil and type(given) ~= "table" then return given end
  for name, value in next, given or {} do merged[name] = value end
  local open = run.progress.open
  local left = open[entry.name]
  if type(left) == "table" then merged.resume = left end
  if run.checkpoint then
    merged.checkpoint = function(resume)
      open[entry.name] = resume
      return save(run)
    end
  end
  return merged
end

-- Why no job could succeed after this failure: the same for all jobs of its token, or for all.
local function stop_reason(err)
  if err.code == codes.ban.code or (err.code == codes.not_json.code and err.status == 403) then return "banned" end
  if codes.ends_all[err.code] then return codes.ends_all[err.code] end
  if err.kind == "auth" then return "auth" end
end

-- Whether a failure says that nothing answered, rather than something about the job.
local unreachable = { network = true, tls = true, timeout = true, server = true }

local function is_unreachable(err)
  return unreachable[err.kind] and err.code ~= "no_slot_in_time"
end

-- The same failure for a job that is not sent because of it.
local function spared(err)
  local copy = errors.copy(err)
  copy.outcome, copy.attempts, copy.elapsed, copy.resume, copy.client_token = "not_sent", 0, 0, nil, nil
  copy.status, copy.request_id, copy.batch, copy.batches, copy.added = nil, nil, nil, nil, nil
  return copy
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

local function tell(run, entry, result, err)
  if not run.on_result then return end
  -- A hook may change what it is given.
  local ok, answer = scheduler.outside(pcall, run.on_result, entry.shown, result, err and errors.copy(err))
  if not ok then
    stop(run, "hook_failed", answer)
  elseif answer == false then
    stop(run, "asked")
  end
end

-- Whether it is to be run again by a run that goes on: what may succeed then, or may have been done.
local function is_open(err)
  return err.retryable or err.outcome == "unknown" or err.kind == "cancelled" or err.code == "closed"
    or stop_reason(err) ~= nil
end

-- What a job's call is to be given when it is run again: true where that is nothing.
local function left_of(resume, before)
  if not resume then return before or true end
  return (next(resume.done) ~= nil or next(resume.client_tokens) ~= nil) and resume or true
end

-- What a job did before it was held belongs to its result.
local function keep(entry)
  local err, kept = entry.err, entry.kept or { added = 0, attempts = 0, batches = {} }
  kept.added, kept.attempts = kept.added + (err.added or 0), kept.attempts + (err.attempts or 0)
  for _, batch in ipairs(err.batches or {}) do kept.batches[#kept.batches + 1] = batch end
  entry.kept, entry.err = kept, nil
end

local function with_kept(entry, said)
  local kept = entry.kept
  if not kept then return end
  for _, batch in ipairs(said.batches or {}) do kept.batches[#kept.batches + 1] = batch end
  table.sort(kept.batches, function(a, b) return a.first < b.first end)
  said.batches = kept.batches
  said.added, said.attempts = (said.added or 0) + kept.added, (said.attempts or 0) + kept.attempts
end

-- Told before it is saved as ended: a crash between the two runs it again, where the other order would lose
-- its result.
local function conclude(run, entry, result, err)
  local progress = run.progress
  with_kept(entry, result or err)
  count(run, result, err)
  if err and err.code == "checkpoint_failed" then
    stop(run, err.code, err.message)
  elseif run.client.closed then
    stop(run, "closed")
  end
  tell(run, entry, result, err)
  progress.open[entry.name] = err and is_open(err) and left_of(err.resume, progress.open[entry.name]) or nil
  mark_taken(progress, entry.number)
  if not run.checkpoint then return end
  local saved, message = save(run)
  if not saved then stop(run, "checkpoint_failed", message) end
end

-- Takes note of an answer, whatever it says.
local function note_answer(run)
  run.answers, run.answered_at, run.outage = run.answers + 1, run.client:now(), nil
end

-- Keeps a job for later when nothing else was answered either: the service is out of reach, not the job.
local function hold(run, entry, err)
  local now = run.client:now()
  local is_its_own = entry.held_at and run.answers > entry.held_at
    or now - run.answered_at <= (now - entry.began) / 2
  if is_its_own or run.summary.stopped then return false end
  local outage = run.outage
  if not outage then
    outage = { since = now, wait = PROBE.first }
    run.outage = outage
  elseif entry.is_probe then
    outage.wait = math.min(outage.wait * 2, PROBE.cap)
  end
  outage.try_at = now + outage.wait
  entry.held_at, entry.err = entry.held_at or run.answers, err
  run.progress.open[entry.name] = left_of(err.resume, run.progress.open[entry.name])
  run.again[#run.again + 1] = entry
  if now - outage.since >= run.max_outage then stop(run, "unreachable", err.message) end
  return true
end

-- A job for which there is no slot yet waits outside of its own time.
local function wait_for_slot(run, entry, err)
  if err.code ~= "no_slot_in_time" or (err.attempts or 0) > 0 or run.summary.stopped then return false end
  run.slot_at, entry.err = run.client:now() + math.min(err.retry_after, SLOT_LOOK), err
  table.insert(run.again, 1, entry)
  return true
end

local function judge(run, entry, err)
  local why = stop_reason(err)
  if not why then return end
  if why == "banned" or entry.job.token == nil or entry.job.token == run.token then
    stop(run, why, err.message)
  else
    run.refused[entry.job.token] = err
  end
end

local function send(run, entry)
  local job = entry.job
  if not job then return nil, entry.fault end
  local token = job.token
  if token == nil then token = run.token end
  if run.refused[token] then return nil, spared(run.refused[token]) end
  entry.began = run.client:now()
  return attendees.change(run.client, attendee_rows.add_attendees, token, job.user, job.cal, job.event, job.list,
    options_of(run, entry), run.limiter)
end

local function perform(run, entry)
  if entry.err then keep(entry) end
  run.running = run.running + 1
  local result, err = send(run, entry)
  run.running = run.running - 1
  if err and wait_for_slot(run, entry, err) then return end
  if err and (err.attempts or 0) > 0 and is_unreachable(err) or err and err.kind == "network" then
    if hold(run, entry, err) then return end
  elseif result or (err.attempts or 0) > 0 then
    note_answer(run)
  end
  if err then judge(run, entry, err) end
  conclude(run, entry, result, err)
end

local function new_entry(run, job)
  local entry = { number = run.number, name = ("%d"):format(run.number), is_probe = false }
  entry.job, entry.fault = read_job(job)
  entry.shown = run.is_array and job or entry.job or job
  return entry
end

local function is_delay(value)
  return type(value) == "number" and value >= 0 and value <= limits.max_timeout
end

-- The next job that is left; nil when there is none, or nil and the seconds until there may be one.
local function next_entry(run)
  while true do
    run.looked_at = run.looked_at + 1
    if run.looked_at > AT_ONCE then
      run.looked_at = 0
      return nil, 0
    end
    local ok, job = pcall(run.jobs)
    if not ok then return stop(run, "jobs_failed", job) end
    if job == nil then return nil end
    if type(job) == "number" and not run.is_array then
      if is_delay(job) then return nil, job end
      return stop(run, "jobs_failed", "jobs gave no number of seconds to wait")
    end
    run.number = run.number + 1
    if is_left(run.progress, run.number) then
      run.summary.jobs = run.summary.jobs + 1
      return new_entry(run, job)
    end
  end
end

-- A new job, or one that was held. In an outage one at a time: another one each time, so that it is not
-- always the same that fails.
local function take(run)
  local outage = run.outage
  if run.slot_at > run.client:now() then return nil, run.slot_at - run.client:now() end
  if #run.again > 0 and not outage then return table.remove(run.again, 1) end
  if outage then
    local wait = outage.try_at - run.client:now()
    if run.running > 0 then return nil, PROBE.cap end
    if wait > 0 then return nil, wait end
  end
  local entry, delay = nil, nil
  if not run.is_exhausted then
    entry, delay = next_entry(run)
    run.is_exhausted = not entry and not delay
  end
  entry = entry or table.remove(run.again, 1)
  if entry then entry.is_probe = outage ~= nil end
  return entry, delay
end

local function next_member(run)
  if run.client.closed then stop(run, "closed") end
  if run.summary.stopped then return nil end
  local entry, delay = take(run)
  if entry then return function() perform(run, entry) end end
  if delay and delay > 0 then -- which needs an engine to wait by
    local engine, code = run.client:open_engine()
    if not engine then return stop(run, code, "the system gives no memory or no descriptor to wait by") end
  end
  -- One that is under way may have to be run again.
  return nil, delay or run.running > 0 and not run.summary.stopped and PROBE.cap or nil
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

-- What its length would hide: a hole, positions from 0, a single job.
local function check_array(jobs)
  local entries, last = 0, 0
  for key in next, jobs do
    if job_fields[key] then
      return errors.argument("jobs", "not_a_list", "jobs is a single job: put it into an array")
    elseif type(key) ~= "number" or key < 1 or key % 1 ~= 0 then
      local shown = errors.one_line(key)
      return errors.argument(("jobs[%s]"):format(shown), "not_a_list",
        ("jobs has a key that is no position: %s; an array begins at 1"):format(shown))
    end
    entries, last = entries + 1, math.max(last, key)
  end
  if entries == last then return nil end
  local hole = 1
  while rawget(jobs, hole) ~= nil do hole = hole + 1 end
  return errors.argument(("jobs[%d]"):format(hole), "not_a_list",
    ("jobs[%d] is missing: the array has a hole"):format(hole))
end

local function check(token, jobs, opts)
  local err = options.check_token(token) or options.check(opts, options.add_attendees_each, "opts")
  if err or is_callable(jobs) then return err end
  if type(jobs) == "table" then return check_array(jobs) end
  return errors.argument("jobs", "wrong_type",
    ("jobs must be an array or an iterator function, not a %s"):format(type(jobs)))
end

-- What is still held when the run ends has failed.
local function give_up(run)
  for _, entry in ipairs(run.again) do conclude(run, entry, nil, entry.err) end
  run.again = {}
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
  local began = client:now()
  local shared = {}
  for _, name in ipairs(shared_options) do shared[name] = opts[name] end
  local run = {
    client = client, token = token, jobs = iterator(jobs), is_array = not is_callable(jobs), is_exhausted = false,
    shared = shared, client_token = opts.client_token, on_result = opts.on_result, checkpoint = opts.checkpoint,
    limiter = rate_limiter.of_run(client, opts.rate), progress = progress, number = 0, looked_at = 0, running = 0,
    refused = {}, -- errors by token: of jobs with tokens of their own
    again = {}, slot_at = 0, outage = nil, max_outage = opts.max_outage or limits.defaults.bulk_outage,
    answers = 0, answered_at = began,
    summary = {
      jobs = 0, succeeded = 0, failed = 0, added = 0, attempts = 0, kinds = {},
      not_sent = 0, rejected = 0, unknown = 0,
    },
  }
  scheduler.run(client, opts.concurrency or limits.defaults.bulk_concurrency, function() return next_member(run) end)
  give_up(run)
  run.summary.elapsed = client:now() - began
  run.summary.resume = resume_of(progress)
  return run.summary
end

return bulk
