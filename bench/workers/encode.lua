-- The request body by the C core and by lua-cjson, in turns: seconds a body, one line a round.
-- usage: encode.lua ATTENDEES strings|tables|optional ascii|cjk|escapes ROUNDS
--
-- lua-cjson is given what it can encode as it is, a list of tables made beforehand, also where
-- the core is given plain strings.
local cjson = require "cjson"
local core = require "dingtalk.core"
local people = require "people"

local attendees, kind, text, rounds = ...
attendees, rounds = tonumber(attendees), tonumber(rounds)

local list = people.list(attendees, kind, text)
local wanted = { attendeesToAdd = people.list(attendees, kind == "strings" and "tables" or kind, text) }
local turns = math.max(3, math.floor(60000 / attendees))

local function by_core()
  local body = core.attendees(list)
  body:free()
end
local function by_cjson() return cjson.encode(wanted) end

local function seconds_each(encode)
  local start = os.clock()
  for _ = 1, turns do encode() end
  return (os.clock() - start) / turns
end

-- Both must say the same of the last attendee, or the race is void.
local body = core.attendees(list)
local last = cjson.decode(body:body(body:batches())).attendeesToAdd
assert(last[#last].id == wanted.attendeesToAdd[attendees].id)

seconds_each(by_core)
seconds_each(by_cjson)
for _ = 1, rounds do
  collectgarbage()
  local ours = seconds_each(by_core)
  collectgarbage()
  print(("core=%.12f cjson=%.12f"):format(ours, seconds_each(by_cjson)))
end
