-- A third-party enterprise app: from its key and staff ids of a customer to people who are in an event. Environment:
--   DINGTALK_SUITE_KEY (sandbox: suitesandbox), DINGTALK_SUITE_SECRET (sandbox-suite-secret), DINGTALK_SUITE_TICKET:
--   the newest (sandbox-suite-ticket), DINGTALK_CORP_ID (dingcorpsandbox), DINGTALK_CREATOR: staff id of who made the
--   event (manager), DINGTALK_EVENT (cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08), DINGTALK_STAFF (zhangsan lisi wangwu)
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local contact = require "dingtalk.contact"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token = must(auth.enterprise_app {
  suite_key = env "DINGTALK_SUITE_KEY", suite_secret = env "DINGTALK_SUITE_SECRET",
  suite_ticket = function() return env "DINGTALK_SUITE_TICKET" end, corp_id = env "DINGTALK_CORP_ID",
})

local staff = {}
for id in env("DINGTALK_STAFF"):gmatch "%S+" do staff[#staff + 1] = id end
local creator = must(contact.unionid(token, env "DINGTALK_CREATOR"))
local people = must(contact.unionids(token, staff))
if people.error then io.stderr:write(#people.failed, " not found: ", tostring(people.error), "\n") end

local result = must(calendar.add_attendees(token, creator, "primary", env "DINGTALK_EVENT", people.unionids,
  { confirm = true }))
print(("%d of %d are in the event"):format(#result.confirmed.present, #staff))
