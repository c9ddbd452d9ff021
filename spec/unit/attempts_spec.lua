local attempts = require "dingtalk.attempts"
local errors = require "dingtalk.errors"
local fake = require "spec.support.fake_client"
local policy = require "spec.vectors.policy"
local codes = require "dingtalk.codes"

local OK, refusal, broken = fake.OK, fake.refusal, fake.broken
local TOKEN, NEXT_TOKEN = "secret-token-1", "secret-token-2"

local PROCESSING, BAD_TOKEN = refusal(400, "idempotencyProcessing"), refusal(400, "InvalidAuthentication")
local BAD_PARAMETER, FAULT = refusal(400, "invalidParameter"), refusal(500, "systemError")
local UNREACHED, CUT = broken(7, false), broken(56, true)

---@param seconds number until the deadline
local function run(client, seconds, max_attempts, token)
  local task = { row = { name = "add_attendees", method = "POST" }, url = "u", token = token or TOKEN,
    deadline = client.time + (seconds or 1000), max_attempts = max_attempts or 3 }
  local slot = attempts.new("ct", 2)
  return attempts.run(client, task, slot), slot
end

local function with(answer, fields)
  local copy = {}
  for name, value in pairs(answer) do copy[name] = value end
  for name, value in pairs(fields) do copy[name] = value end
  return copy
end

