-- The short way through a plain call (csrc/ldt_shortcut.c): the same as the long one, but for its cost. What the
-- service or the network does to it is in faults_spec, with DINGTALK_SPEC_LOOP=shortcut.
local calendar = require "dingtalk.calendar"
local core = require "dingtalk.core"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

local USER, EVENT, TOKEN, add, people = example.USER, example.EVENT, example.TOKEN, example.add, example.people

-- A client that counts the requests that do not go the short way.
local function counting(config)
  local client = example.client(config)
  local exchange = client.exchange
  client.exchanged = 0
  function client.exchange(...)
    client.exchanged = client.exchanged + 1
    return exchange(...)
  end
  return client
end

local function opened(config)
  local client = counting(config)
  assert(client:open_engine())
  return client
end

-- A result with what differs from call to call replaced by its type.
local function shape(value, name)
  local differs = name == "client_token" or name == "request_id" or name == "elapsed"
  if differs or type(value) ~= "table" then return differs and type(value) or value end
  local fields = {}
  for key, field in pairs(value) do fields[key] = shape(field, key) end
  return fields
end

before_each(sandbox.reset)
teardown(sandbox.reset)

describe("the short way through a call", function()
  -- It once took the place of bodies from which transfers of the long way were still read.
  it("leaves the bodies of other transfers alone", function()
    local client = opened()
    local weak = setmetatable({}, { __mode = "v" })
    for i = 1, 3 do
      weak[i] = assert(core.attendees { "other" .. i })
      local url = ("%s/v1.0/calendar/users/%s/calendars/primary/events/%s/attendees"):format(
        sandbox.start().base_url, USER, EVENT)
      assert(client.engine:start("POST", url, TOKEN, core.uuid(), weak[i], 1, 20))
      core.add_attendees(client, TOKEN, USER, nil, EVENT, { "a" })
    end
    collectgarbage()
    collectgarbage()
    for i = 1, 3 do assert.truthy(weak[i]) end
    client:close()
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)

  local lists = {
    { "one", { "a" } },
    { "some with isOptional", { "a", { id = "b", isOptional = true }, { id = "c", isOptional = false } } },
    { "repeated ids", { "a", "b", "a", "c", "b" } },
    { "500", people(1, 500) },
  }

  for _, row in ipairs(lists) do
    it("says the same of a list: " .. row[1], function()
      local client = opened()
      local long = shape(assert(add(client, row[2], {})))
      assert.equal(1, client.exchanged)
      sandbox.reset()
      local short = shape(assert(add(client, row[2])))
      assert.equal(1, client.exchanged)
      assert.same(long, short)
      client:close()
    end)
  end

  it("removes as it adds", function()
    local client = opened()
    assert(add(client, people(1, 4)))
    local long = shape(assert(client:remove_attendees(TOKEN, USER, nil, EVENT, { "p1", "p2" }, {})))
    local short = shape(assert(client:remove_attendees(TOKEN, USER, nil, EVENT, { { id = "p3" }, "p4" })))
    assert.same(long, short)
    assert.equal(1, client.exchanged)
    client:close()
  end)

  it("gives its tokens to nobody twice, and tells each", function()
    local client, seen = opened(), {}
    for i = 1, 20 do
      local result = assert(add(client, { "u" .. i }))
      assert.is_nil(seen[result.client_token])
      seen[result.client_token] = true
      assert.equal(result.client_token, result.batches[1].client_token)
      assert.equal(result.client_token, sandbox.ledger()[i].client_token)
    end
    client:close()
  end)

  it("is taken from the first call on", function()
    local client = counting()
    assert(add(client, { "a" }))
    assert(add(client, { "b" }))
    assert.equal(0, client.exchanged)
    client:close()
  end)

  local asks = {
    { "options", {}, {} },
    { "a hook", { on_attempt = function() end } },
    { "a clock", { clock = function() return core.now() end } },
    { "another loop", { loop = "manual" } },
  }
  for _, row in ipairs(asks) do
    it("is not taken with " .. row[1], function()
      local client = opened(row[2])
      local thread = coroutine.create(function() return add(client, { "a" }, row[3]) end)
      local ok, result = coroutine.resume(thread)
      while coroutine.status(thread) ~= "dead" do client:step() end
      assert.is_true(ok)
      assert.equal(1, client.exchanged)
      if row[2].loop == nil then assert.equal(1, result.added) end
      client:close()
    end)
  end

  it("leaves other coroutines their turn", function()
    local client = opened()
    local results = {}
    local thread = coroutine.wrap(function() results[1] = add(client, { "a" }) end)
    thread()
    results[2] = add(client, { "b" })
    assert.same({ 1, 1 }, { results[1].added, results[2].added })
    assert.equal(0, client.exchanged)
    assert.is_true(client:is_idle())
    client:close()
  end)

  it("gives back to the retry budget what a success earns", function()
    local client = opened()
    client.retries_left = 1
    assert(add(client, { "a" }))
    assert.equal(1.2, client.retries_left)
    client:close()
  end)

  it("refuses a client that is closed, or none", function()
    local client = opened()
    client:close()
    local _, err = add(client, { "a" })
    assert.equal("closed", err.code)
    _, err = client.add_attendees(TOKEN, USER, "primary", EVENT, { "a" })
    assert.equal("not_a_client", err.code)
    _, err = client.add_attendees({ engine = io.stdout }, TOKEN, USER, "primary", EVENT, { "a" })
    assert.equal("not_a_client", err.code)
    assert.is_nil((core.add_attendees()))
  end)

  it("is that of the module's own functions too", function()
    local _, err = calendar.add_attendees(TOKEN, USER, "primary", EVENT, {})
    assert.equal("no_attendees", err.code)
  end)
end)
