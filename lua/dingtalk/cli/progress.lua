--- The progress of a batched call on a terminal: one line, drawn again and again.

local progress = {}

local WIDTH = 30 -- of the bar, in characters
local CLEAR = "\r\27[K"

local methods = {}
local metatable = { __index = methods }

local function draw(self)
  local share = self.total > 0 and self.done / self.total or 0
  local full = math.floor(share * WIDTH)
  self.stream:write(("%s%s [%s%s] %d of %d%s"):format(CLEAR, self.label, ("#"):rep(full), ("-"):rep(WIDTH - full),
    self.done, self.total, self.note and "  " .. self.note or ""))
  self.stream:flush()
end

--- Told of the end of a batch.
function methods:on_batch(info)
  self.total, self.note = info.total, nil
  self.done = info.before + (info.added or info.removed)
  if self.is_shown then draw(self) end
end

--- Told of the end of a request.
function methods:on_attempt(info)
  if not self.is_shown or not info.kind then return end
  self.note = info.wait and ("%s, again in %.1f s"):format(info.kind, info.wait) or info.kind
  draw(self)
end

--- Begins to draw.
---@param total integer
---@param done integer
function methods:start(total, done)
  self.total, self.done = total, math.min(done, total)
  if self.is_shown then draw(self) end
end

--- Ends the line.
function methods:finish()
  if self.is_shown then self.stream:write("\n") end
  self.is_shown = false
end

--- A progress bar.
---@param stream file*
---@param is_shown boolean
---@param label string
function progress.new(stream, is_shown, label)
  return setmetatable({ stream = stream, is_shown = is_shown, label = label, done = 0, total = 0 }, metatable)
end

return progress
