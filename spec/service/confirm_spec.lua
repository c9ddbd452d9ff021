local errors = require "dingtalk.errors"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

local USER, EVENT, TOKEN, people = example.USER, example.EVENT, example.TOKEN, example.people

local client = example.client_of_specs { random = function() return 0 end }

local function add(list, opts)
  opts = opts or {}
  opts.confirm = true
  return example.add(client, list, opts)
end

local function remove(list, opts)
  opts = opts or {}
  opts.confirm = true
  return client:remove_attendees(TOKEN, USER, nil, EVENT, list, opts)
end

local function reads() return sandbox.counters().operations.list_attendees.calls end

-- The service says yes and does nothing.
local function ignore(text)
  sandbox.faults { fault = "answer", status = 200, body = "", match = { body = text, method = "POST" } }
end

describe("a confirmed call", function()
  it("is not settled by people who are in the event otherwise than was asked", function()
    assert(example.add(client, { "a", "b" }))
    sandbox.faults { fault = "close", match = { method = "POST" }, next = 9 }
    local asked = { { id = "a", isOptional = true }, { id = "b", isOptional = false } }
    local _, err = add(asked, { max_attempts = 1 })
    assert.equal("unknown", err.outcome)
    assert.same({ { "a" }, { "a", "b" } }, { err.confirmed.otherwise, err.confirmed.present })
  end)

  it("says who is in otherwise than was asked when the service accepts and does nothing", function()
    assert(example.add(client, { "a", "b" }))
    ignore "attendeesToAdd"
    local _, err = add { { id = "a", isOptional = true }, "b" }
    assert.same({ "protocol", "not_confirmed", { "a" } }, { err.kind, err.code, err.confirmed.otherwise })
    assert.truthy(err.message:find("another isOptional", 1, true))
  end)

  -- Somebody moves from the second page to the first between the reading of the two.
  it("does not take for removed who is missed by a list that changes", function()
    assert(example.add(client, people(1, 501)))
    sandbox.faults { fault = "close", match = { method = "POST" }, next = 1 }
    local changed = false
    local watching = example.client { random = function() return 0 end, max_attempts = 1, on_attempt = function(info)
      if info.operation ~= "list_attendees" or changed then return end
      changed = true
      assert(client:remove_attendees(TOKEN, USER, nil, EVENT, { "p1" }))
    end }
    local _, err = watching:remove_attendees(TOKEN, USER, nil, EVENT, { "p501" }, { confirm = true })
    watching:close()
    assert.is_true(changed)
    assert.equal("unknown", err.outcome)
    assert.same({ "p501" }, err.confirmed.present)
  end)

  it("says that everybody who was added is in", function()
    local result = assert(add { "a", { id = "b", isOptional = true }, "a" })
    assert.same({ all = true, present = { "a", "b" }, absent = {}, reads = 1 }, result.confirmed)
    assert.same({ 2, 2 }, { result.added, result.attempts })
  end)

  it("says that everybody who was removed is out", function()
    assert(example.add(client, people(1, 3)))
    local result = assert(remove { "p1", "p3", "stranger" })
    assert.same({ all = true, present = {}, absent = { "p1", "p3", "stranger" }, reads = 1 }, result.confirmed)
  end)

  it("reads all pages", function()
    assert.equal(1200, #assert(add(people(1, 1200))).confirmed.present)
    assert.equal(3, reads())
  end)

  it("takes the list as it was when the call began", function()
    local list = people(1, 501)
    local result = assert(add(list, { on_batch = function() list[1], list[2] = "x", nil end }))
    assert.equal(501, #result.confirmed.present)
  end)

  it("is not read without being asked for", function()
    assert.is_nil(assert(example.add(client, { "a" })).confirmed)
    assert.equal(1, sandbox.counters().calls)
  end)
end)

describe("a call that was accepted and does not show", function()
  it("is an error that says who is not in", function()
    ignore '"p501"'
    local result, err = add(people(1, 502))
    assert.is_nil(result)
    assert.same({ "protocol", "not_confirmed", "unknown", 502 }, { err.kind, err.code, err.outcome, err.added })
    assert.same({ all = false, absent = { "p501", "p502" }, reads = 3 },
      { all = err.confirmed.all, absent = err.confirmed.absent, reads = err.confirmed.reads })
    assert.equal(500, #err.confirmed.present)
    assert.equal(2, #err.batches)
  end)

  it("is an error that says who is still in", function()
    assert(example.add(client, people(1, 3)))
    ignore '"p2"'
    local _, err = remove { "p2", "p3" }
    assert.same({ "not_confirmed", { "p2", "p3" }, {} }, { err.code, err.confirmed.present, err.confirmed.absent })
    assert.truthy(tostring(err):find("2 of the people are still in the event", 1, true))
  end)

  it("is read again, since it may show later", function()
    ignore '"p1"'
    local list = { "p1" }
    local waited = example.client {
      sleep = function() example.add(client, list) end, random = function() return 0 end,
    }
    local result = assert(example.add(waited, list, { confirm = true }))
    assert.same({ true, 2 }, { result.confirmed.all, result.confirmed.reads })
    waited:close()
  end)

  it("is asked again with the resume, and nothing is sent twice", function()
    local list = people(1, 501)
    sandbox.faults { fault = "answer", code = "Forbidden.AccessDenied.AccessTokenPermissionDenied",
      match = { operation = "list_attendees" } }
    local _, err = add(list)
    assert.same({ "permission", "not_confirmed", 501 }, { err.kind, err.code, err.added })
    local result = assert(add(list, { resume = err.resume }))
    assert.same({ 0, true, 501 }, { result.added, result.confirmed.all, #result.confirmed.present })
    assert.equal(2, #sandbox.ledger())
  end)
end)

describe("an attendee list that cannot be read", function()
  it("does not hide that the call was accepted", function()
    sandbox.faults { fault = "answer", code = "systemError", next = 9, match = { operation = "list_attendees" } }
    local result, err = add { "a" }
    assert.is_nil(result)
    assert.same({ "server", "not_confirmed", "unknown", 1, true },
      { err.kind, err.code, err.outcome, err.added, err.retryable })
    assert.truthy(err.message:find("the service accepted the call", 1, true))
    assert.equal("systemError", err.confirmed.error.code)
    assert.is_nil(err.confirmed.present)
  end)

  it("leaves the failure of the call as it was", function()
    sandbox.faults { fault = "answer", code = "unknownError", next = 9 }
    local _, err = add { "a" }
    assert.same({ "server", "unknownError", "unknown" }, { err.kind, err.code, err.outcome })
    assert.equal("unknownError", err.confirmed.error.code)
    assert.truthy(err.resume.client_tokens["1"])
  end)
end)

describe("a batch of which it is not known whether it was done", function()
  local function lose(text, fields)
    local fault = { fault = "close", after = true, next = 3, match = { body = text } }
    for name, value in pairs(fields or {}) do fault[name] = value end
    sandbox.faults(fault)
  end

  it("is settled by the list, and the rest is sent", function()
    lose '"p501"'
    local told = {}
    local result = assert(add(people(1, 1200), { on_batch = function(info)
      told[#told + 1] = { info.batch, info.error and info.error.outcome, info.settled, info.added }
    end }))
    assert.same({ 1200, 3, true }, { result.added, #result.batches, result.confirmed.all })
    assert.same({ true, nil }, { result.batches[2].settled, result.batches[2].status })
    local expected = { { 1, nil, nil, 500 }, { 2, "unknown", nil, 500 }, { 2, nil, true, 1000 }, { 3, nil, nil, 1200 } }
    assert.same(expected, told)
    assert.equal(3, #sandbox.ledger())
  end)

  it("is settled when removing, too", function()
    assert(example.add(client, people(1, 3)))
    lose '"p1"'
    local result = assert(remove(people(1, 2)))
    assert.same({ 2, true, { "p1", "p2" } }, { result.removed, result.confirmed.all, result.confirmed.absent })
    assert.same({ "p3" }, example.attendees())
  end)

  it("stays unknown when it does not show, and says who is in", function()
    lose('"p501"', { after = false })
    local _, err = add(people(1, 1200))
    assert.same({ "unknown", 2, 500 }, { err.outcome, err.batch, err.added })
    assert.same({ 500, 700 }, { #err.confirmed.present, #err.confirmed.absent })
    assert.equal(err.client_token, err.resume.client_tokens["2"])
    local result = assert(add(people(1, 1200), { resume = err.resume }))
    assert.same({ 700, true }, { result.added, result.confirmed.all })
    assert.equal(3, #sandbox.ledger())
  end)

  it("is looked up even when the time of the call is used up #deadline", function()
    sandbox.faults { fault = "delay", ms = 2200, match = { body = '"p1"' } }
    local result = assert(add({ "p1" }, { timeout = 2 }))
    assert.same({ 1, true, true }, { result.added, result.confirmed.all, result.batches[1].settled })
  end)

  it("is settled among several at a time", function()
    lose '"p501"'
    lose '"p1501"'
    local result = assert(add(people(1, 2500), { concurrency = 3 }))
    assert.same({ 2500, 5, true }, { result.added, #result.batches, result.confirmed.all })
    assert.equal(5, #sandbox.ledger())
  end)
end)

it("a refusal leaves nothing to confirm", function()
  sandbox.faults { fault = "answer", code = "invalidParameter", match = { body = '"p501"' } }
  local _, err = add(people(1, 1000))
  assert.equal("rejected", err.outcome)
  assert.is_nil(err.confirmed)
  assert.equal(2, sandbox.counters().calls)
end)

describe("checkpoint", function()
  local list = people(1, 1200)

  it("is told before each request and after", function()
    local told = {}
    assert(example.add(client, list, { checkpoint = function(left)
      local tokens = 0
      for _ in pairs(left.client_tokens) do tokens = tokens + 1 end
      told[#told + 1] = { #left.done, tokens, #sandbox.ledger() }
    end }))
    assert.same({ { 0, 1, 0 }, { 1, 0, 1 }, { 1, 1, 1 }, { 2, 0, 2 }, { 2, 1, 2 }, { 3, 0, 3 } }, told)
  end)

  -- However the process ends, going on from the last checkpoint carries out each batch once.
  for stop = 1, 6 do
    it(("lets a call go on that ended at its call %d"):format(stop), function()
      local saved, count = nil, 0
      local own = example.client()
      pcall(function()
        example.add(own, list, {
          checkpoint = function(left)
            count = count + 1
            saved = left
            if count == stop then own:close() end
          end,
        })
      end)
      assert(example.add(client, list, { resume = saved }))
      assert.same({ list, 3 }, { example.attendees(), #sandbox.ledger() })
    end)
  end

  for name, hook in pairs {
    raises = function() error "disk full" end,
    ["returns a message"] = function() return nil, "disk full" end,
    ["raises a table"] = function() error(setmetatable({}, { __tostring = function() return "disk full" end })) end,
  } do
    it("that " .. name .. " keeps the batch from being sent", function()
      local _, err = example.add(client, list, { checkpoint = hook })
      assert.same({ "cancelled", "checkpoint_failed", "not_sent", 0 },
        { err.kind, err.code, err.outcome, err.attempts })
      assert.truthy(err.message:find("disk full", 1, true))
      assert.equal(0, sandbox.counters().calls)
    end)
  end

  it("that raises what has no text keeps it, too", function()
    local mute = setmetatable({}, { __tostring = function() error "no text" end })
    for _, hook in ipairs { function() error(mute) end, function() return nil, mute end } do
      assert.equal("checkpoint_failed", select(2, example.add(client, list, { checkpoint = hook })).code)
    end
  end)

  it("keeps the token of a batch that may have been done, also through a refusal", function()
    sandbox.faults { fault = "close", after = true, next = 3 }
    local _, first = example.add(client, { "a" })
    sandbox.faults { fault = "answer", code = "InvalidAuthentication" }
    local _, second = example.add(client, { "a" }, { resume = first.resume })
    assert.same({ "auth", "unknown" }, { second.kind, second.outcome })
    assert.same(first.resume, second.resume)
    assert(example.add(client, { "a" }, { resume = second.resume }))
    assert.equal(1, #sandbox.ledger())
  end)

  it("keeps it through a token source that fails", function()
    local one = { "a" }
    sandbox.faults { fault = "close", after = true, next = 3 }
    local _, first = example.add(client, one)
    local own = errors.new { kind = "quota", code = "c", message = "m", outcome = "rejected", retryable = false }
    for _, why in ipairs { "no network", own } do
      local source = { get = function() return nil, why end, invalidate = print }
      local _, second = client:add_attendees(source, example.USER, nil, example.EVENT, one, { resume = first.resume })
      assert.same({ "unknown", first.resume }, { second.outcome, second.resume })
    end
  end)
end)
