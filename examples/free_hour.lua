-- Invites DINGTALK_PEOPLE, unionIds (alice bob carol dave), for the first free hour of DINGTALK_DAY (2030-02-01)
-- and DINGTALK_ROOM (room-7), as DINGTALK_USER (U5KPwll3QjgiG), by DINGTALK_TOKEN (dd43888e26953deead8cba556389b063).
local calendar = require "dingtalk.calendar"
local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end
local function at(hour) return ("%sT%02d:00:00.000+08:00"):format(env "DINGTALK_DAY", hour) end
local function seconds(time) -- of a time whose zone is a whole number of hours
  local y, m, d, h, min, rest = time:match "(%d+)-(%d+)-(%d+)T(%d+):(%d+)(.*)"
  return os.time { year = y, month = m, day = d, hour = h, min = min } - (rest:match "[+-]%d%d" or 0) * 3600
end
local token, user, room, people = env "DINGTALK_TOKEN", env "DINGTALK_USER", env "DINGTALK_ROOM", {}
for id in (user .. " " .. env "DINGTALK_PEOPLE"):gmatch "%S+" do people[#people + 1] = id end
local asked = { startTime = at(9), endTime = at(18), userIds = people }
local answers = must(calendar.get_schedule(token, user, asked)).scheduleInformation
asked = { startTime = at(9), endTime = at(18), roomIds = { room } }
table.insert(answers, must(calendar.get_meeting_rooms_schedule(token, user, asked)).scheduleInformation[1])
local hour, suits = 8
repeat
  hour, suits = must(hour < 17 and hour + 1, "no hour of this day suits all"), true
  for _, one in ipairs(answers) do
    for _, item in ipairs(one.scheduleItems) do -- an event of whole days has dates instead
      local from, to = seconds(item.start.dateTime or at(0)), seconds(item["end"].dateTime or at(24))
      suits = suits and (to <= seconds(at(hour)) or from >= seconds(at(hour + 1)))
    end
  end
until suits
local event = must(calendar.create_event(token, user, nil, { summary = "Planning", attendees = people,
  start = { dateTime = at(hour) }, ["end"] = { dateTime = at(hour + 1) } })).event
must(calendar.add_meeting_rooms(token, user, nil, event.id, { room }))
print(("%d people meet in %s at %s"):format(#people, room, event.start.dateTime))
