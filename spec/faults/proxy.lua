-- A CONNECT proxy that remembers what it was sent.
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local http1 = require "spec.faults.http1"
local seen = require "spec.faults.seen"
local wire = require "spec.faults.wire"

local steps = setmetatable({}, { __index = http1.steps })

--- Reads a CONNECT request and keeps its headers.
function steps.connect(conn)
  if not http1.steps.head(conn) then return false end
  seen.connect(conn)
  return true
end

local function pump(from, to)
  while #from.buffer > 0 or from:fill() do
    local bytes = from.buffer
    from.buffer = ""
    if not to:write(bytes) then break end
  end
end

local function dial(target)
  local host, port = target:match("^(.*):(%d+)$")
  -- Only this machine: a proxy under test forwards to nowhere else.
  if host == "[::1]" then host = "::1" elseif host ~= "127.0.0.1" then return nil end
  local sock = socket.connect { host = host, port = tonumber(port), nodelay = true }
  return sock:connect(5) and wire.new(sock)
end

--- Connects to the target and copies both ways until either side ends.
function steps.tunnel(conn)
  local far = dial(conn.path)
  if not far then return false end
  conn.wire:write("HTTP/1.1 200 Connection established\r\n\r\n")
  local returned = condition.new()
  cqueues.running():wrap(function()
    pump(far, conn.wire)
    conn.wire.sock:shutdown("w")
    far.ended = true
    returned:signal()
  end)
  pump(conn.wire, far)
  far.sock:shutdown("rw")
  -- Neither socket may be closed while the other coroutine waits on it.
  while not far.ended do returned:wait() end
  far:close()
  return false
end

local function serve(conn)
  while #conn.wire.buffer > 0 or conn.wire:fill() do
    conn.headers = nil
    if not http1.run(conn, seen.nth(conn.shared.row.proxy, #conn.shared.connects + 1), steps) then return end
  end
end

return { serve = serve }
