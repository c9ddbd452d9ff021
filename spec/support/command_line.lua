-- The command line in a process of its own, in a directory of its own, run by Lua 5.4 whatever runs the specs.
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

local function capture(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local tool = { here = capture("pwd"):match "^[^\n]*", dir = nil }

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function write(name, text)
  local file = assert(io.open(tool.dir .. "/" .. name, "w"))
  file:write(text)
  file:close()
  return tool.dir .. "/" .. name
end

local function read(name)
  local file = io.open(tool.dir .. "/" .. name)
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local base = { DINGTALK_TOKEN = example.TOKEN, DINGTALK_USER = example.USER, DINGTALK_EVENT = example.EVENT }

-- The shell line that runs the tool with only these variables of ours.
local function line(arguments, variables)
  local service = sandbox.start()
  local set = { "env", "-i", 'PATH="$PATH"', "DINGTALK_BASE_URL=" .. service.base_url,
    "DINGTALK_CA_FILE=" .. service.ca_file }
  for name, value in pairs(variables or base) do set[#set + 1] = quote(name .. "=" .. value) end
  return ("cd %s && %s %s/bin/dingtalk-calendar %s"):format(
    quote(tool.dir), table.concat(set, " "), tool.here, arguments)
end

---@return integer code, string stdout, string stderr
local function run(arguments, variables, before)
  local out = capture((before or "") .. line(arguments, variables) .. " 2>err; echo $?")
  local text, code = out:match("^(.-)(%d+)\n$")
  return tonumber(code), text, read("err")
end

local function lines_of(list) return table.concat(list, "\n") .. "\n" end

local function added_times()
  local times, most = {}, 0
  for _, entry in ipairs(sandbox.ledger()) do
    for _, id in ipairs(entry.added) do
      times[id] = (times[id] or 0) + 1
      most = math.max(most, times[id])
    end
  end
  return most
end

local function output_of(arguments)
  local _, out = run(arguments)
  return out
end

-- Waits for what another process does, for as long as a busy machine may need.
local function wait_until(condition)
  local tries = 0
  repeat
    if condition() then return end
    os.execute "sleep 0.02"
    tries = tries + 1
  until tries > 1500
  error("waited in vain", 2)
end

local function is_running(pid) return os.execute(("kill -0 %s 2>/dev/null"):format(pid)) == true end

-- Starts the tool in a process group of its own, as a terminal does; returns its pid.
local function start(arguments, variables)
  local command = line(arguments, variables):gsub("&& env", "&& exec setsid env")
  return capture(("(%s >out 2>err & echo $!)"):format(command:gsub("^cd (%S+) && ", "cd %1 && ", 1))):match "%d+"
end

for name, action in pairs {
  capture = capture, quote = quote, write = write, read = read, line = line, run = run, lines_of = lines_of,
  added_times = added_times, output_of = output_of, wait_until = wait_until, is_running = is_running, start = start,
} do tool[name] = action end

function tool.setup() tool.dir = capture("mktemp -d"):match "^[^\n]*" end

function tool.teardown()
  os.execute("rm -rf " .. quote(tool.dir))
  sandbox.reset()
end

return tool
