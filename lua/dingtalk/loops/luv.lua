--- luv (libuv): the loop watches the engine's descriptor, or steps by a timer where there is none. A call may yield in
--- any coroutine.

local coroutines = require "dingtalk.loops.coroutines"
local limits = require "dingtalk.limits"
local uv = require "luv"

local REAP_INTERVAL = 1 -- seconds between two steps that look for coroutines closed while waiting

local Luv = setmetatable({ name = "luv" }, { __index = coroutines })
Luv.__index = Luv

-- libuv keeps the callback of a handle. It refers to the adapter only while something is in flight, so that a client
-- that was dropped can be collected.
function Luv.new(client)
  local watched = {}
  local function tick()
    if watched.adapter then watched.adapter:tick() end
  end
  return setmetatable({
    client = client, watched = watched, on_tick = tick, failed = false, failure = false,
  }, Luv)
end

-- A program may have closed all handles of the loop.
local function is_closed(handle)
  return handle ~= nil and handle:is_closing()
end

local function start(self)
  local fd = self.client:pollfd()
  if is_closed(self.handle) then self.handle = nil end
  if fd then
    self.handle = self.handle or uv.new_poll(fd)
    self.handle:start("r", self.on_tick)
  else
    local ms = limits.poll_interval * 1000
    self.handle = self.handle or uv.new_timer()
    self.handle:start(ms, ms, self.on_tick)
  end
end

-- A stopped handle does not keep uv.run() from returning. It is never closed but left to the collector:
-- luv 1.44 crashes when a program ends with a closed handle whose loop did not run again.
local function stop(self)
  self.watched.adapter = nil
  if self.handle and not is_closed(self.handle) then self.handle:stop() end
end

function Luv:watch()
  if self.watched.adapter and not is_closed(self.handle) then return end
  self.watched.adapter = self
  self:look_later()
  start(self)
end

-- From Lua 5.4 on, a program may close a coroutine that waits for an answer.
function Luv:look_later()
  if coroutine.close then self.client:remind(REAP_INTERVAL) end
end

function Luv:tick()
  local client = self.client
  local ok, message = pcall(client.step, client)
  if client:is_idle() then
    stop(self)
  elseif self.watched.adapter and not client.reminder then
    self:look_later()
  end
  if not ok then error(message, 0) end
end

function Luv:close()
  stop(self)
  self.handle = nil
end

Luv.forget = Luv.close

return Luv
