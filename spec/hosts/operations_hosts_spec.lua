-- Every call of the table of operations in every host, against the sandbox.
local behaviour = require "spec.loops.behaviour"
local calls = require "spec.support.calls"
local cjson = require "cjson"
local example = require "spec.support.example"
local hosts = require "spec.loops.hosts"
local nginx = require "spec.nginx.server"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local preparing

setup(function() preparing = example.client() end)
before_each(sandbox.reset)
teardown(function()
  preparing:close()
  sandbox.reset()
end)

for _, name in ipairs { "cqueues", "luv", "copas", "manual", "own" } do
  local host = hosts[name]
  it("all calls work in the loop " .. name, function()
    if host.missing then return pending(host.missing) end
    local client, done = behaviour.new_client(host), 0
    for _, call in ipairs(calls.all()) do
      sandbox.reset()
      calls.prepare(sandbox, preparing, example.TOKEN, call)
      host.run(client, function()
        local result, err = calls.make(client, calls.USER_TOKEN, call)
        assert(result, ("%s: %s"):format(call.row.name, tostring(err)))
        done = done + 1
      end)
    end
    client:close()
    assert.equal(#calls.all(), done)
  end)
end

-- nginx runs LuaJIT, so its specs are LuaJIT's.
if jit then
  it("all calls work in nginx", function()
    local missing = nginx.missing()
    if missing then return pending(missing) end
    local server = nginx.start { workers = 1 }
    local order = os.tmpname()
    for number, call in ipairs(calls.all()) do
      sandbox.reset()
      calls.prepare(sandbox, preparing, example.TOKEN, call)
      local file = assert(io.open(order, "w"))
      file:write(cjson.encode { number = number, ids = call.ids, token = calls.USER_TOKEN })
      file:close()
      assert.equal("ok\n", server:get("/operation", "--data-binary @" .. processes.quote(order)), call.row.name)
    end
    os.remove(order)
    assert.same({}, server:errors())
    server:stop()
  end)
end
