local calendar = require "dingtalk.calendar"
local core = require "dingtalk.core"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"
local version = require "dingtalk.version"

local add, people = example.add, example.people

before_each(sandbox.reset)
teardown(sandbox.reset)

-- Everything that can be reached from a value, as one text.
local function all_of(value, seen)
  seen = seen or {}
  if type(value) ~= "table" then return tostring(value) end
  if seen[value] then return "" end
  seen[value] = true
  local texts = { tostring(value) }
  for key, field in pairs(value) do
    texts[#texts + 1] = all_of(key, seen)
    texts[#texts + 1] = all_of(field, seen)
  end
  return table.concat(texts, "\n")
end

describe("a client", function()
  local client
  after_each(function() client:close() end)

  it("says what it is", function()
    client = assert(calendar.new { base_url = "https://127.0.0.1:1/", proxy = "http://u:secret-token-1@127.0.0.1:1" })
    assert.equal("dingtalk.Client (https://127.0.0.1:1, loop blocking)", tostring(client))
    client:close()
    assert.equal("dingtalk.Client (https://127.0.0.1:1, loop blocking, closed)", tostring(client))
  end)

  it("takes a configuration or says what is wrong with it, whatever the values", function()
    local values = {
      "", "/", "ca.pem", "/etc/ssl/certs", "a\0b", "a b", "nowhere", "blocking", "https://", "https://:1", "https://a",
      "https://a:", "https://a:0", "https://a:1", "https://a:65535", "https://a:65536", "https://a:1x", "https://a:-1",
      "https://a:0x10", "https://a:1e3", "https://a:1/", "https://a/..", "https://a?b", "https://a@b", "https://a\n",
      "https://\195\164", "https://[::1]", "HTTPS://a", "http://a", "https://" .. ("a"):rep(5000),
      true, false, 1, 0, -1, 0.5, 1e300, 0 / 0, {}, print,
    }
    for _, name in ipairs {
      "base_url", "oapi_base_url", "ca_file", "ca_path", "proxy", "connect_timeout", "timeout", "max_attempts",
      "max_connections", "retry_budget", "user_agent", "allow_http", "loop", "on_attempt", "clock", "random", "sleep",
      "no_such_option",
    } do
      for _, value in ipairs(values) do
        local made, err = calendar.new { [name] = value }
        if made then
          made:close()
        else
          assert.same({ "argument", "config." .. name, "not_sent" }, { err.kind, err.argument, err.outcome })
        end
        if name == "no_such_option" then assert.is_nil(made) end
      end
    end
    client = assert(calendar.new())
  end)

  it("uses its base_url with a path, and without the slashes at its end", function()
    client = example.client { base_url = sandbox.start().base_url .. "/gateway/v2//" }
    add(client, { "a" })
    assert.truthy(sandbox.requests()[1].uri:find("^/gateway/v2/v1%.0/calendar/"))
  end)

  it("puts the application's name before its own", function()
    client = example.client { user_agent = "my-app/1.2 (test)" }
    add(client, { "a" })
    local agent = example.lower_names(sandbox.requests()[1].headers)["user-agent"]
    assert.equal(("my-app/1.2 (test) lua-dingtalk/%s %s"):format(version, core.libcurl:match("^%S+")), agent)
  end)

  it("keeps one connection, with HTTP/2 and TLS", function()
    client = example.client()
    for i = 1, 10 do assert(add(client, { "p" .. i })) end
    assert(add(client, people(1, 5000), { concurrency = 10 }))
    local requests = sandbox.requests()
    for _, request in ipairs(requests) do
      assert.same({ requests[1].connection, 2, true }, { request.connection, request.http_version, request.tls })
    end
  end)

  it("speaks plain HTTP where that is allowed", function()
    client = example.client { base_url = sandbox.start().http_url, allow_http = true, ca_file = nil }
    assert.equal(1, assert(add(client, { "a" })).added)
    assert.is_false(sandbox.requests()[1].tls)
  end)

  it("opens no more connections than it may", function()
    client = example.client { base_url = sandbox.start().http_url, allow_http = true, max_connections = 4 }
    sandbox.settings { latency_ms = 5 }
    assert(add(client, people(1, 5000), { concurrency = 10 }))
    local count, seen = 0, {}
    for _, request in ipairs(sandbox.requests()) do
      if not seen[request.connection] then count = count + 1 end
      seen[request.connection] = true
    end
    assert.equal(2, count)
  end)

  it("trusts only the authority it was given", function()
    for _, row in ipairs {
      { { ca_path = "spec" }, "certificate_invalid" }, { { ca_file = "spec/no-such-file.pem" }, "ca_unreadable" },
      { { ca_file = "spec/service/client_spec.lua" }, "ca_unreadable" },
    } do
      local config = row[1]
      config.base_url = sandbox.start().base_url
      client = assert(calendar.new(config))
      local _, err = add(client, { "a" })
      assert.same({ "tls", row[2], "not_sent", 1 }, { err.kind, err.code, err.outcome, err.attempts })
      assert.is_false(err.retryable)
      client:close()
    end
    assert.equal(0, sandbox.counters().calls)
  end)

  it("has a time limit for the whole call #deadline", function()
    client = example.client { timeout = 2 }
    sandbox.faults { fault = "delay", ms = 60000 }
    local _, err = add(client, { "a" })
    assert.same({ "timeout", "timeout", "unknown", 1 }, { err.kind, err.code, err.outcome, err.attempts })
  end)

  it("lets a call have limits of its own", function()
    client = example.client { timeout = 0.001, max_attempts = 1 }
    sandbox.faults { fault = "close" }
    assert.equal(2, assert(add(client, { "a" }, { timeout = 30, max_attempts = 2 })).attempts)
  end)

  it("waits by the clock, the randomness and the sleep it is given", function()
    local now, slept = 0, {}
    client = example.client {
      clock = function() return now end, random = function() return 0.5 end,
      sleep = function(seconds) slept[#slept + 1], now = seconds, now + seconds end,
    }
    sandbox.faults { fault = "answer", code = "serviceBusy", next = 2 }
    assert.equal(3, assert(add(client, { "a" })).attempts)
    assert.same({ 0.125, 0.25 }, slept)
  end)

  it("gives up early when its retries are spent, and earns them by successes", function()
    client = example.client { retry_budget = 1, random = function() return 0 end }
    sandbox.faults { fault = "answer", code = "serviceBusy", next = 4 }
    assert.equal(2, select(2, add(client, { "a" })).attempts)
    assert.equal(1, select(2, add(client, { "a" })).attempts)
    assert.equal(1, select(2, add(client, { "a" })).attempts)
    for _ = 1, 5 do assert(add(client, { "a" })) end
    sandbox.faults { fault = "answer", code = "serviceBusy" }
    assert.equal(2, assert(add(client, { "a" })).attempts)
  end)

  it("shows the token nowhere", function()
    local told = {}
    client = example.client { on_attempt = function(info) told[#told + 1] = info end, random = function() return 0 end }
    local body = { code = "x", message = "bad " .. example.TOKEN }
    sandbox.faults { fault = "answer", status = 400, body = body, skip = 1 }
    local opts = { on_batch = function(info) told[#told + 1] = info end }
    local result = assert(add(client, { "a" }, opts))
    local _, err = add(client, people(1, 501), opts)
    assert.equal("bad [token]", err.message)
    for _, value in ipairs { client, result, err, told, err.resume, err.batches } do
      assert.is_nil(all_of(value):find(example.TOKEN, 1, true))
    end
  end)
end)

describe("on_attempt", function()
  it("is told of each attempt of each batch", function()
    local told = {}
    local function hook(info) told[#told + 1] = info end
    local client = example.client { on_attempt = hook, random = function() return 0 end }
    sandbox.faults { fault = "close", match = { body = '"p501"' } }
    local result = assert(add(client, people(1, 501)))
    client:close()
    local short = {}
    for i, info in ipairs(told) do short[i] = { info.batch, info.attempt, info.status, info.kind } end
    assert.same({ { 1, 1, 200 }, { 2, 1, nil, "network" }, { 2, 2, 200 } }, short)
    assert.equal(result.batches[2].client_token, told[2].client_token)
    assert.equal("add_attendees", told[1].operation)
  end)

  it("that raises loses nothing", function()
    local client = example.client { on_attempt = function() error("mine", 0) end }
    local result = assert(add(client, { "a" }))
    assert.same({ 1, "mine" }, { result.added, result.hook_error })
    client:close()
  end)

  it("is told nothing of the answer before where an attempt was cut off", function()
    local told, err = {}, nil
    local client = example.client { loop = "manual", random = function() return 0 end,
      on_attempt = function(info) told[#told + 1] = info end }
    sandbox.faults { faults = { { fault = "answer", code = "systemError" }, { fault = "delay", ms = 20000 } } }
    coroutine.wrap(function() err = select(2, add(client, { "a" })) end)()
    while not (told[1] and sandbox.counters().in_flight == 1) do client:step() end
    client:close()
    assert.same({ "cancelled", "unknown", 2 }, { err.kind, err.outcome, err.attempts })
    assert.same({ 500, "cancelled" }, { told[1].status, told[2].kind })
    assert.same({}, { told[2].status, told[2].request_id })
  end)

  it("may close the client", function()
    local client
    client = example.client { on_attempt = function() client:close() end, random = function() return 0.5 end }
    sandbox.faults { fault = "answer", code = "serviceBusy" }
    local _, err = add(client, { "a" })
    assert.same({ "cancelled", "closed", "unknown" }, { err.kind, err.code, err.outcome })
  end)
end)

describe("closing", function()
  it("can be done twice, and ends the client", function()
    local client = example.client()
    assert(add(client, { "a" }))
    client:close()
    client:close()
    local result, err = add(client, { "b" })
    assert.is_nil(result)
    assert.same({ "argument", "self", "closed", "not_sent" }, { err.kind, err.argument, err.code, err.outcome })
    assert.same({ nil, nil }, { client:pollfd(), client:timeout() })
    client:step()
    assert.same({ "a" }, example.attendees())
  end)

  it("by a token source makes no request, and counts none", function()
    local client = example.client()
    local source = { get = function()
      client:close()
      return example.TOKEN
    end, invalidate = function() end }
    local _, err = client:add_attendees(source, example.USER, nil, example.EVENT, { "a" })
    assert.same({ "cancelled", "closed", "not_sent", 0 }, { err.kind, err.code, err.outcome, err.attempts })
    assert.equal(0, sandbox.counters().calls)
  end)

  it("of one client leaves another alone", function()
    local one, other = example.client(), example.client()
    assert(add(one, { "a" }))
    assert(add(other, { "b" }))
    one:close()
    assert(add(other, { "c" }))
    other:close()
    assert.same({ "a", "b", "c" }, example.attendees())
  end)

  it("is done by a variable that is closed", function()
    local load_54 = _VERSION == "Lua 5.4" and load or nil
    if not load_54 then return pending("only Lua 5.4 closes variables") end
    local chunk = assert(load_54("local client = ... do local closing <close> = client end return client.closed"))
    assert.is_true(chunk(example.client()))
  end)

  it("is done by the collector", function()
    local weak = setmetatable({}, { __mode = "k" })
    do
      local client = example.client()
      assert(add(client, { "a" }))
      weak[client] = true
    end
    for _ = 1, 4 do collectgarbage() end
    assert.is_nil(next(weak))
  end)
end)
