local bad_input = require "spec.vectors.bad_input"
local calendar = require "dingtalk.calendar"
local cjson = require "cjson"
local example = require "spec.support.example"
local requests = require "spec.vectors.requests"
local sandbox = require "spec.support.sandbox"

local USER, EVENT, TOKEN, add, people = example.USER, example.EVENT, example.TOKEN, example.add, example.people
local UUID4 = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

local client = example.client_of_specs { random = function() return 0 end }

local function added_by_batch()
  local lists = {}
  for i, write in ipairs(sandbox.ledger()) do lists[i] = write.added end
  return lists
end

describe("the request of add_attendees", function()
  local HEADERS = {
    ["accept"] = "application/json",
    ["content-type"] = "application/json; charset=utf-8",
    ["x-acs-dingtalk-access-token"] = TOKEN, ["accept-encoding"] = "identity",
  }
  local OF_HTTP = { "host", "user-agent", "content-length", "x-client-token" }

  local function send(row)
    client:add_attendees(TOKEN, row.user or USER, row.cal, row.event or EVENT, row.list or { "a" }, row.opts)
    return sandbox.requests()
  end

  for _, row in ipairs(requests.rows) do
    it("has " .. row.name, function()
      local sent = send(row)
      assert.equal(1, #sent)
      assert.same({ "POST", row.path, row.body }, { sent[1].method, sent[1].uri, sent[1].body })
      local headers = example.lower_names(sent[1].headers)
      assert.truthy(headers["x-client-token"]:find(UUID4))
      assert.equal(tostring(#row.body), headers["content-length"])
      for _, name in ipairs(OF_HTTP) do headers[name] = nil end
      assert.same(HEADERS, headers)
    end)
  end

  it("reaches the event whatever characters its id has", function()
    for _, row in ipairs(requests.encoded) do
      sandbox.event(USER, "primary", row[1])
      assert.equal(1, assert(client:add_attendees(TOKEN, USER, nil, row[1], { "a" })).added)
      assert.equal("a", sandbox.attendees(USER, "primary", row[1])[1].id)
      assert.equal(row[1], sandbox.ledger()[#sandbox.ledger()].event)
    end
  end)

  it("carries a client_token as it was given", function()
    local given = ("!~x"):rep(82) .. "yz"
    local result = assert(add(client, { "a" }, { client_token = given }))
    assert.equal(248, #given)
    assert.equal(given, result.client_token)
    assert.equal(given, sandbox.ledger()[1].client_token)
  end)

  it("numbers a client_token over several batches", function()
    local result = assert(add(client, people(1, 1001), { client_token = "mine" }))
    assert.equal("mine", result.client_token)
    for i, write in ipairs(sandbox.ledger()) do
      assert.equal("mine-" .. i, write.client_token)
      assert.equal("mine-" .. i, result.batches[i].client_token)
    end
  end)

  it("carries a token of its own for each batch and call", function()
    assert(add(client, people(1, 1001)))
    assert(add(client, people(1, 1)))
    local seen = {}
    for _, write in ipairs(sandbox.ledger()) do
      assert.truthy(write.client_token:find(UUID4))
      assert.is_nil(seen[write.client_token])
      seen[write.client_token] = true
    end
    assert.equal(4, #sandbox.ledger())
  end)
end)

describe("bad input", function()
  for _, row in ipairs(bad_input.rows) do
    it("is refused and not sent: " .. row.name, function()
      local given = { token = TOKEN, user = USER, cal = "primary", event = EVENT, list = { "a" }, opts = {} }
      given[row.given] = row.value
      if row.value == bad_input.NOTHING then given[row.given] = nil end
      local result, err = client:add_attendees(given.token, given.user, given.cal, given.event, given.list, given.opts)
      assert.is_nil(result)
      assert.is_true(calendar.is_error(err))
      assert.same({ "argument", row.argument, row.code, "not_sent", false },
        { err.kind, err.argument, err.code, err.outcome, err.retryable })
      assert.is_nil(tostring(err):find("%c"))
      assert.is_nil(tostring(err):find("secret-token-", 1, true))
      if row.hint then assert.truthy(err.hint:find(row.hint, 1, true), err.hint) end
      assert.equal(0, sandbox.counters().calls)
    end)
  end

  it("is found behind metamethods, which are not asked", function()
    local proxy = setmetatable({}, { __len = error, __index = error, __pairs = error, __ipairs = error })
    local _, err = add(client, proxy)
    assert.equal("no_attendees", err.code)
    _, err = add(client, { proxy })
    assert.same({ "missing_id", "list[1].id" }, { err.code, err.argument })
  end)
end)

describe("a list", function()
  for count, calls in pairs { [1] = 1, [499] = 1, [500] = 1, [501] = 2, [1000] = 2, [1001] = 3, [5000] = 10 } do
    it(("of %d arrives whole and in order in %d calls"):format(count, calls), function()
      local list = people(1, count)
      local result = assert(add(client, list))
      assert.same({ count, calls, calls, 200 }, { result.added, result.attempts, #result.batches, result.status })
      assert.equal(calls, sandbox.counters().calls)
      local arrived = {}
      for i, ids in ipairs(added_by_batch()) do
        local batch = result.batches[i]
        assert.same({ 500 * i - 499, math.min(500 * i, count) }, { batch.first, batch.last })
        assert.equal(batch.last - batch.first + 1, #ids)
        for _, id in ipairs(ids) do arrived[#arrived + 1] = id end
      end
      assert.same(list, arrived)
      assert.same(list, example.attendees())
    end)
  end

  it("of 5,001 with one repeated is still too many", function()
    local list = people(1, 5000)
    list[5001] = "p1"
    assert.equal("too_many_attendees", select(2, add(client, list)).code)
    assert.equal(0, sandbox.counters().calls)
  end)

  it("is counted and divided without what repeats", function()
    local list = people(1, 500)
    table.insert(list, 2, "p1")
    list[502] = "p1"
    local result = assert(add(client, list))
    assert.equal(500, result.added)
    assert.same({ 1, 502 }, { result.batches[1].first, result.batches[1].last })
    list[503] = "p501"
    result = assert(add(client, list))
    assert.equal(501, result.added)
    assert.same({ { 1, 502 }, { 503, 503 } },
      { { result.batches[1].first, result.batches[1].last }, { result.batches[2].first, result.batches[2].last } })
    assert.same(people(1, 501), example.attendees())
  end)

  it("made backwards, or grown and shrunk, arrives in order", function()
    local list = {}
    for i = 700, 1, -1 do list[i] = "p" .. i end
    for i = 701, 900 do list[i] = "x" end
    for i = 900, 701, -1 do list[i] = nil end
    assert.equal(700, assert(add(client, list)).added)
    assert.same(people(1, 700), example.attendees())
  end)

  it("may be changed while its batches are sent", function()
    local list = people(1, 1500)
    local function spoil() for i = 1, 1500 do list[i] = false end end
    assert.equal(1500, assert(add(client, list, { on_batch = spoil })).added)
    assert.same(people(1, 1500), example.attendees())
  end)
end)

describe("a result", function()
  it("says what happened, batch by batch", function()
    local result = assert(add(client, people(1, 501)))
    local requests_seen = sandbox.requests()
    assert.is_string(result.request_id)
    assert.equal(result.request_id, result.batches[2].request_id)
    assert.is_nil(result.hook_error)
    for i, batch in ipairs(result.batches) do
      assert.same({ 200, 1 }, { batch.status, batch.attempts })
      assert.is_true(batch.elapsed >= 0)
      assert.equal(example.lower_names(requests_seen[i].headers)["x-client-token"], batch.client_token)
    end
  end)

  it("counts the attempts of all batches", function()
    sandbox.faults { fault = "close", next = 2 }
    local result = assert(add(client, people(1, 501)))
    assert.same({ 4, 3, 1 }, { result.attempts, result.batches[1].attempts, result.batches[2].attempts })
  end)
end)

local REFUSAL = { fault = "answer", code = "invalidParameter" }

-- Fails the batch in which this id is.
local function fail_at(id, fault)
  local armed = { match = { body = '"' .. id .. '"' } }
  for name, value in pairs(fault or REFUSAL) do armed[name] = value end
  sandbox.faults(armed)
end

describe("a batch that fails", function()
  it("says what was added, what failed and what is left", function()
    fail_at("p1001")
    local result, err = add(client, people(1, 2500))
    assert.is_nil(result)
    assert.same({ "invalid", "rejected", 1000, 3, 3 }, { err.kind, err.outcome, err.added, err.batch, err.attempts })
    assert.equal(2, #err.batches)
    assert.same({ 501, 1000 }, { err.batches[2].first, err.batches[2].last })
    assert.equal(3, sandbox.counters().calls)
    assert.truthy(tostring(err):find("batch 3, 1000 added before", 1, true))
  end)

  for name, round in pairs {
    ["as it was"] = function(left) return left end,
    ["out of JSON"] = function(left) return cjson.decode(cjson.encode(left)) end,
  } do
    it("is sent again with all that is missing, the resume " .. name, function()
      local list = people(1, 2500)
      fail_at("p1001")
      local _, err = add(client, list)
      local result = assert(add(client, list, { resume = round(err.resume) }))
      assert.same({ 1500, 3, 3 }, { result.added, result.attempts, #result.batches })
      assert.same({ 1001, 1500 }, { result.batches[1].first, result.batches[1].last })
      assert.equal(5, #sandbox.ledger())
      assert.same(list, example.attendees())
    end)
  end

  it("can fail again, and be resumed again", function()
    local list, left, added = people(1, 2500), nil, 0
    for _, id in ipairs { "p1", "p501", "p2001" } do
      fail_at(id)
      local _, err = add(client, list, { resume = left })
      added, left = added + err.added, err.resume
    end
    assert.equal(2500, added + assert(add(client, list, { resume = left })).added)
    assert.equal(5, #sandbox.ledger())
    assert.same(list, example.attendees())
  end)

  it("that may have been done is asked for with its own token", function()
    local list = people(1, 1001)
    fail_at("p501", { fault = "close", after = true, next = 3 })
    local _, err = add(client, list)
    assert.same({ "unknown", 500, 2, 4 }, { err.outcome, err.added, err.batch, err.attempts })
    local result = assert(add(client, list, { resume = err.resume }))
    assert.equal(err.client_token, result.batches[1].client_token)
    -- The second batch was carried out once, though it was sent four times.
    assert.equal(3, #sandbox.ledger())
    assert.same(list, example.attendees())
  end)

  it("that was refused is sent with a new token", function()
    local list = people(1, 501)
    fail_at("p1")
    local _, err = add(client, list)
    assert.are_not.equal(err.client_token, assert(add(client, list, { resume = err.resume })).batches[1].client_token)
  end)

  it("leaves nothing to do when all was done", function()
    local list = people(1, 501)
    fail_at("p501")
    local _, err = add(client, list)
    err.resume.done = { 1, 2 }
    local result = assert(add(client, list, { resume = err.resume }))
    assert.same({ 0, 0, {} }, { result.added, result.attempts, result.batches })
    assert.equal(2, sandbox.counters().calls)
  end)
end)

describe("several batches at a time", function()
  for _, width in ipairs { 2, 3, 10, 10000 } do
    it(("(%d) give their results in order"):format(width), function()
      sandbox.settings { latency_ms = 100 }
      sandbox.faults { fault = "delay", ms = 60, match = { body = '"p1"' } }
      local result = assert(add(client, people(1, 5000), { concurrency = width }))
      assert.same({ 5000, 10 }, { result.added, #result.batches })
      for i, batch in ipairs(result.batches) do assert.equal(500 * i - 499, batch.first) end
      assert.is_true(sandbox.counters().max_in_flight > 1)
      local ids = example.attendees()
      table.sort(ids)
      local expected = people(1, 5000)
      table.sort(expected)
      assert.same(expected, ids)
    end)
  end

  for _, width in ipairs { 3, 10 } do
    it(("(%d) that fail out of order leave what is missing"):format(width), function()
      local list = people(1, 5000)
      fail_at("p1001", { fault = "answer", code = "invalidParameter", ms = 40 })
      fail_at("p2001", { fault = "close", after = true, next = 3 })
      local _, err = add(client, list, { concurrency = width })
      assert.is_true(err.batch == 3 or err.batch == 5)
      assert.equal(err.added, 500 * #err.batches)
      assert.equal(#err.batches, #err.resume.done)
      local result = assert(add(client, list, { concurrency = width, resume = err.resume }))
      assert.equal(5000, err.added + result.added)
      assert.equal(10, #sandbox.ledger())
      local ids = example.attendees()
      table.sort(ids)
      table.sort(list)
      assert.same(list, ids)
    end)
  end

  it("report first the failure that may have been done", function()
    -- Refused before the second is sent, the first would be the only one.
    fail_at("p1", { fault = "answer", code = "invalidParameter", ms = 500 })
    fail_at("p501", { fault = "close", after = true, next = 3 })
    local _, err = add(client, people(1, 1000), { concurrency = 2 })
    assert.same({ 2, "unknown" }, { err.batch, err.outcome })
    assert.is_nil(err.resume.client_tokens["1"])
    assert.equal(err.client_token, err.resume.client_tokens["2"])
  end)

  it("start no other one once one has failed", function()
    sandbox.faults { fault = "answer", code = "invalidParameter" }
    local _, err = add(client, people(1, 5000), { concurrency = 2 })
    assert.equal(1, err.batch)
    assert.is_true(sandbox.counters().calls <= 3)
  end)
end)

describe("on_batch", function()
  it("is told of each batch, in the end of the failure", function()
    local told = {}
    fail_at("p1001")
    add(client, people(1, 1500), { on_batch = function(info) told[#told + 1] = info end })
    assert.equal(3, #told)
    for i, info in ipairs(told) do
      assert.same({ i, 3, math.min(500 * i, 1000), 500 * i - 499, 500 * i },
        { info.batch, info.batches, info.added, info.first, info.last })
      assert.is_string(info.client_token)
      assert.equal(i == 3, calendar.is_error(info.error))
    end
    assert.same({ 200, 400 }, { told[2].status, told[3].status })
  end)

  it("that raises loses nothing", function()
    for _, raised in ipairs { "my\nhook", { 1 } } do
      local function hook() error(raised, 0) end
      local result = assert(add(client, people(1, 1001), { on_batch = hook }))
      assert.equal(1001, result.added)
      assert.truthy(result.hook_error:find("^my hook$") or result.hook_error:find("^table"))
      sandbox.faults { fault = "answer", code = "invalidParameter" }
      local _, err = add(client, { "a" }, { on_batch = hook })
      assert.equal("invalid", err.kind)
      assert.is_string(err.hook_error)
    end
  end)

  it("may be an object that can be called", function()
    local count = 0
    local hook = setmetatable({}, { __call = function(_, info) count = count + info.batch end })
    assert(add(client, people(1, 501), { on_batch = hook }))
    assert.equal(3, count)
  end)

  it("may close the client: what is left can be resumed", function()
    local other, list = example.client(), people(1, 1500)
    local _, err = add(other, list, { on_batch = function() other:close() end })
    assert.same({ "cancelled", "closed", "not_sent" }, { err.kind, err.code, err.outcome })
    assert.same({ 500, 2 }, { err.added, err.batch })
    assert.equal(1000, assert(add(client, list, { resume = err.resume })).added)
    assert.same(list, example.attendees())
  end)

  it("may change what it is given", function()
    fail_at("p501")
    local _, err = add(client, people(1, 501), { on_batch = function(info)
      for name in pairs(info.error or {}) do info.error[name] = nil end
    end })
    assert.same({ "invalid", "rejected", 500 }, { err.kind, err.outcome, err.added })
  end)

  it("may make calls of its own", function()
    local function hook(info) assert(add(client, { "x" .. info.batch })) end
    for _, width in ipairs { 1, 3 } do
      local result = assert(add(client, people(1, 1500), { on_batch = hook, concurrency = width }))
      -- Plain Lua 5.1 cannot wait within a protected call of a coroutine.
      if width == 1 or _VERSION ~= "Lua 5.1" or jit then assert.is_nil(result.hook_error) end
      assert.equal(1500, result.added)
    end
    assert.equal(1503, #example.attendees())
  end)
end)
