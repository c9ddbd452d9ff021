-- From an app's key and staff ids to an event that shows them all. DINGTALK_USER and DINGTALK_STAFF are staff ids,
-- the latter separated by spaces; DINGTALK_APP is the type of the app: internal, enterprise or personal.
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local contact = require "dingtalk.contact"
local env = function(name) return os.getenv("DINGTALK_" .. name) end

local apps = {
  internal = { auth.internal_app, { app_key = env "APP_KEY", app_secret = env "APP_SECRET" } },
  enterprise = { auth.enterprise_app, { suite_key = env "SUITE_KEY", suite_secret = env "SUITE_SECRET",
    suite_ticket = env "SUITE_TICKET", corp_id = env "CORP_ID" } },
  personal = { auth.user, { client_id = env "CLIENT_ID", client_secret = env "CLIENT_SECRET", code = env "CODE" } },
}
local staff = {}
for id in env("STAFF"):gmatch("%S+") do staff[#staff + 1] = id end

local client = assert(calendar.new { base_url = env "BASE_URL", ca_file = env "CA_FILE" }) -- nil: the real service
local source, config = (table.unpack or unpack)(apps[env "APP"])
local token = assert(source(config))
local user = assert(contact.unionid(token, env "USER", { client = client }))
local found = assert(contact.unionids(token, staff, { client = client }))
assert(not found.error, tostring(found.error))
local made = assert(client:create_event(token, user, nil, {
  summary = "Example", start = { dateTime = "2030-01-15T10:00:00Z" }, ["end"] = { dateTime = "2030-01-15T11:00:00Z" },
}))
local result = assert(client:add_attendees(token, user, nil, made.event.id, found.unionids, { confirm = true }))
client:close()
print(("%d people are in event %s"):format(#result.confirmed.present, made.event.id))
