-- A third-party personal app: from the code of a sign-in and staff ids to people who are in the user's event.
-- In brackets what the local sandbox takes: DINGTALK_CLIENT_ID (dingsandboxuser),
--   DINGTALK_CLIENT_SECRET (sandbox-user-secret), DINGTALK_CODE: good once (sandbox-code),
--   DINGTALK_EVENT: id of the event (cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08),
--   DINGTALK_STAFF: staff ids (zhangsan lisi wangwu);
--   for the sandbox also what tools/sandbox start prints.
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local contact = require "dingtalk.contact"

local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})
local token = assert(auth.user { -- on_refresh would save the refresh token for the next start
  client_id = os.getenv "DINGTALK_CLIENT_ID", client_secret = os.getenv "DINGTALK_CLIENT_SECRET",
  code = os.getenv "DINGTALK_CODE",
})

local staff = {}
for id in os.getenv("DINGTALK_STAFF"):gmatch "%S+" do staff[#staff + 1] = id end
local creator = assert(contact.unionid(token, "me", { client = client }))
local people = assert(contact.unionids(token, staff, { client = client }))
if people.error then io.stderr:write(#people.failed, " not found: ", tostring(people.error), "\n") end

local result = assert(client:add_attendees(token, creator, "primary", os.getenv "DINGTALK_EVENT", people.unionids,
  { confirm = true }))
print(("%d of %d are in the event"):format(#result.confirmed.present, #staff))
client:close()
