-- The examples that add people by their token: in every host, in bulk, and when something goes wrong.
local example = require "spec.support.example"
local nginx = require "spec.nginx.server"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local quote = processes.quote
local NEEDS = { cqueues = "cqueues", luv = "luv", copas = "copas", redis = "redis" }

local function environment(more)
  local service = sandbox.start()
  local variables = {
    DINGTALK_TOKEN = example.TOKEN, DINGTALK_USER = example.USER, DINGTALK_EVENT = example.EVENT,
    DINGTALK_APP_KEY = "dingsandboxapp", DINGTALK_APP_SECRET = "sandbox-app-secret",
    DINGTALK_ATTENDEES = "alice bob", DINGTALK_BASE_URL = service.base_url, DINGTALK_CA_FILE = service.ca_file,
  }
  for name, value in pairs(more or {}) do variables[name] = value end
  local words = { "env" }
  for name, value in pairs(variables) do words[#words + 1] = name .. "=" .. quote(value) end
  return table.concat(words, " ")
end

local function run(name, more, input)
  return processes.output_of(("%s %s %s examples/%s.lua 2>&1"):format(
    input and ("printf %%s %s |"):format(quote(input)) or "", environment(more), processes.interpreter(), name))
end

describe("the example", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  for _, name in ipairs { "add_attendees", "cqueues", "luv", "copas", "frames" } do
    it(name .. " adds people", function()
      local needed = NEEDS[name]
      if needed and not processes.can_load(needed) then return pending("no " .. needed .. " for this Lua") end
      local said = run(name)
      local added = example.attendees()
      table.sort(added)
      assert.same({ "alice", "bob" }, added, said)
      assert.truthy(said:find("added", 1, true), said)
    end)
  end

  it("redis shares a token between two processes", function()
    if not processes.has_redis() then return pending "no redis-server" end
    if not processes.can_load "redis" then return pending "no lua-redis for this Lua" end
    local server = processes.redis()
    local more = { REDIS_PORT = ("%d"):format(server.port) }
    local first, second = run("redis", more), run("redis", more)
    processes.stop_redis(server)
    assert.same({ "added 2 people\n", "added 2 people\n" }, { first, second })
    assert.equal(1, sandbox.counters().operations.access_token.calls)
  end)

  it("errors settles in a second run what the first left open", function()
    local state = processes.directory() .. "/state"
    sandbox.faults { fault = "close", after = true, next = 9 }
    local more = { DINGTALK_STATE = state, DINGTALK_TIMEOUT = "3" }
    assert.equal("network, unknown: run it again to settle it\n", run("errors", more))
    sandbox.faults { clear = true, faults = {} }
    assert.equal("added 2 people\n", run("errors", more))
    assert.equal(1, #sandbox.ledger())
    assert.is_nil(io.open(state))
  end)

  it("bulk_csv adds to many events and says what failed", function()
    local lines = ("%s,a\n%s,b\nnone,c\n%s,d\n"):format(example.EVENT, example.EVENT, example.EVENT)
    local said = run("bulk_csv", nil, lines)
    assert.truthy(said:find(example.EVENT .. ": added 2\n", 1, true), said)
    assert.truthy(said:find("none: dingtalk: not_found", 1, true), said)
    assert.truthy(said:find("2 of 3 events", 1, true), said)
  end)

  it("nginx answers over HTTP", function()
    if not jit then return pending "nginx runs LuaJIT: its examples are run with that" end
    if nginx.missing() then return pending(nginx.missing()) end
    local directory, port = processes.directory(), processes.free_port()
    local modules = os.getenv "NGINX_MODULES" or "/usr/lib/nginx/modules"
    -- The certificates of a spec's own sandbox are its user's alone.
    local user = processes.output_of("id -u") == "0\n" and "-e '1i user root;'" or ""
    processes.output_of(("cp examples/nginx/attendees.lua %s; sed %s -e s/8080/%d/ -e s,/usr/lib/nginx/modules,%s, "
      .. "-e s,/tmp/dingtalk-example.pid,%s/pid, examples/nginx/nginx.conf >%s/nginx.conf"):format(
      directory, user, port, modules, directory, directory))
    local pid = processes.start(("exec %s nginx -e stderr -p %s -c nginx.conf"):format(environment(), directory),
      directory .. "/log")
    assert.is_true(processes.wait_until(function() return processes.answers(port) end))
    local function post(body)
      return processes.output_of(("curl -s --noproxy '*' -d %s http://127.0.0.1:%d/attendees"):format(
        quote(body), port))
    end
    assert.equal('{"added":2}\n', post(('{"event":"%s","people":["alice","bob"]}'):format(example.EVENT)))
    assert.truthy(post('{"event":"none","people":["a"]}'):find('"kind":"not_found"', 1, true))
    local said = post "{}"
    assert.truthy(said:find('"kind":"argument"', 1, true), said)
    local metrics = processes.output_of(("curl -s --noproxy '*' http://127.0.0.1:%d/metrics"):format(port))
    assert.truthy(metrics:find('dingtalk_requests{operation="add_attendees",kind="ok"} 1', 1, true), metrics)
    processes.stop(pid)
    assert.same({ "alice", "bob" }, example.attendees())
  end)
end)
