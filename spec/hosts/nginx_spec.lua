-- dingtalk.loops.nginx in a real nginx. It runs LuaJIT, so its specs are LuaJIT's.
local cjson = require "cjson"
local nginx = require "spec.nginx.server"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

if not jit then return pending "nginx runs LuaJIT: its specs are run with that" end

local SECONDS_TO_END = 120 -- far less than worker_shutdown_timeout

local function count_of(text, what) return select(2, text:gsub(what, "")) end

-- Directories in which a worker made the socket that wakes it, and which must not stay.
local function socket_directories()
  return processes.output_of("ls -d /tmp/dingtalk-?????? /dev/shm/dingtalk-?????? 2>/dev/null")
end

local function settled(server)
  return processes.wait_until(function()
    local state = cjson.decode(server:get "/state")
    return state.idle
  end)
end

describe("in nginx", function()
  local server
  local missing = nginx.missing()

  local function try(name, body)
    it(name, function()
      if missing then return pending(missing) end
      body()
      assert.same({}, server and server:errors() or {})
    end)
  end

  local function started(options)
    if server then server:stop() end
    server = nginx.start(options)
    return server
  end

  before_each(function()
    if not missing then sandbox.reset() end
  end)

  teardown(function()
    if server then server:stop() end
    while sandbox.counters().in_flight > 0 do os.execute("sleep 0.1") end
    sandbox.reset()
  end)

  -- nginx accepts the timer of the light thread, and does not run it.
  try("calls end although the worker runs as many timers as it may, and after that", function()
    started { workers = 1, running_timers = 1 }
    server:get "/hog"
    for _ = 1, 3 do assert.equal("ok 1\n", server:get "/add") end
    assert.equal(20, count_of(server:get_many("/add", 20), "ok 1\n"))
    server:get "/hog?end"
    assert.equal(20, count_of(server:get_many("/add", 20), "ok 1\n"))
    server:stop() -- its log has lines of timers that nginx did not run
    server = nil
  end)

  try("a call works in every phase that can wait", function()
    local before = socket_directories()
    started()
    for _, phase in ipairs { "rewrite", "access", "content" } do
      server:get("/phase/" .. phase)
      assert.equal("ok 1", server:get("/said?phase=" .. phase), phase)
    end
    server:get "/phase/timer"
    assert.is_true(processes.wait_until(function() return server:get "/said?phase=timer" == "ok 1" end))
    assert.equal("204", server:tls_get "/")
    assert.equal("ok 1", server:get "/said?phase=ssl_cert")
    assert.equal(before, socket_directories())
  end)

  try("a call says what to do where nginx cannot wait", function()
    server:get "/phase/filters"
    server:get "/phase/set"
    for _, phase in ipairs { "init", "init_worker", "header_filter", "body_filter", "log", "set" } do
      local said = server:get("/said?phase=" .. phase)
      assert.truthy(said:find("^argument cannot_wait not_sent: "), phase .. " says " .. said)
      assert.truthy(said:find(phase, 1, true) and said:find("ngx.timer.at", 1, true), said)
    end
  end)

  try("200 calls at a time go over one connection a worker", function()
    server:get_many("/add", 20)
    sandbox.reset()
    sandbox.settings { latency_ms = 100 }
    assert.equal(400, count_of(server:get_many("/add", 400), "ok 1\n"))
    local counters = sandbox.counters()
    assert.equal(400, counters.calls)
    assert.is_true(counters.connections_opened <= 2, counters.connections_opened .. " connections")
  end)

  try("hooks may wait by nginx's own means while others use the client", function()
    local answers = {}
    for i = 1, 4 do
      answers[i] = io.popen(("curl -s --noproxy '*' '%s'"):format(server:url(i % 2 == 0 and "/bulk" or "/add")))
    end
    for i = 1, 4 do
      assert.equal(i % 2 == 0 and "20 40 20\n" or "ok 1\n", answers[i]:read "*a")
      answers[i]:close()
    end
  end)

  try("many clients serve one worker, and are closed with calls in flight", function()
    assert.equal("20\n", server:get "/many")
    sandbox.settings { latency_ms = 6000 }
    assert.equal("cancelled unknown, cancelled unknown, cancelled unknown\n", server:get "/closing")
  end)

  try("a client that goes away leaves nothing behind", function()
    sandbox.settings { latency_ms = 600 }
    for _, path in ipairs { "/add", "/aborted" } do
      server:get_many(path, 40, "--max-time 0.2")
      assert.is_true(settled(server), path)
    end
    sandbox.settings { latency_ms = 0 }
    assert.equal("ok 1\n", server:get "/add")
  end)

  try("reload under load: every call is answered", function()
    sandbox.settings { latency_ms = 50 }
    local old = server:workers()
    local load = io.popen(("for i in 1 2 3 4; do curl -s --no-progress-meter --noproxy '*' -H 'Connection: close' -Z "
      .. "--parallel-max 50 '%s?n=[1-500]' & done; wait"):format(server:url "/add"))
    for _ = 1, 3 do
      os.execute("sleep 0.3")
      server:signal "HUP"
    end
    local answers = load:read "*a"
    load:close()
    assert.equal(2000, count_of(answers, "ok 1\n"))
    assert.is_true(processes.wait_until(function() return #server:workers() == 2 end, SECONDS_TO_END))
    for _, pid in ipairs(server:workers()) do
      for _, before in ipairs(old) do assert.are_not.equal(before, pid) end
    end
  end)

  try("quit under load: every call is answered, and the workers go", function()
    sandbox.settings { latency_ms = 700 }
    local load = io.popen(("curl -s --no-progress-meter --noproxy '*' -Z --parallel-immediate --parallel-max 100 "
      .. "'%s?n=[1-100]'"):format(server:url "/add"))
    assert.is_true(processes.wait_until(function() return sandbox.counters().calls == 100 end))
    server:signal "QUIT"
    assert.equal(100, count_of(load:read "*a", "ok 1\n"))
    load:close()
    assert.is_true(server:has_ended(SECONDS_TO_END))
  end)

  try("a worker that is idle ends at once", function()
    started()
    server:get_many("/add", 20)
    server:signal "QUIT"
    assert.is_true(server:has_ended(SECONDS_TO_END))
  end)

  try("without a directory for its socket it polls", function()
    started { variant = "polling" }
    assert.equal(100, count_of(server:get_many("/add", 100), "ok 1\n"))
    server:signal "QUIT"
    assert.is_true(server:has_ended(SECONDS_TO_END))
  end)

  try("lua_code_cache off costs neither memory nor descriptors #slow", function()
    started { workers = 1, code_cache = false }
    local service = sandbox.start()
    local path = ("/fresh?base_url=%s&ca_file=%s"):format(service.base_url, service.ca_file)
    local function ask(count)
      for _ = 1, count do assert.equal("ok 1\n", server:get(path)) end
      assert.is_true(processes.wait_until(function()
        return cjson.decode(server:get "/state").timers <= 1
      end))
      os.execute("sleep 1.5")
      return cjson.decode(server:get "/state")
    end
    ask(200)
    local before = ask(150)
    local after = ask(200)
    assert.is_true(after.fds <= before.fds + 4, ("%d descriptors, then %d"):format(before.fds, after.fds))
    assert.is_true(after.rss_kb <= before.rss_kb * 1.15, ("%d KiB, then %d"):format(before.rss_kb, after.rss_kb))
  end)
end)
