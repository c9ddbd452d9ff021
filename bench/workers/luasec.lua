-- luasocket, luasec and lua-cjson, as their manuals show it: a connection a call.
-- usage: luasec.lua URL CA CALLS ATTENDEES
local cjson = require "cjson"
local http = require "socket.http"
local https = require "ssl.https"
local ltn12 = require "ltn12"
local people = require "people"

local url, ca, calls, attendees = ...
calls = tonumber(calls)

local tables = people.list(tonumber(attendees), "tables")
local number = 0

local function call()
  number = number + 1
  local body = cjson.encode { attendeesToAdd = tables }
  local answer = {}
  local _, status = (url:find("^https") and https or http).request {
    url = url .. people.path, method = "POST", protocol = url:find("^https") and "any" or nil,
    verify = url:find("^https") and "peer" or nil, cafile = url:find("^https") and ca or nil,
    headers = {
      ["content-type"] = "application/json; charset=utf-8", ["content-length"] = #body,
      ["accept"] = "application/json", ["x-acs-dingtalk-access-token"] = people.token,
      ["x-client-token"] = ("bench-%d-%d"):format(os.time(), number),
    },
    source = ltn12.source.string(body), sink = ltn12.sink.table(answer),
  }
  assert(status == 200, status)
end

local function run(count)
  for _ = 1, count do call() end
end

if calls == 1 then
  run(1)
else
  run(20)
  require("measure").run(function() run(calls) end)
end
