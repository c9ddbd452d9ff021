--- The commands add and remove: one call; or, where the people have a column "event", a call for each event. With
--- --resume, a file says what was done, and the same command line goes on from there.

local core = require "dingtalk.core"
local limits = require "dingtalk.limits"
local output = require "dingtalk.cli.output"
local state = require "dingtalk.cli.state"
local unionids = require "dingtalk.cli.unionids"

local change = {}

local words = {
  add = { method = "add_attendees", counted = "added", label = "adding" },
  remove = { method = "remove_attendees", counted = "removed", label = "removing" },
}

local SEVERAL = "add_attendees_each" -- the operation in the file of --resume
-- Seconds to wait for a service that is out of reach: enough to try another event; the same command goes on later.
local MAX_OUTAGE = 5

-- The exit code for each reason that ends a run over several events early.
local stops = {
  quota = "quota", permission = "permission", auth = "auth", banned = "throttled",
  checkpoint_failed = "failed", hook_failed = "failed", jobs_failed = "failed",
}

---------------------------------------------------------------------------------------------------
-- The file of --resume

local OTHER = "%s belongs to other people or another event; remove it to start over"

-- Takes the file of --resume and reads it. Returns what is wrong.
local function open_state(ctx, operation)
  local path, now = ctx.args.resume, ctx.world.clock()
  if not path then return nil end
  local content, message, is_stale = state.load(path, operation, now)
  if not content then return message end
  if is_stale then
    output.warn(ctx, "the last run was more than a day ago: what it was sending when it ended may be sent twice")
  end
  ctx.state = content
end

