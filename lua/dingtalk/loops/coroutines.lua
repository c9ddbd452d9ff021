--- The base of the loops in which a call waits by coroutine.yield() and client:step() resumes it.

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
  -- Takes no memory: the step has others to wake.
  if not ok and not self.failed then self.failed, self.failure = member, message end
end

-- Raises what a coroutine raised, at the end of the step, when the others have gone on.
function coroutines:rethrow()
  local failed, failure = self.failed, self.failure
  if not failed then return end
  self.failed, self.failure = false, false
  error(debug.traceback(failed, errors.text_of(failure)), 0)
end

return coroutines
