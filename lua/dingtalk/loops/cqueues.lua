--- cqueues: while anything is in flight, a coroutine of the controller polls the client, which has the methods that
--- cqueues polls objects by: pollfd, events, timeout.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local scheduler = require "dingtalk.scheduler"

local Cqueues = { name = "cqueues", direct = true }
Cqueues.__index = Cqueues

function Cqueues.new(client)
  return setmetatable({ client = client, drivers = setmetatable({}, { __mode = "k" }) }, Cqueues)
end

function Cqueues.check()
  if cqueues.running() and scheduler.running() then return true end
  return nil, 'with loop = "cqueues" a call must be made in a coroutine of a cqueues controller, where it can yield'
end

function Cqueues.suspend(_, waiter)
  waiter.condition = waiter.condition or condition.new()
  waiter.condition:wait()
end

function Cqueues.resume(_, waiter)
  if waiter.condition then waiter.condition:signal() end
end

local function drive(self, controller)
  local client = self.client
  local ok, message = true, nil
  while ok and self.drivers[controller] and not client:is_idle() do
    cqueues.poll(client)
    ok, message = pcall(client.step, client)
  end
  self.drivers[controller] = nil
  if ok then return end
  if not client:is_idle() then self:watch() end -- what raised was one of several
  error(message, 0)
end

--- The coroutine ends when the client is idle, so that the controller can end too. Each controller
--- that waits has one: another may have been dropped with calls in flight.
function Cqueues:watch()
  local controller = cqueues.running()
  if not controller or self.drivers[controller] then return end
  self.drivers[controller] = true
  controller:wrap(drive, self, controller)
end

-- The controller must let go of the descriptor before its number is used again.
function Cqueues:close()
  self.drivers = {}
  local engine = self.client.engine
  local fd = engine and engine:is_usable() and engine:pollfd()
  if fd then cqueues.cancel(fd) end
end

return Cqueues
