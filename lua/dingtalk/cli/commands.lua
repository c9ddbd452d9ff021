--- The commands. Each takes what main.lua prepared, and returns the exit code, with a message where it
--- is not an error's.

local change = require "dingtalk.cli.change"
local contact = require "dingtalk.contact"
local exits = require "dingtalk.cli.exits"
local output = require "dingtalk.cli.output"

local commands = {}

--- What each needs besides the options of its own.
commands.needs = {
  add = { "token", "user", "event" },
  remove = { "token", "user", "event" },
  attendees = { "token", "user", "event" },
  events = { "token", "user" },
  token = { "app" },
  unionid = { "token" },
}

commands.add = change.run
commands.remove = change.run

-- Prints a result, whole as JSON or line by line.
local function show(ctx, result, err, print_lines)
  if not result then
    output.failure(ctx.world, ctx.args, err)
    return exits.of(err)
  end
  if ctx.args.dry_run then return exits.done end
  if ctx.args.json then
    output.json(ctx.world.stdout, result)
  else
    print_lines(ctx.world.stdout, result)
  end
  return exits.done
end

local function limits_of(args)
  return { timeout = args.timeout, max_attempts = args.max_attempts }
end

local function print_attendees(stdout, result)
  for _, one in ipairs(result.attendees) do
    output.row(stdout, one.id, one.responseStatus, one.isOptional and "optional" or "required", one.displayName)
  end
end

function commands.attendees(ctx)
  local args = ctx.args
  local result, err = ctx.client:list_attendees(ctx.token, args.user, args.calendar, args.event, limits_of(args))
  return show(ctx, result, err, print_attendees)
end

local function time_of(moment)
  return type(moment) == "table" and (moment.dateTime or moment.date) or nil
end

local function print_events(stdout, result)
  for _, event in ipairs(result.events) do
    output.row(stdout, event.id, time_of(event.start), time_of(event["end"]), event.summary)
  end
end

function commands.events(ctx)
  local args, opts = ctx.args, limits_of(ctx.args)
  opts.timeMin, opts.timeMax, opts.showDeleted = args.from, args.to, args.deleted
  -- Lines name nobody, and the service gives no fewer than one.
  opts.maxAttendees = not args.json and 1 or nil
  local result, err = ctx.client:list_events(ctx.token, args.user, args.calendar, opts)
  return show(ctx, result, err, print_events)
end

function commands.token(ctx)
  local token, err = ctx.token:get(ctx.client)
  return show(ctx, token and { token = token }, err, function(stdout) stdout:write(token, "\n") end)
end

local function asked(args)
  local list = {}
  for _, id in ipairs(args.staff) do list[#list + 1] = { userid = id } end
  for _, number in ipairs(args.mobile) do list[#list + 1] = { mobile = number } end
  return list
end

local function describe(list, found)
  local all = {}
  for i, person in ipairs(list) do
    local one = found[i] or {}
    all[i] = { userid = person.userid, mobile = person.mobile, unionid = one.unionid, error = one.error }
  end
  return all
end

-- One that is not found does not keep the others from being printed.
local function print_unionids(ctx, all)
  for _, one in ipairs(all) do
    if one.unionid then
      output.row(ctx.world.stdout, one.userid or one.mobile, one.unionid)
    elseif one.error then
      ctx.world.stderr:write(("dingtalk-calendar: %s: %s\n"):format(one.userid or one.mobile, tostring(one.error)))
    end
  end
end

function commands.unionid(ctx)
  local list = asked(ctx.args)
  if #list == 0 then return exits.argument, "nobody is named: give --staff or --mobile" end
  local opts = limits_of(ctx.args)
  opts.client = ctx.client
  local found, err = contact.unionids(ctx.token, list, opts)
  if not found then return show(ctx, nil, err) end
  local all = describe(list, found)
  local code = show(ctx, { unionids = all }, nil, function() print_unionids(ctx, all) end)
  return found.error and exits.of(found.error) or code
end

return commands
