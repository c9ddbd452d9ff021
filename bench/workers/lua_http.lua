-- lua-http with lua-cjson: `request` is its request object, a connection a call; `kept` its stream
-- objects over one connection kept by hand.
-- usage: lua_http.lua request|kept URL CA CALLS ATTENDEES
local cjson = require "cjson"
local http_client = require "http.client"
local http_headers = require "http.headers"
local http_request = require "http.request"
local http_tls = require "http.tls"
local people = require "people"
local store = require "openssl.x509.store"

local mode, url, ca, calls, attendees = ...
calls = tonumber(calls)

local tables = people.list(tonumber(attendees), "tables")
local number = 0

local function context()
  local made = http_tls.new_client_context()
  local authorities = store.new()
  authorities:add(ca)
  made:setStore(authorities)
  return made
end

local is_tls = url:find("^https") ~= nil
local tls = is_tls and context() or nil

local function fill(headers)
  number = number + 1
  headers:upsert("content-type", "application/json; charset=utf-8")
  headers:upsert("accept", "application/json")
  headers:upsert("x-acs-dingtalk-access-token", people.token)
  headers:upsert("x-client-token", ("bench-%d-%d"):format(os.time(), number))
end

local function by_request()
  local request = http_request.new_from_uri(url .. people.path)
  request.ctx = tls
  request.version = 1.1 -- over HTTP/2 it waits in vain with a body of more than 16 KiB
  request.headers:upsert(":method", "POST")
  fill(request.headers)
  request:set_body(cjson.encode { attendeesToAdd = tables })
  local headers, stream = assert(request:go(30))
  assert(headers:get(":status") == "200")
  assert(stream:get_body_as_string(30))
end

local connection
local function by_stream()
  local authority = url:match("//(.*)$")
  if not connection then
    local host, port = authority:match("^(.-):(%d+)$")
    connection = assert(http_client.connect({ host = host, port = tonumber(port), tls = is_tls, ctx = tls }, 30))
  end
  local body = cjson.encode { attendeesToAdd = tables }
  local headers = http_headers.new()
  headers:append(":method", "POST")
  headers:append(":scheme", is_tls and "https" or "http")
  headers:append(":authority", authority)
  headers:append(":path", people.path)
  headers:append("content-length", tostring(#body))
  fill(headers)
  local stream = assert(connection:new_stream())
  assert(stream:write_headers(headers, false, 30))
  assert(stream:write_chunk(body, true, 30))
  assert(assert(stream:get_headers(30)):get(":status") == "200")
  assert(stream:get_body_as_string(30))
end

local function run(count)
  local call = mode == "kept" and by_stream or by_request
  for _ = 1, count do call() end
end

if calls == 1 then
  run(1)
else
  run(20)
  require("measure").run(function() run(calls) end)
end
