--- What the loops share in which a call yields plainly and is resumed from client:step().

local coroutines = {}

local function current()
  local running, is_main = coroutine.running()
  return not is_main and running or nil
end

function coroutines.check(self)
  if current() then return true end
  return nil, ("with loop = %q a call must be made in a coroutine"):format(self.name)
end

function coroutines.suspend(_, waiter)
  waiter.coroutine = current()
  coroutine.yield()
end

function coroutines:resume(waiter)
  local member = waiter.coroutine
  if not member or coroutine.status(member) ~= "suspended" then return end
  local ok, message = coroutine.resume(member)
  if not ok then self.failure = self.failure or debug.traceback(member, tostring(message)) end
end

-- What a coroutine raised is told to the host at the end of the step, when the others have gone on.
function coroutines:rethrow()
  local failure = self.failure
  self.failure = nil
  if failure then error(failure, 0) end
end

return coroutines
