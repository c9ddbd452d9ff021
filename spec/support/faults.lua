-- Runs scenarios of spec/faults through the public API, inside any host. Lua 5.4 and LuaJIT.
local cjson = require "cjson"
local check = require "spec.faults.check"
local socket = require "socket"

local START_SECONDS, STOP_SECONDS, DRAIN_SECONDS = 60, 60, 60
local POLL_SECONDS, STEP_SECONDS = 0.01, 0.05
local RESOLVER_RUNNER = "spec/faults/run_row.lua"

local USER, EVENT = "U5KPwll3QjgiG", "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"
local TOKENS = check.TOKENS

local unpack = table.unpack or unpack

local M = {}

local function read_all(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local function wait_until(seconds, condition)
  local deadline = socket.gettime() + seconds
  repeat
    local value = condition()
    if value then return value end
    socket.sleep(POLL_SECONDS)
  until socket.gettime() > deadline
  return nil
end

--- Whether a process runs; one that has ended and waits to be reaped does not.
function M.alive(pid)
  local command = read_all(("/proc/%d/cmdline"):format(pid))
  return command ~= nil and command ~= ""
end

local server = {}
server.__index = server

--- Sends one control order and returns its answer.
function server:ask(order)
  assert(self.control:send(cjson.encode(order) .. "\n"))
  local line = assert(self.control:receive("*l"))
  local answer = cjson.decode(line)
  if answer.error then error(answer.error, 2) end
  return answer
end

--- Lets go of the server, which ends it; true once its process is gone.
function server:stop()
  self.control:close()
  return wait_until(STOP_SECONDS, function() return not M.alive(self.pid) end) or false
end

--- Starts a fault server of its own process and holds a control connection to it.
function M.start()
  local path = os.tmpname()
  os.remove(path)
  os.execute(("lua5.4 spec/faults/server.lua --announce '%s' </dev/null >/dev/null &"):format(path))
  local line = assert(wait_until(START_SECONDS, function() return read_all(path) end), "the fault server did not start")
  os.remove(path)
  local announced = cjson.decode(line)
  local control = assert(socket.connect("127.0.0.1", ("%d"):format(announced.control)))
  return setmetatable({ pid = announced.pid, control = control }, server)
end

local function people(row)
  local list = {}
  for i = 1, row.people or 1 do list[i] = "id" .. i end
  return list
end

local function token_source()
  local at = 1
  return { get = function() return TOKENS[at] end, invalidate = function() at = math.min(at + 1, #TOKENS) end }
end

local function configure(row, place, host, hook)
  local config = {
    on_attempt = hook,
    base_url = place.base_url,
    ca_file = place.ca_file,
    client_cert = place.client_cert,
    proxy = place.proxy_url or "",
    allow_http = place.base_url:find("^http:") ~= nil,
    loop = host.loop,
    random = function() return 0 end,
  }
  for key, value in pairs(row.config or {}) do config[key] = value end
  return config
end

-- A copy that JSON can hold, in whatever the keys are.
local function plain(value)
  if type(value) == "function" then return nil end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, field in pairs(value) do copy[tostring(key)] = plain(field) end
  return copy
end

--- All that a result or an error says, as plain data.
local function told(result, err)
  local said = plain(result or err)
  if result then
    said.ok = true
  elseif type(err) == "table" then
    said.text = tostring(err)
  else
    said = { text = tostring(err) }
  end
  return said
end

-- Seconds for which something else had the processor while this thread could have run, and ticks for which another
-- machine had it; nil where the system does not say.
local function disturbance()
  local waited = tonumber((read_all("/proc/self/schedstat") or ""):match("^%d+ (%d+)"))
  local stolen = tonumber((read_all("/proc/stat") or ""):match("^cpu" .. (" +%d+"):rep(7) .. " +(%d+)"))
  return waited and waited / 1e9, stolen
end

local IDLE_SECONDS = 0.02 -- of waiting for the processor

-- Whether the machine did little else since disturbance() said this.
local function was_idle(waited, stolen)
  local waited_now, stolen_now = disturbance()
  return waited ~= nil and stolen ~= nil and waited_now - waited < IDLE_SECONDS and stolen_now == stolen
end

local function call(client, row, token, heard)
  local waited, stolen = disturbance()
  local started, before = socket.gettime(), #heard
  local result, err = client:add_attendees(token, USER, "primary", EVENT, people(row), row.opts)
  local took = socket.gettime() - started
  local undisturbed = was_idle(waited, stolen)
  local said = told(result, err)
  said.took, said.undisturbed = took, undisturbed
  said.heard = { unpack(heard, before + 1) }
  return said
end

--- Makes a row's calls at `place` (what opening the scenario answered) inside a host; returns what each said.
function M.perform(row, place, host)
  local calendar = require "dingtalk.calendar"
  local heard = {}
  local client = assert(calendar.new(configure(row, place, host, function(info) heard[#heard + 1] = info end)))
  local token = row.tokens and token_source() or TOKENS[1]
  local said = {}
  host.run(function()
    for i = 1, row.calls or 1 do
      if i > 1 and row.pause then (host.sleep or socket.sleep)(row.pause) end
      said[i] = call(client, row, token, heard)
    end
  end, client)
  client:close()
  return said
end

-- The interpreter of this process is the lowest of the arguments it was started with.
local function interpreter()
  local lowest = 0
  while arg[lowest - 1] do lowest = lowest - 1 end
  return arg[lowest]
end

local function shell_quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- As perform, in a process of its own whose /etc/resolv.conf names the row's resolver.
local function perform_elsewhere(row, place, host)
  local conf, out = os.tmpname(), os.tmpname()
  local file = assert(io.open(conf, "w"))
  file:write("nameserver ", place.dns, "\n")
  file:close()
  local command = ("mount --bind %s /etc/resolv.conf && exec %s %s %s %s %s >%s"):format(
    conf, interpreter(), RESOLVER_RUNNER, row.name, host.name, shell_quoted(cjson.encode(place)), out)
  os.execute("unshare -m sh -c " .. shell_quoted(command))
  local text = read_all(out)
  os.remove(conf)
  os.remove(out)
  assert(text ~= "", "the process for the row ended without a word")
  return cjson.decode(text)
end

local function needs_ipv6(row)
  return (row.address or ""):find ":" or (row.proxy_address or ""):find ":" or row.twin
end

local function has_ipv6()
  local sock = socket.tcp6 and socket.tcp6()
  local bound = sock and sock:bind("::1", 0)
  if sock then sock:close() end
  return bound ~= nil
end

--- Why a row cannot run here; nil when it can.
function M.cannot_run(row, host)
  if needs_ipv6(row) and not has_ipv6() then return "this machine has no ::1" end
  if host and host.cannot_run then return host.cannot_run(row) end
  if not row.dns then return nil end
  local ok = os.execute("unshare -m mount --bind /dev/null /etc/resolv.conf 2>/dev/null")
  if ok ~= true and ok ~= 0 then return "a resolver of its own needs the right to unshare mounts" end
  return nil
end

--- Runs one row from opening to closing in a host: one of M.hosts, or { name, loop, run = function(work, client) }.
--- Returns the list of problems, what the calls said and what the server saw.
function M.run(row, held, host)
  local place = held:ask { op = "open", name = row.name }
  local perform = host.perform or place.dns and perform_elsewhere or M.perform
  local ok, said = pcall(perform, row, place, host)
  local seen
  wait_until(DRAIN_SECONDS, function()
    seen = held:ask { op = "seen", id = place.id }
    return seen.open <= seen.stalled
  end)
  held:ask { op = "close", id = place.id }
  if not ok then error(said, 0) end
  return check.problems(row, said, seen), said, seen
end

local hosts = {}
M.hosts = hosts

hosts.blocking = { run = function(work) return work() end }

hosts.cqueues = { run = function(work)
  local loop = require("cqueues").new()
  loop:wrap(work)
  assert(loop:loop())
end }

hosts.copas = { run = function(work)
  local copas = require "copas"
  local thread, finished
  copas.addthread(function()
    thread = coroutine.running()
    work()
    finished = true
  end)
  -- The loop() of copas 1 has no end.
  repeat copas.step(STEP_SECONDS) until finished or thread and coroutine.status(thread) == "dead"
  assert(finished, "the calls did not finish")
end }

local function resume(thread)
  local ok, why = coroutine.resume(thread)
  if not ok then error(why, 0) end
end

hosts.luv = { run = function(work)
  local thread = coroutine.create(work)
  resume(thread)
  require("spec.support.luv").run()
  assert(coroutine.status(thread) == "dead", "the loop ended before the calls did")
end }

hosts.manual = { run = function(work, client)
  local thread = coroutine.create(work)
  resume(thread)
  while coroutine.status(thread) ~= "dead" do
    client:step()
    socket.sleep(0.001)
  end
end }

-- The calls are made by a real worker: LuaJIT's busted starts it, with its own paths.
hosts.nginx = {}
local worker

local function shared_worker()
  worker = worker or require("spec.nginx.server").start { workers = 1 }
  return worker
end

function hosts.nginx.cannot_run(row)
  local missing = require("spec.nginx.server").missing()
  if missing then return missing end
  return row.dns and "the resolver of a worker is the system's" or nil
end

function hosts.nginx.perform(row, place)
  local order = os.tmpname()
  local file = assert(io.open(order, "w"))
  file:write(cjson.encode { name = row.name, place = place })
  file:close()
  local text = shared_worker():get("/fault", "--data-binary @" .. order)
  os.remove(order)
  local answer = cjson.decode(text)
  if not answer.ok then error(answer.said, 0) end
  return answer.said
end

--- Ends what a host keeps from row to row; returns what it had to complain of.
function hosts.nginx.close()
  if not worker then return {} end
  local errors = worker:errors()
  worker:stop()
  worker = nil
  return errors
end

for name, host in pairs(hosts) do host.name, host.loop = name, host.loop or name end

return M
