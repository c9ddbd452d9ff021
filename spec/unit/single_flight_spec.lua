-- One request for a token for all who want one at the same time, as token sources and calls show it.
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local concurrently = require "spec.support.concurrently"
local scripted = require "spec.support.scripted"
local socket = require "socket"
local words = require "spec.faults.answers"

local COUNT = 100
local NEW_TOKEN = words.send(words.text(200, '{"accessToken":"secret-token-1","expireIn":7200}'))

-- A request for a token is answered so, any other with success.
local function serve(...)
  local success = { words.send(words.text(200, "")) }
  return { "read", { "choose", { { "oauth2/accessToken", { ... } }, { "attendees", success } } } }
end

setup(scripted.start)
teardown(scripted.stop)

describe("a token source", function()
  local service, source, clients

  local function new_client(config)
    local all = { base_url = service.base_url, allow_http = true, proxy = "", loop = "manual", max_connections = 10 }
    for name, value in pairs(config or {}) do all[name] = value end
    clients[#clients + 1] = assert(calendar.new(all))
    return clients[#clients]
  end

  -- `requests`: how the service serves one after the other, the last again and again.
  local function open(requests)
    clients = {}
    service = scripted.service { listen = "plain", requests = requests }
    source = assert(auth.internal_app { app_key = "key", app_secret = "secret", store = auth.memory_store() })
  end

  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    service:close()
  end)

  local function add(client, opts) return client:add_attendees(source, "user", nil, "event", { "a" }, opts) end

  -- Begins a call in a coroutine of its own; returns what it will say, and the coroutine.
  local function begin(client, opts)
    local said = {}
    local thread = coroutine.create(function()
      said.result, said.err = add(client, opts)
      said.ended = true
    end)
    assert(coroutine.resume(thread))
    return said, thread
  end

  local function step_until(condition, ...)
    while not condition() do
      for _, client in ipairs { ... } do client:step() end
      socket.sleep(0.001)
    end
  end

  local function ended(...)
    local all = { ... }
    return function()
      for _, said in ipairs(all) do if not said.ended then return false end end
      return true
    end
  end

  local function token_requests()
    local count = 0
    for _, request in ipairs(service:seen().requests) do
      if request.path:find("oauth2/accessToken", 1, true) then count = count + 1 end
    end
    return count
  end

  for _, host in ipairs(concurrently.hosts) do
    it("asks once for all who wait under " .. host, function()
      if concurrently.missing[host] then return pending(concurrently.missing[host]) end
      open { serve({ "wait", 0.05 }, NEW_TOKEN) }
      local client, added = new_client { loop = host }, 0
      concurrently[host](client, COUNT, function()
        local result = assert(add(client, { timeout = 600 }))
        added = added + result.added
      end)
      assert.same({ COUNT, 1 }, { added, token_requests() })
    end)
  end

  it("asks once for all the calls of a bulk run, also by a client of its own", function()
    for _, loop in ipairs { "blocking", "manual" } do
      for _, with_own in ipairs { false, true } do
        open { serve({ "wait", 0.05 }, NEW_TOKEN) }
        local client, asking = new_client { loop = loop }, new_client { loop = loop }
        source = assert(auth.internal_app { app_key = "key", app_secret = "secret", store = auth.memory_store(),
          client = with_own and asking or nil })
        local jobs, summary, err = {}, nil, nil
        for i = 1, COUNT do jobs[i] = { user = "user", event = "event", list = { "a" .. i } } end
        local both = { step = function()
          client:step()
          asking:step()
        end }
        concurrently[loop](both, 1, function()
          summary, err = client:add_attendees_each(source, jobs, { concurrency = 50, rate = false, timeout = 600 })
        end)
        assert.same({ COUNT, 1 }, { summary and summary.succeeded or tostring(err), token_requests() })
      end
    end
  end)

  it("gives everybody an error of their own", function()
    open { serve(words.refusal(400, "invalidClientIdOrSecret")[2]) }
    local client, all = new_client(), {}
    for i = 1, 10 do all[i] = begin(client) end
    step_until(ended((table.unpack or unpack)(all)), client)
    assert.equal(1, token_requests())
    for i, said in ipairs(all) do
      assert.same({ "auth", "not_sent", true }, { said.err.kind, said.err.outcome, calendar.is_error(said.err) })
      for j = 1, i - 1 do assert.is_false(rawequal(said.err, all[j].err)) end
    end
  end)

  it("lets the next one ask when only the time of who asked was up", function()
    open { serve { "await", "never" }, serve(NEW_TOKEN) }
    local client, all = new_client(), {}
    for i = 1, 10 do all[i] = begin(client, { timeout = i == 1 and 1 or 600 }) end
    step_until(ended((table.unpack or unpack)(all)), client)
    assert.same({ "timeout", "not_sent" }, { all[1].err.kind, all[1].err.outcome })
    for i = 2, 10 do assert.equal(1, all[i].result.added) end
    assert.is_true(token_requests() <= 2)
  end)

  it("ends a wait at the deadline of who waits", function()
    open { serve({ "await", "go" }, NEW_TOKEN), serve(NEW_TOKEN) }
    local client = new_client { connect_timeout = 600 }
    local asking, waiting = begin(client, { timeout = 600, max_attempts = 9 }), begin(client, { timeout = 0.1 })
    step_until(ended(waiting), client)
    assert.same({ "timeout", "not_sent", nil }, { waiting.err.kind, waiting.err.outcome, asking.ended })
    service:mark "go"
    step_until(ended(asking), client)
    assert.equal(1, asking.result.added)
  end)

  it("ends a wait when the client is closed", function()
    open { serve { "await", "never" } }
    local client = new_client()
    local asking, waiting = begin(client), begin(client)
    client:close()
    assert.same({ "cancelled", "cancelled" }, { asking.err.kind, waiting.err.kind })
    assert.same({ "not_sent", "not_sent" }, { asking.err.outcome, waiting.err.outcome })
  end)

  it("does not wait for ever for who was dropped", function()
    open { serve(NEW_TOKEN) }
    local dropped, client = new_client(), new_client()
    begin(dropped, { timeout = 0.2 }) -- nobody steps its client
    local waiting = begin(client, { timeout = 600 })
    assert.is_nil(waiting.ended)
    step_until(ended(waiting), client)
    assert.equal(1, waiting.result.added)
  end)

  it("does not wait for a coroutine that was closed", function()
    local close = rawget(coroutine, "close")
    if not close then return pending "coroutine.close came with Lua 5.4" end
    open { serve(NEW_TOKEN) }
    local client = new_client()
    local _, asking = begin(client, { timeout = 80000 })
    local waiting = begin(client, { timeout = 600 })
    assert.is_true(close(asking))
    step_until(ended(waiting), client)
    assert.equal(1, waiting.result.added)
  end)

  -- The client's own clock raises at each of its readings in turn.
  it("keeps nobody waiting where asking raised", function()
    open { serve(NEW_TOKEN) }
    local readings, last, raised = 0, nil, 0
    local broken = new_client { loop = "blocking", clock = function()
      readings = readings + 1
      if readings == last then error("broken", 0) end
      return socket.gettime()
    end }
    local client = new_client { loop = "blocking" }
    repeat
      source = assert(auth.internal_app { app_key = "key", app_secret = "secret", store = auth.memory_store() })
      readings, last = 0, (last or 0) + 1
      local ok, message = pcall(source.get, source, broken, socket.gettime() + 600)
      if not ok then raised = raised + 1 end
      assert.truthy(ok or message == "broken")
      assert.equal(1, assert(add(client)).added)
    until readings < last
    assert.is_true(raised > 2)
  end)

  it("does not make a blocking client wait for another client", function()
    open { serve({ "await", "go" }, NEW_TOKEN), serve(NEW_TOKEN) }
    local games, script = new_client(), new_client { loop = "blocking" }
    local asking = begin(games, { timeout = 600 })
    step_until(function() return token_requests() == 1 end, games)
    assert.equal(1, assert(add(script)).added)
    assert.is_nil(asking.ended)
    service:mark "go"
    step_until(ended(asking), games)
    assert.same({ 1, 2 }, { asking.result.added, token_requests() })
  end)

  it("serves those who wait in different clients", function()
    open { serve(NEW_TOKEN) }
    local one, other, all = new_client(), new_client(), {}
    for i = 1, 20 do all[i] = begin(i % 2 == 0 and one or other, { timeout = 600 }) end
    step_until(ended((table.unpack or unpack)(all)), one, other)
    for _, said in ipairs(all) do assert.equal(1, said.result.added) end
    assert.equal(1, token_requests())
  end)
end)
