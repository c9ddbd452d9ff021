-- HTTP/1.1 on one connection: which script serves which request, and what each step of a script does.
local cqueues = require "cqueues"
local seen = require "spec.faults.seen"

local function parse_head(head)
  local method, path = head:match("^(%S+) (%S+) HTTP/1%.%d\r\n")
  local headers = {}
  for field, value in head:gmatch("\r\n([^:\r\n]+):[ \t]*([^\r\n]*)") do
    headers[field:lower()] = value
  end
  return method, path, headers
end

local function read_chunked(wire)
  local parts = {}
  while true do
    local line = wire:take_until("\r\n")
    local size = line and tonumber(line:match("^%x+"), 16)
    if not size then return nil end
    local data = wire:take(size + 2)
    if not data then return nil end
    if size == 0 then return table.concat(parts) end
    parts[#parts + 1] = data:sub(1, size)
  end
end

local function read_body(wire, headers)
  if headers["transfer-encoding"] then return read_chunked(wire) end
  return wire:take(tonumber(headers["content-length"]) or 0)
end

local steps = {}

--- The head of the request only; the body stays on the wire.
function steps.head(conn)
  if conn.headers then return true end
  local head = conn.wire:take_until("\r\n\r\n")
  if not head then return false end
  conn.method, conn.path, conn.headers = parse_head(head)
  return true
end

--- The whole request; only this makes it count as received.
function steps.read(conn)
  if not steps.head(conn) then return false end
  local body = read_body(conn.wire, conn.headers)
  if not body then return false end
  seen.request(conn, body)
  return true
end

--- The head and the first n bytes of the body.
function steps.part(conn, step)
  return steps.head(conn) and conn.wire:take(step[2]) ~= nil
end

--- Whatever the peer sends first, unparsed.
function steps.fill(conn) return conn.wire:fill() end

-- Some gateways repeat in their answers what they were sent, as it was or as JSON may write it.
local function echoed(conn, bytes)
  local token = conn.headers and conn.headers["x-acs-dingtalk-access-token"] or ""
  local escaped = token:gsub(".", function(c) return ("\\u%04x"):format(c:byte()) end)
  local forms = { ["{token}"] = token, ["{token_escaped}"] = escaped }
  return (bytes:gsub("{token[_%a]*}", forms))
end

function steps.send(conn, step)
  local bytes = echoed(conn, conn.expand(step[2]))
  if step.every then return conn.wire:dribble(bytes, step.every) end
  return conn.wire:write(bytes)
end

--- The same bytes again and again, `every` seconds apart, until the peer has had enough.
function steps.flood(conn, step)
  while conn.wire:write(step[2]) do
    conn.shared.flooded = conn.shared.flooded + #step[2]
    if step.every then cqueues.sleep(step.every) end
  end
  return false
end

function steps.wait(_, step)
  cqueues.sleep(step[2])
  return true
end

local POLL_SECONDS = 0.005

local function wait_until(conn, condition)
  while not conn.shared.closed and not condition() do cqueues.sleep(POLL_SECONDS) end
  return not conn.shared.closed
end

--- Waits until so many requests have started, over all connections.
function steps.begun(conn, step)
  return wait_until(conn, function() return conn.shared.begun >= step[2] end)
end

--- Until a script has marked that name.
function steps.await(conn, step)
  return wait_until(conn, function() return conn.shared.marks[step[2]] end)
end

function steps.mark(conn, step)
  conn.shared.marks[step[2]] = true
  return true
end

--- Neither reads nor answers; ends with the scenario.
function steps.stall(conn)
  conn.shared.stalled = conn.shared.stalled + 1
  while not conn.shared.closed do cqueues.sleep(0.02) end
  return false
end

for _, ending in ipairs { "hang", "close", "finish", "reset" } do
  steps[ending] = function(conn)
    conn.wire[ending](conn.wire)
    return false
  end
end

local run

--- { "choose", { { "text", script }, … } }: runs the script of the first text that the request's path or body holds.
function steps.choose(conn, step)
  for _, row in ipairs(step[2]) do
    if conn.text:find(row[1], 1, true) then return run(conn, row[2], steps) end
  end
  error("no script for " .. conn.text)
end

--- Runs a script; true when the connection may serve another request.
function run(conn, script, vocabulary)
  for _, step in ipairs(script) do
    local word = type(step) == "table" and step[1] or step
    local act = vocabulary[word] or error("unknown step " .. tostring(word))
    if not act(conn, step) then return false end
  end
  return conn.wire.alive
end

local function serve(conn)
  local wire = conn.wire
  while #wire.buffer > 0 or wire:fill() do
    conn.headers = nil
    local shared = conn.shared
    shared.serving = shared.serving + 1
    shared.most = math.max(shared.most, shared.serving)
    local goes_on = run(conn, seen.next_script(conn), steps)
    shared.serving = shared.serving - 1
    if not goes_on then return end
  end
end

return { serve = serve, run = run, steps = steps, echoed = echoed }
