-- What a scenario has seen, and which script is next. Counted over all connections of the scenario.
local digest = require "openssl.digest"

local function sha256(bytes)
  return (digest.new("sha256"):final(bytes):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function new(row)
  return {
    row = row, connections = 0, open = 0, flooded = 0, stalled = 0, requests = {}, connects = {},
    begun = 0, serving = 0, most = 0, -- requests so far, now, and at most at a time
    marks = {},
  }
end

local function nth(list, n) return list[math.min(n, #list)] end

--- The script for the request that begins now; the last of a row's scripts serves all later ones.
local function next_script(conn)
  local shared = conn.shared
  shared.begun = shared.begun + 1
  return nth(conn.requests, shared.begun)
end

local function request(conn, body)
  local shared = conn.shared
  local requests = shared.requests
  conn.text = conn.path .. "\n" .. body
  requests[#requests + 1] = {
    connection = conn.number,
    version = conn.version,
    method = conn.method,
    path = conn.path,
    headers = conn.headers,
    client_token = conn.headers["x-client-token"],
    token = conn.headers["x-acs-dingtalk-access-token"],
    length = #body,
    sha256 = sha256(body),
  }
end

local function connect(conn)
  local connects = conn.shared.connects
  connects[#connects + 1] = { target = conn.path, headers = conn.headers }
end

return { new = new, nth = nth, next_script = next_script, request = request, connect = connect }
