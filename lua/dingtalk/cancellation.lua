--- Ends calls from outside: an aborted request, a closed dialog.
---
---   local cancellation = calendar.cancellation()
---   calendar.add_attendees(token, user, nil, event, list, { cancel = cancellation })
---   cancellation:cancel()   -- from anywhere else: a hook, another coroutine

local cancellation = {}

---@class dingtalk.Cancellation
---@field is_cancelled boolean
local Cancellation = { __name = "dingtalk.Cancellation" }
Cancellation.__index = Cancellation

--- Makes a cancellation, for any number of calls.
---@return dingtalk.Cancellation
function cancellation.new()
  -- The clients of the attempts that it would end, by attempt.
  return setmetatable({ is_cancelled = false, attempts = {} }, Cancellation)
end

--- Ends the calls that it was given to, and those that it will be: with kind "cancelled", their outcome, and what to
--- pass as opts.resume. Idempotent.
function Cancellation:cancel()
  if self.is_cancelled then return end
  self.is_cancelled = true
  local attempts, clients = self.attempts, {}
  self.attempts = {}
  for attempt, client in pairs(attempts) do
    client:cut_off(attempt, "cancelled")
    clients[client] = true
  end
  for client in pairs(clients) do client.loop:rethrow() end
end

--- An attempt begins that it may end.
---@param client dingtalk.Client
---@param attempt dingtalk.State
function Cancellation:enter(client, attempt)
  if not self.is_cancelled then self.attempts[attempt] = client end
end

--- It has ended.
---@param attempt dingtalk.State
function Cancellation:leave(attempt)
  self.attempts[attempt] = nil
end

return cancellation
