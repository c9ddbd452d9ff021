local concurrently = require "spec.support.concurrently"
local auth = require "dingtalk.auth"
local contact = require "dingtalk.contact"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"
local sources = require "spec.support.sources"

local KINDS, SECRETS, merged, requests = sources.KINDS, sources.SECRETS, sources.merged, sources.requests

local client = example.client_of_specs { random = function() return 0 end }
local now

local function source_of(kind, with)
  return sources.new(kind, merged({ clock = function() return now end }, with))
end

local function add(source, with)
  return client:add_attendees(source, example.USER, nil, example.EVENT, { "p1" }, with)
end

before_each(function() now = 1000000 end)

for kind in pairs(KINDS) do
  describe("a token source of " .. kind, function()
    it("gives a token that the service takes, and asks for it once", function()
      local source = source_of(kind)
      for _ = 1, 3 do assert(add(source)) end
      assert.equal(1, requests(kind))
      assert.truthy(assert(source:get(client)):find("^%x+$"))
    end)

    it("renews it ten minutes before it expires, not earlier", function()
      local source = source_of(kind)
      assert(source:get(client))
      now = now + 7200 - 601
      assert(source:get(client))
      assert.equal(1, requests(kind))
      now = now + 1
      assert(source:get(client))
      assert(source:get(client))
      assert.equal(2, requests(kind))
    end)

    it("replaces a refused one once", function()
      local source = source_of(kind)
      assert(source:get(client))
      sandbox.tokens { expire = "all" }
      assert.equal(2, assert(add(source)).attempts)
      assert.equal(2, requests(kind))
    end)

    it("shows no secret", function()
      local source = source_of(kind)
      local token = assert(source:get(client))
      local shown = { tostring(source) }
      for name, value in pairs(source) do shown[#shown + 1] = tostring(name) .. tostring(value) end
      shown = table.concat(shown, " ")
      assert.truthy(shown:find("dingtalk.TokenSource (" .. kind, 1, true))
      for _, secret in ipairs(SECRETS) do assert.is_nil(shown:find(secret, 1, true)) end
      assert.is_nil(shown:find(token, 1, true))
    end)
  end)
end

describe("a token that is still good", function()
  it("stays in use when it cannot be renewed", function()
    local source = source_of "internal_app"
    local token = assert(source:get(client))
    now = now + 6700
    sandbox.faults { fault = "answer", code = "systemError", rate = 1, match = { operation = "access_token" } }
    assert.equal(token, source:get(client))
    local tried = requests "internal_app"
    assert.is_true(tried > 1)
    assert.equal(token, source:get(client))
    assert.equal(tried, requests "internal_app")
    now = now + 31
    assert.equal(token, source:get(client))
    assert.is_true(requests "internal_app" > tried)
    now = now + 600
    local got, err = source:get(client)
    assert.is_nil(got)
    assert.equal("server", err.kind)
  end)

  it("does not cost a call its time #deadline", function()
    local source = source_of "internal_app"
    assert(source:get(client))
    now = now + 6700
    sandbox.faults { fault = "delay", ms = 60000, rate = 1, match = { operation = "access_token" } }
    local own = example.client() -- what it gives up stays on its connection
    assert(own:add_attendees(source, example.USER, nil, example.EVENT, { "a" }, { timeout = 4 }))
    own:close()
  end)

  it("is renewed in the middle of its life when that is short", function()
    sandbox.settings { token_seconds = 100 }
    local source = source_of "internal_app"
    assert(source:get(client))
    now = now + 49
    assert(source:get(client))
    assert.equal(1, requests "internal_app")
    now = now + 1
    assert(source:get(client))
    assert.equal(2, requests "internal_app")
  end)

  it("lives the documented two hours where the answer says nothing readable", function()
    sandbox.faults { fault = "answer", status = 200, body = { accessToken = "0123456789abcdef", expireIn = "soon" } }
    local source = source_of "internal_app"
    assert.equal("0123456789abcdef", source:get(client))
    now = now + 6599
    assert.equal("0123456789abcdef", source:get(client))
    assert.equal(1, requests "internal_app")
  end)
end)

describe("a token source", function()
  it("ends with the deadline of the call, which was not sent", function()
    sandbox.faults { fault = "delay", ms = 3000, rate = 1, match = { operation = "access_token" } }
    local result, err = add(source_of "internal_app", { timeout = 0.2 })
    assert.is_nil(result)
    assert.same({ "timeout", "not_sent", true }, { err.kind, err.outcome, err.retryable })
    assert.same({}, sandbox.ledger())
  end)

  it("drops only the token that was refused", function()
    local source = source_of "internal_app"
    local token = assert(source:get(client))
    source:invalidate("another")
    assert.equal(token, source:get(client))
    assert.equal(1, requests "internal_app")
  end)

  it("does not ask without end when the service gives the refused token again", function()
    local source = source_of "internal_app"
    local token = assert(source:get(client))
    for _ = 1, 5 do
      source:invalidate(token)
      assert.equal(token, source:get(client))
    end
    assert.equal(2, requests "internal_app")
  end)

  it("is kept apart by app, organisation and store", function()
    sandbox.credentials { kind = "app", key = "other", secret = "other-secret", corp = "othercorp" }
    local store = auth.memory_store()
    local function get(kind, with) return assert(source_of(kind, merged({ store = store }, with)):get(client)) end
    local first = get "internal_app"
    assert.equal(first, get "internal_app")
    assert.equal(1, requests "internal_app")
    assert.are_not.equal(first, get("internal_app", { app_key = "other", app_secret = "other-secret" }))
    assert.are_not.equal(get "corp",
      get("corp", { corp_id = "othercorp", client_id = "other", client_secret = "other-secret" }))
    assert(source_of("internal_app"):get(client))
    assert.equal(3, requests "internal_app")
  end)

  it("is kept from those without the secret", function()
    local store = auth.memory_store()
    assert(assert(auth.internal_app { app_key = "dingsandboxapp", app_secret = "sandbox-app-secret", store = store,
      client = client }):get())
    local other = assert(auth.internal_app { app_key = "dingsandboxapp", app_secret = "another-secret", store = store,
      client = client })
    local token, err = other:get()
    assert.is_nil(token)
    assert.equal("auth", err.kind)
  end)

  it("is kept apart by the address of the service", function()
    local source = source_of "internal_app"
    assert(source:get(client))
    local plain = example.client { base_url = sandbox.start().http_url, allow_http = true }
    assert(source:get(plain))
    plain:close()
    assert.equal(2, requests "internal_app")
  end)

  it("uses a client of its own where it has one", function()
    local seen = {}
    local own = example.client { on_attempt = function(info) seen[#seen + 1] = info.operation end }
    assert(add(source_of("internal_app", { client = own })))
    own:close()
    assert.same({ "access_token" }, seen)
  end)
end)

describe("a call whose client is closed while its token is replaced", function()
  it("was cut off", function()
    local source = source_of "internal_app"
    assert(source:get(client))
    sandbox.tokens { expire = "all" }
    local closing
    closing = example.client { on_attempt = function(info) if info.kind == "auth" then closing:close() end end }
    local result, err = closing:add_attendees(source, example.USER, nil, example.EVENT, { "p1" })
    assert.is_nil(result)
    assert.same({ "cancelled", "rejected", 1 }, { err.kind, err.outcome, err.attempts })
  end)
end)

describe("an error of a token source", function()
  local function assert_refused(kind, with, code)
    local source = source_of(kind, with)
    local token, err = source:get(client)
    assert.is_nil(token)
    assert.is_true(errors.is_error(err))
    assert.same({ "auth", code, "rejected" }, { err.kind, err.code, err.outcome })
    local result, of_call = add(source)
    assert.is_nil(result)
    assert.same({ "auth", code, "not_sent" }, { of_call.kind, of_call.code, of_call.outcome })
  end

  it("says which credential was refused", function()
    assert_refused("internal_app", { app_secret = "wrong-secret" }, "invalidClientIdOrSecret")
    assert_refused("enterprise_app", { suite_secret = "wrong-secret" }, "invalidSuiteKey")
    assert_refused("enterprise_app", { suite_ticket = "wrong-ticket" }, "invalidSuiteTicket")
    assert_refused("enterprise_app", { corp_id = "othercorp" }, "invalidAuthInfo")
    assert_refused("user", { client_secret = "wrong-secret" }, "invalidClientIdOrSecret")
    assert_refused("user", { code = "wrong-code" }, "invalidParameter.authCode.notFound")
  end)

  it("mentions the corp_id where the service fails over an unknown one", function()
    local _, err = source_of("corp", { corp_id = "nocorp", max_attempts = 1 }):get(client)
    assert.same({ "server", "unknownError" }, { err.kind, err.code })
    assert.truthy(err.hint:find("corp_id", 1, true))
  end)

  it("hides what the service echoes", function()
    local said = {}
    local telling = example.client { on_attempt = function(info) said[#said + 1] = tostring(info.message) end }
    for _, fault in ipairs {
      { status = 400, body = { code = "odd", message = "no sandbox-app-secret here" } },
      { status = 400, body = { code = "sandbox-app-secret", message = "x" } },
      { status = 400, body = "oh: sandbox-app-secret, 0123456789abcdef" },
      { status = 200, body = '["0123456789abcdef"]' },
      { status = 200, body = '{"accessToken":"0123456789abcdef' },
    } do
      sandbox.faults { fault = "answer", status = fault.status, body = fault.body }
      local token, err = source_of("internal_app", { max_attempts = 1 }):get(telling)
      assert.is_nil(token)
      said[#said + 1] = tostring(err) .. err.code
    end
    telling:close()
    local text = table.concat(said, " ")
    assert.is_nil(text:find("sandbox-app-secret", 1, true))
    assert.is_nil(text:find("0123456789abcdef", 1, true))
  end)

  it("comes of an answer without a token", function()
    for _, body in ipairs { "{}", '{"accessToken":null}', '{"accessToken":""}', '{"accessToken":"a b"}' } do
      sandbox.faults { fault = "answer", status = 200, body = body }
      local token, err = source_of("internal_app"):get(client)
      assert.is_nil(token)
      assert.same({ "protocol", "no_token_in_answer" }, { err.kind, err.code })
    end
  end)

  it("comes of a suite_ticket function that fails", function()
    for _, ticket in ipairs {
      function() return nil, "no ticket yet" end, function() error("no ticket yet", 0) end, function() return 7 end,
    } do
      local token, err = source_of("enterprise_app", { suite_ticket = ticket }):get(client)
      assert.is_nil(token)
      assert.same({ "auth", "no_suite_ticket" }, { err.kind, err.code })
    end
    assert.equal(0, requests "enterprise_app")
  end)

  it("comes of a client that is closed or none", function()
    local closed = example.client()
    closed:close()
    assert.equal("argument", select(2, source_of("internal_app"):get(closed)).kind)
    assert.equal("argument", select(2, source_of("internal_app"):get({})).kind)
  end)
end)

describe("a token request that failed", function()
  it("is not made again for a while, however many ask", function()
    local source = source_of("internal_app", { app_secret = "wrong-secret" })
    local _, first = source:get(client)
    assert.same({ "auth", "rejected", 1 }, { first.kind, first.outcome, first.attempts })
    for _ = 1, 200 do
      local _, err = source:get(client)
      assert.same({ "auth", "invalidClientIdOrSecret" }, { err.kind, err.code })
      assert.same({ "not_sent", 0 }, { err.outcome, err.attempts })
    end
    assert.equal(1, requests "internal_app")
    now = now + 11
    source:get(client)
    assert.equal(2, requests "internal_app")
  end)

  it("is made again soon where the service only failed", function()
    sandbox.faults { fault = "answer", code = "systemError", next = 2 }
    local source = source_of("internal_app", { max_attempts = 2 })
    local _, err = source:get(client)
    assert.equal("server", err.kind)
    _, err = source:get(client)
    assert.same({ "server", "not_sent", true }, { err.kind, err.outcome, err.retryable })
    assert.equal(2, requests "internal_app")
    now = now + 2
    assert(source:get(client))
  end)

  it("is not made again at once where the answer held no token", function()
    sandbox.faults { fault = "answer", status = 200, body = "{}", next = 9 }
    local source = source_of "internal_app"
    local _, err = source:get(client)
    assert.same({ "no_token_in_answer", "unknown", 200, 1 }, { err.code, err.outcome, err.status, err.attempts })
    for _ = 1, 20 do
      err = select(2, source:get(client))
      assert.same({ "no_token_in_answer", "not_sent", 0 }, { err.code, err.outcome, err.attempts })
    end
    sandbox.faults { clear = true, faults = {} }
    now = now + 2
    assert(source:get(client))
    assert.equal(2, requests "internal_app")
  end)

  it("is not made again before the service wants", function()
    sandbox.faults { fault = "answer", code = "Forbidden.AccessDenied.QpmLimitForApi" }
    local source = source_of "internal_app"
    assert.equal("throttled", select(2, source:get(client)).kind)
    now = now + 59
    assert.equal("throttled", select(2, source:get(client)).kind)
    assert.equal(1, requests "internal_app")
    now = now + 2
    assert(source:get(client))
  end)
end)

describe("the renewals of many organisations", function()
  it("take turns while the tokens are still good, and none is asked for twice", function()
    local all = {}
    for i = 1, 200 do
      sandbox.credentials { kind = "app", key = "app" .. i, secret = "secret-of-app", corp = "corp" .. i }
      all[i] = source_of("internal_app", { app_key = "app" .. i, app_secret = "secret-of-app" })
      assert(all[i]:get(client))
    end
    now = now + 6700
    local began, rounds = core.now(), 0
    repeat
      rounds = rounds + 1
      for i = 1, 200 do assert(all[i]:get(client)) end
      -- Those of a second at first, and then those of the time that has gone by.
      assert.is_true(requests "internal_app" - 200 <= 52 + 50 * (core.now() - began))
    until requests "internal_app" == 400 or rounds > 100000
    for i = 1, 200 do assert(all[i]:get(client)) end
    assert.equal(400, requests "internal_app")
  end)
end)

describe("the configuration of a source", function()
  it("may be inherited", function()
    for kind, config in pairs(KINDS) do
      local source = assert(auth[kind](setmetatable({}, { __index = merged(config, { client = client }) })))
      assert(source:get())
    end
  end)

  it("may raise when it is read", function()
    local source, err = auth.internal_app(setmetatable({}, { __index = function() error("mine", 0) end }))
    assert.is_nil(source)
    assert.equal("argument", err.kind)
  end)

  local function refusal(kind, config)
    local source, err = auth[kind](config)
    assert.is_nil(source)
    assert.equal("argument", err.kind)
    for _, secret in ipairs(SECRETS) do assert.is_nil(tostring(err):find(secret, 1, true)) end
    return err
  end

  it("needs each kind's own fields", function()
    for kind, config in pairs(KINDS) do
      for name in pairs(config) do
        local with = merged(config)
        for _, value in ipairs { "", 7, false } do
          with[name] = value
          assert.equal("config." .. name, refusal(kind, with).argument)
        end
        with[name] = nil
        assert.equal("config." .. name, refusal(kind, with).argument)
      end
      refusal(kind, nil)
      refusal(kind, "text")
    end
  end)

  it("knows no other fields, and says what was meant", function()
    local err = refusal("internal_app", merged(KINDS.internal_app, { appsecret = "x" }))
    assert.same({ "config.appsecret", 'did you mean "app_secret"?' }, { err.argument, err.hint })
  end)

  it("says that a secret ends in a newline", function()
    local err = refusal("internal_app", merged(KINDS.internal_app, { app_secret = "sandbox-app-secret\n" }))
    assert.truthy(err.message:find("white space", 1, true))
  end)

  it("wants a store, a client and a user that are ones", function()
    assert.equal("config.store", refusal("internal_app", merged(KINDS.internal_app, { store = {} })).argument)
    assert.equal("config.client", refusal("internal_app", merged(KINDS.internal_app, { client = {} })).argument)
    assert.equal("config.user", refusal("user", merged(KINDS.user, { store = auth.memory_store() })).argument)
  end)
end)

describe("a user's token source", function()
  it("uses the code once, then refresh tokens, and tells each new one", function()
    local saved = {}
    local source = source_of("user", {
      on_refresh = function(refresh_token, seconds) saved[#saved + 1] = { refresh_token, seconds } end,
    })
    for _ = 1, 3 do
      assert(source:get(client))
      now = now + 7200
    end
    assert.equal(3, #saved)
    assert.equal(2592000, saved[3][2])
    local later = source_of("user", { refresh_token = saved[3][1], code = false })
    assert.equal(example.USER, contact.unionid(later, "me", { client = client }))
  end)

  it("takes a new one as it is, however it begins", function()
    for _, given in ipairs { "sandbox-refresh-token", "sandbox-refresh-token-2", "sandbox-refused" } do
      sandbox.faults { fault = "answer", status = 200, match = { operation = "user_access_token" },
        body = { accessToken = "sandbox-user-secret-7", refreshToken = given, expireIn = 7200 } }
      local saved
      local source = source_of("user", { code = false, refresh_token = "sandbox-refresh-token",
        on_refresh = function(refresh_token) saved = refresh_token end })
      assert.equal("sandbox-user-secret-7", source:get(client))
      assert.equal(given, saved)
    end
  end)

  it("goes on when on_refresh raises", function()
    local source = source_of("user", { on_refresh = function() error("disk full", 0) end })
    assert(source:get(client))
    assert.equal("disk full", source.hook_error)
  end)

  it("takes the code where the refresh token is refused", function()
    local source = source_of("user", { refresh_token = "spent-long-ago" })
    assert(source:get(client))
    assert.equal(2, requests "user")
  end)

  it("says clearly that an answer was lost and the code is spent", function()
    sandbox.faults { fault = "close", after = true, match = { operation = "user_access_token" } }
    local token, err = source_of("user"):get(client)
    assert.is_nil(token)
    assert.same({ "auth", "lost_answer", "unknown", false }, { err.kind, err.code, err.outcome, err.retryable })
    assert.truthy(err.message:find("the code that was sent is good only once", 1, true))
    assert.truthy(err.hint:find("sign in again", 1, true))
  end)

  it("shares a named user through a store, newest refresh token first", function()
    local store = auth.memory_store()
    assert(source_of("user", { store = store, user = "u1" }):get(client))
    assert(source_of("user", { store = store, user = "u1" }):get(client))
    assert.equal(1, requests "user")
    now = now + 7200
    collectgarbage()
    assert(source_of("user", { store = store, user = "u1", code = "spent-long-ago" }):get(client))
    assert.equal(2, requests "user")
  end)

  it("looks into the store before it says that the user must sign in again", function()
    local store = auth.memory_store()
    local one = source_of("user", { store = store, user = "u1" })
    assert(one:get(client))
    -- Another process, which has read the store before the first one renewed.
    local blind, looks = auth.memory_store(), 0
    blind.get = function(_, key)
      looks = looks + 1
      return looks > 1 and store:get(key) or nil
    end
    local other = source_of("user", { store = blind, user = "u1", code = false, refresh_token = "spent-long-ago" })
    assert.equal(assert(one:get(client)), other:get(client))
    local lost = source_of("user", { store = auth.memory_store(), user = "u1", code = false, refresh_token = "spent" })
    assert.equal("auth", select(2, lost:get(client)).kind)
  end)

  it("does not mix users that have no name", function()
    sandbox.credentials { kind = "code", key = "code-of-another", union_id = "other" }
    local one, other = source_of "user", source_of("user", { code = "code-of-another" })
    assert.equal(example.USER, contact.unionid(one, "me", { client = client }))
    assert.equal("other", contact.unionid(other, "me", { client = client }))
  end)
end)

describe("a renewal whose coroutine is never resumed", function()
  it("is made by another as soon as its request has ended", function()
    local found, cqueues = pcall(require, "cqueues")
    if not found then return pending "no cqueues for this Lua" end
    local own = example.client { loop = "cqueues", timeout = 60 }
    local source = source_of "internal_app"
    sandbox.faults { fault = "delay", ms = 300, match = { operation = "access_token" } }
    local dropped = cqueues.new()
    dropped:wrap(function() source:get(own) end)
    while requests "internal_app" == 0 do dropped:step(0.01) end
    local token, err
    local controller = cqueues.new()
    -- Long before the first one's own deadline, which is a minute away.
    controller:wrap(function() token, err = source:get(own, own:now() + 20) end)
    assert(controller:loop())
    own:close()
    assert.truthy(token, tostring(err))
  end)
end)

describe("100 calls at a time", function()
  local function all_add(host, source, another)
    local own, failed = example.client { loop = host }, {}
    local both = { step = function()
      own:step()
      if another then another:step() end
    end }
    concurrently[host](host == "manual" and both or own, 100, function()
      local result, err = own:add_attendees(source, example.USER, nil, example.EVENT, { "p1" })
      if not result then failed[#failed + 1] = tostring(err) end
    end)
    own:close()
    assert.same({}, failed)
  end

  for _, host in ipairs(concurrently.hosts) do
    it("ask for one token under " .. host .. ", and for one more when it has expired", function()
      if concurrently.missing[host] then return pending(concurrently.missing[host]) end
      local source = source_of "internal_app"
      all_add(host, source)
      assert.equal(1, requests "internal_app")
      sources.expire()
      all_add(host, source)
      assert.equal(2, requests "internal_app")
    end)
  end

  for _, host in ipairs(concurrently.hosts) do
    it("wait under " .. host .. " for a client of the source's own", function()
      if concurrently.missing[host] then return pending(concurrently.missing[host]) end
      local asking = example.client { loop = host }
      local source = source_of("internal_app", { client = asking })
      sources.expire()
      all_add(host, source, asking)
      asking:close()
      assert.equal(1, requests "internal_app")
    end)
  end

  it("all fail of one refusal", function()
    local own, kinds = example.client { loop = "manual" }, {}
    local source = source_of("internal_app", { app_secret = "wrong-secret" })
    concurrently.manual(own, 100, function(i)
      local _, err = own:add_attendees(source, example.USER, nil, example.EVENT, { "p1" })
      kinds[i] = err.kind
    end)
    own:close()
    assert.equal(100, #kinds)
    for _, kind in ipairs(kinds) do assert.equal("auth", kind) end
    assert.equal(1, requests "internal_app")
  end)
end)
