-- What the adapter uses of copas 2 to 4, where a thread may yield to copas' own queues only, sleeps by
-- itself until somebody wakes it, and loop() returns when nothing is left. Debian has copas 1 alone.
local socket = require "socket"

local copas = {}

local reading, sleeping, failure = {}, {}, nil

local function tick(thread, ...)
  local ok, what, queue = coroutine.resume(thread, ...)
  if queue == reading then
    reading[what] = thread
  elseif queue == sleeping then
    sleeping[thread] = what < 0 and math.huge or socket.gettime() + what
  elseif not ok then
    failure = failure or what
  elseif coroutine.status(thread) ~= "dead" then
    failure = failure or "user code cannot yield to copas"
  end
end

function copas.sleep(seconds) coroutine.yield(seconds, sleeping) end
function copas.pause(seconds) coroutine.yield(math.max(seconds or 0, 0), sleeping) end
function copas.pauseforever() coroutine.yield(-1, sleeping) end

function copas.wakeup(thread)
  if sleeping[thread] then sleeping[thread] = 0 end
end

-- The thread starts at the next step, not at once.
function copas.addthread(handler)
  local thread = coroutine.create(function()
    copas.pause()
    handler()
  end)
  tick(thread)
  return thread
end

function copas.receive(client, pattern, part)
  local text, err
  repeat
    text, err, part = client:receive(pattern, part)
    if err == "timeout" then coroutine.yield(client, reading) end
  until err ~= "timeout"
  return text, err, part
end

local function due()
  local now, list = socket.gettime(), {}
  for thread, at in pairs(sleeping) do
    if at <= now then list[#list + 1] = thread end
  end
  return list
end

function copas.step(seconds)
  local sockets = {}
  for client in pairs(reading) do sockets[#sockets + 1] = client end
  for _, client in ipairs((socket.select(sockets, nil, #due() > 0 and 0 or seconds))) do
    local thread = reading[client]
    reading[client] = nil
    tick(thread, client)
  end
  for _, thread in ipairs(due()) do
    sleeping[thread] = nil
    tick(thread)
  end
end

function copas.loop()
  while next(reading) or next(sleeping) do
    copas.step(0.001)
    if failure then
      local message = failure
      failure = nil
      error(message, 0)
    end
  end
end

return copas
