-- A game's frame loop: a call yields, and client:step() does the I/O of each frame without waiting. Environment:
--   DINGTALK_TOKEN, DINGTALK_USER: unionId of the event's creator, DINGTALK_EVENT,
--   DINGTALK_ATTENDEES: unionIds, separated by spaces
local calendar = require "dingtalk.calendar"
local socket = require "socket" -- its sleep takes the place of the display

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token, user, event = env "DINGTALK_TOKEN", env "DINGTALK_USER", env "DINGTALK_EVENT"
local people = {}
for id in env("DINGTALK_ATTENDEES"):gmatch "%S+" do people[#people + 1] = id end

local client = must(calendar.new {
  loop = "manual",
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})

local invitation = coroutine.create(function()
  local result, err = client:add_attendees(token, user, nil, event, people)
  print(result and ("added %d people"):format(result.added) or tostring(err))
end)
must(coroutine.resume(invitation))

local longest = 0
while coroutine.status(invitation) ~= "dead" do
  local start = socket.gettime()
  client:step()
  longest = math.max(longest, socket.gettime() - start)
  socket.sleep(1 / 60) -- update(), draw()
end
client:close()
io.stderr:write(("longest step: %.1f ms\n"):format(longest * 1000))
