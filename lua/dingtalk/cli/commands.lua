--- The commands by name: each takes what main.lua has prepared and returns the exit code. The commands that change who
--- is in an event are in change.lua, the call of any operation is in call.lua.

local call = require "dingtalk.cli.call"
local change = require "dingtalk.cli.change"
local output = require "dingtalk.cli.output"
local people = require "dingtalk.cli.people"
local times = require "dingtalk.cli.times"
local unionids = require "dingtalk.cli.unionids"

local commands = { add = change.run, remove = change.run, call = call.run, operations = call.list }

--- What each needs in addition to its own options; a command that is not here needs no client.
commands.needs = {
  add = { "token", "user" }, remove = { "token", "user" }, attendees = { "token", "user", "event" },
  events = { "token", "user" }, get = { "token", "user", "event" }, create = { "token", "user" },
  update = { "token", "user", "event" }, delete = { "token", "user", "event" },
  respond = { "token", "user", "event" }, busy = { "token", "user" }, token = { "app" }, unionid = { "token" },
  call = { "token" },
}

local refuse, show = output.refuse, output.result

---------------------------------------------------------------------------------------------------
-- Events

local function time_of(moment)
  return type(moment) == "table" and (moment.dateTime or moment.date) or nil
end

local function print_event(stdout, event)
  output.row(stdout, event.id, time_of(event.start), time_of(event["end"]), event.summary)
end

local function attendee_fields(one)
  return one.id, one.responseStatus, one.isOptional and "optional" or "required", one.displayName
end

function commands.attendees(ctx)
  local args = ctx.args
  local result, err = ctx.client:list_attendees(ctx.token, args.user, args.calendar, args.event, ctx.limits())
  return show(ctx, result, err, function(stdout)
    for _, one in ipairs(result.attendees) do output.row(stdout, attendee_fields(one)) end
  end)
end

-- The moments of options, by their names; or nil and what is wrong.
local function moments_of(ctx, names)
  local moments, now = {}, ctx.world.clock()
  for _, name in ipairs(names) do
    local text = ctx.args[name]
    local moment, message
    if text then
      moment, message = times.parse(text, now)
      if not moment then return nil, ("--%s: %s"):format(name, message) end
    end
    moments[name] = moment
  end
  return moments
end

function commands.events(ctx)
  local args, opts = ctx.args, ctx.limits()
  local moments, message = moments_of(ctx, { "from", "to" })
  if not moments then return refuse(ctx, message) end
  opts.timeMin = moments.from and times.iso(moments.from.epoch)
  opts.timeMax = moments.to and times.iso(moments.to.epoch)
  opts.showDeleted = args.deleted
  -- The lines name no attendees, and the service gives at least one.
  opts.maxAttendees = not args.json and 1 or nil
  local result, err = ctx.client:list_events(ctx.token, args.user, args.calendar, opts)
  return show(ctx, result, err, function(stdout)
    for _, event in ipairs(result.events) do print_event(stdout, event) end
  end)
end

function commands.get(ctx)
  local args = ctx.args
  local result, err = ctx.client:get_event(ctx.token, args.user, args.calendar, args.event, ctx.limits())
  return show(ctx, result, err, function(stdout)
    local event = result.event
    local function line(name, value)
      if value ~= nil then output.row(stdout, name, value) end
    end
    line("id", event.id)
    line("title", event.summary)
    line("start", time_of(event.start))
    line("end", time_of(event["end"]))
    line("zone", event.start and event.start.timeZone)
    line("all-day", event.isAllDay and "yes" or nil)
    line("status", event.status)
    line("location", event.location and event.location.displayName)
    line("organizer", event.organizer and (event.organizer.displayName or event.organizer.id))
    line("description", event.description)
    for _, one in ipairs(event.attendees or {}) do output.row(stdout, "attendee", attendee_fields(one)) end
  end)
end

