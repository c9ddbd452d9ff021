-- What to do with each error: what may have been done is settled later, from a file, in another process.
-- Reads the environment as add_attendees.lua does, and DINGTALK_STATE: the file.
local calendar = require "dingtalk.calendar"
local cjson = require "cjson"

local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
  timeout = tonumber(os.getenv "DINGTALK_TIMEOUT"),
})
local people, path = {}, os.getenv "DINGTALK_STATE"
for id in os.getenv("DINGTALK_ATTENDEES"):gmatch "%S+" do people[#people + 1] = id end

local file = io.open(path)
local resume = file and cjson.decode(file:read "*a") or nil
if file then file:close() end

local result, err = client:add_attendees(os.getenv "DINGTALK_TOKEN", os.getenv "DINGTALK_USER", nil,
  os.getenv "DINGTALK_EVENT", people, { resume = resume })
client:close()

if result then
  os.remove(path)
  print(("added %d people"):format(result.added))
elseif err.outcome == "unknown" or err.retryable then
  file = assert(io.open(path, "w"))
  file:write(cjson.encode(err.resume))
  file:close()
  print(("%s, %s: run it again to settle it"):format(err.kind, err.outcome))
elseif err.kind == "permission" then
  print("ask for the permission " .. table.concat(err.required_scopes or {}, ", "))
else
  print(tostring(err))
end