describe("attempts.run", function()
  for _, row in ipairs(policy) do
    it("knows what to do after: " .. row[1], function()
      local client = fake.new(row[2], { draw = row.draw })
      local err, slot = run(client, row.seconds, row.max)
      assert.same(row.waits or {}, client.waits)
      assert.same({ row.attempts, row.attempts }, { #client.sent, slot.attempts })
      for _, sent in ipairs(client.sent) do assert.same({ TOKEN, "ct" }, { sent.token, sent.client_token }) end
      if not row.err then
        assert.equal(1, client.earned)
        return assert.is_nil(err)
      end
      assert.is_true(errors.is_error(err))
      assert.same(row.err, { err.kind, err.code, err.outcome, err.retryable })
      assert.equal(row.retry_after, err.retry_after)
      assert.same({ row.attempts, "ct", 0 }, { err.attempts, err.client_token, client.earned })
    end)
  end

  it("gives each attempt the time that is left", function()
    local client = fake.new({ FAULT }, { takes = 3, draw = 1 })
    local err, slot = run(client, 10, 3)
    assert.same({ 10, 6.75, 3.25 }, { client.sent[1].timeout, client.sent[2].timeout, client.sent[3].timeout })
    assert.same({ 9.75, 9.75 }, { err.elapsed, slot.elapsed })
  end)

  it("does not begin an attempt without time", function()
    local client = fake.new({ OK })
    local slow = { invalidate = print, get = function() client.time = client.time + 10 return TOKEN end }
    local err = run(client, 10, 3, slow)
    assert.same({ "timeout", "not_sent", true, 0 }, { err.kind, err.outcome, err.retryable, #client.sent })
    client = fake.new({ CUT }, { takes = 10 })
    err = run(client, 10, 3)
    assert.same({ "network", "unknown", 1 }, { err.kind, err.outcome, #client.sent })
  end)

  it("ends when the client is closed in a wait", function()
    for outcome, answer in pairs { not_sent = UNREACHED, unknown = CUT } do
      local client = fake.new({ answer, OK }, { draw = 0.5, cancel_in_pause = true })
      local err = run(client)
      assert.same({ "cancelled", "closed", outcome, 1 }, { err.kind, err.code, err.outcome, err.attempts })
    end
  end)

  it("spends the client's retry budget, and says so when it is gone", function()
    local client = fake.new({ UNREACHED }, { budget = 2 })
    local err = run(client, nil, 10)
    assert.same({ 3, "network" }, { err.attempts, err.kind })
    assert.truthy(err.hint:find("retry budget", 1, true))
    client = fake.new({ PROCESSING, PROCESSING, OK }, { budget = 0 })
    assert.is_nil(run(client))
  end)
end)

describe("attempts.backoff", function()
  it("stays within its bounds", function()
    for name, row in pairs { transient = codes.retries.transient, throttled = codes.retries.throttled,
      processing = codes.retries.processing, minute = codes.retries.minute } do
      for number = 1, 60 do
        local full = math.min(row.base * row.factor ^ (number - 1), row.cap)
        local least, most = attempts.backoff(row, number, 0), attempts.backoff(row, number, 1 - 2 ^ -53)
        assert.equal(full * row.floor, least, name)
        assert.is_true(most <= full and most >= least and full <= row.cap, name)
      end
    end
  end)
end)

describe("a token source", function()
  it("replaces a refused token, once", function()
    local source = fake.source { TOKEN, NEXT_TOKEN, "secret-token-3" }
    local client = fake.new { BAD_TOKEN, OK }
    assert.is_nil(run(client, nil, 1, source))
    assert.same({ TOKEN, NEXT_TOKEN }, { client.sent[1].token, client.sent[2].token })
    assert.same({ TOKEN }, source.invalidated)
    assert.same({ "ct", "ct" }, { client.sent[1].client_token, client.sent[2].client_token })
    assert.same({}, client.waits)
    assert.equal(100, client.budget)

    source = fake.source { TOKEN, NEXT_TOKEN, "secret-token-3" }
    client = fake.new { BAD_TOKEN }
    local err = run(client, nil, 10, source)
    assert.same({ "auth", "rejected", 2 }, { err.kind, err.outcome, err.attempts })
    assert.same({ TOKEN }, source.invalidated)
  end)

  it("does not use up attempts", function()
    local client = fake.new { UNREACHED, BAD_TOKEN, UNREACHED, OK }
    assert.is_nil(run(client, nil, 3, fake.source { TOKEN, NEXT_TOKEN }))
    assert.equal(4, #client.sent)
  end)

  for _, status in ipairs { 400, 401 } do
    for _, code in ipairs { "InvalidAuthentication", "accesstoken.expired", "unauthorized.client" } do
      it(("is asked again after %d %s"):format(status, code), function()
        local source = fake.source { TOKEN, NEXT_TOKEN }
        assert.is_nil(run(fake.new { refusal(status, code), OK }, nil, 1, source))
      end)
    end
  end

  it("is asked for each attempt, with the client and the deadline", function()
    local asked = {}
    local source = { invalidate = print }
    function source:get(client, deadline)
      asked[#asked + 1] = { self == source, client.time, deadline }
      return TOKEN
    end
    run(fake.new({ UNREACHED, OK }, { draw = 1 }), 50, 3, source)
    assert.same({ { true, 1000, 1050 }, { true, 1000.25, 1050 } }, asked)
  end)

  it("that has no usable token ends the call before it is sent", function()
    local unusable = { {}, { nil, "disk full\n" }, { 7 }, { "" }, { "secret-token-\r\n" }, { ("x"):rep(5000) } }
    for _, given in ipairs(unusable) do
      local client = fake.new { OK }
      local err = run(client, nil, 3, { invalidate = print, get = function() return given[1], given[2] end })
      assert.same({ "auth", "no_token", "not_sent", 0 }, { err.kind, err.code, err.outcome, #client.sent })
      assert.is_nil(tostring(err):find("secret-token-", 1, true))
      if given[2] then assert.truthy(err.message:find("disk full", 1, true)) end
    end
  end)

  it("that raises fails the call, and is asked for another token all the same", function()
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
      return pending "Lua 5.1 cannot yield across pcall: what raises is not caught"
    end
    local function raise() error("my\nsource", 0) end
    local err = run(fake.new { OK }, nil, 3, { invalidate = print, get = raise })
    assert.same({ "auth", "no_token", "not_sent" }, { err.kind, err.code, err.outcome })
    assert.truthy(err.message:find("my source", 1, true))
    local source = fake.source { TOKEN }
    source.invalidate = raise
    assert.is_nil((run(fake.new { BAD_TOKEN, OK }, nil, 1, source)))
  end)

  it("that fails later leaves what is known of the attempts before", function()
    for outcome, answer in pairs { not_sent = UNREACHED, unknown = CUT, rejected = refusal(403, "system.busy") } do
      local tokens = { TOKEN }
      local source = { invalidate = print, get = function() return table.remove(tokens) end }
      local err = run(fake.new { answer }, nil, 3, source)
      assert.same({ "auth", "no_token", outcome, 1 }, { err.kind, err.code, err.outcome, err.attempts })
    end
  end)

  it("that fails with an error of this module leaves it, too", function()
    local own = errors.new { kind = "quota", code = "c", message = "m", outcome = "rejected", retryable = false }
    local tokens = { TOKEN }
    local function get()
      local token = table.remove(tokens)
      return token, not token and own or nil
    end
    local err = run(fake.new { UNREACHED }, nil, 3, { invalidate = print, get = get })
    assert.same({ "quota", "not_sent" }, { err.kind, err.outcome })
  end)

  it("gives the error of its own request", function()
    local own = errors.new { kind = "quota", code = "c", message = "m", outcome = "unknown", retryable = false }
    local source = { invalidate = print, get = function() return nil, own end }
    local err = run(fake.new { OK }, nil, 3, source)
    -- Nothing of the call went out, whatever became of the request for a token.
    assert.same({ "quota", "c", "not_sent" }, { err.kind, err.code, err.outcome })
    assert.equal("unknown", own.outcome)
  end)
end)

describe("the token", function()
  local function answer_with(body, request_id)
    return { curl = 0, status = 403, sent = true, body = body, request_id = request_id }
  end
  local ECHOES = {
    message = answer_with('{"code":"c","message":"bad token ' .. TOKEN .. ', said ' .. TOKEN .. '"}'),
    code = answer_with('{"code":"' .. TOKEN .. '","message":"m"}'),
    ["request id"] = answer_with('{"code":"c","requestid":"' .. TOKEN .. '"}'),
    ["header's request id"] = answer_with('{"code":"c"}', TOKEN),
    scopes = answer_with('{"code":"permissionDeny","accessdenieddetail":{"requiredScopes":["' .. TOKEN .. '"]}}'),
    page = answer_with("<html>" .. TOKEN .. "</html>"),
    ["libcurl's words"] = { curl = 56, status = 0, sent = true, message = "sent " .. TOKEN },
    ["text cut short"] = answer_with('{"code":"c","message":"' .. ("x"):rep(494) .. TOKEN .. '"}'),
  }

  for name, answer in pairs(ECHOES) do
    it("does not come back in an error: " .. name, function()
      local told = {}
      local client = fake.new({ answer }, { on_attempt = function(info) told[#told + 1] = info end })
      local err = run(client, nil, 1)
      local all = { tostring(err) }
      for _, source in ipairs { err, told[1] } do
        for field, value in pairs(source) do all[#all + 1] = field .. "=" .. tostring(value) end
      end
      for _, scope in ipairs(err.required_scopes or {}) do all[#all + 1] = scope end
      -- Half of it is too much as well.
      assert.is_nil(table.concat(all, "\n"):find(TOKEN:sub(1, 6), 1, true))
    end)
  end

  it("does not come back in an answer that is no failure, unless that gives a token", function()
    local client = fake.new { { curl = 0, status = 200, sent = true, body = '{"a":["' .. TOKEN .. '!"]}' } }
    local task = { row = { name = "get", method = "GET" }, token = TOKEN, deadline = client.time + 10, max_attempts = 1 }
    local err, object = attempts.run(client, task, attempts.new())
    assert.same({ nil, { a = { "[token]!" } } }, { err, object })
    task.secrets = {}
    err, object = attempts.run(client, task, attempts.new())
    assert.same({ nil, { a = { TOKEN .. "!" } } }, { err, object })
  end)

  it("and the id of a request are not all that a header can hold", function()
    local _, slot = run(fake.new { with(OK, { request_id = "a\1\27[31m" .. TOKEN .. ("x"):rep(1000) }) })
    assert.equal("a [31m[token]xxx", slot.request_id:sub(1, 16))
    assert.is_true(#slot.request_id < 510)
  end)

  it("of punctuation is found as it is", function()
    local odd = "%d.-*+?^$()[]%%"
    local err = run(fake.new { answer_with('{"code":"c","message":"bad ' .. odd .. '!"}') }, nil, 1, odd)
    assert.equal("bad [token]!", err.message)
  end)
end)

describe("on_attempt", function()
  it("is told of each attempt", function()
    local told = {}
    local client = fake.new({ with(FAULT, { request_id = "H" }), UNREACHED, with(OK, { request_id = "R2" }) },
      { draw = 1, takes = 2, on_attempt = function(info) told[#told + 1] = info end })
    assert.is_nil((run(client)))
    local same = { operation = "add_attendees", batch = 2, client_token = "ct", elapsed = 2 }
    assert.same({
      with(same, { attempt = 1, status = 500, request_id = "r", kind = "server", code = "systemError",
        outcome = "unknown", message = "no", wait = 0.25 }),
      with(same, { attempt = 2, kind = "network", code = "connect_failed",
        outcome = "not_sent", message = "no connection", wait = 0.5 }),
      with(same, { attempt = 3, status = 200, request_id = "R2" }),
    }, told)
  end)

  it("that raises changes nothing but hook_error", function()
    local function hook() error("my\nhook", 0) end
    local err, slot = run(fake.new({ UNREACHED, OK }, { on_attempt = hook }))
    assert.same({ nil, "my hook", 2 }, { err, slot.hook_error, slot.attempts })
    err = run(fake.new({ BAD_PARAMETER }, { on_attempt = hook }))
    assert.same({ "invalid", "my hook" }, { err.kind, err.hook_error })
  end)
end)
