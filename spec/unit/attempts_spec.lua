-- One request until it is settled: attempts, waits, deadline and token, as the public call shows them.
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local codes = require "dingtalk.codes"
local policy = require "spec.vectors.policy"
local scripted = require "spec.support.scripted"

local OK, UNREACHED, CUT = scripted.OK, scripted.UNREACHED, scripted.CUT
local refusal, source = scripted.refusal, scripted.source
local TOKEN, NEXT_TOKEN, START = "secret-token-1", "secret-token-2", scripted.START

local PROCESSING, BAD_TOKEN = refusal(400, "idempotencyProcessing"), refusal(400, "InvalidAuthentication")
local BAD_PARAMETER, FAULT = refusal(400, "invalidParameter"), refusal(500, "systemError")

setup(scripted.start)
teardown(scripted.stop)

local function add(client, token, opts)
  return client:add_attendees(token or TOKEN, "user", nil, "event", { "a" }, opts)
end

-- Makes one call. `with`: of scripted.client, and seconds, max, token.
local function run(script, with)
  with = with or {}
  local client, world = scripted.client(script, with)
  if with.prepare then with.prepare(client, world) end
  local result, err = add(client, with.token,
    { timeout = with.seconds or 1000, max_attempts = with.max or 3, client_token = "ct" })
  client:close()
  world.requests, world.connections = world.service:seen().requests, world.service:seen().connections
  world.service:close()
  return result, err, world
end

-- The waits as texts, in which what rounding does is not seen.
local function rounded(waits)
  local texts = {}
  for i, seconds in ipairs(waits or {}) do texts[i] = ("%.6f"):format(seconds) end
  return texts
end

local function tokens_of(requests)
  local tokens = {}
  for i, request in ipairs(requests) do tokens[i] = request.token end
  return tokens
end

