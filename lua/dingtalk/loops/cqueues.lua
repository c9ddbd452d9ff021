--- cqueues: a coroutine of the controller polls the client, which speaks cqueues' own protocol
--- (pollfd, events, timeout), while anything is in flight.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"

local Cqueues = { name = "cqueues" }
Cqueues.__index = Cqueues

function Cqueues.new(client)
  return setmetatable({ client = client }, Cqueues)
end

function Cqueues.check()
  if cqueues.running() then return true end
  return nil, 'with loop = "cqueues" a call must be made in a coroutine of a cqueues controller'
end

function Cqueues.suspend(_, slot)
  slot.condition = slot.condition or condition.new()
  slot.condition:wait()
end

function Cqueues.resume(_, slot)
  if slot.condition then slot.condition:signal() end
end

local function drive(self)
  local client = self.client
  while self.watching and not client:is_idle() do
    cqueues.poll(client)
    client:step()
  end
  self.watching = false
end

--- The coroutine ends when the client is idle, so that the controller can end too.
function Cqueues:watch()
  if self.watching then return end
  self.watching = true
  cqueues.running():wrap(drive, self)
end

-- The controller must let go of the descriptor before its number is used again.
function Cqueues:close()
  self.watching = false
  local fd = self.client:pollfd()
  if fd then cqueues.cancel(fd) end
end

return Cqueues
