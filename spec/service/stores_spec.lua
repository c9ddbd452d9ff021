local auth = require "dingtalk.auth"
local check = require "spec.stores.check"
local core = require "dingtalk.core"
local example = require "spec.support.example"
local memory = require "dingtalk.stores.memory"
local ngx_shared = require "dingtalk.stores.ngx_shared"
local processes = require "spec.support.processes"
local redis = require "dingtalk.stores.redis"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"
local sources = require "spec.support.sources"

local quote = processes.quote
local client, server

-- nginx runs LuaJIT, so its specs are LuaJIT's.
local MODULES = os.getenv "NGINX_MODULES" or "/usr/lib/nginx/modules"
local has_nginx = rawget(_G, "jit") and processes.has "nginx" and io.open(MODULES .. "/ngx_http_lua_module.so")
local has_redis = processes.has_redis() and redis.new() ~= nil

setup(function()
  client = example.client()
  if has_redis then server = processes.redis() end
end)
before_each(sandbox.reset)
teardown(function()
  client:close()
  if server then processes.stop_redis(server) end
  sandbox.reset()
end)

local function with(condition, why, name, body)
  if condition then it(name, body) else pending(name .. ": " .. why) end
end

local function with_redis(name, body) with(has_redis, "no redis-server or no lua-redis", name, body) end

local function with_nginx(name, body)
  if rawget(_G, "jit") then with(has_nginx, "no nginx with Lua", name, body) end
end

local function redis_store(config)
  config = config or {}
  config.port = config.port or server.port
  config.prefix = config.prefix or "spec" .. core.uuid() .. ":"
  return assert(redis.new(config))
end

describe("the memory store", function()
  it("forgets what has expired", function()
    local now = 0
    local store = memory.new(function() return now end)
    store:set("k", "v", 10)
    assert.equal("v", store:get "k")
    now = 10
    assert.is_nil(store:get "k")
  end)

  it("does not grow with what has expired", function()
    local now = 0
    local store = memory.new(function() return now end)
    for i = 1, 2000 do
      now = i
      store:set("k" .. i, "v", 10)
    end
    local count = 0
    for _ in pairs(store.rows) do count = count + 1 end
    assert.is_true(count <= 10)
  end)

  it("shows nothing when printed", function()
    local store = memory.new()
    store:set("k", "secret", 10)
    assert.equal("dingtalk.Store (memory)", tostring(store))
  end)
end)

