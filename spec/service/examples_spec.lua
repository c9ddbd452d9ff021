-- Each example as its user starts it: a process of its own, configured by the environment.
local example = require "spec.support.example"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"
local sources = require "spec.support.sources"

local quote = processes.quote

local COMMON = { DINGTALK_CREATOR = "manager", DINGTALK_EVENT = example.EVENT, DINGTALK_STAFF = "zhangsan lisi wangwu" }

local EXAMPLES = {
  internal_app = { DINGTALK_APP_KEY = "dingsandboxapp", DINGTALK_APP_SECRET = "sandbox-app-secret" },
  enterprise_app = {
    DINGTALK_SUITE_KEY = "suitesandbox", DINGTALK_SUITE_SECRET = "sandbox-suite-secret",
    DINGTALK_SUITE_TICKET = "sandbox-suite-ticket", DINGTALK_CORP_ID = "dingcorpsandbox",
  },
  user_app = {
    DINGTALK_CLIENT_ID = "dingsandboxuser", DINGTALK_CLIENT_SECRET = "sandbox-user-secret",
    DINGTALK_CODE = "sandbox-code",
  },
}

local function run(name, variables)
  local service = sandbox.start()
  local words = { "env" }
  local all = sources.merged(COMMON, variables,
    { DINGTALK_BASE_URL = service.base_url, DINGTALK_CA_FILE = service.ca_file })
  for key, value in pairs(all) do words[#words + 1] = key .. "=" .. quote(value) end
  words[#words + 1] = ("%s examples/%s.lua 2>&1"):format(processes.interpreter(), name)
  return processes.output_of(table.concat(words, " "))
end

local function lines_of(name)
  local count = 0
  for _ in io.lines(("examples/%s.lua"):format(name)) do count = count + 1 end
  return count
end

describe("the example", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  for name, variables in pairs(EXAMPLES) do
    it(name .. " brings staff into an event, in 30 lines at most", function()
      assert.is_true(lines_of(name) <= 30)
      assert.equal("3 of 3 are in the event\n", run(name, variables))
      assert.same({ "iiiP35sJadba8aBSgjrwPRKgiEiF", "iiLisi0k2vQyV8aBSgjrwPRKgiEiE", "iiWangwu7m3xT8aBSgjrwPRKgiEiE" },
        example.attendees())
    end)
  end

  it("traces makes a span of each request and hands its trace on", function()
    local output = run("traces", { DINGTALK_TOKEN = example.TOKEN, DINGTALK_USER = example.USER })
    local span, trace = output:match("span (%x+) of (%x+): add_attendees")
    assert.truthy(output:find("added 2 people", 1, true), output)
    local requests = sandbox.requests()
    assert.equal(("00-%s-%s-01"):format(trace, span), example.lower_names(requests[#requests].headers).traceparent)
  end)

  for path in processes.output_of "ls examples/*.lua":gmatch "[^\n]+" do
    it(path .. " says which variable is not set", function()
      local file = assert(io.open(path))
      local needs = file:read "*a"
      file:close()
      for library in needs:gmatch 'require "(%a+)"' do
        if not processes.can_load(library) then return pending("no " .. library .. " for this Lua") end
      end
      local words = { "env", "-i", "PATH=$PATH", "HOME=$HOME", "LUA_PATH=" .. quote(package.path),
        "LUA_CPATH=" .. quote(package.cpath), processes.interpreter(), path, "2>&1 </dev/null" }
      local said = processes.output_of(table.concat(words, " "))
      if said:find("no_redis_library", 1, true) then return pending "no Redis library for this Lua" end
      assert.truthy(said:find "DINGTALK_[%u_]+ is not set: see the top of this file", said)
      local name = said:match "(DINGTALK_[%u_]+) is not set"
      local top = needs:match "^(.-)\nlocal "
      assert.truthy(top:find(name, 1, true) or top:find(name:gsub("DINGTALK_", ""), 1, true), name)
    end)
  end

  it("internal_app says who was not found and adds the others", function()
    local said = run("internal_app", sources.merged(EXAMPLES.internal_app, { DINGTALK_STAFF = "zhangsan nobody lisi" }))
    assert.truthy(said:find("1 not found: dingtalk: not_found", 1, true))
    assert.truthy(said:find("2 of 3 are in the event", 1, true))
  end)
end)
