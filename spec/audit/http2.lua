-- HTTP/2 on one connection of the audited service, with many streams at a time: each request meets its fate.
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local hpack = require "spec.faults.hpack"
local http2 = require "spec.faults.http2"

local frame, read_frame, unpadded = http2.frame, http2.read_frame, http2.unpadded

-- Another coroutine. An error that it raises when its connection is closed means nothing.
local function go(conn, work, ...)
  cqueues.running():wrap(function(...)
    local ok, why = pcall(work, ...)
    if not ok and conn.wire.alive then table.insert(conn.service.faults, why) end
  end, ...)
end

local function later(conn, seconds, work)
  if not seconds then return work() end
  go(conn, function()
    cqueues.sleep(seconds)
    work()
  end)
end

local PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
local DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
local ACK, END_STREAM, END_HEADERS = 1, 1, 4
local NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL = 0, 2, 7, 8
local MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 3, 4
local RETIRED_SECONDS = 5 -- for the streams that a GOAWAY leaves to be served

-- One coroutine writes what all streams have to say, in order.
local function write_on(conn)
  while conn.wire.alive do
    local bytes = table.concat(conn.out)
    conn.out = {}
    if bytes == "" then
      if conn.finishing then return conn.wire.sock:shutdown "w" end
      conn.has_output:wait()
    elseif not conn.wire:write(bytes) then
      return
    end
  end
end

local function send(conn, ...)
  conn.out[#conn.out + 1] = frame(...)
  conn.has_output:signal()
end

local function reset_stream(conn, id, code) send(conn, RST_STREAM, 0, id, string.pack(">I4", code)) end

-- Ends the connection after all that is to be written.
local function finish(conn)
  conn.finishing = true
  conn.has_output:signal()
end

local function go_away(conn, last)
  if conn.last and conn.last <= last then return end
  conn.last = last
  send(conn, GOAWAY, 0, 0, string.pack(">I4I4", last, NO_ERROR))
  later(conn, RETIRED_SECONDS, function() finish(conn) end)
end

-- With all streams of a retired connection served, it ends.
local function forget(conn, id)
  conn.streams[id] = nil
  if conn.last and not next(conn.streams) then finish(conn) end
end

local function reply(conn, id, fate)
  local status, body, pause = fate.answer[1], fate.answer[2], fate.answer.pause
  local fields = { { ":status", tostring(status) }, { "x-acs-request-id", "audit" } }
  later(conn, pause, function()
    send(conn, HEADERS, END_HEADERS | (body == "" and END_STREAM or 0), id, hpack.encode(fields))
    if body ~= "" then send(conn, DATA, END_STREAM, id, body) end
    if fate.at ~= "read" then reset_stream(conn, id, NO_ERROR) end
    if fate.retire then go_away(conn, conn.highest) end
    forget(conn, id)
  end)
end

local endings = {
  stream = function(conn, id) reset_stream(conn, id, id % 4 == 1 and CANCEL or INTERNAL_ERROR) end,
  refuse = function(conn, id) reset_stream(conn, id, REFUSED_STREAM) end,
  -- This one and those that come after it are not looked at.
  goaway = function(conn, id) go_away(conn, math.max(0, id - 2)) end,
  close = function(conn) conn.wire:close() end,
  reset = function(conn) conn.wire:reset() end,
  hang = function() end,
}

local function meet_fate(conn, id, stream)
  local fate = stream.fate
  stream.met = true
  if fate.at == "read" then
    local request = { token = stream.token, event = stream.event, body = table.concat(stream.body) }
    conn.service:read(request.token)
    if fate.work then conn.service:work(request, fate.work) end
  end
  if fate.answer then return reply(conn, id, fate) end
  endings[fate.ending](conn, id)
  forget(conn, id)
end

local on = {}

on[HEADERS] = function(conn, f)
  local block, flags = unpadded(f), f.flags
  while flags & END_HEADERS == 0 do
    local more = read_frame(conn.wire)
    if not more or more.kind ~= CONTINUATION then return end
    block, flags = block .. more.payload, more.flags
  end
  local headers = conn.hpack:decode(block) -- also of a stream that is ignored: the table is the connection's
  if conn.last and f.stream > conn.last then return end
  conn.highest = f.stream
  local stream = {
    token = headers["x-client-token"], event = headers[":path"]:match "/events/([^/]+)", fate = conn.next_fate(),
    length = tonumber(headers["content-length"]), got = 0, body = {},
  }
  conn.streams[f.stream] = stream
  if stream.fate.at == "head" then meet_fate(conn, f.stream, stream) end
end

-- Gives back what was read to the windows of the connection and of the stream.
local function grant(conn, id, size, is_last)
  if size == 0 then return end
  later(conn, conn.nature.grant, function()
    send(conn, WINDOW_UPDATE, 0, 0, string.pack(">I4", size))
    if not is_last and conn.streams[id] then send(conn, WINDOW_UPDATE, 0, id, string.pack(">I4", size)) end
  end)
end

on[DATA] = function(conn, f)
  local is_last = f.flags & END_STREAM ~= 0
  grant(conn, f.stream, #f.payload, is_last)
  local stream = conn.streams[f.stream]
  if not stream or stream.met then return end
  local bytes = unpadded(f)
  stream.body[#stream.body + 1], stream.got = bytes, stream.got + #bytes
  local at = stream.fate.at
  if at == "read" and is_last or at == "part" and stream.got * 2 >= stream.length then
    meet_fate(conn, f.stream, stream)
  end
end

on[SETTINGS] = function(conn, f)
  if f.flags & ACK == 0 then send(conn, SETTINGS, ACK, 0, "") end
end

on[PING] = function(conn, f)
  if f.flags & ACK == 0 then send(conn, PING, ACK, 0, f.payload) end
end

-- The client has given it up.
on[RST_STREAM] = function(conn, f) forget(conn, f.stream) end

local function settings_of(nature)
  local settings = string.pack(">I2I4", MAX_CONCURRENT_STREAMS, nature.streams or 100)
  if nature.window then settings = settings .. string.pack(">I2I4", INITIAL_WINDOW_SIZE, nature.window) end
  return settings
end

local function serve(conn)
  conn.hpack, conn.streams, conn.highest = hpack.new(), {}, 0
  conn.out, conn.has_output = {}, condition.new()
  if conn.wire:take(#PREFACE) ~= PREFACE then return end
  send(conn, SETTINGS, 0, 0, settings_of(conn.nature))
  go(conn, write_on, conn)
  while true do
    local f = read_frame(conn.wire)
    if not f then break end
    if on[f.kind] then on[f.kind](conn, f) end
  end
  conn.has_output:signal()
end

return { serve = serve }
