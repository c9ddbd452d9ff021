-- How many calls came, and how closely together.
local window = require "sandbox.window"

local counters = {}

local operations, all, in_flight, max_in_flight, opened

function counters.reset()
  operations, all = {}, { calls = 0, window = window.new(1000) }
  in_flight, max_in_flight, opened = 0, 0, 0
end

local function operation_of(name)
  local operation = operations[name]
  if not operation then
    operation = { calls = 0, statuses = {}, window = window.new(1000) }
    operations[name] = operation
  end
  return operation
end

function counters.began(ctx)
  local now = ngx.now() * 1000
  local operation = operation_of(ctx.operation)
  operation.calls = operation.calls + 1
  operation.window:add(now)
  all.calls = all.calls + 1
  all.window:add(now)
  ctx.counted_in = all
  in_flight = in_flight + 1
  if in_flight > max_in_flight then max_in_flight = in_flight end
  if ngx.var.connection_requests == "1" then opened = opened + 1 end
end

function counters.ended(ctx)
  -- A call that began before a reset belongs to nobody's counts.
  if ctx.counted_in ~= all then return end
  in_flight = in_flight - 1
  local statuses = operation_of(ctx.operation).statuses
  local status = tostring(ctx.status or "aborted")
  statuses[status] = (statuses[status] or 0) + 1
end

function counters.describe()
  local list = {}
  for name, operation in pairs(operations) do
    list[name] = { calls = operation.calls, statuses = operation.statuses, max_per_second = operation.window.max }
  end
  return { operations = list, calls = all.calls, max_per_second = all.window.max, in_flight = in_flight,
    max_in_flight = max_in_flight, connections_opened = opened,
    connections_active = tonumber(ngx.var.connections_active) }
end

counters.reset()

return counters
