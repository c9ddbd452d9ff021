-- The example of a durable nightly job: four processes over one stream, one of them killed.
local example = require "spec.support.example"
local processes = require "spec.support.processes"
local redis_store = require "dingtalk.stores.redis"
local sandbox = require "spec.support.sandbox"

local quote = processes.quote
local EVENTS, WORKERS = 120, 4

-- Debian's lua-redis lies where Lua 5.3 looks; the same file runs on 5.4.
local function library_path()
  if pcall(require, "redis") then return "" end
  return "LUA_PATH_5_4='/usr/share/lua/5.3/?.lua;" .. package.path .. "' "
end

describe("the durable nightly job", function()
  local server, directory

  setup(function()
    if not processes.has_redis() or not redis_store.new() then return end
    server, directory = processes.redis(), processes.directory()
  end)
  teardown(function()
    if not server then return end
    processes.stop_redis(server)
    os.execute("rm -rf " .. quote(directory))
    sandbox.reset()
  end)

  local function cli(words) return processes.output_of(("redis-cli -p %d %s"):format(server.port, words)) end

  local function start(i)
    local service = sandbox.start()
    return processes.start(("env %sDINGTALK_BASE_URL=%s DINGTALK_CA_FILE=%s DINGTALK_TOKEN=%s DINGTALK_USER=%s "
      .. "REDIS_PORT=%d WORKER=worker%d CLAIM_SECONDS=3 %s examples/nightly_redis.lua"):format(library_path(),
      service.base_url, quote(service.ca_file), example.TOKEN, example.USER, server.port, i, processes.interpreter()),
      directory .. "/" .. i)
  end

  local function writes() return #sandbox.ledger() end

  it("does everything once, though a process is killed in the middle", function()
    if not server then return pending "no redis-server or no lua-redis" end
    sandbox.reset()
    sandbox.settings { latency_ms = 100, qps = 20 }
    for i = 1, EVENTS do
      sandbox.event(example.USER, "primary", "event" .. i)
      cli(("xadd nightly '*' event event%d people p1,p2"):format(i))
    end
    local pids = {}
    for i = 1, WORKERS do pids[i] = start(i) end
    assert(processes.wait_until(function() return writes() >= EVENTS / 4 end, 60))
    os.execute(("kill -KILL %d"):format(pids[2]))
    for _, i in ipairs { 1, 3, 4 } do
      assert(processes.wait_until(function() return processes.has_ended(pids[i]) end, 120), "worker " .. i)
    end
    local times = {}
    for _, write in ipairs(sandbox.ledger()) do times[write.event] = (times[write.event] or 0) + 1 end
    for i = 1, EVENTS do assert.equal(1, times["event" .. i], "event" .. i) end
    assert.equal(EVENTS .. "\n", cli "hlen nightly:results")
    assert.equal("0\n", cli "xlen nightly")
  end)
end)