describe("a store that fails", function()
  local function source_over(store, said)
    return sources.new("internal_app", {
      store = store, on_store_error = function(message) said[#said + 1] = message end,
    })
  end

  it("fails no call, and is told", function()
    local broken = {
      get = function() error("get is broken", 0) end, set = function() return nil, "set is broken" end,
      add = function() return nil, "add is broken" end, delete = function() error { "odd" } end,
    }
    local said = {}
    assert(source_over(broken, said):get(client))
    assert.same({ "store.get: get is broken", "store.add: add is broken", "store.set: set is broken" }, said)
    assert.equal(1, sources.requests "internal_app")
  end)

  it("may hold anything", function()
    local now = os.time()
    for _, text in ipairs {
      "", "x", "[]", "{}", "null", '{"token":7}', '{"token":"a b","id":"i","obtained":1,"expires":1e12}',
      '{"token":"abc","id":"i","obtained":"1","expires":1e12}', '{"token":"abc","obtained":1,"expires":1e12}', 7, {},
    } do
      local store = memory.new()
      store.get = function() return text end
      assert.is_true(#assert(source_over(store, {}):get(client)) > 8)
    end
    local store = memory.new()
    store.get = function()
      return ('{"token":"abc","id":"i","obtained":%d,"expires":%d,"refresh_token":7}'):format(now, now + 7200)
    end
    assert.equal("abc", source_over(store, {}):get(client))
  end)

  it("does not hold everything up with a lock that never expires", function()
    local store = memory.new()
    store.add = function() return false end
    local source = sources.new("internal_app", { store = store, timeout = 0.1 })
    assert(source:get(client, client:now() + 600))
    assert.equal(1, sources.requests "internal_app")
  end)

  it("ends the wait for another process with the call's deadline", function()
    local store = memory.new()
    store.add = function() return false end
    local token, err = sources.new("internal_app", { store = store }):get(client, client:now() + 0.2)
    assert.is_nil(token)
    assert.same({ "timeout", "not_sent" }, { err.kind, err.outcome })
  end)
end)

describe("the lock of a store", function()
  -- A store of two processes in one: each has its own sources, which know nothing of each other.
  local function facade(store)
    return {
      get = function(_, ...) return store:get(...) end, set = function(_, ...) return store:set(...) end,
      add = function(_, ...) return store:add(...) end, delete = function(_, ...) return store:delete(...) end,
    }
  end

  local function lockable()
    local store = memory.new()
    function store:add(key, value, ttl)
      if self:get(key) then return false end
      return self:set(key, value, ttl)
    end
    function store:delete(key, value)
      if self:get(key) == value then self.rows[key] = nil end
    end
    return store
  end

  it("is given back, also after a failure", function()
    local store = lockable()
    assert.is_nil((sources.new("internal_app", { store = store, app_secret = "wrong-secret" }):get(client)))
    assert.same({}, store.rows)
    assert(sources.new("internal_app", { store = store }):get(client))
    for key in pairs(store.rows) do assert.is_nil(key:find(":lock", 1, true)) end
  end)

  it("lets another process use what was renewed meanwhile", function()
    local store = lockable()
    local one = sources.new("internal_app", { store = facade(store) })
    local other = sources.new("internal_app", { store = facade(store) })
    local token = assert(one:get(client))
    assert.equal(token, other:get(client))
    one:invalidate(token)
    other:invalidate(token)
    sandbox.tokens { expire = "all" }
    local renewed = assert(one:get(client))
    assert.are_not.equal(token, renewed)
    assert.equal(renewed, other:get(client))
    assert.equal(2, sources.requests "internal_app")
  end)

  it("does not hold up who has a token that is still good", function()
    local now = os.time()
    local store = lockable()
    local source = sources.new("internal_app", { store = store, clock = function() return now end })
    local token = assert(source:get(client))
    store.add = function() return false end
    now = now + 6700
    local get, looks = store.get, 0
    function store.get(...)
      looks = looks + 1
      return get(...)
    end
    assert.equal(token, source:get(client))
    assert.is_true(looks <= 3, looks .. " looks at the store: it waited")
    assert.equal(1, sources.requests "internal_app")
  end)
end)

describe("a store that is slow", function()
  it("is left alone after one slow command, and tried again later", function()
    local asked, said = 0, 0
    local slow = memory.new()
    slow.get = function(_, _, seconds)
      asked = asked + 1
      local ends = core.now() + seconds
      while core.now() < ends do socket.sleep(0.01) end
      return nil, "timeout"
    end
    slow.set = function() error "not while it rests" end
    local source = sources.new("internal_app", { store = slow, on_store_error = function() said = said + 1 end })
    local began = core.now()
    for _ = 1, 5 do
      assert(source:get(client))
      source:invalidate(assert(source:get(client)))
    end
    -- Its first rest is a second long.
    assert.is_true(asked <= 1 + core.now() - began, asked)
    assert.equal(asked, said)
  end)

  it("costs a caller no more than its own time", function()
    local given
    local slow = memory.new()
    slow.get = function(_, _, seconds)
      given = given or seconds
      return nil, "timeout"
    end
    assert(sources.new("internal_app", { store = slow }):get(client, client:now() + 20))
    assert.is_true(given <= 0.25)
    given = nil
    slow = memory.new()
    slow.get = function(_, _, seconds)
      given = given or seconds
      return nil, "timeout"
    end
    sources.new("internal_app", { store = slow }):get(client, client:now() + 0.1)
    assert.is_true(given <= 0.1)
  end)
end)

describe("the Redis store", function()
  with_redis("keeps what it is given, for its time", function()
    assert.is_nil(check.fault(redis_store(), socket.sleep))
    assert.is_nil(check.fault(redis_store { database = 3 }, socket.sleep))
  end)

  with_redis("connects again when its connection was closed", function()
    local store = redis_store()
    assert(store:set("k", "v", 60))
    processes.output_of(("redis-cli -p %d client kill type normal"):format(server.port))
    assert.equal("v", store:get "k")
  end)

  with_redis("reaches a Unix socket, and signs in", function()
    local directory = processes.directory()
    local path = directory .. "/redis.sock"
    local guarded = processes.redis("--requirepass guarded-secret --unixsocket " .. path)
    for _, address in ipairs { { port = guarded.port }, { path = path } } do
      local config = { password = "guarded-secret", port = address.port, path = address.path }
      assert.is_nil(check.fault(redis_store(config), socket.sleep))
    end
    local value, message = redis_store({ port = guarded.port, password = "wrong-secret" }):get "k"
    processes.stop_redis(guarded)
    os.execute("rm -rf " .. quote(directory))
    assert.is_nil(value)
    assert.truthy(message:find("WRONGPASS", 1, true))
    assert.is_nil(message:find("wrong-secret", 1, true))
  end)

  with_redis("shows neither password nor token, whatever Redis echoes", function()
    -- A name that this Redis does not know: it quotes the arguments.
    local strange = processes.redis("--rename-command SET '' --rename-command AUTH ''")
    local said = {}
    local function keep(_, message) said[#said + 1] = message or "" end
    keep(redis_store({ port = strange.port, password = "guarded-secret" }):get "k")
    keep(redis_store({ port = strange.port }):set("k", '{"token":"0123456789abcdef"}', 60))
    processes.stop_redis(strange)
    assert.equal(2, #said)
    local text = table.concat(said, " ")
    assert.truthy(text:find("unknown command", 1, true), text)
    for _, secret in ipairs { "guarded", "secret", "token", "0123456789" } do
      assert.is_nil(text:find(secret, 1, true), text)
    end
    assert.is_nil(text:find(".lua:", 1, true), text)
  end)

  with_redis("that is paused, read-only, full or killed fails no call, and recovers by itself", function()
    local own = processes.redis()
    local function cli(words) processes.output_of(("redis-cli -p %d %s"):format(own.port, words)) end
    local states = {
      { "replicaof 127.0.0.1 1", "replicaof no one" }, { "config set maxmemory 1", "config set maxmemory 0" },
      { "flushall", "ping" }, { "config set requirepass x", nil },
    }
    for _, state in ipairs(states) do
      cli(state[1])
      assert(sources.new("internal_app", { store = redis_store { port = own.port } }):get(client))
      if state[2] then cli(state[2]) end
    end
    processes.stop_redis(own)
    assert(sources.new("internal_app", { store = redis_store { port = own.port } }):get(client))
    local paused = processes.redis()
    local store = redis_store { port = paused.port }
    assert(store:set("k", "v", 60))
    os.execute(("kill -STOP %d"):format(paused.pid))
    local source, calls = sources.new("internal_app", { store = store }), 0
    assert(source:get(client))
    repeat calls = calls + (store:get("k", 0.05) and 0 or 1) until calls == 3
    os.execute(("kill -CONT %d"):format(paused.pid))
    assert(processes.wait_until(function() return store:get "k" == "v" end))
    processes.stop_redis(paused)
  end)

  with_redis("says what failed, and fails no call", function()
    local said = {}
    local source = sources.new("internal_app", {
      store = redis_store { port = processes.free_port(), timeout = 0.5 },
      on_store_error = function(message) said[#said + 1] = message end,
    })
    assert(source:get(client))
    assert.truthy(said[1]:find("store.get: ", 1, true))
  end)

  with_redis("shows no password when printed", function()
    local store = redis_store { password = "guarded-secret" }
    local shown = { tostring(store) }
    for name, value in pairs(store) do shown[#shown + 1] = tostring(name) .. tostring(value) end
    assert.is_nil(table.concat(shown):find("guarded-secret", 1, true))
  end)

  it("refuses a wrong configuration", function()
    for name, value in pairs { port = 0, host = "", path = 7, hots = "x", timeout = -1 } do
      local store, err = redis.new { [name] = value }
      assert.is_nil(store)
      assert.equal("config." .. name, err.argument)
    end
  end)

  with_redis("lets two processes with 100 calls ask for one token when it has expired", function()
    local directory = processes.directory()
    local pipes = {}
    local service = sandbox.start()
    for i = 1, 2 do
      pipes[i] = assert(io.popen(("DINGTALK_SANDBOX_SHARED=1 DINGTALK_BASE_URL=%s DINGTALK_CA_FILE=%s " ..
        "DINGTALK_HTTP_URL=%s %s spec/stores/one_process.lua %d 50 %s/ready%d %s/go"):format(service.base_url,
        quote(service.ca_file), service.http_url, processes.interpreter(), server.port, directory, i, directory)))
    end
    assert(processes.wait_until(function()
      return io.open(directory .. "/ready1") and io.open(directory .. "/ready2")
    end))
    assert.equal(1, sources.requests "internal_app")
    sources.expire()
    io.open(directory .. "/go", "w"):close()
    for _, pipe in ipairs(pipes) do
      assert.equal("50", pipe:read "*a":match("%d+"))
      pipe:close()
    end
    os.execute("rm -rf " .. quote(directory))
    assert.equal(2, sources.requests "internal_app")
    assert.equal(100, #sandbox.ledger())
  end)
end)

describe("in nginx", function()
  local host, guarded

  local function configuration(values)
    local file = assert(io.open "spec/stores/nginx.conf.in")
    local text = file:read "*a"
    file:close()
    return (text:gsub("@([%u_]+)@", values))
  end

  local function absolute(path, root)
    return (path:gsub("[^;]+", function(entry) return entry:match("^/") and entry or root .. "/" .. entry end))
  end

  setup(function()
    if not has_nginx then return end
    guarded = has_redis and processes.redis "--requirepass guarded-secret" or nil
    local service, root = sandbox.start(), processes.output_of("pwd"):match("^[^\n]+")
    host = { port = processes.free_port(), directory = processes.directory() }
    local file = assert(io.open(host.directory .. "/nginx.conf", "w"))
    file:write(configuration {
      MODULES = MODULES, USER = processes.output_of("id -u") == "0\n" and "user root;" or "",
      PORT = ("%d"):format(host.port), LUA_PATH = absolute(package.path, root),
      LUA_CPATH = absolute(package.cpath, root), BASE_URL = service.base_url, CA_FILE = service.ca_file,
      REDIS_PORT = server and ("%d"):format(server.port) or "nil",
      GUARDED_PORT = guarded and ("%d"):format(guarded.port) or "nil",
    })
    file:close()
    host.log = host.directory .. "/error.log"
    host.pid = processes.start(("exec nginx -e %s -p %s/ -c nginx.conf"):format(host.log, host.directory), host.log)
    assert(processes.wait_until(function() return processes.answers(host.port) end), "nginx did not start")
  end)

  teardown(function()
    if not host then return end
    processes.stop(host.pid)
    if guarded then processes.stop_redis(guarded) end
    os.execute("rm -rf " .. quote(host.directory))
  end)

  -- The answers of `count` requests, all on connections of their own.
  local function ask(path, count)
    local options = "-s --no-progress-meter --noproxy '*' -H 'Connection: close' -Z --parallel-immediate"
    return processes.output_of(("curl %s --parallel-max %d 'http://127.0.0.1:%d%s&n=[1-%d]'"):format(
      options, count, host.port, path, count))
  end

  -- How many answers each worker gave, all of them good.
  local function by_worker(answers)
    local counts, workers = {}, 0
    for pid, said in answers:gmatch("(%d+) ([^\n]+)\n") do
      assert.equal("ok", said)
      if not counts[pid] then workers = workers + 1 end
      counts[pid] = (counts[pid] or 0) + 1
    end
    return workers, counts
  end

  local function assert_one_request_each(store)
    processes.wait_until(function() return by_worker(ask("/add?store=" .. store, 8)) == 2 end)
    assert.equal(1, sources.requests "internal_app")
    sources.expire()
    local workers, counts = by_worker(ask("/add?store=" .. store, 100))
    assert.equal(2, workers)
    local sum = 0
    for _, count in pairs(counts) do sum = sum + count end
    assert.equal(100, sum)
    assert.equal(2, sources.requests "internal_app")
  end

  with_nginx("two workers with 100 calls ask for one token when it has expired", function()
    assert_one_request_each "shared"
  end)

  with_nginx("they do so through Redis", function()
    if has_redis then assert_one_request_each "redis" end
  end)

  with_nginx("who has no password, or a wrong one, reads nothing over the connection of one who has it", function()
    if not has_redis then return end
    assert.equal("of-the-owner\n", ask("/peek?store=owner", 1))
    assert.equal("nil\n", ask("/peek?store=stranger", 1))
    assert.equal("nil\n", ask("/peek?store=guesser", 1))
  end)

  with_nginx("two workers with 100 calls at once are together one good client", function()
    sandbox.settings { qps = 20 }
    local workers, counts = by_worker(ask("/limited?store=shared", 100))
    local sum = 0
    for _, count in pairs(counts) do sum = sum + count end
    assert.same({ 2, 100 }, { workers, sum })
  end)

  with_nginx("who waits for a token request of an aborted request goes on when that has ended", function()
    for _, store in ipairs { "memory", "shared" } do
      sandbox.reset()
      sources.expire()
      sandbox.faults { fault = "delay", ms = 400, rate = 1, match = { operation = "access_token" } }
      local curl = "curl -s --no-progress-meter --noproxy '*' -Z --parallel-immediate --max-time "
      processes.output_of((curl .. "0.2 'http://127.0.0.1:%d/aborted?store=%s&n=[1-8]'"):format(host.port, store))
      -- Its own deadline, and so the one it waits to, is 30 s.
      local answers = processes.output_of((curl .. "15 'http://127.0.0.1:%d/add?store=%s&n=[1-8]'")
        :format(host.port, store))
      local workers, counts = by_worker(answers)
      local sum = 0
      for _, count in pairs(counts) do sum = sum + count end
      assert.same({ true, 8 }, { workers >= 1, sum }, answers)
    end
  end)

  with_nginx("a Redis that is down fails no call", function()
    local workers = by_worker(ask("/add?store=broken", 10))
    assert.is_true(workers >= 1)
  end)

  with_nginx("its stores keep what they are given, for its time", function()
    assert.equal("ok\n", ask("/store?store=shared", 1))
    if has_redis then assert.equal("ok\n", ask("/store?store=redis", 1)) end
  end)

  with_nginx("nothing is written to its error log", function()
    local file = assert(io.open(host.log))
    local text = file:read "*a"
    file:close()
    -- nginx itself logs the Redis that is down.
    assert.is_nil(text:gsub("[^\n]*connect%(%) failed[^\n]*\n", ""):find("%[error%]"), text)
  end)

  it("only is there a shared dictionary", function()
    local store, err = ngx_shared.new "tokens"
    assert.is_nil(store)
    assert.same({ "argument", "not_nginx" }, { err.kind, err.code })
    assert.equal("wrong_type", select(2, ngx_shared.new()).code)
  end)
end)

it("auth.memory_store gives a store of its own", function()
  local one, other = auth.memory_store(), auth.memory_store()
  one:set("k", "v", 10)
  assert.is_nil(other:get "k")
end)
