--- The command line from its arguments to its exit code.

local has_argparse, arguments = pcall(require, "dingtalk.cli.arguments")
local calendar = require "dingtalk.calendar"
local commands = require "dingtalk.cli.commands"
local dry_run = require "dingtalk.cli.dry_run"
local exits = require "dingtalk.cli.exits"
local output = require "dingtalk.cli.output"
local secrets = require "dingtalk.cli.secrets"

local main = {}

local DEFAULT_TIMEOUT = 120 -- seconds, of a whole command

-- Options that a variable of the environment stands for.
local variables = {
  base_url = "DINGTALK_BASE_URL", ca_file = "DINGTALK_CA_FILE",
  user = "DINGTALK_USER", calendar = "DINGTALK_CALENDAR", event = "DINGTALK_EVENT",
}

local function this_world()
  return {
    getenv = os.getenv, clock = os.time, stdin = io.stdin, stdout = io.stdout, stderr = io.stderr,
    is_terminal = function(descriptor) return os.execute(("test -t %d"):format(descriptor)) == true end,
  }
end

local function fill(args, getenv)
  for name, variable in pairs(variables) do
    local value = getenv(variable)
    if args[name] == nil and value ~= "" then args[name] = value end
  end
  args.timeout = args.timeout or DEFAULT_TIMEOUT
end

local function open_client(ctx)
  local args = ctx.args
  return calendar.new {
    base_url = args.base_url, ca_file = args.ca_file, user_agent = "dingtalk-calendar",
    timeout = args.timeout, max_attempts = args.max_attempts,
    on_attempt = function(info)
      if ctx.bar then ctx.bar:on_attempt(info) end
    end,
  }
end

local finders = {}

function finders.token(ctx)
  if ctx.args.dry_run then return dry_run.token end
  return secrets.token(ctx.world.getenv)
end

function finders.app(ctx)
  return secrets.app(ctx.world.getenv)
end

-- What the command needs; or the message of what is missing.
local function prepare(ctx)
  for _, need in ipairs(commands.needs[ctx.args.command]) do
    local message
    if finders[need] then
      ctx.token, message = finders[need](ctx)
      if not ctx.token then return message end
    elseif not ctx.args[need] then
      return ("no %s: give --%s, or set %s"):format(need, need, variables[need])
    end
  end
end

local function show_requests(ctx, requests)
  if ctx.args.json then
    output.json(ctx.world.stdout, { requests = requests })
  else
    for _, request in ipairs(requests) do dry_run.print(ctx.world.stdout, request) end
  end
end

local function run_command(ctx)
  local message = prepare(ctx)
  if (ctx.args.base_url or ""):find("^http:") then message = "--base-url must begin with https://" end
  if message then return exits.argument, message end
  local client, err = open_client(ctx)
  if not client then
    output.failure(ctx.world, ctx.args, err)
    return exits.of(err)
  end
  ctx.client = client
  local requests = ctx.args.dry_run and dry_run.attach(client)
  local code
  code, message = commands[ctx.args.command](ctx)
  if requests and code == exits.done then show_requests(ctx, requests) end
  client:close()
  return code, message
end

local function interrupted(ctx)
  if ctx.bar then ctx.bar:finish() end
  local left = ctx.args.resume and "; to go on: the same command line again" or ""
  return exits.interrupted, "interrupted" .. left
end

-- Lua's own program turns Ctrl-C into this error.
local function is_interrupt(message)
  return type(message) == "string" and message:find("interrupted!", 1, true) ~= nil
end

local function wants_json(argv)
  for _, word in ipairs(argv) do
    if word == "--json" then return true end
  end
  return false
end

--- Runs the command line.
---@param argv string[]
---@param world table? what it needs of the process, for specs
---@return integer exit_code
function main.run(argv, world)
  world = world or this_world()
  if not has_argparse then
    world.stderr:write("dingtalk-calendar: it needs argparse (Debian: lua-argparse, LuaRocks: argparse)\n",
      tostring(arguments), "\n")
    return exits.failed
  end
  local parser = arguments.parser()
  local parsed, args = parser:pparse(argv)
  if not parsed then
    world.stderr:write(parser:get_usage(), "\n\n")
    output.failure(world, { json = wants_json(argv) }, args, "argument")
    return exits.argument
  end
  fill(args, world.getenv)
  local ctx = { args = args, world = world }
  local ran, code, message = xpcall(run_command, function(problem)
    return is_interrupt(problem) and problem or debug.traceback(tostring(problem), 2)
  end, ctx)
  if not ran and is_interrupt(code) then
    code, message = interrupted(ctx)
  elseif not ran then
    code, message = exits.failed, code
  end
  if message then output.failure(world, args, message, exits.name(code)) end
  local flushed, problem = world.stdout:flush()
  if flushed then return code end
  world.stderr:write("dingtalk-calendar: ", problem, "\n")
  return exits.failed
end

return main
