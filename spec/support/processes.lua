-- Programs that specs start, each ended by its own pid.
local socket = require "socket"

local START_SECONDS, STOP_SECONDS, POLL_SECONDS = 120, 120, 0.02

local processes = {}

function processes.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

processes.output_of = output_of

---@return boolean whether the condition came true in time
function processes.wait_until(condition, seconds)
  local deadline = socket.gettime() + (seconds or START_SECONDS)
  repeat
    if condition() then return true end
    socket.sleep(POLL_SECONDS)
  until socket.gettime() > deadline
  return false
end

---@return integer port of 127.0.0.1 that nobody listens on
function processes.free_port()
  local server = assert(socket.bind("127.0.0.1", 0))
  local _, port = server:getsockname()
  server:close()
  return tonumber(port)
end

function processes.answers(port)
  local connection = socket.connect("127.0.0.1", port)
  if connection then connection:close() end
  return connection ~= nil
end

function processes.directory()
  return output_of("mktemp -d"):match("^[^\n]+")
end

function processes.has(program)
  return output_of("PATH=$PATH:/usr/sbin command -v " .. program) ~= ""
end

---Starts a program in the background.
---@return integer pid
function processes.start(command, log)
  return tonumber(output_of(("PATH=$PATH:/usr/sbin; exec 3>&-; %s >%s 2>&1 </dev/null & echo $!"):format(
    command, processes.quote(log or "/dev/null"))))
end

---A process that has ended may still be there for whoever started it.
function processes.has_ended(pid)
  local file = io.open(("/proc/%d/cmdline"):format(pid))
  local command = file and file:read "*a"
  if file then file:close() end
  return not command or command == ""
end

function processes.stop(pid)
  os.execute(("kill %d 2>/dev/null"):format(pid))
  local ended = processes.wait_until(function() return processes.has_ended(pid) end, STOP_SECONDS)
  assert(ended, ("process %d does not end"):format(pid))
end

-- Debian's redis-tools holds the server, too, without the service that redis-server starts.
local function redis_server(directory)
  if processes.has "redis-server" or not processes.has "redis-check-rdb" then return "redis-server" end
  local link = directory .. "/redis-server"
  os.execute(("ln -s $(command -v redis-check-rdb) %s"):format(link))
  return link
end

function processes.has_redis()
  return processes.has "redis-server" or processes.has "redis-check-rdb"
end

---A Redis server of its own, on a free port and without files.
---@return table server port, pid
function processes.redis(arguments)
  local port, directory = processes.free_port(), processes.directory()
  local pid = processes.start(("exec %s --bind 127.0.0.1 --port %d --save '' --appendonly no --dir %s %s"):format(
    redis_server(directory), port, directory, arguments or ""))
  assert(processes.wait_until(function() return processes.answers(port) end), "redis-server did not start")
  return { port = port, pid = pid, directory = directory }
end

function processes.stop_redis(server)
  processes.stop(server.pid)
  os.execute("rm -rf " .. processes.quote(server.directory))
end

---The interpreter of this process: the lowest of the arguments it was started with.
function processes.interpreter()
  local lowest = 0
  while arg[lowest - 1] do lowest = lowest - 1 end
  return arg[lowest]
end

---Whether a process of this interpreter can load a library. (Some libraries change the process that loads them.)
function processes.can_load(name)
  return output_of(("%s -e 'require \"%s\" io.write \"yes\"' 2>/dev/null"):format(processes.interpreter(),
    name)):find "yes$" ~= nil
end

return processes
