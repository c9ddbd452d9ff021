-- What the audited service did: which requests it read to their end, and which work it carried out, by x-client-token.
local cqueues = require "cqueues"
local cjson = require "cjson"

local methods = {}
local metatable = { __name = "audit.service", __index = methods }

--- Takes note of a request that was read to its end.
function methods:read(token)
  self.reads[token] = (self.reads[token] or 0) + 1
end

local function ids_of(body)
  local ids = {}
  for i, attendee in ipairs(cjson.decode(body).attendeesToAdd) do ids[i] = attendee.id end
  return ids
end

function methods:carry_out(request)
  local token = request.token
  if not self.bodies[token] then
    self.bodies[token] = request.body
    table.insert(self.writes, { client_token = token, event = request.event, added = ids_of(request.body) })
  elseif self.bodies[token] ~= request.body then
    table.insert(self.faults, token .. " came with two bodies")
  end
end

--- Does the work after `seconds`, whether or not anybody waits for it. Once for each token.
function methods:work(request, seconds)
  if seconds == 0 then return self:carry_out(request) end
  self.pending = self.pending + 1
  cqueues.running():wrap(function()
    cqueues.sleep(seconds)
    self:carry_out(request)
    self.pending = self.pending - 1
  end)
end

local function new()
  return setmetatable({ reads = {}, bodies = {}, writes = {}, faults = {}, pending = 0, open = 0 }, metatable)
end

return { new = new }
