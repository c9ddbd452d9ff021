--- What the command line understands.

local argparse = require "argparse"
local exits = require "dingtalk.cli.exits"
local version = require "dingtalk.version"

local arguments = {}

local EPILOG = [[
Secrets come from the environment, or from a file that it names, never from the
command line, where other users of the machine could read them:

  DINGTALK_TOKEN       an access token
  DINGTALK_APP_KEY     an internal app, with DINGTALK_APP_SECRET
  DINGTALK_SUITE_KEY   a third-party enterprise app, with DINGTALK_SUITE_SECRET,
                       DINGTALK_SUITE_TICKET and DINGTALK_CORP_ID
  DINGTALK_CLIENT_ID   either, by the newer call, with DINGTALK_CLIENT_SECRET
                       and DINGTALK_CORP_ID

The first of these that is there is used. With _FILE behind any name, such as
DINGTALK_TOKEN_FILE, the value is read from that file. DINGTALK_BASE_URL,
DINGTALK_CA_FILE, DINGTALK_USER, DINGTALK_CALENDAR and DINGTALK_EVENT stand for
the options of these names.

Exit codes, by the kind of the error:
]] .. exits.text() .. [[


Examples:
  export DINGTALK_TOKEN_FILE=token.txt DINGTALK_USER=U5KPwll3QjgiG
  dingtalk-calendar events
  dingtalk-calendar add --event cnNTbW1YbU9sL2p6 iiZ8Bd7aQ iiM3x1kP
  dingtalk-calendar add --event cnNTbW1YbU9sL2p6 --file people.txt --resume s
  dingtalk-calendar attendees --event cnNTbW1YbU9sL2p6 --json
  dingtalk-calendar unionid --staff zhangsan --mobile 13900000001

"dingtalk-calendar COMMAND --help" tells more of each command.]]

local ADD_EPILOG = [[
PEOPLE are unionIds (see the command unionid). A file, or standard input, holds
  lines  one unionId a line
  csv    a first line of names, "id" and perhaps "isOptional" (true, false)
  json   ["id", {"id": "…", "isOptional": true}, …]
Which of these it is shows by its name and its beginning, unless --format says.

More than 500 people are sent in several requests. With --resume FILE what was
done is written to FILE before and after each; after a failure, Ctrl-C, or a
crash the same command line goes on where it ended, and nobody is %s twice.
FILE is removed when all is done.

Examples:
  dingtalk-calendar %s --user U --event E id1 id2   (U: DINGTALK_USER, too)
  dingtalk-calendar %s --event E --file people.csv --resume state --confirm
  grep -v guest people.txt | dingtalk-calendar %s --event E --file -]]

local function connection(command)
  command:option("--base-url", "The service, or the local sandbox. (default: https://api.dingtalk.io)"):argname("URL")
  command:option("--ca-file", "The certificates to trust instead of the system's."):argname("FILE")
  command:option("--timeout", "For the whole command, in seconds. (default: 120)"):argname("SECONDS"):convert(tonumber)
  command:option("--max-attempts", "Requests made for one, at most. (default: 3)"):argname("N"):convert(tonumber)
  command:flag("--json", "Prints one JSON object: the result, or {\"error\": …}.")
  command:flag("--dry-run", "Shows the requests, the token hidden, and sends nothing.")
  return command
end

local function calendar(command)
  command:option("--user", "unionId of the user whose calendar it is: the event's creator."):argname("UNIONID")
  command:option("--calendar", "(default: primary)"):argname("ID")
  return command
end

local function event(command)
  calendar(command)
  command:option("--event", "Id of the event."):argname("ID")
  return command
end

local function yes_or_no(command, name, description)
  command:option(name, description):choices { "yes", "no" }
end

local function batched(command, done)
  local name = command._name
  command:argument("people", "unionIds."):args("*")
  command:option("--file", "Reads people from FILE, or from standard input if it is -."):argname("FILE")
  command:option("--format", "Of the file."):choices { "lines", "csv", "json" }
  command:option("--resume", "Keeps in FILE what was done, and goes on from there."):argname("FILE")
  command:flag("--confirm", "Reads the attendees back: done means that they show it.")
  command:option("--concurrency", "Requests in flight. (default: 1)"):argname("N"):convert(tonumber)
  command:option("--client-token", "Makes the requests known to the service: the same again does nothing.")
    :argname("TEXT")
  command:flag("--no-progress", "No progress bar. It is for a terminal only in any case.")
  command:epilog(ADD_EPILOG:format(done, name, name, name))
end

local function add_commands(parser)
  local add = parser:command("add", "Adds people to an event.")
  event(add)
  batched(add, "added")
  add:flag("--optional", "They need not come; where the file does not say.")
  yes_or_no(add, "--push-notification", "Whether they are told by a notification.")
  yes_or_no(add, "--chat-notification", "Whether they are told in a chat.")
  connection(add)
  local remove = parser:command("remove", "Removes people from an event.")
  event(remove)
  batched(remove, "removed")
  connection(remove)
end

local function list_commands(parser)
  connection(event(parser:command("attendees", "Lists who is in an event: unionId, answer, optional or not, name.")))
  local events = calendar(parser:command("events", "Lists events: id, beginning, end, title."))
  events:option("--from", "Only what ends after it, such as 2030-01-15T00:00:00+08:00."):argname("TIME")
  events:option("--to", "Only what begins before it, at most a year later."):argname("TIME")
  events:flag("--deleted", "Deleted ones, too.")
  connection(events)
end

local function identity_commands(parser)
  local token = connection(parser:command("token", "Prints an access token of the app in the environment."))
  token:epilog "Example:\n  DINGTALK_TOKEN=$(dingtalk-calendar token) some-other-program"
  local unionid = parser:command("unionid", "Looks up unionIds: prints what was asked and the unionId, one a line.")
  unionid:option("--staff", "A staff id; may be given several times."):count("*"):argname("ID")
  unionid:option("--mobile", "A mobile number; may be given several times."):count("*"):argname("NUMBER")
  connection(unionid)
end

--- The parser of the command line.
---@return table parser
function arguments.parser()
  local parser = argparse("dingtalk-calendar", "People in DingTalk calendar events: added, removed, listed.")
  parser:epilog(EPILOG):command_target("command"):require_command(true):help_max_width(80)
  parser:flag("--version", "Prints the version."):action(function()
    print("dingtalk-calendar " .. version)
    os.exit(0)
  end)
  add_commands(parser)
  list_commands(parser)
  identity_commands(parser)
  return parser
end

return arguments
