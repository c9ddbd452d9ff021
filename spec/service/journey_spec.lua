-- The example that goes from an app's key and staff ids to a confirmed event, for each type of app.
local sandbox = require "spec.support.sandbox"

local apps = {
  internal = { USER = "manager", APP_KEY = "dingsandboxapp", APP_SECRET = "sandbox-app-secret" },
  enterprise = { USER = "manager", SUITE_KEY = "suitesandbox", SUITE_SECRET = "sandbox-suite-secret",
    SUITE_TICKET = "sandbox-suite-ticket", CORP_ID = "dingcorpsandbox" },
  personal = { USER = "me", CLIENT_ID = "dingsandboxuser", CLIENT_SECRET = "sandbox-user-secret",
    CODE = "sandbox-code" },
}

local printed, real_getenv, real_print

local function run(variables)
  local example = assert(loadfile("examples/journey.lua"))
  os.getenv = function(name) return variables[name:match("^DINGTALK_(.*)")] end -- luacheck: ignore 122
  _G.print = function(line) printed = line end
  return pcall(example)
end

describe("examples/journey.lua", function()
  before_each(function()
    sandbox.reset()
    printed, real_getenv, real_print = nil, os.getenv, print
  end)
  after_each(function()
    os.getenv, _G.print = real_getenv, real_print -- luacheck: ignore 122
    sandbox.reset()
  end)

  for kind, variables in pairs(apps) do
    it("confirms the event of the app's type " .. kind, function()
      local service = sandbox.start()
      variables.APP, variables.STAFF = kind, "zhangsan lisi staff7"
      variables.BASE_URL, variables.CA_FILE = service.base_url, service.ca_file
      assert(run(variables))
      local id = printed:match("^3 people are in event (%S+)$")
      local writes = sandbox.ledger()
      assert.same({ id, 3 }, { writes[2].event, #writes[2].added })
    end)
  end

  it("names what is wrong", function()
    local service = sandbox.start()
    local ran, err = run { APP = "internal", USER = "manager", STAFF = "zhangsan nobody", APP_KEY = "dingsandboxapp",
      APP_SECRET = "sandbox-app-secret", BASE_URL = service.base_url, CA_FILE = service.ca_file }
    assert.is_false(ran)
    assert.truthy(tostring(err):find("not_found (60121)", 1, true))
    assert.equal(0, #sandbox.ledger())
  end)
end)
