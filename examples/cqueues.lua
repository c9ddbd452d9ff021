-- Several calls at a time in a cqueues controller, while another coroutine goes on. Environment:
--   DINGTALK_TOKEN, DINGTALK_USER: unionId of the event's creator, DINGTALK_EVENT,
--   DINGTALK_ATTENDEES: unionIds, separated by spaces
local calendar = require "dingtalk.calendar"
local cqueues = require "cqueues"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token, user, event, attendees = env "DINGTALK_TOKEN", env "DINGTALK_USER", env "DINGTALK_EVENT",
  env "DINGTALK_ATTENDEES"

local client = must(calendar.new {
  loop = "cqueues",
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})
local controller, waiting, ticks = cqueues.new(), 0, 0

for id in attendees:gmatch "%S+" do
  waiting = waiting + 1
  controller:wrap(function()
    local result, err = client:add_attendees(token, user, nil, event, { id })
    print(result and "added " .. id or tostring(err))
    waiting = waiting - 1
    if waiting == 0 then client:close() end
  end)
end
controller:wrap(function()
  while waiting > 0 do
    ticks = ticks + 1
    cqueues.sleep(0.001)
  end
end)
assert(controller:loop())
io.stderr:write(ticks, " ticks of the other coroutine\n")
