-- Access tokens: who owns them, until when, and what they allow.
local answers = require "sandbox.answers"
local ids = require "sandbox.ids"
local json = require "sandbox.json"

local tokens = {}

local ALL_SCOPES = { "Calendar.Event.Read", "Calendar.Event.Write", "Calendar.EventSchedule.Read",
  "Calendar.Calendar.Read", "Calendar.Calendar.Write", "Calendar.Acl.Read", "Calendar.Acl.Write", "Contact.User.Read" }
local EXAMPLE = "dd43888e26953deead8cba556389b063"
-- Soak runs with short-lived tokens must not grow without end.
local CAP = 100000

local known, order, first, last

function tokens.reset()
  known, order, first, last = {}, {}, 1, 0
  tokens.put(EXAMPLE, { owner = "dingsandboxapp", expires = math.huge })
end

local function forget_oldest()
  local token = order[first]
  order[first] = nil
  first = first + 1
  known[token] = nil
end

---@param token string
---@param fields table owner, expires (epoch seconds), scopes (list, all by default), suite, union_id
function tokens.put(token, fields)
  local allowed = {}
  for _, scope in ipairs(fields.scopes or ALL_SCOPES) do allowed[scope] = true end
  fields.allowed = allowed
  if not known[token] then
    last = last + 1
    order[last] = token
  end
  known[token] = fields
  if last - first + 1 > CAP then forget_oldest() end
end

---@return string token
function tokens.issue(fields)
  local token = ids.hex32()
  tokens.put(token, fields)
  return token
end

---@return table|nil fields nil for unknown and expired alike, since the service answers both alike
function tokens.find(token)
  local fields = token and known[token]
  if fields and fields.expires > ngx.now() then return fields end
end

---@return boolean found
function tokens.expire(token)
  if not known[token] then return false end
  known[token].expires = 0
  return true
end

function tokens.expire_all()
  for _, fields in pairs(known) do fields.expires = 0 end
end

---The token header and the scope of the route.
---@return table|nil refused
function tokens.check(ctx)
  if not ctx.token or ctx.token == "" then
    return answers.error(ctx, "AuthenticationFailed.MissingParameter")
  end
  local session = tokens.find(ctx.token)
  if not session then return answers.error(ctx, "InvalidAuthentication") end
  ctx.session = session
  local scope = ctx.route.scope
  if scope and not session.allowed[scope] then
    return answers.error(ctx, "Forbidden.AccessDenied.AccessTokenPermissionDenied", nil,
      '"accessdenieddetail":' .. json.encode { requiredScopes = { scope } })
  end
end

tokens.reset()

return tokens
