-- One API call: the checks, the idempotency record, the work. In two halves,
-- because a fault may let time pass between them.
local idempotency = require "sandbox.idempotency"
local limits = require "sandbox.limits"
local tokens = require "sandbox.tokens"

local service = {}

---@return table|nil answer when nothing is to be done any more
function service.admit(ctx)
  if ctx.route.kind == "api" then
    local refused = tokens.check(ctx) or limits.check(ctx)
    if refused then return refused end
  end
  if ctx.route.write then return idempotency.begin(ctx) end
end

---@param busy_ms number how long the call goes on for the eyes of others
---@return table answer
function service.carry_out(ctx, busy_ms)
  local answer = ctx.route.handler(ctx)
  if ctx.route.write then idempotency.finish(ctx, answer, busy_ms) end
  return answer
end

---@return table answer
function service.perform(ctx, busy_ms)
  return service.admit(ctx) or service.carry_out(ctx, busy_ms)
end

return service
