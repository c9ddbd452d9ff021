-- A game's frame loop: a call yields, and client:step() each frame does the network's part without waiting.
-- Reads the environment as add_attendees.lua does.
local calendar = require "dingtalk.calendar"
local socket = require "socket" -- its sleep stands for the display

local client = assert(calendar.new {
  loop = "manual",
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})

local invitation = coroutine.create(function()
  local people = {}
  for id in os.getenv("DINGTALK_ATTENDEES"):gmatch "%S+" do people[#people + 1] = id end
  local result, err = client:add_attendees(os.getenv "DINGTALK_TOKEN", os.getenv "DINGTALK_USER", nil,
    os.getenv "DINGTALK_EVENT", people)
  print(result and ("added %d people"):format(result.added) or tostring(err))
end)
assert(coroutine.resume(invitation))

local longest = 0
while coroutine.status(invitation) ~= "dead" do
  local began = socket.gettime()
  client:step()
  longest = math.max(longest, socket.gettime() - began)
  socket.sleep(1 / 60) -- update(), draw()
end
client:close()
io.stderr:write(("longest step: %.1f ms\n"):format(longest * 1000))
