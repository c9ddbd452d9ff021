-- The limits of the service: calls a second for an app and a call, calls a month,
-- and the ban of an address. All off until a setting turns them on.
local answers = require "sandbox.answers"
local settings = require("sandbox.settings").values
local window = require "sandbox.window"

local limits = {}

local windows, used, ban_window, banned_until

function limits.reset()
  windows, used, ban_window, banned_until = {}, 0, nil, 0
end

local function ban_answer()
  if settings.ban_answer == "html" then return answers.html(settings.ban_status) end
  return { status = settings.ban_status,
    body = '{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"' .. require("sandbox.ids").hex32() .. '"}' }
end

---Counts every call of the address, so it comes before all other checks.
---@return table|nil refused
function limits.check_address()
  if settings.ban_calls == 0 then return nil end
  local now = ngx.now() * 1000
  if now < banned_until then return ban_answer() end
  ban_window = ban_window or window.new(settings.ban_window_ms)
  ban_window:add(now)
  if ban_window:count(now) > settings.ban_calls then
    banned_until = now + settings.ban_ms
    ban_window = nil
    return ban_answer()
  end
end

local function qps_refused(ctx)
  local name = ctx.session.suite and "QpsLimitForSuitekeyAndOrgAndApi" or "QpsLimitForAppkeyAndApi"
  local ends = os.date("%Y-%m-%d %H:%M:%S", math.floor(ngx.now()) + 1)
  local answer = answers.error(ctx, "Forbidden.AccessDenied." .. name, "请求过于频繁，限制将在 " .. ends .. " 结束")
  if settings.qps_retry_after > 0 then
    answer.headers = { ["Retry-After"] = tostring(settings.qps_retry_after) }
  end
  return answer
end

-- The calls of this app and operation within the second that ends now, and how to count one more.
local function second_of(ctx, now)
  local key = ctx.session.owner .. " " .. ctx.route.operation
  local counted = windows[key]
  if settings.qps_window == "fixed" then
    local second = math.floor(now / 1000)
    if not counted or counted.second ~= second then counted = { second = second, calls = 0 } end
    windows[key] = counted
    return counted.calls, function() counted.calls = counted.calls + 1 end
  end
  if not counted or not counted.add then counted = window.new(1000) end
  windows[key] = counted
  return counted:count(now), function() counted:add(now) end
end

local function check_qps(ctx)
  if settings.qps == 0 then return nil end
  local calls, count = second_of(ctx, ngx.now() * 1000)
  -- A refused call is not counted.
  if calls >= settings.qps then return qps_refused(ctx) end
  count()
end

local function check_quota(ctx)
  if settings.quota < 0 or not ctx.route.metered then return nil end
  if used >= settings.quota then return answers.error(ctx, "Forbidden.AccessDenied.ApiCountLimitForOrg") end
  used = used + 1
end

---@return table|nil refused
function limits.check(ctx)
  return check_qps(ctx) or check_quota(ctx)
end

limits.reset()

return limits
