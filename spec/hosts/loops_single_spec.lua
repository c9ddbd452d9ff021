-- What single loops let a program do to a client.
local example = require "spec.support.example"
local hosts = require "spec.loops.hosts"
local sandbox = require "spec.support.sandbox"

local LATENCY_MS = 50

before_each(sandbox.reset)
teardown(sandbox.reset)

describe("luv", function()
  local uv = not hosts.luv.missing and require "spec.support.luv"

  local function close_all_handles()
    uv.walk(function(handle)
      if not handle:is_closing() then handle:close() end
    end)
    uv.run()
  end

  it("serves a client whose handles the program has closed", function()
    if not uv then return pending(hosts.luv.missing) end
    local client = example.client { loop = "luv" }
    local added = {}
    local function call(name)
      coroutine.wrap(function() added[name] = assert(example.add(client, { name })).added end)()
    end
    call "before"
    uv.run()
    close_all_handles()
    call "after"
    uv.run()
    sandbox.settings { latency_ms = LATENCY_MS }
    call "in_flight"
    close_all_handles()
    call "later"
    uv.run()
    assert.same({ before = 1, after = 1, in_flight = 1, later = 1 }, added)
    client:close()
  end)
end)

describe("coxpcall", function()
  local found, coxpcall = pcall(require, "coxpcall")

  for _, loop in ipairs { "manual", "luv" } do
    it("may stand between a coroutine and its call under " .. loop, function()
      if not found then return pending "Debian has coxpcall for the older Luas only" end
      if hosts[loop].missing then return pending(hosts[loop].missing) end
      local client = example.client { loop = loop }
      local results = {}
      hosts[loop].run(client, function()
        results[1] = select(2, assert(coxpcall.pcall(example.add, client, { "a" })))
        local people = example.people(1, 1001)
        results[2] = select(2, assert(coxpcall.pcall(example.add, client, people, { concurrency = 2 })))
      end)
      assert.same({ 1, 1001 }, { results[1].added, results[2].added })
      client:close()
    end)
  end
end)
