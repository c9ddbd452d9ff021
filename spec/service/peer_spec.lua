-- The official Node SDK, unchanged, beside us: both send to the sandbox over plain HTTP, and what arrives is compared.
local cjson = require "cjson"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

local USER, EVENT, TOKEN = example.USER, example.EVENT, example.TOKEN
local COMPARED = { "x-acs-dingtalk-access-token", "x-client-token", "content-type", "accept" }

-- Calls that both can make right.
local ordinary = {
  { event = EVENT, list = { { id = "iiiP35sJadba8aBSgjrwPRKgiEiF", isOptional = false } } },
  { event = EVENT, list = { { id = "a" }, { id = "b", isOptional = true }, { id = "c", isOptional = false } } },
  { event = EVENT, list = { { id = "a" } }, pushNotification = true },
  { event = EVENT, list = { { id = "a" } }, chatNotification = false },
  { event = EVENT, list = { { id = "a" } }, pushNotification = false, chatNotification = true },
  { event = EVENT, list = { { id = 'say "x"\\' }, { id = "中文" }, { id = "😀" } } },
  { event = "plain-id_0.~", calendar = "other", user = "U-1", list = { { id = "a" } } },
}

-- Ids with which the SDK's path leads elsewhere.
local encoded = { "a#b", "a/b", "a?b", "a%2Fb", "100%41" }

local function run_sdk(calls)
  local input = os.tmpname()
  local file = assert(io.open(input, "w"))
  file:write(cjson.encode(calls))
  file:close()
  local pipe = assert(io.popen(("node spec/peer/run.js '%s' <'%s'"):format(sandbox.start().http_url, input)))
  local ends = cjson.decode(pipe:read("*a"))
  pipe:close()
  os.remove(input)
  return ends
end

local function why_not()
  local modules = io.open("spec/peer/node_modules/@alicloud/dingtalk/package.json")
  if not modules then return "the Node SDK is not installed: npm ci --prefix spec/peer" end
  modules:close()
  local pipe = io.popen("node --version 2>/dev/null")
  local version = pipe:read("*a")
  pipe:close()
  if version == "" then return "Node is not installed" end
end

local function completed(call, number)
  return { user = call.user or USER, calendar = call.calendar or "primary", event = call.event, list = call.list,
    pushNotification = call.pushNotification, chatNotification = call.chatNotification,
    token = TOKEN, client_token = "call-" .. number }
end

local function essence(request)
  local headers = example.lower_names(request.headers)
  local kept = { method = request.method, path = request.uri, json = cjson.decode(request.body) }
  for _, name in ipairs(COMPARED) do kept[name] = headers[name] or "missing" end
  return kept
end

describe("the official Node SDK", function()
  local reason = why_not()
  if reason then return pending(reason) end

  local client
  setup(function() client = example.client { base_url = sandbox.start().http_url, allow_http = true } end)
  before_each(sandbox.reset)
  teardown(function()
    client:close()
    sandbox.reset()
  end)

  local function send_all(calls)
    for _, call in ipairs(calls) do
      client:add_attendees(call.token, call.user, call.calendar, call.event, call.list, {
        client_token = call.client_token, pushNotification = call.pushNotification,
        chatNotification = call.chatNotification,
      })
    end
  end

  it("sends what we send, for ordinary ids", function()
    local calls = {}
    for i, call in ipairs(ordinary) do calls[i] = completed(call, i) end
    run_sdk(calls)
    local theirs = sandbox.requests()
    sandbox.reset()
    send_all(calls)
    local ours = sandbox.requests()
    assert.same({ #calls, #calls }, { #theirs, #ours })
    for i = 1, #calls do assert.same(essence(theirs[i]), essence(ours[i])) end
  end)

  it("makes the whole journey against the sandbox", function()
    local command = "node spec/peer/journey.js '%s' dingsandboxapp sandbox-app-secret %s %s person1"
    local pipe = assert(io.popen(command:format(sandbox.start().http_url, USER, EVENT)))
    local journey = cjson.decode(pipe:read("*a"))
    pipe:close()
    -- lua-cjson reads an empty array as an empty table.
    assert.same({ added = 200, between = { "person1" }, removed = 200, after = {} }, journey)
    local writes = sandbox.ledger()
    assert.same({ { "person1" }, { "person1" } }, { writes[1].added, writes[2].removed })
  end)

  it("misses events that we reach, for ids that need encoding", function()
    local calls = {}
    for i, id in ipairs(encoded) do calls[i] = completed({ event = id, list = { { id = "a" } } }, i) end
    -- The event that each call wrote to.
    local function reached(send)
      sandbox.reset()
      for _, id in ipairs(encoded) do sandbox.event(USER, "primary", id) end
      send(calls)
      local events = {}
      for _, write in ipairs(sandbox.ledger()) do events[write.client_token] = write.event end
      return events
    end
    local theirs, ours = reached(run_sdk), reached(send_all)
    for _, call in ipairs(calls) do
      assert.are_not.equal(call.event, theirs[call.client_token])
      assert.equal(call.event, ours[call.client_token])
    end
  end)
end)
