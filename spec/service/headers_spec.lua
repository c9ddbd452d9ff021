-- config.headers, and what on_attempt says of a request's connection and times.
local calendar = require "dingtalk.calendar"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

before_each(sandbox.reset)
teardown(sandbox.reset)

local function sent_headers()
  local requests = sandbox.requests()
  return example.lower_names(requests[#requests].headers)
end

describe("config.headers", function()
  it("adds the application's own headers to each request", function()
    local client = example.client { headers = { ["X-Team"] = "calendar", traceparent = "00-1-2-01" } }
    assert(example.add(client, { "a" }))
    local headers = sent_headers()
    assert.same({ "calendar", "00-1-2-01" }, { headers["x-team"], headers.traceparent })
    assert.equal(example.TOKEN, headers["x-acs-dingtalk-access-token"])
    client:close()
  end)

  it("may be a function of the request", function()
    local asked = {}
    local client = example.client { headers = function(request)
      asked[#asked + 1] = request
      return { traceparent = ("%s-%d"):format(request.operation, request.attempt) }
    end, random = function() return 0 end }
    sandbox.faults { fault = "answer", code = "systemError", next = 1 }
    local result = assert(example.add(client, { "a" }))
    assert.equal("add_attendees-2", sent_headers().traceparent)
    assert.same({ 2, "POST", result.client_token }, { #asked, asked[2].method, asked[2].client_token })
    assert.truthy(asked[1].url:find("/attendees", 1, true))
    client:close()
  end)

  it("that cannot be sent are refused, and nothing is sent", function()
    for _, headers in ipairs {
      { Host = "x" }, { ["content-type"] = "x" }, { ["x-client-token"] = "x" }, { ["a b"] = "x" }, { a = "x\r\nb: c" },
      { a = 7 }, { "x" }, "x",
    } do
      local client, err = calendar.new { headers = headers }
      assert.is_nil(client)
      assert.same({ "argument", "config.headers" }, { err.kind, err.argument })
      local late = example.client { headers = function() return headers end }
      local result
      result, err = example.add(late, { "a" })
      assert.is_nil(result)
      assert.same({ "argument", "config.headers", "not_sent" }, { err.kind, err.argument, err.outcome })
      late:close()
    end
    assert.equal(0, sandbox.counters().calls)
  end)

  it("that were changed since are checked again", function()
    local headers = setmetatable({ a = "b" }, { __metatable = 5 })
    local client = example.client { headers = headers }
    assert(example.add(client, { "a" }))
    for _, value in ipairs { {}, "x\r\ny: z" } do
      headers.a = value
      local result, err = example.add(client, { "b" })
      assert.is_nil(result)
      assert.same({ "argument", "config.headers", "not_sent" }, { err.kind, err.argument, err.outcome })
    end
    client:close()
    assert.equal(1, sandbox.counters().calls)
  end)

  it("whose function cancels or closes send nothing", function()
    for _, how in ipairs { "cancelled", "closed" } do
      local cancellation, client = calendar.cancellation(), nil
      client = example.client { headers = function()
        if how == "closed" then client:close() else cancellation:cancel() end
        return {}
      end }
      local result, err = example.add(client, { "a" }, { cancel = cancellation })
      assert.is_nil(result)
      assert.same({ "cancelled", how, "not_sent", 0 }, { err.kind, err.code, err.outcome, err.attempts })
      client:close()
    end
    assert.equal(0, sandbox.counters().calls)
  end)

  it("whose function raises are an error, and nothing is sent", function()
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
      return pending "Lua 5.1 cannot yield across pcall: what raises is not caught"
    end
    local raising = example.client { headers = function() error("no\ntrace", 0) end }
    local _, err = example.add(raising, { "a" })
    assert.same({ "argument", "hook_failed", "not_sent" }, { err.kind, err.code, err.outcome })
    raising:close()
    assert.equal(0, sandbox.counters().calls)
  end)
end)

describe("on_attempt", function()
  it("says where a request went, over which connection, and how long each step took", function()
    local told = {}
    local client = example.client { on_attempt = function(info) told[#told + 1] = info end }
    assert(example.add(client, { "a" }))
    assert(example.add(client, { "b" }))
    local first, second = told[1], told[2]
    assert.same({ "POST", sandbox.start().base_url:match("//(.*)") }, { first.method, first.host })
    assert.same({ false, true }, { first.reused, second.reused })
    for _, step in ipairs { "connect", "tls", "first_byte" } do assert.is_true(first[step] >= 0, step) end
    assert.same({}, { second.dns, second.connect, second.tls })
    assert.is_true(second.first_byte > 0)
    assert.is_true(second.first_byte <= second.elapsed)
    client:close()
  end)
end)