local function lock_state(ctx)
  if not ctx.args.resume or ctx.args.dry_run then return nil end
  local own, message = ctx.guard(state.take, true)(ctx.args.resume)
  if not own then return message end
  ctx.own = own
  ctx.at_end[#ctx.at_end + 1] = function() state.release(own) end
end

-- Saves what is left. After Ctrl-C nothing more is sent.
local function save(ctx, left)
  local saved, message = state.save(ctx.own, ctx.state, left, ctx.world.clock())
  if not saved then return nil, message end
  return true
end

local function checkpoint(ctx, make)
  local guarded = ctx.guard(function(left)
    if not ctx.own then return true end -- without --resume
    return save(ctx, make and make(left) or left)
  end, true)
  return function(left)
    local saved, message = guarded(left)
    if ctx.is_interrupted() then return nil, "interrupted" end
    return saved, message
  end
end

-- Removes the file when everything is done and reported. Ctrl-C changes nothing from here on.
local function forget(ctx)
  ctx.is_done = true
  if ctx.own then os.remove(ctx.own) end
  return output.exit_code "done"
end

---------------------------------------------------------------------------------------------------
-- One event

local function show_progress(ctx, done, total)
  local args, world = ctx.args, ctx.world
  local shown = not (args.no_progress or args.dry_run or args.quiet) and world.is_terminal(2)
  ctx.bar = output.bar(world.stderr, shown, words[args.command].label)
  ctx.bar:show(done, total)
end

local function print_confirmed(ctx, confirmed)
  if not confirmed or not confirmed.present then return end
  for _, side in ipairs { "present", "absent" } do
    for _, id in ipairs(confirmed[side]) do output.row(ctx.world.stdout, side, id) end
  end
end

local function print_done(ctx, text, ...)
  if not ctx.args.quiet then ctx.world.stdout:write(text:format(...), "\n") end
end

local function plural(count, name)
  return count == 1 and "1 " .. name or ("%d %ss"):format(count, name)
end

local function people_text(count)
  return count == 1 and "1 person" or ("%d people"):format(count)
end

local function succeed(ctx, word, result)
  local args = ctx.args
  if args.dry_run then return output.exit_code "done" end
  if ctx.interrupted then return output.exit_code "interrupted" end
  if args.json then
    output.json(ctx.world.stdout, result)
  elseif #result.batches == 0 then
    print_done(ctx, "all were %s before", word.counted)
  else
    print_done(ctx, "%s %s in %s%s", word.counted, people_text(result[word.counted]),
      plural(#result.batches, "request"), result.confirmed and ", confirmed" or "")
  end
  if result.hook_error and not ctx.interrupted then output.warn(ctx, result.hook_error) end
  return forget(ctx)
end

local function fail(ctx, err)
  local args = ctx.args
  if err.argument == "opts.resume" then return output.failure(ctx, OTHER:format(args.resume), "argument") end
  local code = output.failure(ctx, err)
  if not args.json then print_confirmed(ctx, err.confirmed) end
  if err.code == "checkpoint_failed" then return output.exit_code "failed" end
  if args.resume and err.kind ~= "argument" then output.warn(ctx, "to go on: the same command line again") end
  return code
end

-- What a call and a run over several events share.
local function options_of(ctx)
  local args = ctx.args
  local opts = {
    confirm = args.confirm and not args.dry_run or nil, concurrency = args.concurrency,
    client_token = args.client_token, max_attempts = args.max_attempts,
  }
  if args.command == "add" then
    opts.pushNotification, opts.chatNotification = args.push_notification, args.chat_notification
  end
  return opts
end

local function change_one(ctx, list)
  local args = ctx.args
  local word = words[args.command]
  local message = open_state(ctx, word.method)
  if message then return output.failure(ctx, message, "argument") end
  local opts = options_of(ctx)
  opts.resume, opts.checkpoint, opts.timeout = ctx.state and ctx.state.left, checkpoint(ctx), ctx.left()
  show_progress(ctx, opts.resume and math.min(#opts.resume.done * limits.batch_attendees, #list) or 0, #list)
  opts.on_batch = ctx.guard(function(info)
    ctx.bar:show(info.before + (info.added or info.removed), info.total)
  end)
  local result, err = ctx.client[word.method](ctx.client, ctx.token, args.user, args.calendar, args.event,
    unionids.entries(list, args), opts)
  ctx.bar:finish()
  if not result then return fail(ctx, err) end
  return succeed(ctx, word, result)
end

---------------------------------------------------------------------------------------------------
-- Several events

-- A job for each event, in the order of the list; and a text that tells this run from others.
local function jobs_of(ctx, list)
  local args, jobs, by_event, about = ctx.args, {}, {}, { ctx.args.user, ctx.args.calendar or "primary" }
  for _, person in ipairs(list) do
    local job = by_event[person.event]
    if not job then
      job = { user = args.user, cal = args.calendar, event = person.event, list = {} }
      by_event[person.event] = job
      jobs[#jobs + 1] = job
    end
    local entry = unionids.entry(person, args)
    job.list[#job.list + 1] = entry
    about[#about + 1] = ("%s\1%s\1%s"):format(person.event, person.id,
      type(entry) == "table" and tostring(entry.isOptional) or "")
  end
  return jobs, table.concat(about, "\0")
end

local function check_jobs(jobs)
  for _, job in ipairs(jobs) do
    if #job.list > limits.max_attendees then
      return ("event %s: %d people; an event can have %d"):format(job.event, #job.list, limits.max_attendees)
    end
  end
end

-- What is left of the jobs, by the file; or nil and what is wrong: it belongs to another run.
local function open_jobs(ctx, about)
  local message = open_state(ctx, SEVERAL)
  if message then return nil, message end
  local left, digest = ctx.state and ctx.state.left, core.digest(about)
  if left and left.digest ~= digest then return nil, OTHER:format(ctx.args.resume) end
  return { digest = digest, resume = left }
end

-- Gives the library the jobs one by one, each with the time that is left.
local function iterator(ctx, jobs)
  local number = 0
  return function()
    number = number + 1
    local job = jobs[number]
    if job and ctx.args.timeout then job.opts = { timeout = ctx.left() } end
    return job
  end
end

-- Saves what the library would go on with; and the jobs that have failed for good, whose cause may be mended by then.
local function save_jobs(ctx, report, digest)
  return checkpoint(ctx, function(left)
    left.digest = digest
    for number in pairs(report.failed) do left.open[tostring(number)] = left.open[tostring(number)] or true end
    return left
  end)
end

local function print_job(ctx, job, result, err)
  if ctx.args.json or ctx.args.dry_run then return end
  if err then return output.complain(ctx, err, job.event) end
  if not ctx.args.quiet then output.row(ctx.world.stdout, job.event, "added", result.added) end
end

-- Notes the end of a job.
local function on_result(ctx, jobs, report)
  local numbers = {}
  for number, job in ipairs(jobs) do numbers[job.event] = number end
  local note = ctx.guard(function(job, result, err)
    local number = numbers[job.event]
    report.failed[number] = err and output.own_words(ctx, err)
    report.jobs[number] = { event = job.event, added = (result or err).added, error = report.failed[number] }
  end, true)
  local show = ctx.guard(function(job, result, err)
    report.ended = report.ended + #job.list
    ctx.bar:show(report.ended, report.total)
    if not ctx.interrupted then print_job(ctx, job, result, err) end
  end)
  return function(...)
    note(...)
    show(...)
  end
end

-- The reason that ended the run early comes before the error of a single event.
local function failed_code(report, summary, count)
  local why = stops[summary.stopped]
  if why then return output.exit_code(why) end
  for number = 1, count do
    if report.failed[number] then return output.exit_code(report.failed[number]) end
  end
  return output.exit_code "failed"
end

local function finish_several(ctx, report, summary, count)
  local args, jobs = ctx.args, {}
  for number = 1, count do jobs[#jobs + 1] = report.jobs[number] end
  if args.dry_run then return output.exit_code "done" end
  if ctx.interrupted then return output.exit_code "interrupted" end
  local started = summary.resume.next - 1 + #summary.resume.done
  if args.json then
    summary.jobs, summary.resume = jobs, nil
    output.json(ctx.world.stdout, summary)
  else
    print_done(ctx, "added %s in %s", people_text(summary.added), plural(summary.succeeded, "event"))
  end
  if summary.failed == 0 and not summary.stopped then return forget(ctx) end
  if stops[summary.stopped] == "failed" then output.complain(ctx, summary.message) end
  output.warn(ctx, ("%d of %s failed%s%s"):format(summary.failed, plural(count, "event"),
    started < count and (", %d not started"):format(count - started) or "",
    args.resume and "; to go on: the same command line again" or ""))
  return failed_code(report, summary, count)
end

local function add_to_several(ctx, list)
  local args = ctx.args
  local jobs, about = jobs_of(ctx, list)
  local message = check_jobs(jobs)
  local left
  if not message then left, message = open_jobs(ctx, about) end
  if message then return output.failure(ctx, message, "argument") end
  ctx.list = nil -- an error's position is one of its job's list
  -- `jobs`: what became of each job that has ended; `failed`: the errors. Both by the number of the job.
  local report = { jobs = {}, failed = {}, ended = 0, total = #list }
  local opts = options_of(ctx)
  opts.resume, opts.checkpoint = left.resume, save_jobs(ctx, report, left.digest)
  opts.max_outage = MAX_OUTAGE
  if args.dry_run then opts.rate = false end
  show_progress(ctx, 0, #list)
  opts.on_result = on_result(ctx, jobs, report)
  local summary, err = ctx.client:add_attendees_each(ctx.token, iterator(ctx, jobs), opts)
  ctx.bar:finish()
  if not summary then return output.failure(ctx, err) end
  return finish_several(ctx, report, summary, #jobs)
end

local function has_events(list)
  for _, person in ipairs(list) do
    if person.event then return true end
  end
  return false
end

local function check_events(ctx, list)
  local args = ctx.args
  if not has_events(list) then
    return not args.event and "no event: give --event, or set DINGTALK_EVENT" or nil
  elseif args.command ~= "add" then
    return unionids.refuse_events(ctx, list)
  elseif args.event and not ctx.from.event then
    return "--event, and a column event in the file: give one of them"
  end
  for _, person in ipairs(list) do
    if not person.event then return person.where .. ": no event, which others have" end
  end
end

--- Runs add or remove.
---@param ctx table
---@return integer exit_code
function change.run(ctx)
  local message = lock_state(ctx)
  if message then return output.failure(ctx, message, "failed") end
  if ctx.interrupted then return output.exit_code "interrupted" end
  local list, err = unionids.read(ctx, check_events)
  if not list then return output.failure(ctx, err, "argument") end
  return (has_events(list) and add_to_several or change_one)(ctx, list)
end

return change
