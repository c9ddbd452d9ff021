--- Plain Lua: the calling thread steps the engine in place until its wait is over.

local Blocking = { name = "blocking", direct = true, blocks = true }
Blocking.__index = Blocking

function Blocking.new(client)
  return setmetatable({ client = client }, Blocking)
end

function Blocking:suspend()
  self.client:turn()
end

function Blocking.resume() end

return Blocking