-- Beginning and end of whole days. For the service, the end is the day after the last.
local function days(_, moments)
  local first, last = moments.start, moments["end"] or moments.start
  if first.has_time or last.has_time then return nil, "--all-day: --start and --end are days, such as 2030-01-15" end
  if last.epoch < first.epoch then return nil, "--end is before --start" end
  return { date = times.date(first.epoch) }, { date = times.date(last.epoch, 1) }
end

local DEFAULT_MINUTES = 60 -- of an event whose end is not given

local function hours(ctx, moments)
  local start, stop = moments.start.epoch, moments["end"] and moments["end"].epoch
  stop = stop or start + (ctx.args.duration or DEFAULT_MINUTES) * 60
  if stop <= start then return nil, "--end is not after --start" end
  local zone = times.zone(ctx.world.getenv, start)
  output.warn(ctx, ("%s to %s, %s (UTC%s)"):format(os.date("%Y-%m-%d %H:%M", start),
    os.date(times.date(start) == times.date(stop) and "%H:%M" or "%Y-%m-%d %H:%M", stop),
    zone or "local time", times.offset(start)))
  return { dateTime = times.iso(start), timeZone = zone }, { dateTime = times.iso(stop), timeZone = zone }
end

-- Beginning and end from the options. Returns what is wrong.
local function set_times(ctx, details)
  local args = ctx.args
  local moments, message = moments_of(ctx, { "start", "end" })
  if not moments then return message end
  if not moments.start then
    return (moments["end"] or args.duration or args.all_day) and "--start is missing" or nil
  end
  if moments["end"] and args.duration then return "--end and --duration exclude each other" end
  if args.all_day and args.duration then return "--all-day takes --end, the last day, and no --duration" end
  if args.command == "update" and not (moments["end"] or args.duration or args.all_day) then
    return "--start without --end: give --end or --duration, too"
  end
  local start, stop = (args.all_day and days or hours)(ctx, moments)
  if not start then return stop end
  details.start, details["end"] = start, stop
  details.isAllDay = args.all_day or (args.command == "update" and false) or nil
end

-- The fields of an event from the options; or nil and what is wrong.
local function details_of(ctx)
  local args, details = ctx.args, {}
  local message = set_times(ctx, details)
  if message then return nil, message end
  details.summary, details.description = args.title, args.description
  details.location = args.location and { displayName = args.location }
  for i, minutes in ipairs(args.reminder) do
    details.reminders = details.reminders or {}
    details.reminders[i] = { method = "dingtalk", minutes = minutes }
  end
  return details
end

local function names_people(args)
  return #args.people > 0 or #args.file > 0
end

function commands.create(ctx)
  local args = ctx.args
  if not args.title then return refuse(ctx, "no title: give --title") end
  if not args.start then return refuse(ctx, "no start: give --start") end
  local details, message = details_of(ctx)
  if not details then return refuse(ctx, message) end
  if names_people(args) then
    local list, err = unionids.people(ctx)
    if not list then return output.failure(ctx, err, "argument") end
    details.attendees = list
  end
  local result, err = ctx.client:create_event(ctx.token, args.user, args.calendar, details, ctx.limits())
  return show(ctx, result, err, function(stdout) print_event(stdout, result.event) end)
end

function commands.update(ctx)
  local args = ctx.args
  local details, message = details_of(ctx)
  if not details then return refuse(ctx, message) end
  if next(details) == nil then return refuse(ctx, "nothing is changed: give --title, --start or another option") end
  local result, err = ctx.client:update_event(ctx.token, args.user, args.calendar, args.event, details, ctx.limits())
  return show(ctx, result, err, function(stdout) print_event(stdout, result.event) end)
end

function commands.delete(ctx)
  local args, opts = ctx.args, ctx.limits()
  opts.pushNotification = args.push_notification
  local result, err = ctx.client:delete_event(ctx.token, args.user, args.calendar, args.event, opts)
  return show(ctx, result, err, function(stdout)
    if not args.quiet then stdout:write("deleted ", args.event, "\n") end
  end)
