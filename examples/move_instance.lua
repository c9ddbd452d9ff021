-- Moves one instance of a series by a day. Environment, and what the sandbox takes: DINGTALK_TOKEN
-- (dd43888e26953deead8cba556389b063), DINGTALK_USER: unionId of the series' creator (U5KPwll3QjgiG), DINGTALK_SERIES:
-- the id of the event that is repeated, DINGTALK_DAY: the day of the instance (2030-02-08)
local calendar = require "dingtalk.calendar"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token, user, series, day = env "DINGTALK_TOKEN", env "DINGTALK_USER", env "DINGTALK_SERIES", env "DINGTALK_DAY"

local function day_later(time)
  local year, month, date, rest = time.dateTime:match "^(%d+)-(%d+)-(%d+)(.*)$"
  local later = os.time { year = year, month = month, day = date + 1, hour = 12 }
  return { dateTime = os.date("%Y-%m-%d", later) .. rest, timeZone = time.timeZone }
end

for instance, err in calendar.each_instance(token, user, nil, series, { timeMin = day .. "T00:00:00Z" }) do
  must(instance, err)
  if instance.start.dateTime:sub(1, 10) == day then
    local moved = must(calendar.update_event(token, user, nil, instance.id,
      { start = day_later(instance.start), ["end"] = day_later(instance["end"]) })).event
    return print(("%s was at %s, is at %s"):format(moved.id, instance.start.dateTime, moved.start.dateTime))
  end
end
error("the series has no instance on " .. day, 0)
