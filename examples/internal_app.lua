-- An internal app: from its key and staff ids to people who are in the event, looked up afterwards.
-- In brackets what the local sandbox takes:
--   DINGTALK_APP_KEY (dingsandboxapp), DINGTALK_APP_SECRET (sandbox-app-secret),
--   DINGTALK_CREATOR: staff id of who made the event (manager), DINGTALK_EVENT: its id
--   (cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08), DINGTALK_STAFF: staff ids (zhangsan lisi wangwu);
--   for the sandbox also what tools/sandbox start prints.
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local contact = require "dingtalk.contact"

local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})
local token = assert(auth.internal_app {
  app_key = os.getenv "DINGTALK_APP_KEY", app_secret = os.getenv "DINGTALK_APP_SECRET",
})

local staff = {}
for id in os.getenv("DINGTALK_STAFF"):gmatch "%S+" do staff[#staff + 1] = id end
local creator = assert(contact.unionid(token, os.getenv "DINGTALK_CREATOR", { client = client }))
local people = assert(contact.unionids(token, staff, { client = client }))
if people.error then io.stderr:write(#people.failed, " not found: ", tostring(people.error), "\n") end

local result = assert(client:add_attendees(token, creator, "primary", os.getenv "DINGTALK_EVENT", people.unionids,
  { confirm = true }))
print(("%d of %d are in the event"):format(#result.confirmed.present, #staff))
client:close()
