--- Copas: while anything is in flight, a copas thread reads from the engine's descriptor as from a socket. Where the
--- platform has no such descriptor, it sleeps between two steps.

local copas = require "copas"
local limits = require "dingtalk.limits"
local scheduler = require "dingtalk.scheduler"

local Copas = { name = "copas" }
Copas.__index = Copas

function Copas.new(client)
  return setmetatable({ client = client }, Copas)
end

function Copas:check()
  if not scheduler.running() then
    return nil, 'with loop = "copas" a call must be made in a thread of copas, where it can yield'
  end
  if copas.sleep or self.client:pollfd() then return true end
  return nil, 'loop = "copas" needs Copas 2 or later here, where the platform has no descriptor to watch'
end

-- A queue that keeps nothing: without a queue, copas would take the thread for ended and close its socket.
local nowhere = { insert = function() end, push = function() end }

-- Copas 2 and later can put a thread to sleep. In older versions a thread is resumed by adding it again.
function Copas.suspend(_, waiter)
  waiter.coroutine = scheduler.running()
  if copas.wakeup then
    (copas.pauseforever or copas.sleep)(-1)
  else
    coroutine.yield(nowhere, nowhere)
  end
end

function Copas.resume(_, waiter)
  local thread = waiter.coroutine
  if not thread or coroutine.status(thread) ~= "suspended" then return end
  if copas.wakeup then
    copas.wakeup(thread)
  else
    copas.addthread(thread)
  end
end

-- The methods of a socket that copas and socket.select use. For a closed client it claims to hold data, so that the
-- thread that reads from it ends; which descriptor it names no longer matters.
local function descriptor(client)
  local was_readable = true
  return {
    getfd = function() return client:pollfd() or client.closed and 0 or -1 end,
    dirty = function() return client.closed end,
    close = function() end,
    receive = function()
      was_readable = not was_readable
      if was_readable then return "" end
      return nil, "timeout"
    end,
  }
end

local function wait(client)
  if client:pollfd() then
    copas.receive(descriptor(client), 1)
  else
    (copas.pause or copas.sleep)(limits.poll_interval)
  end
end

function Copas:watch()
  if self.watching then return end
  self.watching = true
  local client = self.client
  copas.addthread(function()
    local ok, message = true, nil
    while ok and self.watching and not client:is_idle() do
      wait(client)
      ok, message = pcall(client.step, client)
    end
    self.watching = false
    if ok then return end
    if not client:is_idle() then self:watch() end -- what raised was one of several
    error(message, 0)
  end)
end

function Copas:close()
  self.watching = false
end

return Copas