end

function commands.respond(ctx)
  local args = ctx.args
  local result, err = ctx.client:respond(ctx.token, args.user, args.calendar, args.event, args.answer, ctx.limits())
  return show(ctx, result, err, function(stdout)
    if not args.quiet then stdout:write("answered ", args.answer, "\n") end
  end)
end

---------------------------------------------------------------------------------------------------
-- Tokens and ids

function commands.token(ctx)
  local token, err = ctx.token:get(ctx.client)
  return show(ctx, token and { token = token }, err, function(stdout) stdout:write(token, "\n") end)
end

local function asked(ctx)
  local args, list = ctx.args, {}
  for _, id in ipairs(args.staff) do list[#list + 1] = { userid = id } end
  for _, number in ipairs(args.mobile) do list[#list + 1] = { mobile = number } end
  if #args.file == 0 then
    if #list == 0 then return nil, "nobody is named: give --staff, --mobile or --file" end
    return list
  end
  local found, message = people.read(args, ctx.world.stdin, "userid")
  if not found then return nil, message end
  for _, person in ipairs(found) do
    if person.id then return nil, ("%s: %q is a unionId already"):format(person.where, person.id) end
    list[#list + 1] = person
  end
  return list
end

-- Prints all that were found, also where others were not.
local function print_unionids(ctx, all)
  for _, one in ipairs(all) do
    local name = one.userid or one.mobile
    if one.unionid then
      output.row(ctx.world.stdout, name, one.unionid)
    else
      output.complain(ctx, one.error, name)
    end
  end
end

function commands.unionid(ctx)
  local list, message = asked(ctx)
  if not list then return refuse(ctx, message) end
  local found, err = unionids.look_up(ctx, list)
  if not found then return output.failure(ctx, err) end
  local all, failed = {}, nil
  for i, person in ipairs(list) do
    failed = failed or found[i].error
    all[i] = { userid = person.userid, mobile = person.mobile, unionid = found[i].unionid, error = found[i].error }
  end
  local code = show(ctx, { unionids = all }, nil, function() print_unionids(ctx, all) end)
  return failed and output.exit_code(failed) or code
end

---------------------------------------------------------------------------------------------------
-- Free and busy

local DAY = 86400
local MAX_BUSY = 20 -- people of one question: the service's limit

local function print_busy(stdout, information)
  for _, one in ipairs(information or {}) do
    for _, item in ipairs(one.scheduleItems or {}) do
      output.row(stdout, one.userId, time_of(item.start), time_of(item["end"]), item.status)
    end
    if one.error then output.row(stdout, one.userId, nil, nil, one.error) end
  end
end

function commands.busy(ctx)
  local args = ctx.args
  local moments, message = moments_of(ctx, { "from", "to" })
  if not moments then return refuse(ctx, message) end
  local list, err = unionids.people(ctx)
  if not list then return output.failure(ctx, err, "argument") end
  if #list > MAX_BUSY then return refuse(ctx, ("%d people: at most %d can be asked for"):format(#list, MAX_BUSY)) end
  local from = moments.from and moments.from.epoch or ctx.world.clock()
  local ids = {}
  for i, one in ipairs(list) do ids[i] = type(one) == "table" and one.id or one end
  local result
  result, err = ctx.client:get_schedule(ctx.token, args.user, {
    userIds = ids, startTime = times.iso(from), endTime = times.iso(moments.to and moments.to.epoch or from + DAY),
  }, ctx.limits())
  return show(ctx, result, err, function(stdout) print_busy(stdout, result.scheduleInformation) end)
end

---------------------------------------------------------------------------------------------------
-- What is made from the parser

function commands.completion(ctx)
  ctx.world.stdout:write(require("dingtalk.cli.parser").completion(ctx.args.shell))
  return output.exit_code "done"
end

function commands.manual(ctx)
  ctx.world.stdout:write(require("dingtalk.cli.parser").manual())
  return output.exit_code "done"
end

return commands
