-- Writes of which the service knows no x-client-token: sent again only where nothing was done.
local calendar = require "dingtalk.calendar"
local calls = require "spec.support.calls"
local example = require "spec.support.example"
local operations = require "dingtalk.operations"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local USER, EVENT, TOKEN = example.USER, example.EVENT, example.TOKEN

local function nothing() return 0 end

-- HTTP/2 over TLS and HTTP/1.1 without: there libcurl itself sends a request again whose kept connection has died.
local clients

setup(function()
  clients = {
    ["HTTP/2"] = example.client { random = nothing },
    ["HTTP/1.1"] = example.client { base_url = sandbox.start().http_url, allow_http = true, random = nothing },
  }
end)
before_each(sandbox.reset)
teardown(function()
  for _, client in pairs(clients) do client:close() end
  sandbox.reset()
end)

local once, others = {}, {}
for _, row in ipairs(operations.rows) do
  if row.write then table.insert(row.client_token and others or once, row) end
end

describe("a write without an x-client-token", function()
  it("is one of eleven", function() assert.same({ 11, 12 }, { #once, #others }) end)

  for _, row in ipairs(once) do
    for _, version in ipairs { "HTTP/2", "HTTP/1.1" } do
      it(("is unknown when its answer is lost, and done once: %s, %s"):format(row.name, version), function()
        local client, call = clients[version], calls.of(row)[1]
        calls.prepare(sandbox, client, TOKEN, call)
        local writes, before = #sandbox.ledger(), sandbox.counters().calls
        sandbox.faults { fault = "close", after = true, match = { operation = row.name } }
        local result, err = calls.make(client, TOKEN, call)
        assert.is_nil(result)
        assert.same({ "network", "unknown", 1 }, { err.kind, err.outcome, err.attempts })
        assert.is_nil(err.client_token)
        assert.same({ writes + 1, before + 1 }, { #sandbox.ledger(), sandbox.counters().calls })
      end)
    end

    it("is sent again after a throttle: " .. row.name, function()
      local client, call = clients["HTTP/2"], calls.of(row)[1]
      calls.prepare(sandbox, client, TOKEN, call)
      sandbox.faults { fault = "answer", code = "Forbidden.AccessDenied.QpsLimitForApi",
        headers = { ["Retry-After"] = "0" }, match = { operation = row.name } }
      assert.equal(2, assert(calls.make(client, TOKEN, call)).attempts)
    end)

    it("is not sent again after a fault of the service: " .. row.name, function()
      local client, call = clients["HTTP/2"], calls.of(row)[1]
      calls.prepare(sandbox, client, TOKEN, call)
      sandbox.faults { fault = "answer", code = "systemError", match = { operation = row.name } }
      local _, err = calls.make(client, TOKEN, call)
      assert.same({ "server", "unknown", 1 }, { err.kind, err.outcome, err.attempts })
    end)

    it("carries none, and takes none: " .. row.name, function()
      local client, call = clients["HTTP/2"], calls.of(row)[1]
      calls.prepare(sandbox, client, TOKEN, call)
      assert(calls.make(client, TOKEN, call))
      local sent = sandbox.requests()
      assert.is_nil(example.lower_names(sent[#sent].headers)["x-client-token"])
      local _, err = calls.make(client, TOKEN, call, { client_token = "mine" })
      assert.same({ "argument", "opts.client_token" }, { err.kind, err.argument })
    end)
  end

  it("is sent again where nothing was sent", function()
    local address = ("http://127.0.0.1:%d"):format(processes.free_port())
    local client = assert(calendar.new { base_url = address, allow_http = true, random = nothing, loop = "blocking" })
    local _, err = client:sign_in(TOKEN, USER, nil, EVENT)
    client:close()
    assert.same({ "network", "not_sent", 3 }, { err.kind, err.outcome, err.attempts })
  end)

  it("is sent again with a new token", function()
    local given = { "secret-token-old", TOKEN }
    local source = { get = function() return given[1] end, invalidate = function() table.remove(given, 1) end }
    assert(example.add(clients["HTTP/2"], { USER }))
    assert.equal(2, assert(clients["HTTP/2"]:sign_in(source, USER, nil, EVENT)).attempts)
  end)
end)

describe("a write with an x-client-token", function()
  for _, version in ipairs { "HTTP/2", "HTTP/1.1" } do
    it("is sent again when its answer is lost, and done once: " .. version, function()
      local client = clients[version]
      assert(client:get_event(TOKEN, USER, nil, EVENT))
      sandbox.faults { fault = "close", after = true, match = { operation = "respond" } }
      assert(example.add(client, { USER }))
      assert(client:respond(TOKEN, USER, nil, EVENT, "accepted"))
      assert.equal(2, #sandbox.ledger())
    end)
  end
end)
