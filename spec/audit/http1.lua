-- HTTP/1.1 on one connection of the audited service: each request meets its fate.
local cqueues = require "cqueues"
local answers = require "spec.faults.answers"
local http1 = require "spec.faults.http1"

local function request_of(conn, body)
  return { token = conn.headers["x-client-token"], event = conn.path:match "/events/([^/]+)", body = body }
end

local endings = { stream = "reset", refuse = "close", goaway = "finish" }

-- Reads what the fate leaves to be read; false when the stream ended before.
local function receive(conn, fate)
  local length = tonumber(conn.headers["content-length"])
  if fate.at == "head" then return length end
  if fate.at == "part" then
    local half = math.floor(length / 2)
    return conn.wire:take(half) and length - half
  end
  local body = conn.wire:take(length)
  if not body then return false end
  local request = request_of(conn, body)
  conn.service:read(request.token)
  if fate.work then conn.service:work(request, fate.work) end
  return 0
end

-- Answers; false when the connection ends with it.
local function reply(conn, fate, left)
  local status, body, pause = fate.answer[1], fate.answer[2], fate.answer.pause
  if pause then cqueues.sleep(pause) end
  local fields = fate.retire and { "Connection: close" } or nil
  if not conn.wire:write(answers.text(status, body, fields)) then return false end
  if fate.retire then conn.wire:finish() end
  return not fate.retire and conn.wire:take(left) ~= nil
end

local function serve(conn)
  while http1.steps.head(conn) do
    local fate = conn.next_fate()
    local left = receive(conn, fate)
    if not left then return end
    if not fate.answer then
      local ending = endings[fate.ending] or fate.ending
      return conn.wire[ending](conn.wire)
    end
    if not reply(conn, fate, left) then return end
    conn.headers = nil
  end
end

return { serve = serve }
