-- HTTP/2 on one connection, one request at a time: enough to answer a client, and to answer it wrongly.
local cqueues = require "cqueues"
local hpack = require "spec.faults.hpack"
local http1 = require "spec.faults.http1"
local seen = require "spec.faults.seen"

local PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
local DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
local ACK, END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32

local function frame(kind, flags, stream, payload)
  return string.pack(">I3BBI4", #payload, kind, flags, stream) .. payload
end

local function read_frame(wire)
  local head = wire:take(9)
  if not head then return nil end
  local length, kind, flags, stream = string.unpack(">I3BBI4", head)
  local payload = wire:take(length)
  if not payload then return nil end
  return { kind = kind, flags = flags, stream = stream, payload = payload }
end

local function unpadded(f)
  local payload = f.payload
  if f.flags & PADDED ~= 0 then payload = payload:sub(2, #payload - payload:byte()) end
  if f.kind == HEADERS and f.flags & PRIORITY ~= 0 then payload = payload:sub(6) end
  return payload
end

local function begin(conn, stream, block)
  conn.stream, conn.body = stream, {}
  conn.headers = conn.hpack:decode(block)
  conn.method, conn.path = conn.headers[":method"], conn.headers[":path"]
end

local on = {}

on[HEADERS] = function(conn, f)
  local block = unpadded(f)
  local flags = f.flags
  while flags & END_HEADERS == 0 do
    local more = read_frame(conn.wire)
    if not more then return end
    block, flags = block .. more.payload, more.flags
  end
  begin(conn, f.stream, block)
end

on[DATA] = function(conn, f)
  if f.stream == conn.stream then table.insert(conn.body, unpadded(f)) end
end

on[SETTINGS] = function(conn, f)
  if f.flags & ACK == 0 and not conn.silent then conn.wire:write(frame(SETTINGS, ACK, 0, "")) end
end

on[PING] = function(conn, f)
  if f.flags & ACK == 0 then conn.wire:write(frame(PING, ACK, 0, f.payload)) end
end

on[RST_STREAM] = function() end
on[GOAWAY] = function(conn) conn.going = true end
on[WINDOW_UPDATE] = function() end

local function next_frame(conn)
  local f = read_frame(conn.wire)
  if not f then return nil end
  if on[f.kind] then on[f.kind](conn, f) end
  return f
end

local steps = setmetatable({}, { __index = http1.steps })

function steps.head(conn)
  while not conn.headers do
    if not next_frame(conn) then return false end
  end
  return true
end

function steps.read(conn)
  if not steps.head(conn) then return false end
  while not conn.complete do
    local f = next_frame(conn)
    if not f then return false end
    conn.complete = f.stream == conn.stream and f.kind == DATA and f.flags & END_STREAM ~= 0
  end
  seen.request(conn, table.concat(conn.body))
  return true
end

--- { "headers", { {name, value}, … }, fin = bool }
function steps.headers(conn, step)
  local fields = {}
  for i, field in ipairs(step[2]) do fields[i] = { field[1], http1.echoed(conn, conn.expand(field[2])) } end
  local flags = END_HEADERS | (step.fin and END_STREAM or 0)
  return conn.wire:write(frame(HEADERS, flags, conn.stream, hpack.encode(fields)))
end

--- Header blocks that never say they are complete.
function steps.endless_headers(conn, step)
  local block = hpack.encode { { ":status", "200" } }
  conn.wire:write(frame(HEADERS, 0, conn.stream, block))
  while conn.wire:write(frame(CONTINUATION, 0, conn.stream, hpack.encode { step[2] })) do
    conn.shared.flooded = conn.shared.flooded + #step[2][2]
  end
  return false
end

function steps.data(conn, step)
  return conn.wire:write(frame(DATA, step.fin and END_STREAM or 0, conn.stream, http1.echoed(conn, step[2])))
end

function steps.flood_data(conn, step)
  while conn.wire:write(frame(DATA, 0, conn.stream, step[2])) do
    conn.shared.flooded = conn.shared.flooded + #step[2]
  end
  return false
end

--- Control frames for ever: { "flood_frames", kind, payload, every = seconds }
function steps.flood_frames(conn, step)
  while conn.wire:write(frame(step[2], 0, 0, step[3])) do
    conn.shared.flooded = conn.shared.flooded + #step[3]
    cqueues.sleep(step.every)
  end
  return false
end

function steps.rst(conn, step)
  return conn.wire:write(frame(RST_STREAM, 0, conn.stream, string.pack(">I4", step[2])))
end

--- { "goaway", last_stream, code }
function steps.goaway(conn, step)
  return conn.wire:write(frame(GOAWAY, 0, 0, string.pack(">I4I4", step[2], step[3])))
end

--- Reads on until the peer ends the connection, as a server does after GOAWAY.
function steps.drain(conn)
  while next_frame(conn) do conn.headers = nil end
  conn.wire:close()
  return false
end

local function hello(conn)
  if conn.wire:take(#PREFACE) ~= PREFACE then return false end
  return conn.silent or conn.wire:write(frame(SETTINGS, 0, 0, ""))
end

-- A request is served when its first HEADERS arrive, so that frames between requests choose no script.
local function serve(conn)
  conn.hpack = hpack.new()
  if not hello(conn) then return end
  if conn.greeting and not http1.run(conn, conn.greeting, steps) then return end
  while true do
    conn.headers, conn.complete = nil, false
    if not steps.head(conn) then return end
    if not http1.run(conn, seen.next_script(conn), steps) then return end
  end
end

return { serve = serve, frame = frame, read_frame = read_frame, unpadded = unpadded }
