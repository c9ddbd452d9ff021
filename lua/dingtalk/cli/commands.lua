--- The commands, each by its name: takes what main.lua prepared and returns the exit code. Those that change
--- who is in an event stand in change.lua.

local change = require "dingtalk.cli.change"
local json = require "dingtalk.json"
local operations = require "dingtalk.operations"
local options = require "dingtalk.options"
local output = require "dingtalk.cli.output"
local people = require "dingtalk.cli.people"
local times = require "dingtalk.cli.times"

local commands = { add = change.run, remove = change.run }

--- What each needs besides its own options; a command that is not here needs no client.
commands.needs = {
  add = { "token", "user" }, remove = { "token", "user" }, attendees = { "token", "user", "event" },
  events = { "token", "user" }, get = { "token", "user", "event" }, create = { "token", "user" },
  update = { "token", "user", "event" }, delete = { "token", "user", "event" },
  respond = { "token", "user", "event" }, busy = { "token", "user" }, token = { "app" }, unionid = { "token" },
  call = { "token" },
}

local DONE = output.exit_code "done"

local function refuse(ctx, message)
  return output.failure(ctx, message, "argument")
end

-- Prints a result, whole as JSON or line by line.
local function show(ctx, result, err, print_lines)
  if not result then return output.failure(ctx, err) end
  if ctx.args.dry_run or ctx.interrupted then return DONE end
  if ctx.args.json then
    output.json(ctx.world.stdout, result)
  else
    print_lines(ctx.world.stdout, result)
  end
  return DONE
end

local function limits_of(ctx)
  return { timeout = ctx.left(), max_attempts = ctx.args.max_attempts }
end

local flags = { yes = true, no = false }

---------------------------------------------------------------------------------------------------
-- Events

local function time_of(moment)
  return type(moment) == "table" and (moment.dateTime or moment.date) or nil
end

local function print_event(stdout, event)
  output.row(stdout, event.id, time_of(event.start), time_of(event["end"]), event.summary)
end

local function print_attendees(stdout, result)
  for _, one in ipairs(result.attendees) do
    output.row(stdout, one.id, one.responseStatus, one.isOptional and "optional" or "required", one.displayName)
  end
end

function commands.attendees(ctx)
  local args = ctx.args
  local result, err = ctx.client:list_attendees(ctx.token, args.user, args.calendar, args.event, limits_of(ctx))
  return show(ctx, result, err, print_attendees)
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
  local args, opts = ctx.args, limits_of(ctx)
  local moments, message = moments_of(ctx, { "from", "to" })
  if not moments then return refuse(ctx, message) end
  opts.timeMin = moments.from and times.iso(moments.from.epoch)
  opts.timeMax = moments.to and times.iso(moments.to.epoch)
  opts.showDeleted = args.deleted
  -- Lines name nobody, and the service gives no fewer than one.
  opts.maxAttendees = not args.json and 1 or nil
  local result, err = ctx.client:list_events(ctx.token, args.user, args.calendar, opts)
  return show(ctx, result, err, function(stdout)
    for _, event in ipairs(result.events) do print_event(stdout, event) end
  end)
end

function commands.get(ctx)
  local args = ctx.args
  local result, err = ctx.client:get_event(ctx.token, args.user, args.calendar, args.event, limits_of(ctx))
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
    for _, one in ipairs(event.attendees or {}) do
      output.row(stdout, "attendee", one.id, one.responseStatus, one.isOptional and "optional" or "required",
        one.displayName)
    end
  end)
end

-- Beginning and end of whole days; the service's end is the day behind the last.
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
    local list, err = change.people(ctx)
    if not list then return output.failure(ctx, err, "argument") end
    details.attendees = list
  end
  local result, err = ctx.client:create_event(ctx.token, args.user, args.calendar, details, limits_of(ctx))
  return show(ctx, result, err, function(stdout) print_event(stdout, result.event) end)
end

function commands.update(ctx)
  local args = ctx.args
  local details, message = details_of(ctx)
  if not details then return refuse(ctx, message) end
  if next(details) == nil then return refuse(ctx, "nothing is changed: give --title, --start or another option") end
  local result, err = ctx.client:update_event(ctx.token, args.user, args.calendar, args.event, details, limits_of(ctx))
  return show(ctx, result, err, function(stdout) print_event(stdout, result.event) end)
