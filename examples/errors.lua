-- What to do with an error: a call whose outcome is unknown is settled later, in another process. Environment:
--   DINGTALK_TOKEN, DINGTALK_USER: unionId of the event's creator, DINGTALK_EVENT,
--   DINGTALK_ATTENDEES: unionIds, separated by spaces,
--   DINGTALK_STATE: a file for what is left to do; optionally DINGTALK_TIMEOUT in seconds
local calendar = require "dingtalk.calendar"
local cjson = require "cjson"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local people, path = {}, env "DINGTALK_STATE"
for id in env("DINGTALK_ATTENDEES"):gmatch "%S+" do people[#people + 1] = id end

local function load()
  local file = io.open(path)
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return cjson.decode(text)
end

-- Renamed when it is complete: on a full disk, no half of it remains.
local function save(state)
  local file = must(io.open(path .. ".new", "w"))
  local ok, message = file:write(cjson.encode(state))
  local closed, close_message = file:close()
  must(ok and closed, message or close_message)
  must(os.rename(path .. ".new", path))
end

local result, err = calendar.add_attendees(env "DINGTALK_TOKEN", env "DINGTALK_USER", nil, env "DINGTALK_EVENT", people,
  { resume = load(), timeout = tonumber(os.getenv "DINGTALK_TIMEOUT") })

if result then
  os.remove(path)
  print(("added %d people"):format(result.added))
elseif err.outcome == "unknown" or err.retryable then
  save(err.resume)
  print(("%s, %s: run it again to settle it"):format(err.kind, err.outcome))
elseif err.kind == "permission" then
  print("ask for the permission " .. table.concat(err.required_scopes or {}, ", "))
else
  print(tostring(err))
end
