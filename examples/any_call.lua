-- Calls that are in no table: of the API, and of the older one. Environment, and what the sandbox takes: DINGTALK_TOKEN
-- (dd43888e26953deead8cba556389b063), DINGTALK_USERID: a staff id (zhangsan)
local calendar = require "dingtalk.calendar"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token = env "DINGTALK_TOKEN"

-- The older API, with the token in the query and an errcode in each answer, which the module reads.
local person = must(calendar.request(token, {
  method = "POST", older = true, path = { "/topapi/v2/user/get" }, body = { userid = env "DINGTALK_USERID" },
})).body.result

-- Ids of the path are encoded. A write is sent once only, unless the service is known to take a client_token.
local result, err = calendar.request(token, {
  method = "GET", path = { "/v1.0/calendar/users/", person.unionid, "/calendars" },
}, { timeout = 5 })
if not result then error(("%s: %s"):format(err.outcome, err), 0) end
print(("%s has %d calendars"):format(person.name, #result.body.response.calendars))
