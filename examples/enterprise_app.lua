-- A third-party enterprise app: from its key and staff ids of a customer to people who are in the event.
-- In brackets what the local sandbox takes: DINGTALK_CORP_ID (dingcorpsandbox),
--   DINGTALK_SUITE_KEY (suitesandbox), DINGTALK_SUITE_SECRET (sandbox-suite-secret),
--   DINGTALK_SUITE_TICKET: the newest that was pushed (sandbox-suite-ticket),
--   DINGTALK_CREATOR: staff id of who made the event (manager), DINGTALK_STAFF: staff ids
--   (zhangsan lisi wangwu), DINGTALK_EVENT: id of the event (cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08);
--   for the sandbox also what tools/sandbox start prints.
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local contact = require "dingtalk.contact"

local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})
local token = assert(auth.enterprise_app {
  suite_key = os.getenv "DINGTALK_SUITE_KEY", suite_secret = os.getenv "DINGTALK_SUITE_SECRET",
  suite_ticket = function() return os.getenv "DINGTALK_SUITE_TICKET" end, corp_id = os.getenv "DINGTALK_CORP_ID",
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
