-- The ways of making the same call, each as an application would. One worker.
-- luacheck: read globals service
local calendar = require "dingtalk.calendar"
local cjson = require "cjson"
local core = require "dingtalk.core"
local ffi = require "ffi"

local USER, EVENT, TOKEN = "U5KPwll3QjgiG", "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08", "token"
local POOL = 256

local ways = {}

-- The longest stretch in seconds, by what we did in it: of the clock, in which others had the CPU too,
-- and of the thread's own CPU.
local held = { start = 0, step = 0, start_cpu = 0, step_cpu = 0 }

ffi.cdef "typedef struct { long s, ns; } bench_time; int clock_gettime(int clock, bench_time *time);"
local time = ffi.new "bench_time"

local function thread_cpu()
  ffi.C.clock_gettime(3, time) -- CLOCK_THREAD_CPUTIME_ID
  return tonumber(time.s) + tonumber(time.ns) / 1e9
end

local function timed(name, f)
  return function(...)
    local began, cpu = core.now(), thread_cpu()
    local a, b = f(...)
    held[name] = math.max(held[name], core.now() - began)
    held[name .. "_cpu"] = math.max(held[name .. "_cpu"], thread_cpu() - cpu)
    return a, b
  end
end

local function client_for(scheme)
  return assert(calendar.new {
    base_url = service[scheme], ca_file = service.ca_file, proxy = "", allow_http = scheme == "http",
    max_connections = POOL,
  })
end

local clients = {}

local function client_of(name, make)
  clients[name] = clients[name] or make()
  return clients[name]
end

local function add(client)
  local result, err = client:add_attendees(TOKEN, USER, nil, EVENT, { "a", "b" })
  if not result then
    ngx.status = 500
    ngx.say(tostring(err))
    return
  end
  ngx.say(result.added)
end

local function ours(scheme)
  return client_of(scheme, function() return client_for(scheme) end)
end

function ways.ours(scheme) add(ours(scheme)) end

-- The same engine, stepped every millisecond while anything is in flight.
local Polling = { name = "polling", direct = true }
Polling.__index = Polling
function Polling.new(client) return setmetatable({ client = client }, Polling) end
function Polling.suspend(_, slot)
  slot.semaphore = slot.semaphore or require("ngx.semaphore").new(0)
  slot.semaphore:wait(60)
end
function Polling.resume(_, slot) slot.semaphore:post(1) end
function Polling:watch()
  if self.running then return end
  self.running = true
  ngx.timer.at(0, function()
    while not self.client:is_idle() do
      ngx.sleep(0.001)
      self.client:step()
    end
    self.running = false
  end)
end

function ways.polling()
  add(client_of("polling", function()
    return assert(calendar.new { base_url = service.tls, ca_file = service.ca_file, proxy = "", loop = Polling })
  end))
end

local PATH = ("/v1.0/calendar/users/%s/calendars/primary/events/%s/attendees"):format(USER, EVENT)

local function uuid()
  return (("xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx"):gsub("x", function() return ("%x"):format(math.random(0, 15)) end))
end

local function read_answer(socket)
  local line = assert(socket:receive("*l"))
  local status, length = tonumber(line:match("^HTTP/1%.1 (%d+)")), 0
  repeat
    line = assert(socket:receive("*l"))
    local name, value = line:match("^([^:]+):%s*(.*)")
    if name and name:lower() == "content-length" then length = tonumber(value) end
  until line == ""
  return status, length > 0 and assert(socket:receive(length)) or ""
end

--- What one would write by hand: a cosocket with a keep-alive pool, HTTP/1.1.
function ways.cosocket(tls)
  local socket = ngx.socket.tcp()
  socket:settimeouts(5000, 30000, 30000)
  local port = tls and service.tls_port or service.http_port
  assert(socket:connect("127.0.0.1", port, { pool_size = POOL, pool = tls and "tls" or "http" }))
  if tls and socket:getreusedtimes() == 0 then assert(socket:sslhandshake(nil, "localhost", true)) end
  local body = cjson.encode { attendeesToAdd = { { id = "a" }, { id = "b" } } }
  assert(socket:send {
    "POST ", PATH, " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json; charset=utf-8\r\n",
    "Accept: application/json\r\nx-acs-dingtalk-access-token: ", TOKEN, "\r\nx-client-token: ", uuid(),
    "\r\nContent-Length: ", #body, "\r\n\r\n", body,
  })
  local status, text = read_answer(socket)
  assert(socket:setkeepalive(60000, POOL))
  if status ~= 200 or text ~= "" then ngx.status = 500 end
  ngx.say(2)
end

local engine_methods, start -- while the stretches are measured

--- Measures them from now on until `held`. It takes CPU itself.
function ways.watch()
  for _, scheme in ipairs { "tls", "http" } do
    local client = ours(scheme)
    engine_methods = getmetatable(client:open_engine()).__index
    client.step = timed("step", client.step)
  end
  start = engine_methods.start
  engine_methods.start = timed("start", start)
end

function ways.held()
  ngx.say(("%.2f ms in start, %.2f ms in step; CPU %.2f and %.2f ms"):format(
    held.start * 1000, held.step * 1000, held.start_cpu * 1000, held.step_cpu * 1000))
  held.start, held.step, held.start_cpu, held.step_cpu = 0, 0, 0, 0
  ours("tls").step, ours("http").step, engine_methods.start = nil, nil, start
end

--- Seconds of CPU that this worker has used, its threads too.
function ways.cpu()
  local list = io.popen(("cat /proc/%d/task/*/schedstat"):format(ngx.worker.pid()))
  local sum = 0
  for line in list:lines() do sum = sum + tonumber(line:match("^%d+")) end
  list:close()
  ngx.say(("%.6f"):format(sum / 1e9))
end

return ways
