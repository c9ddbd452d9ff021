-- The four ways to an access token. None of them wants a token header.
local answers = require "sandbox.answers"
local ids = require "sandbox.ids"
local people = require "sandbox.people"
local settings = require("sandbox.settings").values
local tokens = require "sandbox.tokens"

local oauth = {}

local apps, suites, clients, codes, refresh_tokens, current

---Default credentials, documented in README.md.
function oauth.reset()
  apps = { dingsandboxapp = { secret = "sandbox-app-secret", corp = "dingcorpsandbox" } }
  suites = { suitesandbox = { secret = "sandbox-suite-secret", corp = "dingcorpsandbox",
    ticket = "sandbox-suite-ticket" } }
  clients = { dingsandboxuser = { secret = "sandbox-user-secret" } }
  codes = { ["sandbox-code"] = { client = "dingsandboxuser", union_id = "U5KPwll3QjgiG" } }
  refresh_tokens = { ["sandbox-refresh-token"] = { client = "dingsandboxuser", union_id = "U5KPwll3QjgiG",
    expires = math.huge } }
  current = {}
end

-- One step of the control call; fields as README.md lists them.
local adders = {
  app = function(c) apps[c.key] = { secret = c.secret, corp = c.corp or "dingcorpsandbox", scopes = c.scopes } end,
  suite = function(c)
    suites[c.key] = { secret = c.secret, corp = c.corp or "dingcorpsandbox", ticket = c.ticket, scopes = c.scopes }
  end,
  client = function(c) clients[c.key] = { secret = c.secret, scopes = c.scopes } end,
  code = function(c) codes[c.key] = { client = c.client or "dingsandboxuser", union_id = c.union_id } end,
}

---@return string|nil problem
function oauth.put(credential)
  local add = adders[credential.kind]
  if not add then return "kind is one of app, suite, client, code" end
  if type(credential.key) ~= "string" then return "key is required" end
  add(credential)
end

-- The same token again while it is valid, its time renewed.
local function same_token(slot, fields)
  local token = current[slot]
  local session = token and tokens.find(token)
  if session then
    session.expires = fields.expires
    return token
  end
  current[slot] = tokens.issue(fields)
  return current[slot]
end

local function expiry() return ngx.now() + settings.token_seconds end

function oauth.internal(ctx)
  local body, refused = people.body(ctx)
  if not body then return refused end
  local app = apps[body.appKey]
  if not app or app.secret ~= body.appSecret then return answers.error(ctx, "invalidClientIdOrSecret") end
  local token = same_token("app " .. body.appKey, { owner = body.appKey, expires = expiry(), scopes = app.scopes })
  return answers.json { accessToken = token, expireIn = settings.token_seconds }
end

---A new token each time, the earlier ones stay good.
function oauth.enterprise(ctx)
  local body, refused = people.body(ctx)
  if not body then return refused end
  local suite = suites[body.suiteKey]
  if not suite or suite.secret ~= body.suiteSecret then return answers.error(ctx, "invalidSuiteKey") end
  if suite.ticket ~= body.suiteTicket then return answers.error(ctx, "invalidSuiteTicket") end
  if suite.corp ~= body.authCorpId then return answers.error(ctx, "invalidAuthInfo") end
  local token = tokens.issue { owner = body.suiteKey .. " " .. suite.corp, suite = true, expires = expiry(),
    scopes = suite.scopes }
  return answers.json { accessToken = token, expireIn = settings.token_seconds }
end

---For both kinds of apps, in snake case.
function oauth.corp(ctx)
  local body, refused = people.body(ctx)
  if not body then return refused end
  if body.grant_type ~= "client_credentials" then return answers.invalid(ctx, "grant_type is client_credentials.") end
  local corp = ctx.params.corpId
  local known
  for _, group in ipairs { apps, suites } do
    for _, app in pairs(group) do known = known or app.corp == corp end
  end
  if not known then return answers.error(ctx, "unknownError") end
  local id = body.client_id
  local app = apps[id] or suites[id]
  if not app or app.secret ~= body.client_secret or app.corp ~= corp then
    return answers.error(ctx, "invalidClientIdOrSecret")
  end
  local token = same_token("app " .. id, { owner = suites[id] and id .. " " .. corp or id, suite = suites[id] ~= nil,
    expires = expiry(), scopes = app.scopes })
  return answers.json { access_token = token, expires_in = settings.token_seconds }
end

-- By code or by refresh token; each is good once, unless a setting allows more.
local function grant_of(ctx, body)
  if body.grantType == "authorization_code" then
    local grant = codes[body.code]
    if body.code then codes[body.code] = nil end
    return grant, answers.error(ctx, "invalidParameter.authCode.notFound", "不合法的临时授权码")
  end
  if body.grantType == "refresh_token" then
    local grant = refresh_tokens[body.refreshToken]
    if grant and grant.expires <= ngx.now() then grant = nil end
    if grant and settings.refresh_token_reuse == "refused" then refresh_tokens[body.refreshToken] = nil end
    return grant, answers.error(ctx, "invalidParameter", "不合法的refreshToken")
  end
  return nil, answers.invalid(ctx, "grantType is authorization_code or refresh_token.")
end

function oauth.user(ctx)
  local body, refused = people.body(ctx)
  if not body then return refused end
  local client = clients[body.clientId]
  if not client or client.secret ~= body.clientSecret then return answers.error(ctx, "invalidClientIdOrSecret") end
  local grant
  grant, refused = grant_of(ctx, body)
  if not grant or grant.client ~= body.clientId then return refused end
  local token = same_token("user " .. body.clientId .. " " .. grant.union_id,
    { owner = body.clientId, union_id = grant.union_id, expires = expiry(), scopes = client.scopes })
  local refresh = ids.hex32()
  refresh_tokens[refresh] = { client = body.clientId, union_id = grant.union_id,
    expires = ngx.now() + settings.refresh_token_seconds }
  return answers.json { accessToken = token, refreshToken = refresh, expireIn = settings.token_seconds,
    corpId = "dingcorpsandbox" }
end

oauth.reset()

return oauth
