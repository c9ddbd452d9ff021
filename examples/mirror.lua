-- Keeps a copy of a calendar's events in a file: a run asks only for what has changed since the one before.
-- Environment, and what the sandbox takes: DINGTALK_TOKEN (dd43888e26953deead8cba556389b063), DINGTALK_USER: unionId
-- of the user whose calendar it is (U5KPwll3QjgiG), DINGTALK_FILE: where the copy is kept (/tmp/calendar.json)
local calendar = require "dingtalk.calendar"
local cjson = require "cjson"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token, user, path = env "DINGTALK_TOKEN", env "DINGTALK_USER", env "DINGTALK_FILE"
local file = io.open(path)
local copy = file and cjson.decode(file:read "*a") or { events = {} }
if file then file:close() end

local each = calendar.each_event(token, user, nil, { syncToken = copy.syncToken, showDeleted = true })
local changed, gone = 0, 0
for event, err in each do
  must(event, err)
  local is_gone = event.status == "cancelled"
  copy.events[event.id] = not is_gone and { summary = event.summary, start = event.start } or nil
  changed, gone = changed + (is_gone and 0 or 1), gone + (is_gone and 1 or 0)
end
copy.syncToken = each.syncToken -- kept only now: a run that failed asks for the same again

file = must(io.open(path .. ".new", "w"))
must(file:write(cjson.encode(copy)))
must(file:close())
must(os.rename(path .. ".new", path))
print(("%d changed, %d gone"):format(changed, gone))
