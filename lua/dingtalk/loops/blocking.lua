--- Plain Lua: the calling thread steps the engine in place until its wait is over.

local loops = require("dingtalk.lazy").kept "dingtalk.loops"

local Blocking = { name = "blocking", direct = true, in_place = true }
Blocking.__index = Blocking

function Blocking.new(client)
  return setmetatable({ client = client }, Blocking)
end

function Blocking:suspend()
  self.client:turn()
end

-- Nothing of the interface is left to loops.base, so that a plain script does without that.
function Blocking.check() return true end
function Blocking.resume() end
function Blocking.watch() end
function Blocking.close() end
function Blocking.forget() end
function Blocking.rethrow() end
function Blocking:is_dead(slot) return loops.base.is_dead(self, slot) end

return Blocking
