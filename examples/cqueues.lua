-- Two events at a time in a cqueues controller, while another coroutine goes on. Reads the environment as
-- add_attendees.lua does: DINGTALK_TOKEN, DINGTALK_USER, DINGTALK_EVENT, DINGTALK_ATTENDEES.
local calendar = require "dingtalk.calendar"
local cqueues = require "cqueues"

local client = assert(calendar.new {
  loop = "cqueues",
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})
local controller, waiting, ticks = cqueues.new(), 0, 0

for id in os.getenv("DINGTALK_ATTENDEES"):gmatch "%S+" do
  waiting = waiting + 1
  controller:wrap(function()
    local result, err = client:add_attendees(os.getenv "DINGTALK_TOKEN", os.getenv "DINGTALK_USER", nil,
      os.getenv "DINGTALK_EVENT", { id })
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
