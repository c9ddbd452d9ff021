--- The commands add and remove.

local exits = require "dingtalk.cli.exits"
local limits = require "dingtalk.limits"
local output = require "dingtalk.cli.output"
local people = require "dingtalk.cli.people"
local progress = require "dingtalk.cli.progress"
local state = require "dingtalk.cli.state"

local change = {}

local words = {
  add = { method = "add_attendees", counted = "added", label = "adding" },
  remove = { method = "remove_attendees", counted = "removed", label = "removing" },
}

local flags = { yes = true, no = false }

local function options_of(args)
  local opts = {
    confirm = args.confirm and not args.dry_run or nil, concurrency = args.concurrency,
    client_token = args.client_token, timeout = args.timeout, max_attempts = args.max_attempts,
  }
  if args.command == "add" then
    opts.pushNotification, opts.chatNotification = flags[args.push_notification], flags[args.chat_notification]
  end
  return opts
end

local function warn(ctx, text)
  ctx.world.stderr:write("dingtalk-calendar: ", text, "\n")
end

-- Has the call go on from the file of --resume, and keep it. Returns what is wrong with it.
local function keep_state(ctx, opts, word)
  local path, clock = ctx.args.resume, ctx.world.clock
  if not path then return nil end
  local left, message, is_stale = state.load(path, word.method, clock)
  if message then return message end
  if is_stale then
    warn(ctx, "the last run was more than a day ago: what it was sending when it ended may be sent twice")
  end
  opts.resume = left
  if ctx.args.dry_run then return nil end
  opts.checkpoint = function(now_left) return state.save(path, word.method, now_left, clock) end
end

local function show_progress(ctx, opts, word, total)
  local args, world = ctx.args, ctx.world
  local shown = not (args.no_progress or args.dry_run) and world.is_terminal(2)
  ctx.bar = progress.new(world.stderr, shown, word.label)
  ctx.bar:start(total, opts.resume and #opts.resume.done * limits.batch_attendees or 0)
  opts.on_batch = function(info) ctx.bar:on_batch(info) end
end

local function tell_confirmed(ctx, confirmed)
  if not confirmed or not confirmed.present then return end
  for _, side in ipairs { "present", "absent" } do
    for _, id in ipairs(confirmed[side]) do output.row(ctx.world.stdout, side, id) end
  end
end

local function succeed(ctx, word, result)
  local args, stdout = ctx.args, ctx.world.stdout
  if args.dry_run then return exits.done end
  if args.resume then state.remove(args.resume) end
  if args.json then
    output.json(stdout, result)
  elseif #result.batches == 0 then
    stdout:write(("all were %s before\n"):format(word.counted))
  else
    stdout:write(("%s %d people in %d request%s%s\n"):format(word.counted, result[word.counted], #result.batches,
      #result.batches == 1 and "" or "s", result.confirmed and ", confirmed" or ""))
  end
  if result.hook_error then warn(ctx, result.hook_error) end
  return exits.done
end

local function fail(ctx, err)
  local path = ctx.args.resume
  if err.argument == "opts.resume" then
    return exits.argument, ("%s belongs to other people or another event; remove it to begin anew"):format(path)
  end
  output.failure(ctx.world, ctx.args, err)
  if not ctx.args.json then tell_confirmed(ctx, err.confirmed) end
  if err.code == "checkpoint_failed" then return exits.failed end
  if path and err.kind ~= "argument" then warn(ctx, "to go on: the same command line again") end
  return exits.of(err)
end

--- Runs one of the two.
---@param ctx table
---@return integer exit_code
---@return string? message of an exit code that is not from an error
function change.run(ctx)
  local args = ctx.args
  local word = words[args.command]
  local list, message = people.read(args, ctx.world.stdin)
  if not list then return exits.argument, message end
  local opts = options_of(args)
  message = keep_state(ctx, opts, word)
  if message then return exits.argument, message end
  show_progress(ctx, opts, word, #list)
  local result, err = ctx.client[word.method](ctx.client, ctx.token, args.user, args.calendar, args.event, list, opts)
  ctx.bar:finish()
  if not result then return fail(ctx, err) end
  return succeed(ctx, word, result)
end

return change
