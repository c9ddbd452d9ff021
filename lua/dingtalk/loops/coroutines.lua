--- What the loops share in which a call yields plainly and is resumed from client:step().

local errors = require "dingtalk.errors"
local scheduler = require "dingtalk.scheduler"

local coroutines = {}

function coroutines.check(self)
  if scheduler.running() then return true end
  return nil, ("with loop = %q a call must be made in a coroutine, where it can yield"):format(self.name)
end

function coroutines.suspend(_, waiter)
  waiter.coroutine = scheduler.running()
  coroutine.yield()
end

function coroutines:resume(waiter)
  local member = waiter.coroutine
  if not member or coroutine.status(member) ~= "suspended" then return end
  local ok, message = coroutine.resume(member)
  if not ok then self.failure = self.failure or debug.traceback(member, errors.text_of(message)) end
end

-- What a coroutine raised is told to the host at the end of the step, when the others have gone on.
function coroutines:rethrow()
  local failure = self.failure
  self.failure = nil
  if failure then error(failure, 0) end
end

return coroutines
