--- The command line from its arguments to its exit code.

local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local commands = require "dingtalk.cli.commands"
local environment = require "dingtalk.auth.environment"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local output = require "dingtalk.cli.output"
local shell = require "dingtalk.cli.shell"

local main = {}

local DEFAULT_TIMEOUT = 120 -- seconds, of a whole command

local regions = { cn = "https://api.dingtalk.com", intl = "https://api.dingtalk.io" }

-- Options that the environment can give, and those that the library calls by another name.
local variables = {
  base_url = "DINGTALK_BASE_URL", ca_file = "DINGTALK_CA_FILE",
  user = "DINGTALK_USER", calendar = "DINGTALK_CALENDAR", event = "DINGTALK_EVENT",
}
local library_names = { calendar = "cal" }

local function is_terminal(descriptor)
  return select(2, shell.read(("test -t %d"):format(descriptor))) == true
end

local function this_world()
  return {
    getenv = os.getenv, clock = os.time, stdin = io.stdin, stdout = io.stdout, stderr = io.stderr,
    is_terminal = is_terminal,
  }
end

-- Fills in options from the environment, and remembers which, for messages. Returns what is wrong.
local function fill(ctx)
  local args = ctx.args
  if args.region and args.base_url then return "--region and --base-url exclude each other" end
  args.base_url = args.base_url or regions[args.region]
  for name, variable in pairs(variables) do
    local value = ctx.world.getenv(variable)
    if args[name] == nil and value ~= "" and value ~= nil then
      args[name], ctx.from[library_names[name] or name] = value, variable
    end
  end
end

---------------------------------------------------------------------------------------------------
-- Ctrl-C: the program "lua" turns the first one into an error and removes its signal handler. A protected call may
-- swallow that error, as the library does for hooks and lua-cjson for a text. On Linux, /proc says whether the
-- handler is still there, and so whether Ctrl-C has come.

local function is_interrupt(message)
  return type(message) == "string" and message:find("interrupted!", 1, true) ~= nil
end

local function catches_interrupts()
  local file = io.open "/proc/self/status"
  local last_digit = file and file:read("a"):match "SigCgt:%s*%x*(%x)"
  if file then file:close() end
  return last_digit ~= nil and tonumber(last_digit, 16) & 2 ~= 0
end

local had_handler = catches_interrupts()

local function is_interrupted(ctx)
  ctx.interrupted = ctx.interrupted or had_handler and not catches_interrupts()
  return ctx.interrupted
end

--- Wraps a hook of the library: an interrupt within it ends the calls of the client.
---@param ctx table
---@param hook fun(...): any
---@param again boolean? runs it once more after an interrupt
local function guard(ctx, hook, again)
  return function(...)
    local results = table.pack(pcall(hook, ...))
    if not results[1] and (is_interrupt(results[2]) or is_interrupted(ctx)) then
      ctx.interrupted = true
      collectgarbage() -- closes the pipe whose reading was cut off, and waits for its program
      if again then results = table.pack(pcall(hook, ...)) end
      if ctx.client then ctx.client:close() end
    end
    if results[1] then return table.unpack(results, 2, results.n) end
    error(results[2], 0)
  end
end

---------------------------------------------------------------------------------------------------
-- --dry-run: a client that shows its requests instead of sending them

local HIDDEN = "(hidden)"
local DRY_TOKEN = "hidden"

-- An answer in which look-ups and token requests find what they need.
local ANSWER = ('{"accessToken":"%s","access_token":"%s","expireIn":7200,"expires_in":7200,"errcode":0,'
  .. '"result":{"userid":"(userid)","unionid":"(unionid)"}}'):format(DRY_TOKEN, DRY_TOKEN)

-- JSON may escape a secret in a body: both forms are hidden.
local function hide(text, secrets)
  for _, secret in ipairs(secrets or {}) do
    for _, form in ipairs { json.encode(secret):sub(2, -2), secret } do
      text = text:gsub(form:gsub("%p", "%%%0"), HIDDEN)
    end
  end
  return text
end

local function describe(attempt, request)
  local body = request.body
  if type(body) == "userdata" then body = body:body(attempt.batch) end
  return {
    method = request.row.method, url = hide(attempt.url or request.url, request.secrets),
    body = body and hide(body, request.secrets),
    headers = {
      ["accept"] = "application/json",
      ["content-type"] = body and "application/json; charset=utf-8" or nil,
      ["x-acs-dingtalk-access-token"] = attempt.token and not request.older_api and HIDDEN or nil,
      ["x-client-token"] = attempt.client_token,
    },
  }
end

local function print_request(stream, request)
  stream:write(request.method, " ", request.url, "\n")
  local names = {}
  for name in pairs(request.headers) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do stream:write(name, ": ", request.headers[name], "\n") end
  stream:write("\n", request.body and request.body .. "\n\n" or "")
end

