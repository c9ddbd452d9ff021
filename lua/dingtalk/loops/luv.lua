--- luv (libuv): the loop watches the engine's descriptor; a call yields in any coroutine.

local coroutines = require "dingtalk.loops.coroutines"
local uv = require "luv"

local REAP_INTERVAL = 1 -- seconds between two steps that look for coroutines closed while waiting

local Luv = {
  name = "luv",
  check = coroutines.check, suspend = coroutines.suspend,
  resume = coroutines.resume, rethrow = coroutines.rethrow,
}
Luv.__index = Luv

function Luv.new(client)
  return setmetatable({ client = client }, Luv)
end

--- A stopped handle does not keep uv.run() from returning.
function Luv:watch()
  if self.watching then return end
  self.watching = true
  self:look_later()
  self.poll = self.poll or uv.new_poll(self.client:pollfd())
  self.poll:start("r", function() self:tick() end)
end

-- From Lua 5.4 on somebody may close a coroutine whose answer is far away.
function Luv:look_later()
  if coroutine.close then self.client:remind(REAP_INTERVAL) end
end

function Luv:tick()
  local client = self.client
  local ok, message = pcall(client.step, client)
  if self.watching and client:is_idle() then
    self.watching = false
    self.poll:stop()
  elseif self.watching and not client.reminder then
    self:look_later()
  end
  if not ok then error(message, 0) end
end

function Luv:close()
  local poll = self.poll
  self.poll, self.watching = nil, false
  if not poll then return end
  poll:stop()
  -- luv 1.44 crashes at exit with a handle closed that its loop never ran again for; once the loop
  -- has ended, the handle is left to the collector.
  if uv.loop_alive() then poll:close() end
end

Luv.forget = Luv.close

return Luv
