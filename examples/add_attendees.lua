-- Adds people to an event. Reads the environment: DINGTALK_TOKEN, DINGTALK_USER,
-- DINGTALK_EVENT and DINGTALK_ATTENDEES (unionIds, separated by spaces).
local calendar = require "dingtalk.calendar"

local people = {}
for id in os.getenv("DINGTALK_ATTENDEES"):gmatch("%S+") do
  people[#people + 1] = id
end

local client = assert(calendar.new {
  base_url = os.getenv("DINGTALK_BASE_URL"), -- nil: the real service
  ca_file = os.getenv("DINGTALK_CA_FILE"),
})
local result, err = client:add_attendees(os.getenv("DINGTALK_TOKEN"), os.getenv("DINGTALK_USER"), "primary",
  os.getenv("DINGTALK_EVENT"), people)
client:close()

if not result then
  io.stderr:write("not added: ", tostring(err), "\n")
  os.exit(1)
end
print(("added %d people in %d request(s), x-client-token %s"):format(
  result.added, #result.batches, result.client_token))