describe("a call", function()
  for _, row in ipairs(policy) do
    it("knows what to do after: " .. row[1], function()
      local result, err, world = run(row[2], row)
      assert.same(rounded(row.waits), rounded(world.slept))
      for _, request in ipairs(world.requests) do
        assert.same({ TOKEN, "ct" }, { request.token, request.client_token })
      end
      local settled = result or err
      assert.equal(row.attempts, settled.attempts)
      if row.tight then return end
      assert.equal(row.attempts, world.connections)
      if not row.err then
        assert.is_nil(err)
        return assert.equal(1, result.added)
      end
      assert.is_true(calendar.is_error(err))
      assert.same(row.err, { err.kind, err.code, err.outcome, err.retryable })
      assert.equal(row.retry_after, err.retry_after)
      assert.equal("ct", err.client_token)
    end)
  end

  it("tells how long it took, by the client's clock", function()
    local _, err = run({ FAULT }, { takes = 3, draw = 1, seconds = 30 })
    assert.equal(9.75, err.elapsed)
    local result = run({ FAULT, OK }, { takes = 3, draw = 1, seconds = 30 })
    assert.equal(6.25, result.batches[1].elapsed)
  end)

  it("gives an attempt no more than the time that is left #deadline", function()
    -- The second attempt has 1 second of the client's clock left. (That it lasts no longer: spec/faults.)
    local later = refusal(500, "systemError", { "Retry-After: 29" })
    local _, err, world = run({ later, scripted.SILENT }, { seconds = 30, max = 2 })
    assert.same({ 29 }, world.slept)
    assert.same({ "timeout", "timeout", "unknown", 2 }, { err.kind, err.code, err.outcome, err.attempts })
  end)

  it("begins no attempt without time", function()
    local late = { invalidate = print }
    local _, err, world = run({ OK }, { seconds = 10, token = late, prepare = function(_, world)
      function late.get()
        world.passed = world.passed + 10
        return TOKEN
      end
    end })
    assert.same({ "timeout", "not_sent", true, 0, 0 },
      { err.kind, err.outcome, err.retryable, err.attempts, #world.requests })
    _, err, world = run({ CUT }, { takes = 10, seconds = 10 })
    assert.same({ "network", "unknown", 1, 1 }, { err.kind, err.outcome, err.attempts, world.connections })
  end)

  it("ends when the client is closed in a wait", function()
    for outcome, answer in pairs { not_sent = UNREACHED, unknown = CUT } do
      local client, world
      client, world = scripted.client({ answer, OK },
        { draw = 0.5, config = { sleep = function() client:close() end } })
      local _, err = add(client)
      assert.same({ "cancelled", "closed", outcome, 1 }, { err.kind, err.code, err.outcome, err.attempts })
      world.service:close()
    end
  end)

  it("ends when the client is closed in an attempt, and says whether that may have been carried out", function()
    for outcome, answer in pairs { not_sent = scripted.NO_HANDSHAKE, unknown = scripted.SILENT } do
      local client, world = scripted.client({ answer }, { config = { loop = "manual", clock = false, sleep = false } })
      local err
      coroutine.wrap(function() err = select(2, add(client)) end)()
      local function arrived()
        local seen = world.service:seen()
        return outcome == "unknown" and #seen.requests == 1 or outcome == "not_sent" and seen.connections == 1
      end
      while not arrived() do client:step() end
      client:close()
      assert.same({ "cancelled", "closed", outcome, 1 }, { err.kind, err.code, err.outcome, err.attempts })
      world.service:close()
    end
  end)

  it("spends the client's retry budget, and says so when it is gone", function()
    local _, err = run({ UNREACHED }, { max = 10, config = { retry_budget = 2 } })
    assert.same({ 3, "tls" }, { err.attempts, err.kind })
    assert.truthy(err.hint:find("retry budget", 1, true))
    assert.equal(3, run({ PROCESSING, PROCESSING, OK }, { config = { retry_budget = 0 } }).attempts)
  end)

  -- The rows above ask for the exact waits at a few draws.
  it("waits within the bounds of its kind of failure, whatever is drawn", function()
    local answers = { transient = FAULT, throttled = refusal(403, "system.busy"), processing = PROCESSING,
      minute = refusal(403, "Forbidden.AccessDenied.QpmLimitForApi") }
    for name, answer in pairs(answers) do
      local row = codes.retries[name]
      for _, draw in ipairs { 0, 0.3, 1 - 2 ^ -53 } do
        local script = {}
        for i = 1, 9 do script[i] = answer end
        script[10] = OK
        local result, _, world = run(script, { draw = draw, max = 10 })
        assert.equal(10, result.attempts)
        local number = 0
        for i = 10 - #world.slept, 9 do -- a wait of nothing is none
          number = number + 1
          local full = math.min(row.base * row.factor ^ (i - 1), row.cap)
          local wait = world.slept[number]
          assert.is_true(wait >= full * row.floor and wait <= full, name)
        end
      end
    end
  end)
end)

describe("a token source", function()
  it("replaces a refused token, once", function()
    local tokens = source { TOKEN, NEXT_TOKEN, "secret-token-3" }
    local result, _, world = run({ BAD_TOKEN, OK }, { max = 1, token = tokens, config = { retry_budget = 0 } })
    assert.equal(2, result.attempts)
    assert.same({ TOKEN, NEXT_TOKEN }, tokens_of(world.requests))
    assert.same({ "ct", "ct" }, { world.requests[1].client_token, world.requests[2].client_token })
    assert.same({ { TOKEN }, {} }, { tokens.invalidated, world.slept })

    tokens = source { TOKEN, NEXT_TOKEN, "secret-token-3" }
    local _, err = run({ BAD_TOKEN }, { max = 10, token = tokens })
    assert.same({ "auth", "rejected", 2 }, { err.kind, err.outcome, err.attempts })
    assert.same({ TOKEN }, tokens.invalidated)
  end)

  it("does not use up attempts", function()
    local tokens = source { TOKEN, NEXT_TOKEN }
    assert.equal(4, run({ UNREACHED, BAD_TOKEN, UNREACHED, OK }, { token = tokens }).attempts)
  end)

  for _, status in ipairs { 400, 401 } do
    for _, code in ipairs { "InvalidAuthentication", "accesstoken.expired", "unauthorized.client" } do
      it(("is asked again after %d %s"):format(status, code), function()
        local tokens = source { TOKEN, NEXT_TOKEN }
        assert.equal(2, run({ refusal(status, code), OK }, { max = 1, token = tokens }).attempts)
      end)
    end
  end

  it("is asked for each attempt, with the client and the deadline", function()
    local asked, expected = {}, nil
    local tokens = { invalidate = print }
    function tokens:get(client, deadline)
      asked[#asked + 1] = { self == tokens, client == expected.client, expected.world.time(), deadline }
      return TOKEN
    end
    run({ UNREACHED, OK }, { draw = 1, seconds = 50, token = tokens, prepare = function(client, world)
      expected = { client = client, world = world }
    end })
    assert.same({ { true, true, START, START + 50 }, { true, true, START + 0.25, START + 50 } }, asked)
  end)

  it("that has no usable token ends the call before it is sent", function()
    local unusable = { {}, { nil, "disk full\n" }, { 7 }, { "" }, { "secret-token-\r\n" }, { ("x"):rep(5000) } }
    for _, given in ipairs(unusable) do
      local tokens = { invalidate = print, get = function() return given[1], given[2] end }
      local _, err, world = run({ OK }, { token = tokens })
      assert.same({ "auth", "no_token", "not_sent", 0 }, { err.kind, err.code, err.outcome, world.connections })
      assert.is_nil(tostring(err):find("secret-token-", 1, true))
      if given[2] then assert.truthy(err.message:find("disk full", 1, true)) end
    end
  end)

  it("that has none after a failed attempt ends the call", function()
    local asked = 0
    local tokens = { invalidate = print }
    function tokens.get()
      asked = asked + 1
      return asked == 1 and TOKEN or nil
    end
    local _, err = run({ CUT, OK }, { token = tokens })
    assert.same({ "no_token", "unknown", 1, 2 }, { err.code, err.outcome, err.attempts, asked })
  end)

  it("that raises fails the call, and is asked for another token all the same", function()
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
      return pending "Lua 5.1 cannot yield across pcall: what raises is not caught"
    end
    local function raise() error("my\nsource", 0) end
    local _, err = run({ OK }, { token = { invalidate = print, get = raise } })
    assert.same({ "auth", "no_token", "not_sent" }, { err.kind, err.code, err.outcome })
    assert.truthy(err.message:find("my source", 1, true))
    local tokens = source { TOKEN }
    tokens.invalidate = raise
    assert.equal(2, run({ BAD_TOKEN, OK }, { max = 1, token = tokens }).attempts)
  end)

  it("that fails later leaves what is known of the attempts before", function()
    for outcome, answer in pairs { not_sent = UNREACHED, unknown = CUT, rejected = refusal(403, "system.busy") } do
      local tokens = { TOKEN }
      local _, err = run({ answer },
        { token = { invalidate = print, get = function() return table.remove(tokens) end } })
      assert.same({ "auth", "no_token", outcome, 1 }, { err.kind, err.code, err.outcome, err.attempts })
    end
  end)

  it("that fails with an error of this module leaves it, too", function()
    local _, own = run { refusal(403, "Forbidden.AccessDenied.ApiCountLimitForOrg") }
    local tokens = { TOKEN }
    local function get()
      local token = table.remove(tokens)
      return token, not token and own or nil
    end
    local _, err = run({ UNREACHED }, { token = { invalidate = print, get = get } })
    assert.same({ "quota", "not_sent" }, { err.kind, err.outcome })
  end)

  it("gives the error of its own request", function()
    local _, own = run({ CUT }, { max = 1 })
    assert.equal("unknown", own.outcome)
    local _, err = run({ OK }, { token = { invalidate = print, get = function() return nil, own end } })
    -- Nothing of the call went out, whatever became of the request for a token.
    assert.same({ "network", own.code, "not_sent" }, { err.kind, err.code, err.outcome })
    assert.equal("unknown", own.outcome)
  end)
end)

-- Wherever an answer may repeat it: spec/faults/rows/echo.lua.
describe("the token", function()
  it("does not come back in an answer that is no failure", function()
    local client, world = scripted.client { scripted.ok('{"id":"' .. TOKEN .. '-too","summary":"' .. TOKEN .. '"}') }
    local result = assert(client:get_event(TOKEN, "user", nil, "event"))
    assert.same({ "[token]-too", "[token]" }, { result.event.id, result.event.summary })
    client:close()
    world.service:close()
  end)

  it("is taken as it is from the answer that gives it, though it begin as a secret", function()
    local secret = "secret-token-of-the-app"
    local client, world = scripted.client { scripted.ok('{"accessToken":"' .. secret .. '-1","expireIn":7200}'), OK }
    local app = assert(auth.internal_app { app_key = "key", app_secret = secret, store = auth.memory_store() })
    assert(add(client, app))
    assert.equal(secret .. "-1", world.service:seen().requests[2].token)
    client:close()
    world.service:close()
  end)

  it("leaves the rest of a request's id, of a length that a log can bear", function()
    local id = "a" .. TOKEN .. ("x"):rep(1000)
    local result = run { scripted.ok("", { "x-acs-request-id: " .. id }) }
    local seen = result.batches[1].request_id
    assert.equal(result.request_id, seen)
    assert.is_true(#seen < 510)
    assert.is_nil(seen:find(TOKEN:sub(1, 8), 1, true))
  end)

  it("of punctuation is found as it is", function()
    local odd = "%d.-*+?^$()[]%%"
    local answer = scripted.answer(403, '{"code":"c","message":"bad ' .. odd .. '!"}')
    local _, err = run({ answer }, { max = 1, token = odd })
    assert.equal("bad [token]!", err.message)
  end)
end)

describe("on_attempt", function()
  local function with(fields, more)
    local copy = {}
    for name, value in pairs(fields) do copy[name] = value end
    for name, value in pairs(more) do copy[name] = value end
    return copy
  end

  it("is told of each attempt", function()
    local told = {}
    local answers = { refusal(500, "systemError", { "x-acs-request-id: H" }), UNREACHED,
      scripted.ok("", { "x-acs-request-id: R2" }) }
    assert.truthy(run(answers, { draw = 1, takes = 2,
      config = { on_attempt = function(info) told[#told + 1] = info end } }))
    local same = { operation = "add_attendees", method = "POST", host = told[1].host, batch = 1, client_token = "ct",
      elapsed = 2 }
    for _, info in ipairs(told) do -- these are for spec/service/headers_spec.lua
      info.reused, info.dns, info.connect, info.tls, info.first_byte = nil, nil, nil, nil, nil
    end
    assert.same({
      with(same, { attempt = 1, status = 500, request_id = "r", kind = "server", code = "systemError",
        outcome = "unknown", message = "no", wait = 0.25 }),
      with(same, { attempt = 2, kind = "tls", code = "tls_failed", outcome = "not_sent",
        message = told[2].message, wait = 0.5 }),
      with(same, { attempt = 3, status = 200, request_id = told[3].request_id }),
    }, told)
  end)

  it("takes time that is not the call's, in a result and in an error", function()
    local now = START
    local config = { clock = function() return now end, on_attempt = function() now = now + 5 end }
    local result = run({ OK }, { config = config })
    local _, err = run({ BAD_PARAMETER }, { config = config })
    assert.same({ 0, 0 }, { result.batches[1].elapsed, err.elapsed })
  end)

  it("that raises changes nothing but hook_error", function()
    local function hook() error("my\nhook", 0) end
    local result = run({ UNREACHED, OK }, { config = { on_attempt = hook } })
    assert.same({ "my hook", 2 }, { result.hook_error, result.attempts })
    local _, err = run({ BAD_PARAMETER }, { config = { on_attempt = hook } })
    assert.same({ "invalid", "my hook" }, { err.kind, err.hook_error })
  end)
end)
