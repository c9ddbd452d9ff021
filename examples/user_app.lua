-- A third-party personal app: from the code of a sign-in to people who are in the user's event. Environment:
--   DINGTALK_CLIENT_ID (sandbox: dingsandboxuser), DINGTALK_CLIENT_SECRET (sandbox-user-secret), DINGTALK_CODE: good
--   once (sandbox-code), DINGTALK_EVENT (cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08), DINGTALK_STAFF (zhangsan lisi wangwu)
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local contact = require "dingtalk.contact"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token = must(auth.user { -- on_refresh would save the refresh token for the next start
  client_id = env "DINGTALK_CLIENT_ID", client_secret = env "DINGTALK_CLIENT_SECRET", code = env "DINGTALK_CODE",
})

local staff = {}
for id in env("DINGTALK_STAFF"):gmatch "%S+" do staff[#staff + 1] = id end
local creator = must(contact.unionid(token, "me"))
local people = must(contact.unionids(token, staff))
if people.error then io.stderr:write(#people.failed, " not found: ", tostring(people.error), "\n") end

local result = must(calendar.add_attendees(token, creator, "primary", env "DINGTALK_EVENT", people.unionids,
  { confirm = true }))
print(("%d of %d are in the event"):format(#result.confirmed.present, #staff))