end

function commands.delete(ctx)
  local args, opts = ctx.args, limits_of(ctx)
  opts.pushNotification = flags[args.push_notification]
  local result, err = ctx.client:delete_event(ctx.token, args.user, args.calendar, args.event, opts)
  return show(ctx, result, err, function(stdout)
    if not args.quiet then stdout:write("deleted ", args.event, "\n") end
  end)
end

function commands.respond(ctx)
  local args = ctx.args
  local result, err = ctx.client:respond(ctx.token, args.user, args.calendar, args.event, args.answer, limits_of(ctx))
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

-- One that is not found does not keep the others from being printed.
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
  local found, err = change.look_up(ctx, list)
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
-- Any call of the table of operations

local function path_of(row)
  local parts = {}
  for i, part in ipairs(row.path) do parts[i] = i % 2 == 0 and "{" .. row.arguments[i / 2] .. "}" or part end
  return table.concat(parts)
end

function commands.operations(ctx)
  local stdout, rows = ctx.world.stdout, {}
  for i, row in ipairs(operations.rows) do
    rows[i] = { name = row.name, permission = row.scope, method = row.method, path = path_of(row) }
  end
  if ctx.args.json then
    output.json(stdout, { operations = rows })
  else
    for _, row in ipairs(rows) do output.row(stdout, row.name, row.permission, row.method, row.path) end
  end
  return DONE
end

local function row_of(name)
  local known = {}
  for _, row in ipairs(operations.rows) do
    if row.name == name then return row end
    known[row.name] = true
  end
  return nil, ("there is no operation %q%s: see the command operations"):format(name,
    (", " .. (options.did_you_mean(name, known) or "")):gsub("^, $", ""))
end

-- NAME=VALUE of an option that may be given several times, as a table; or nil and what is wrong.
local function pairs_of(option, list)
  local values = {}
  for _, text in ipairs(list) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then return nil, ("%s %s: write it as NAME=VALUE"):format(option, text) end
    if values[name] then return nil, ("%s %s is given twice"):format(option, name) end
    values[name] = value
  end
  return values
end

local own_options = { user = "user", cal = "calendar", calendar = "calendar", event = "event" }

local function place_of(args, row)
  local given, message = pairs_of("--path", args.path)
  if not given then return nil, message end
  local place = {}
  for i, name in ipairs(row.arguments) do
    local own = own_options[name]
    place[i] = given[name] or own and args[own]
    if not place[i] and name ~= "cal" then
      return nil, ("no %s: give %s"):format(name, own and "--" .. own or ("--path %s=VALUE"):format(name))
    end
    given[name] = nil
  end
  local stranger = next(given)
  if stranger then return nil, ("--path %s: the path of %s has no such part"):format(stranger, row.name) end
  return place
end

local function typed(text, schema)
  local kind = schema[1]
  if kind == "boolean" then
    if text == "true" or text == "false" then return text == "true" end
    return nil, "must be true or false"
  elseif kind == "integer" or kind == "number" then
    local value = tonumber(text)
    if value then return value end
    return nil, "must be a number"
  end
  return text
end

