-- From an app's key and staff ids to an event that shows them all. Environment, all with DINGTALK_ in front:
--   APP: internal, enterprise or personal, USER and STAFF: staff ids, the latter separated by spaces, and for
--   internal    APP_KEY, APP_SECRET
--   enterprise  SUITE_KEY, SUITE_SECRET, SUITE_TICKET, CORP_ID
--   personal    CLIENT_ID, CLIENT_SECRET, CODE
local auth = require "dingtalk.auth"
local calendar = require "dingtalk.calendar"
local contact = require "dingtalk.contact"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name)
  return must(os.getenv("DINGTALK_" .. name), "DINGTALK_" .. name .. " is not set: see the top of this file")
end

local apps = {}
function apps.internal() return auth.internal_app { app_key = env "APP_KEY", app_secret = env "APP_SECRET" } end
function apps.enterprise()
  return auth.enterprise_app {
    suite_key = env "SUITE_KEY", suite_secret = env "SUITE_SECRET", suite_ticket = env "SUITE_TICKET",
    corp_id = env "CORP_ID",
  }
end
function apps.personal()
  return auth.user { client_id = env "CLIENT_ID", client_secret = env "CLIENT_SECRET", code = env "CODE" }
end

local staff = {}
for id in env("STAFF"):gmatch "%S+" do staff[#staff + 1] = id end
local app = must(apps[env "APP"], "DINGTALK_APP must be internal, enterprise or personal")
local token = must(app())
local user = must(contact.unionid(token, env "USER"))
local found = must(contact.unionids(token, staff))
must(not found.error, found.error)
local created = must(calendar.create_event(token, user, nil, {
  summary = "Example", start = { dateTime = "2030-01-15T10:00:00Z" }, ["end"] = { dateTime = "2030-01-15T11:00:00Z" },
}))
local result = must(calendar.add_attendees(token, user, nil, created.event.id, found.unionids, { confirm = true }))
print(("%d people are in event %s"):format(#result.confirmed.present, created.event.id))
