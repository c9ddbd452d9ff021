--- Games and other hosts with a frame of their own: a call yields, and client:step(), called each
--- frame or tick, does the I/O and resumes each coroutine whose wait is over.

local Manual = { name = "manual" }
Manual.__index = Manual

function Manual.new(client)
  return setmetatable({ client = client }, Manual)
end

local function current()
  local running, is_main = coroutine.running()
  return not is_main and running or nil
end

function Manual.check()
  if current() then return true end
  return nil, 'with loop = "manual" a call must be made in a coroutine, which client:step() resumes'
end

function Manual.suspend(_, slot)
  slot.coroutine = current()
  coroutine.yield()
end

function Manual:resume(slot)
  local member = slot.coroutine
  if not member or coroutine.status(member) ~= "suspended" then return end
  local ok, message = coroutine.resume(member)
  if not ok then self.failure = self.failure or debug.traceback(member, tostring(message)) end
end

-- What a coroutine raised is told to the host at the end of the step, when the others have gone on.
function Manual:rethrow()
  local failure = self.failure
  self.failure = nil
  if failure then error(failure, 0) end
end

return Manual
