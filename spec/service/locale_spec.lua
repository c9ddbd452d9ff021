-- Numbers of bodies and answers do not depend on the host's locale, whenever it is set. In processes of their own: the
-- locale is the process's, and LOCPATH names ones that were made here.
local example = require "spec.support.example"
local json = require "dingtalk.json"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

-- A decimal comma, and a decimal point of two bytes.
local names = { "de_DE", "ps_AF" }

local CHILD = [[
local when, locale = ...
local function set() assert(os.setlocale(locale, "all"), "no locale " .. locale) end
if when == "before" then set() end
-- The host's own lua-cjson, set up under that locale or another.
if when ~= "last" and locale:find("^de") then require "cjson" end
local calendar = require "dingtalk.calendar"
if when == "after" then set() end
local client = assert(calendar.new { base_url = os.getenv "DINGTALK_BASE_URL", ca_file = os.getenv "DINGTALK_CA_FILE" })
local token, user = os.getenv "TOKEN", os.getenv "DINGTALK_USER"
local path = { "/v1.0/calendar/users/", user, "/calendars" }
if when == "last" then
  assert(client:request(token, { method = "GET", path = path }))
  set()
end
local result, err = client:request(token, { method = "POST", path = path, query = { q = 0.5 }, body = { n = 0.5, big = 2 ^ 60, tiny = 1e-9 } })
print(result and ("%s %d"):format(tostring(result.body.n == 0.5), result.body.list[2] * 4) or err)
os.setlocale "C"
result, err = client:request(token, { method = "POST", path = path, body = { n = 0.25 } })
print(result and ("%s %d"):format(tostring(result.body.n == 0.5), result.body.list[2] * 4) or err)
client:close()
]]

local directory, made

setup(function()
  directory, made = processes.directory(), {}
  for _, name in ipairs(names) do
    processes.output_of(("localedef -i %s -f UTF-8 %s/%s.UTF-8 2>&1"):format(name, directory, name))
    local probe = processes.output_of(("LOCPATH=%s %s -e 'print(os.setlocale(\"%s.UTF-8\"))' 2>&1"):format(
      directory, processes.interpreter(), name))
    made[name] = probe:find(name, 1, true) ~= nil
  end
  local file = assert(io.open(directory .. "/child.lua", "w"))
  file:write(CHILD)
  file:close()
end)
before_each(sandbox.reset)
teardown(function()
  os.execute("rm -r " .. processes.quote(directory))
  sandbox.reset()
end)

describe("the locale", function()
  for _, name in ipairs(names) do
    for _, when in ipairs { "before", "after", "last" } do
      it(("%s, set %s, changes no number"):format(name, when), function()
        if not made[name] and os.getenv("CI") ~= "true" then
          return pending("there is no locale " .. name .. ": install the package locales")
        end
        -- Its lua-cjson ends the process when it is loaded under a decimal point of two bytes.
        if name == "ps_AF" and when == "before" then return end
        local service = sandbox.start()
        sandbox.faults { fault = "answer", status = 200, body = '{"n":0.5,"list":[1,1.25,1e3]}', next = 9,
          match = { method = "POST" } }
        local said = processes.output_of(("LOCPATH=%s TOKEN=%s DINGTALK_USER=%s DINGTALK_BASE_URL=%s "
          .. "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 " -- glibc keeps what it reads of a locale
          .. "DINGTALK_CA_FILE=%s %s %s/child.lua %s %s.UTF-8 2>&1"):format(directory, example.TOKEN, example.USER,
          service.base_url, processes.quote(service.ca_file), processes.interpreter(), directory, when, name))
        assert.equal("true 5\ntrue 5\n", said)
        local sent = sandbox.requests()
        assert.equal('{"big":1.152921504606847e+18,"n":0.5,"tiny":1e-09}', sent[#sent - 1].body)
        assert.truthy(sent[#sent - 1].uri:find("?q=0.5", 1, true))
        assert.equal('{"n":0.25}', sent[#sent].body)
      end)
    end
  end

  it("leaves a number as it is read again", function()
    for _, value in ipairs { 0.1, 1 / 3, 1e300, 2 ^ 53 + 2, -5, 1e-300, 123456789.125 } do
      assert.equal(value, json.decode((json.encode { value }))[1])
    end
  end)
end)
