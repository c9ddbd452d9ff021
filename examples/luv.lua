-- Calls in coroutines of a luv (libuv) program. Reads the environment as add_attendees.lua does.
local calendar = require "dingtalk.calendar"
local uv = require "luv"

local client = assert(calendar.new {
  loop = "luv",
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})
local waiting = 0

for id in os.getenv("DINGTALK_ATTENDEES"):gmatch "%S+" do
  waiting = waiting + 1
  coroutine.wrap(function()
    local result, err = client:add_attendees(os.getenv "DINGTALK_TOKEN", os.getenv "DINGTALK_USER", nil,
      os.getenv "DINGTALK_EVENT", { id })
    print(result and "added " .. id or tostring(err))
    waiting = waiting - 1
    if waiting == 0 then client:close() end
  end)()
end
uv.run()
