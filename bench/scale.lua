-- The cases of bench/scale, which starts this.
-- usage: scale.lua [CASE…]
local core = require "dingtalk.core"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local JOBS = 600

-- What a run of requests says of a limit of 20: as they arrived, and which of them were refused.
local function judge(name, said)
  local counters, first, last, done = sandbox.counters(), nil, nil, 0
  local refused = counters.operations.add_attendees.statuses["403"] or 0
  for _, request in ipairs(sandbox.requests()) do
    if request.operation == "add_attendees" and request.status == 200 then
      first, last, done = first or request.at, request.at, done + 1
    end
  end
  print(("%-16s %3d refused of %4d, %2d failed, %.1f %% used"):format(name, refused,
    counters.operations.add_attendees.calls, said.failed, (done - 1) / (last - first) / 20 * 100))
  io.stdout:flush()
end

local function with_redis(work)
  local server = processes.redis()
  local ok, message = pcall(work, server)
  processes.stop_redis(server)
  if not ok then error(message, 0) end
end

local function set(settings)
  sandbox.reset()
  local all = { qps = 20, latency_ms = 100, jitter_ms = 30, ledger = false, record = 10000 }
  for name, value in pairs(settings or {}) do all[name] = value end
  sandbox.settings(all)
end

-- Processes that share Redis, meanwhile `beside` runs.
local function run_processes(count, concurrency, settings, beside)
  local said = { failed = 0 }
  with_redis(function(server)
    set(settings)
    local pipes = {}
    for i = 1, count do
      pipes[i] = assert(io.popen(("lua5.4 bench/workers/scale.lua %d %d %d %f"):format(JOBS / count, concurrency,
        server.port, core.now() + 1)))
    end
    if beside then beside(server) end
    for _, pipe in ipairs(pipes) do
      said.failed = said.failed + tonumber(pipe:read "*a":match "failed=(%d+)")
      pipe:close()
    end
  end)
  return said
end

local cases = {}

local function case(name, work)
  cases[#cases + 1] = { name = name, work = work }
end

for _, count in ipairs { 4, 8 } do
  case(("redis%d"):format(count), function(name) judge(name, run_processes(count, 10)) end)
  case(("redis%d-clock"):format(count), function(name)
    judge(name, run_processes(count, 10, { qps_window = "fixed" }))
  end)
end


-- Beside a program that takes 8 of the 20.
case("foreign", function(name)
  local other
  local said = run_processes(4, 10, {}, function()
    other = io.popen "lua5.4 bench/workers/foreign.lua 50"
  end)
  other:close()
  judge(name, said)
end)

-- While Redis is away for 6 seconds, in the middle.
local function cli(port, words)
  processes.output_of(("redis-cli -p %d %s 2>&1"):format(port, words))
end

local function start_again(server)
  local own = io.open(server.directory .. "/redis-server")
  server.pid = processes.start(("exec %s --bind 127.0.0.1 --port %d --save '' --appendonly no"):format(
    own and server.directory .. "/redis-server" or "redis-server", server.port))
end

local outages = {
  paused = function(server)
    os.execute(("kill -STOP %d; sleep 6; kill -CONT %d"):format(server.pid, server.pid))
  end,
  killed = function(server)
    os.execute(("kill -KILL %d; sleep 6"):format(server.pid))
    start_again(server)
  end,
  flushed = function(server)
    cli(server.port, "flushall")
    os.execute "sleep 3"
    cli(server.port, "replicaof 127.0.0.1 1")
    os.execute "sleep 5"
    cli(server.port, "replicaof no one")
  end,
}

for _, name in ipairs { "paused", "killed", "flushed" } do
  case("redis4-" .. name, function(full)
    judge(full, run_processes(4, 10, {}, function(server)
      os.execute "sleep 8"
      outages[name](server)
    end))
  end)
end

-- Two workers of nginx over a shared dictionary: the server of spec/service/stores_spec.lua, asked 40 times at a time.
case("nginx2", function(name)
  local root, service = processes.output_of("pwd"):match "^[^\n]+", sandbox.start()
  local directory, port = processes.directory(), processes.free_port()
  local template = assert(io.open "spec/stores/nginx.conf.in")
  local text = template:read "a":gsub("@([%u_]+)@", {
    MODULES = os.getenv "NGINX_MODULES" or "/usr/lib/nginx/modules",
    USER = processes.output_of("id -u") == "0\n" and "user root;" or "", PORT = ("%d"):format(port),
    LUA_PATH = root .. "/lua/?.lua;" .. root .. "/?.lua", LUA_CPATH = root .. "/build/luajit/lib/?.so",
    BASE_URL = service.base_url, CA_FILE = service.ca_file, REDIS_PORT = "nil", GUARDED_PORT = "nil",
  })
  template:close()
  local file = assert(io.open(directory .. "/nginx.conf", "w"))
  file:write(text)
  file:close()
  local log = directory .. "/error.log"
  local pid = processes.start(("exec nginx -e %s -p %s/ -c nginx.conf"):format(log, directory), log)
  assert(processes.wait_until(function() return processes.answers(port) end), "nginx did not start")
  set()
  local answers = processes.output_of(("curl -s --no-progress-meter --noproxy '*' -H 'Connection: close' -Z " ..
    "--parallel-immediate --parallel-max 40 'http://127.0.0.1:%d/limited?store=shared&n=[1-%d]'"):format(port, JOBS))
  processes.stop(pid)
  os.execute("rm -rf " .. directory)
  local _, good = answers:gsub("%d+ ok\n", "")
  judge(name, { failed = JOBS - good })
end)


-- Ten customers with 100 calls each, and the same with one whose calls all hang: the others' 99th percentile.
for _, way in ipairs { { "customers-http1", "http_url" }, { "customers-http2", "base_url" } } do
  local name, url = way[1], way[2]
  case(name, function()
    local said = {}
    for hangs = 0, 1 do
      set()
      for i = 1, 10 do
        sandbox.credentials { kind = "app", key = "app" .. i, secret = "secret-of-app", corp = "corp" .. i }
      end
      sandbox.faults { fault = "delay", ms = 60000, rate = 1, match = { body = '"hangs"' } }
      said[#said + 1] = processes.output_of(("lua5.4 bench/workers/customers.lua %s %d"):format(sandbox.start()[url],
        hangs)):match "[^\n]*"
    end
    print(("%-16s %s; with one that hangs: %s"):format(name, said[1], said[2]))
  end)
end

-- Organisations whose tokens have all ended: two rounds of requests for tokens.
case("organisations", function(name)
  sandbox.reset()
  sandbox.settings { ledger = false, record = 0 }
  for i = 1, 10000 do
    sandbox.credentials { kind = "app", key = "app" .. i, secret = "secret-of-app", corp = "corp" .. i }
  end
  local said = processes.output_of "lua5.4 bench/workers/organisations.lua 10000"
  local counters = sandbox.counters()
  print(("%-16s %d requests, at most %d in a second; %s"):format(name, counters.calls, counters.max_per_second, said))
end)

local wanted = {}
for _, name in ipairs(arg) do wanted[name] = true end
for _, one in ipairs(cases) do
  if wanted[one.name] or not next(wanted) then one.work(one.name) end
end