-- The names of the query's parameters.
local function parameters_of(row)
  local known, names = {}, {}
  for _, entry in ipairs(row.query or {}) do
    local name = type(entry) == "table" and entry[1] or entry
    known[name] = true
    names[#names + 1] = name
  end
  return known, names
end

local function query_of(ctx, row)
  local given, message = pairs_of("--query", ctx.args.query)
  if not given then return nil, message end
  local opts, known, names = limits_of(ctx), parameters_of(row)
  for name, text in pairs(given) do
    if not known[name] then
      return nil, ("--query %s: %s takes %s"):format(name, row.name,
        #names > 0 and table.concat(names, ", ") or "no query")
    end
    opts[name], message = typed(text, row.options[name])
    if message then return nil, ("--query %s %s"):format(name, message) end
  end
  if row.items and not ctx.args.all_pages then opts.max_pages = 1 end
  return opts
end

local function read_body(ctx)
  local path = ctx.args.body
  local text, message = people.read_bytes(path, ctx.world.stdin)
  if not text then return nil, message end
  local value = json.decode((text:gsub("^\u{FEFF}", "")))
  if type(value) ~= "table" then return nil, ("%s: no JSON object"):format(path) end
  return value
end

-- The list of a call that takes one, whose other fields are options of ours.
local function split_list(row, value, opts)
  local name = row.removing and "attendeesToRemove" or "attendeesToAdd"
  if value[1] ~= nil or next(value) == nil then return value end
  for field, entry in pairs(value) do
    if field ~= name then opts[field] = entry end
  end
  return value[name]
end

-- The argument behind the path, from --body; or nil and what is wrong.
local function body_of(ctx, row, opts)
  local takes = row.body or row.counted
  if not ctx.args.body then
    return nil, takes and ("%s takes a body: give --body FILE, or --body - for standard input"):format(row.name) or nil
  end
  if not takes then return nil, ("%s takes no body"):format(row.name) end
  local value, message = read_body(ctx)
  if not value then return nil, message end
  value = json.plain(value)
  if row.counted then return split_list(row, value, opts) end
  local field = row.body.field
  if not field then return value end
  -- An object of this field alone.
  return value[type(field) == "string" and field or row.body.argument]
end

-- What a result says besides the answer.
local besides = {
  status = true, request_id = true, attempts = true, client_token = true, elapsed = true, hook_error = true,
  pages = true, batches = true, added = true, removed = true,
}

local function answer_of(row, result)
  local name = row.answer_as or type(row.answer) == "string" and row.answer
  if name then return result[name] end
  local answer = {}
  for field, value in pairs(result) do
    if not besides[field] then answer[field] = value end
  end
  return next(answer) ~= nil and answer or nil
end

local function print_answer(ctx, row, result)
  local stdout = ctx.world.stdout
  if row.items then
    for _, item in ipairs(result[row.items]) do output.json(stdout, item) end
    if result.nextToken then
      output.warn(ctx, "there is more: --all-pages, or --query nextToken=" .. result.nextToken)
    end
    return
  end
  local answer = answer_of(row, result)
  if answer then
    output.json(stdout, answer)
  elseif not ctx.args.quiet then
    stdout:write("done\n")
  end
end

function commands.call(ctx)
  local args = ctx.args
  local row, message = row_of(args.operation)
  if not row then return refuse(ctx, message) end
  if args.all_pages and not row.items then return refuse(ctx, ("--all-pages: %s has no pages"):format(row.name)) end
  local place, opts, body
  place, message = place_of(args, row)
  if not place then return refuse(ctx, message) end
  opts, message = query_of(ctx, row)
  if not opts then return refuse(ctx, message) end
  body, message = body_of(ctx, row, opts)
  if message then return refuse(ctx, message) end
  local count = #row.arguments
  if row.body or row.counted then
    count = count + 1
    place[count] = body
  end
  place[count + 1] = opts
  local result, err = ctx.client[row.name](ctx.client, ctx.token, table.unpack(place, 1, count + 1))
  return show(ctx, result, err, function() print_answer(ctx, row, result) end)
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
  local list, err = change.people(ctx)
  if not list then return output.failure(ctx, err, "argument") end
  if #list > MAX_BUSY then return refuse(ctx, ("%d people: at most %d can be asked for"):format(#list, MAX_BUSY)) end
  local from = moments.from and moments.from.epoch or ctx.world.clock()
  local ids = {}
  for i, one in ipairs(list) do ids[i] = type(one) == "table" and one.id or one end
  local result
  result, err = ctx.client:get_schedule(ctx.token, args.user, {
    userIds = ids, startTime = times.iso(from), endTime = times.iso(moments.to and moments.to.epoch or from + DAY),
  }, limits_of(ctx))
  return show(ctx, result, err, function(stdout) print_busy(stdout, result.scheduleInformation) end)
end

---------------------------------------------------------------------------------------------------
-- What is made from the parser

function commands.completion(ctx)
  ctx.world.stdout:write(require("dingtalk.cli.parser").completion(ctx.args.shell))
  return DONE
end

function commands.manual(ctx)
  ctx.world.stdout:write(require("dingtalk.cli.parser").manual())
  return DONE
end

return commands
