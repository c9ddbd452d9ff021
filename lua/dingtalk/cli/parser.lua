--- The commands and options of the command line; and what is made from them: help, completion for shells and the
--- manual page.

local argparse = require "argparse"
local limits = require "dingtalk.limits"
local output = require "dingtalk.cli.output"
local version = require "dingtalk.version"

local parser = {}

local NAME = "dingtalk-calendar"

local function exit_codes()
  local lines = {}
  for _, row in ipairs(output.exits) do lines[#lines + 1] = ("  %3d  %-11s  %s"):format(row[1], row[2], row[3]) end
  return table.concat(lines, "\n")
end

local EPILOG = [[
Secrets come from the environment, or from a file that it names, never from the
command line, where other users of the machine could read them:

  DINGTALK_TOKEN       an access token
  DINGTALK_APP_KEY     an internal app, with DINGTALK_APP_SECRET
  DINGTALK_SUITE_KEY   a third-party enterprise app, with DINGTALK_SUITE_SECRET,
                       DINGTALK_SUITE_TICKET and DINGTALK_CORP_ID
  DINGTALK_CLIENT_ID   either, by the newer call, with DINGTALK_CLIENT_SECRET
                       and DINGTALK_CORP_ID

The first of these that is set is used. With _FILE after any name, such as
DINGTALK_TOKEN_FILE, the value is read from that file. DINGTALK_BASE_URL,
DINGTALK_CA_FILE, DINGTALK_USER, DINGTALK_CALENDAR and DINGTALK_EVENT stand for
the options of these names.

Exit codes, by the kind of the error:
]] .. exit_codes() .. [[


Examples:
  export DINGTALK_TOKEN_FILE=token.txt DINGTALK_USER=U5KPwll3QjgiG
  dingtalk-calendar events
  dingtalk-calendar add --event cnNTbW1YbU9sL2p6 iiZ8Bd7aQ iiM3x1kP
  dingtalk-calendar add --event cnNTbW1YbU9sL2p6 --file people.csv --resume s
  dingtalk-calendar attendees --event cnNTbW1YbU9sL2p6 --json
  dingtalk-calendar unionid --staff zhangsan --mobile 13900000001
  eval "$(dingtalk-calendar completion bash)"

"dingtalk-calendar COMMAND --help" says more of each command.]]

local PEOPLE = [[
PEOPLE are unionIds. A file, or standard input, holds
  lines  one unionId a line
  csv    a first line of names, then a person a line; also with ; or tabs, and
         as spreadsheets save it (.tsv, UTF-16; GBK where iconv is installed)
  json   ["id", {"id": "...", "isOptional": true}, ...], or one object a line;
         also what the commands attendees and unionid print with --json
The file's name and beginning show which of these it is, unless --format says.
Columns, in any order and also by their Chinese names:
  id, unionId       who is meant; or
  userid, mobile    a staff id or a mobile number: the unionId is looked up
  isOptional        yes or no
%s  name, department and other remarks are not read. Any other column is refused,
  unless --ignore names it.
]]

local EVENT_COLUMN = [[
  event             for people of several events, a call for each
]]

local RESUME = [[
More than 500 people are sent in several requests. With --resume FILE, what was
done is written to FILE before and after each; after a failure, Ctrl-C, or a
crash the same command line goes on where it ended, and nobody is %s twice.
FILE is removed when all is done. Only one run at a time may use it.

Examples:
  dingtalk-calendar %s --user U --event E id1 id2   (U: DINGTALK_USER, too)
  dingtalk-calendar %s --event E --file people.csv --resume state --confirm
  grep -v guest people.txt | dingtalk-calendar %s --event E --file -]]

local TIMES = [[
TIME is "2030-01-15 10:00" in the zone of this machine (or of the variable TZ),
"10:00", "today 10:00", "tomorrow 10:00", or a time that names its zone:
2030-01-15T10:00:00+08:00. "2030-01-15" alone is the beginning of that day.]]

-- Every option may be given once, unless it says otherwise.
local function option(command, name, description, argname)
  return command:option(name, description):argname(argname):overwrite(false)
end

local function number(name, least, most, whole)
  return function(text)
    local value = tonumber(text)
    if value and whole then value = math.tointeger(value) end
    if value and value >= least and value <= most then return value end
    return nil, ("%s must be %s from %.14g to %.14g, not %q"):format(name,
      whole and "a whole number" or "a number of seconds", least, most, text)
  end
end

local function yes_or_no(command, name, description)
  command:option(name, description):choices({ "yes", "no" }):convert({ yes = true, no = false }):overwrite(false)
end

local function connection(command)
  option(command, "--base-url", "The service, or the local sandbox. (default: https://api.dingtalk.io)", "URL")
  command:option("--region", "The service by its region: cn is https://api.dingtalk.com, intl https://api.dingtalk.io.")
    :choices({ "cn", "intl" }):overwrite(false)
  option(command, "--ca-file", "The certificates to trust instead of the system's.", "FILE")
  option(command, "--timeout", "Seconds for the whole command. (default: 120; with many events, for each)", "SECONDS")
    :convert(number("--timeout", 0.001, limits.max_timeout))
  option(command, "--max-attempts", "Attempts of each request, at most. (default: 3)", "N")
    :convert(number("--max-attempts", 1, limits.max_attempts, true))
  command:flag("--json", "Prints one JSON object: the result, or {\"error\": ...}.")
  command:flag("--quiet", "Prints results and errors, and nothing else.")
  command:flag("--dry-run", "Shows the requests, the token hidden, and sends nothing.")
  return command
end

local function calendar(command)
  option(command, "--user", "unionId of the user whose calendar it is: the event's creator.", "UNIONID")
  option(command, "--calendar", "Id of the calendar. (default: primary)", "ID")
  return command
end

local function event(command)
  calendar(command)
  option(command, "--event", "Id of the event.", "ID")
  return command
end

local function files(command)
  option(command, "--file", "Reads people from FILE, or from standard input if it is -; may be given several times.",
    "FILE"):count("*")
  command:option("--format", "The format of the files."):choices({ "lines", "csv", "json" }):overwrite(false)
  option(command, "--ignore", "A column of the files that is not to be read; may be given several times.", "COLUMN")
    :count("*")
end

local function people(command)
  command:argument("people", "unionIds."):args("*")
  files(command)
end

local function batched(command, done)
  local name = command._name
  people(command)
  option(command, "--resume", "Keeps in FILE what was done, and goes on from there.", "FILE")
  command:flag("--confirm", "Reads the attendees back: done means that they show it.")
  option(command, "--concurrency", "Requests in flight. (default: 1; of many events: 10)", "N")
    :convert(number("--concurrency", 1, limits.max_concurrency, true))
  option(command, "--client-token", "An idempotency key: the service carries out the same request once.", "TEXT")
  command:flag("--no-progress", "No progress bar. It is for a terminal only in any case.")
  command:epilog(PEOPLE:format(name == "add" and EVENT_COLUMN or "") .. "\n" .. RESUME:format(done, name, name, name))
end

local function add_attendee_commands(root)
  local add = root:command("add", "Adds people to an event.")
  event(add)
  batched(add, "added")
  add:flag("--optional", "They need not come, unless the file says otherwise.")
  yes_or_no(add, "--push-notification", "Whether they are sent a notification.")
  yes_or_no(add, "--chat-notification", "Whether they are sent a chat message.")
  connection(add)
  local remove = root:command("remove", "Removes people from an event.")
  event(remove)
  batched(remove, "removed")
  connection(remove)
  connection(event(root:command("attendees", "Lists who is in an event: unionId, answer, optional or not, name.")))
end

local function event_options(command)
  option(command, "--title", "What it is called.", "TEXT")
  option(command, "--start", "When it begins.", "TIME")
  option(command, "--end", "When it ends. (default: an hour after the start; of whole days: the same day)", "TIME")
  option(command, "--duration", "Its length instead of its end.", "MINUTES")
    :convert(number("--duration", 1, 525600, true))
  command:flag("--all-day", "Whole days, from that of --start to that of --end.")
  option(command, "--description", "What it is about.", "TEXT")
  option(command, "--location", "Where it is.", "TEXT")
  option(command, "--reminder", "Reminds that many minutes before; may be given several times.", "MINUTES"):count("*")
    :convert(number("--reminder", 0, 525600, true))
end

local function add_event_commands(root)
  local events = calendar(root:command("events", "Lists events: id, beginning, end, title."))
  option(events, "--from", "Only what begins at TIME or later.", "TIME")
  option(events, "--to", "Only what begins before TIME, at most a year later.", "TIME")
  events:flag("--deleted", "Also deleted events.")
  connection(events):epilog(TIMES)
  connection(event(root:command("get", "Shows an event.")))
  local create = calendar(root:command("create", "Creates an event; prints its id, beginning, end and title."))
  event_options(create)
  people(create)
  create:flag("--optional", "They need not come, unless the file says otherwise.")
  connection(create):epilog(TIMES .. "\n\n" .. PEOPLE:format "" .. [[

Example:
  dingtalk-calendar create --title Review --start "tomorrow 10:00" iiZ8Bd7aQ]])
  local update = event(root:command("update", "Changes what is given of an event."))
  event_options(update)
  connection(update):epilog(TIMES)
  local delete = event(root:command("delete", "Deletes an event; for an attendee: from that person's calendar."))
  yes_or_no(delete, "--push-notification", "Whether the attendees are sent a notification.")
  connection(delete)
  local respond = event(root:command("respond", "Answers an invitation."))
  respond:argument("answer"):choices { "accepted", "declined", "tentative", "needsAction" }
  connection(respond)
  local busy = root:command("busy", "Shows when people are busy: unionId, beginning, end, BUSY or TENTATIVE.")
  option(busy, "--user", "unionId of the user who asks.", "UNIONID")
  people(busy)
  option(busy, "--from", "The beginning of the time asked about. (default: now)", "TIME")
  option(busy, "--to", "Its end. (default: a day later)", "TIME")
  connection(busy):epilog(TIMES .. "\n\n" .. PEOPLE:format "")
end

local function add_identity_commands(root)
  local token = connection(root:command("token", "Prints an access token of the app in the environment."))
  token:epilog "Example:\n  DINGTALK_TOKEN=$(dingtalk-calendar token) some-other-program"
  local unionid = root:command("unionid", "Looks up unionIds: prints what was asked and the unionId, one a line.")
  option(unionid, "--staff", "A staff id; may be given several times.", "ID"):count("*")
  option(unionid, "--mobile", "A mobile number; may be given several times.", "NUMBER"):count("*")
  files(unionid)
  connection(unionid):epilog [[
A file holds a staff id a line, or a table with a column userid or mobile, as
"dingtalk-calendar add --help" says.]]
end

local function add_other_commands(root)
  local call = root:command("call", "Makes any call of the calendar API: see the command operations.")
  call:argument("operation")
  event(call)
  option(call, "--path", "Another id of the path; may be given several times.", "NAME=VALUE"):count("*")
  option(call, "--query", "A parameter of the query; may be given several times.", "NAME=VALUE"):count("*")
  option(call, "--body", "The body as JSON, in FILE or from standard input if it is -.", "FILE")
  call:flag("--all-pages", "Reads all pages of an answer, not only the first.")
  connection(call):epilog [[
Prints the answer as JSON; an answer in pages one entry a line.

Examples:
  dingtalk-calendar call list_events --query showDeleted=true --all-pages
  echo '{"responseStatus":"accepted"}' |
    dingtalk-calendar call respond --event E --body -]]
  local list = root:command("operations", "Lists the calls of the calendar API: name, permission, method, path.")
  list:flag("--json", "Prints one JSON object.")
  local completion = root:command("completion", "Prints what completes the commands and options in a shell.")
  completion:argument("shell"):choices { "bash", "zsh", "fish" }
  completion:epilog [[
Examples:
  eval "$(dingtalk-calendar completion bash)"               in ~/.bashrc
  dingtalk-calendar completion zsh >"${fpath[1]}/_dingtalk-calendar"
  dingtalk-calendar completion fish | source                in config.fish]]
  root:command("manual", "Prints the manual page."):epilog "Example:\n  dingtalk-calendar manual | man -l -"
end

--- The parser. Where it refuses a command line, it raises { message, usage }.
---@return table root
function parser.new()
  local root = argparse(NAME, "People in DingTalk calendar events, and the events themselves.")
  root:epilog(EPILOG):command_target("command"):require_command(true):help_max_width(80)
  root:flag("--version", "Prints the version."):action(function()
    print(NAME .. " " .. version)
    os.exit(0)
  end)
  add_attendee_commands(root)
  add_event_commands(root)
  add_identity_commands(root)
  add_other_commands(root)
  -- argparse's own prints the usage of the whole and ends the process.
  function root.error(failing, message)
    error({ message = message, usage = failing:get_usage() }, 0)
  end
  return root
end

--- What makes a shell complete commands and options.
---@param shell "bash"|"zsh"|"fish"
---@return string
function parser.completion(shell)
  local root = parser.new()
  if shell == "bash" then return root:get_bash_complete() end
  return shell == "zsh" and root:get_zsh_complete() or root:get_fish_complete()
end

local function roff(text)
  text = text:gsub("\\", "\\e"):gsub("%-", "\\-")
  return (("\n" .. text):gsub("\n([.'])", "\n\\&%1"):sub(2))
end

local function verbatim(text)
  return ".nf\n" .. roff(text) .. "\n.fi\n"
end

--- The manual page.
---@return string of man(7)
function parser.manual()
  local root = parser.new()
  local parts = {
    ('.TH DINGTALK-CALENDAR 1 "" "lua-dingtalk %s"\n'):format(version),
    ".SH NAME\n", roff(NAME .. " - people in DingTalk calendar events, and the events themselves"),
    "\n.SH SYNOPSIS\n", ".B dingtalk\\-calendar\n.I COMMAND\n[options]\n", ".SH COMMANDS\n",
  }
  for _, command in ipairs(root._commands) do
    if command._name ~= "help" then
      parts[#parts + 1] = ".SS " .. roff(command._name) .. "\n" .. verbatim(command:get_help())
    end
  end
  parts[#parts + 1] = ".SH ENVIRONMENT AND EXIT STATUS\n" .. verbatim(EPILOG)
  return table.concat(parts)
end

return parser
