-- Several calls at a time in threads of copas. Environment:
--   DINGTALK_TOKEN, DINGTALK_USER: unionId of the event's creator, DINGTALK_EVENT,
--   DINGTALK_ATTENDEES: unionIds, separated by spaces
local calendar = require "dingtalk.calendar"
local copas = require "copas"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token, user, event, attendees = env "DINGTALK_TOKEN", env "DINGTALK_USER", env "DINGTALK_EVENT",
  env "DINGTALK_ATTENDEES"

local client = must(calendar.new {
  loop = "copas",
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})
local waiting = 0

for id in attendees:gmatch "%S+" do
  waiting = waiting + 1
  copas.addthread(function()
    local result, err = client:add_attendees(token, user, nil, event, { id })
    print(result and "added " .. id or tostring(err))
    waiting = waiting - 1
    if waiting == 0 then client:close() end
  end)
end
-- The loop() of copas 1, which Debian has, never returns.
while waiting > 0 do copas.step() end
