-- What an x-client-token has been used for. Only a write that was carried out is
-- remembered: one that was refused did nothing, so it may be sent again.
local answers = require "sandbox.answers"
local settings = require("sandbox.settings").values

local idempotency = {}

-- Two generations instead of a queue: when the young one holds half the cap, the
-- old one is dropped whole. So the oldest go first, at least half the cap of the
-- newest is always remembered, and a call costs the same however many there are.
local young, old, count

function idempotency.reset()
  young, old, count = {}, {}, 0
end

local function put(token, record)
  if not young[token] then
    count = count + 1
    if count > settings.idempotency_cap / 2 then
      young, old, count = {}, young, 1
    end
  end
  young[token] = record
end

local function fingerprint(ctx)
  return ngx.md5_bin(ctx.method .. "\n" .. ctx.path .. "\n" .. ctx.body)
end

local function find(token)
  local record = young[token] or old[token]
  if record and ngx.now() - record.at < settings.idempotency_seconds then return record end
end

---Claims the token for this request.
---@return table|nil answer when the request must not be carried out (again)
function idempotency.begin(ctx)
  local token = ctx.client_token
  if not token or token == "" then return nil end
  local print = fingerprint(ctx)
  local record = find(token)
  if not record then
    put(token, { print = print, at = ngx.now(), busy_until = math.huge })
    return nil
  end
  if record.print ~= print then return answers.error(ctx, "IdempotentParameterMismatch") end
  if record.busy_until > ngx.now() then return answers.error(ctx, "idempotencyProcessing") end
  return record.answer
end

local function forget(token)
  young[token], old[token] = nil, nil
end

---@param answer table
---@param busy_ms number how long a second request is answered that this one is running
function idempotency.finish(ctx, answer, busy_ms)
  local token = ctx.client_token
  if not token or token == "" then return end
  local record = find(token)
  if not record then return end
  if answer.status ~= 200 then return forget(token) end
  record.answer = answer
  record.busy_until = busy_ms > 0 and ngx.now() + busy_ms / 1000 or 0
end

idempotency.reset()

return idempotency
