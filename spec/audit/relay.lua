-- A link between the client and the service: slow, and it breaks.
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local wire = require "spec.faults.wire"

local HANG_SECONDS = 3
local PIECES_A_SECOND = 20

-- Passes bytes on until the stream ends or `most` bytes have passed; true when the link breaks here.
local function pass(from, to, rate, most)
  while from:fill() do
    while #from.buffer > 0 do
      local piece = math.min(#from.buffer, most or math.huge, rate and rate // PIECES_A_SECOND or math.huge)
      if not to:write(from:take(piece)) then return false end
      most = most and most - piece
      if most == 0 then return true end
      if rate then cqueues.sleep(piece / rate) end
    end
  end
  return false
end

local function finish(near, far, ending)
  if ending == "hang" then cqueues.sleep(HANG_SECONDS) end
  local act = ending == "close" and "finish" or "reset"
  near[act](near)
  far[act](far)
end

--- Serves one connection of a client by one to `port`.
local function serve(sock, port, link)
  local near, far = wire.new(sock), wire.new(socket.connect { host = "127.0.0.1", port = port, nodelay = true })
  local open = 2
  local function run(from, to, most)
    local breaks = pass(from, to, link.rate, most)
    open = open - 1
    if breaks then return finish(near, far, link.ending) end
    if to.alive then to.sock:shutdown "w" end
    if open == 0 then
      near:close()
      far:close()
    end
  end
  -- cqueues raises in the one direction when the other has closed the sockets.
  local function guarded(...)
    local ok, why = pcall(run, ...)
    if not ok and near.alive and far.alive then error(why, 0) end
  end
  cqueues.running():wrap(guarded, far, near, link.down)
  guarded(near, far, link.up)
end

return { serve = serve }
