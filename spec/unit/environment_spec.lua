-- What scripts and the command line find in the environment.
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"

local real_getenv = os.getenv

local function with(variables, action, ...)
  os.getenv = function(name) return variables[name] end -- luacheck: ignore 122
  local results = { pcall(action, ...) }
  os.getenv = real_getenv -- luacheck: ignore 122
  assert(results[1], results[2])
  return results[2], results[3]
end

describe("auth.from_env", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function write(text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
  end

  it("gives the access token that is there", function()
    assert.equal("t1", (with({ DINGTALK_TOKEN = "t1" }, auth.from_env)))
  end)

  it("reads it from a file, however an editor has left that", function()
    for _, text in ipairs { "t2", "t2\n", "t2\r\n\r\n", "\239\187\191t2\n", " t2 \n" } do
      write(text)
      assert.equal("t2", (with({ DINGTALK_TOKEN_FILE = path }, auth.from_env)))
    end
  end)

  it("prefers the variable to the file, and the token to an app", function()
    write "t2"
    local variables = { DINGTALK_TOKEN = "t1", DINGTALK_TOKEN_FILE = path, DINGTALK_APP_KEY = "k" }
    assert.equal("t1", (with(variables, auth.from_env)))
    variables.DINGTALK_TOKEN = ""
    assert.equal("t2", (with(variables, auth.from_env)))
  end)

  for kind, variables in pairs {
    ["internal_app k"] = { DINGTALK_APP_KEY = "k", DINGTALK_APP_SECRET = "s" },
    ["enterprise_app k c"] = { DINGTALK_SUITE_KEY = "k", DINGTALK_SUITE_SECRET = "s", DINGTALK_SUITE_TICKET = "t",
      DINGTALK_CORP_ID = "c" },
    ["corp c i"] = { DINGTALK_CLIENT_ID = "i", DINGTALK_CLIENT_SECRET = "s", DINGTALK_CORP_ID = "c" },
  } do
    it("makes a source of " .. kind, function()
      local source = assert(with(variables, auth.from_env))
      local shown = tostring(source)
      for word in kind:gmatch "%S+" do assert.truthy(shown:find(word, 1, true), shown) end
      assert.equal("function", type(source.get))
    end)
  end

  it("takes a secret from a file, and options of the source", function()
    write "s\n"
    assert(with({ DINGTALK_APP_KEY = "k", DINGTALK_APP_SECRET_FILE = path }, auth.from_env, { timeout = 3 }))
    local _, err = with({ DINGTALK_APP_KEY = "k", DINGTALK_APP_SECRET_FILE = path }, auth.from_env, { tmeout = 3 })
    assert.equal("config.tmeout", err.argument)
  end)

  for _, case in ipairs {
    { {}, "DINGTALK_TOKEN", "missing" },
    { { DINGTALK_TOKEN_FILE = "/nowhere/token" }, "DINGTALK_TOKEN_FILE", "unreadable_file" },
    { { DINGTALK_TOKEN_FILE = "." }, "DINGTALK_TOKEN_FILE", "unreadable_file" },
    { { DINGTALK_APP_KEY = "k" }, "DINGTALK_APP_SECRET", "missing" },
    { { DINGTALK_SUITE_KEY = "k", DINGTALK_SUITE_SECRET = "s" }, "DINGTALK_SUITE_TICKET", "missing" },
    { { DINGTALK_CLIENT_ID = "i", DINGTALK_CORP_ID = "c" }, "DINGTALK_CLIENT_SECRET", "missing" },
  } do
    it(("says that %s is %s"):format(case[2], case[3]), function()
      local token, err = with(case[1], auth.from_env)
      assert.is_nil(token)
      assert.is_true(calendar.is_error(err))
      assert.same({ "argument", case[2], case[3], "not_sent" }, { err.kind, err.argument, err.code, err.outcome })
    end)
  end

  it("says that a file is empty", function()
    write "\n"
    local _, err = with({ DINGTALK_TOKEN_FILE = path }, auth.from_env)
    assert.same({ "DINGTALK_TOKEN_FILE", "empty" }, { err.argument, err.code })
  end)
end)