local function attach_dry_run(ctx)
  local requests = {}
  function ctx.client.exchange(_, attempt, request)
    requests[#requests + 1] = describe(attempt, request)
    attempt.status, attempt.sent, attempt.body = 200, true, ANSWER
  end
  return function()
    local stdout = ctx.world.stdout
    if ctx.args.json then return output.json(stdout, { requests = requests }) end
    for _, request in ipairs(requests) do print_request(stdout, request) end
  end
end

---------------------------------------------------------------------------------------------------
-- One command

local function open_client(ctx)
  local args = ctx.args
  local client, err = calendar.new {
    base_url = args.base_url, ca_file = args.ca_file, user_agent = "dingtalk-calendar",
    timeout = args.timeout or DEFAULT_TIMEOUT, max_attempts = args.max_attempts,
    on_attempt = guard(ctx, function(info)
      if ctx.bar then ctx.bar:on_attempt(info) end
    end),
  }
  ctx.client = client
  return err
end

local finders = {}

function finders.token(ctx)
  if ctx.args.dry_run then return DRY_TOKEN end
  return auth.from_env()
end

function finders.app(ctx)
  local constructor, app = environment.app(ctx.world.getenv)
  if constructor then return auth[constructor](app) end
  return nil, app or errors.argument("DINGTALK_APP_KEY", "missing", "no app is in the environment",
    "Set DINGTALK_APP_KEY and DINGTALK_APP_SECRET, see --help.")
end

-- Finds what the command needs. Returns what is missing.
local function prepare(ctx)
  local args = ctx.args
  for _, need in ipairs(commands.needs[args.command]) do
    local err
    if finders[need] then
      ctx.token, err = finders[need](ctx)
      if not ctx.token then return err end
    elseif not args[need] then
      return ("no %s: give --%s, or set %s"):format(need, need, variables[need])
    end
  end
  if (args.base_url or ""):find "^http:" then
    return ("%s must begin with https://"):format(ctx.from.base_url or "--base-url")
  end
end

-- Seconds left of the command's time, which begins when this is first asked.
local function time_left(ctx)
  local now = ctx.client:now()
  ctx.deadline = ctx.deadline or now + (ctx.args.timeout or DEFAULT_TIMEOUT)
  return math.max(ctx.deadline - now, 0.001)
end

local function new_context(args, world)
  local ctx = {
    args = args, world = world,
    from = {},         -- the variable of the environment that gave an option, by the library's name of it
    at_end = {},       -- functions to be called before the exit
    client = nil, token = nil,
    deadline = nil,    -- of the whole command, by the client's clock
    list = nil,        -- people of the one call, for errors that name a position
    bar = nil,         -- the progress of a long call
    own = nil,         -- path of the file of --resume, while this run holds its lock
    state = nil,       -- its content
    interrupted = nil, -- Ctrl-C has come
    is_done = nil,     -- everything was done and reported
  }
  function ctx.left() return time_left(ctx) end
  function ctx.limits() return { timeout = time_left(ctx), max_attempts = args.max_attempts } end
  function ctx.guard(hook, again) return guard(ctx, hook, again) end
  function ctx.is_interrupted() return is_interrupted(ctx) end
  return ctx
end

local function run_command(ctx)
  local command = commands[ctx.args.command]
  if not commands.needs[ctx.args.command] then return command(ctx) end
  local err = prepare(ctx) or open_client(ctx)
  if err then return output.failure(ctx, err, "argument") end
  local show_requests = ctx.args.dry_run and attach_dry_run(ctx)
  local code = command(ctx)
  if show_requests and code == output.exit_code "done" then show_requests() end
  return code
end

local function finish(ctx)
  if ctx.bar then ctx.bar:finish() end
  if ctx.client then ctx.client:close() end
  for _, action in ipairs(ctx.at_end) do action() end
end

local function interrupted(ctx)
  if ctx.is_done then
    if ctx.own then os.remove(ctx.own) end
    return output.exit_code "done"
  end
  if ctx.bar then ctx.bar:finish() end
  local left = ctx.args.resume and "; to go on: the same command line again" or ""
  return output.failure(ctx, "interrupted" .. left, "interrupted")
end

local function conclude(ctx, ran, code)
  if not ran and is_interrupt(code) or is_interrupted(ctx) then return interrupted(ctx) end
  return ran and code or output.failure(ctx, code, "failed")
end

-- An interrupt comes only once: an action that it cuts off is run again.
local function surely(action, ...)
  local ok, result = pcall(action, ...)
  if ok then return result end
  if not is_interrupt(result) then error(result, 0) end
  return action(...)
end

local function run_guarded(ctx)
  local ran, code = xpcall(run_command, function(problem)
    return is_interrupt(problem) and problem or debug.traceback(tostring(problem), 2)
  end, ctx)
  code = surely(conclude, ctx, ran, code)
  surely(finish, ctx)
  return code
end

---------------------------------------------------------------------------------------------------

local function wants_json(argv)
  for _, word in ipairs(argv) do
    if word == "--json" then return true end
  end
  return false
end

local function refuse(world, argv, fault)
  if type(fault) ~= "table" then error(fault, 0) end
  world.stderr:write(fault.usage, "\n\n")
  local message = fault.message:gsub("\nDid you mean", "; did you mean")
  if message:find "'%-%-token'" or message:find "secret'" then
    message = message .. "; secrets come from the environment or from a file: see --help"
  end
  return output.failure({ args = { json = wants_json(argv) }, world = world }, message, "argument")
end

local function run(argv, world)
  local has_argparse, parser = pcall(require, "dingtalk.cli.parser")
  if not has_argparse and is_interrupt(parser) then error(parser, 0) end
  if not has_argparse then
    world.stderr:write("dingtalk-calendar: it needs argparse (Debian: lua-argparse, LuaRocks: argparse)\n",
      tostring(parser), "\n")
    return output.exit_code "failed"
  end
  local root = parser.new()
  local parsed, args = pcall(root.parse, root, argv)
  if not parsed then return refuse(world, argv, args) end
  local ctx = new_context(args, world)
  local message = fill(ctx)
  if message then return output.failure(ctx, message, "argument") end
  return run_guarded(ctx)
end

--- Runs the command line.
---@param argv string[]
---@param world table? what it needs of the process, for specs
---@return integer exit_code
function main.run(argv, world)
  world = world or this_world()
  local code = run(argv, world)
  local flushed = surely(function() return { world.stdout:flush() } end)
  if flushed[1] then return code end
  world.stderr:write("dingtalk-calendar: ", flushed[2], "\n")
  return output.exit_code "failed"
end

return main
