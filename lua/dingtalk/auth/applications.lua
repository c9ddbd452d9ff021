--- The four ways to an access token: what the caller gives, what is sent for it, and what the answer says.

local attempts = require "dingtalk.attempts"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local guarded = require "dingtalk.stores.guarded"
local json = require "dingtalk.json"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"

local applications = {}

---@class dingtalk.TokenEntry a token as it is cached and stored
---@field token string
---@field obtained number seconds since the epoch
---@field expires number seconds since the epoch
---@field id string differs from that of another entry with the same token
---@field refresh_token string? of a user token

local function check_credential(value)
  local fault = core.check_visible(value, limits.max_token_bytes)
  if not fault then return nil end
  return options.fault_text(fault) .. (value:find("%s$") and ": it ends in white space, as from a file" or "")
end

local function check_ticket(value)
  if type(value) == "string" then return check_credential(value) end
  local meta = type(value) == "table" and getmetatable(value)
  if type(value) == "function" or (type(meta) == "table" and meta.__call) then return nil end
  return ("must be a string or a function, not a %s"):format(type(value))
end

local credential = { "string", check = check_credential }

--- What every source takes.
applications.common = {
  store = { "table", check = guarded.check },
  client = { "client" },
  refresh_before = { "number", 0, limits.max_timeout },
  timeout = { "number", 0.001, limits.max_timeout },
  max_attempts = { "integer", 1, limits.max_attempts },
  on_store_error = { "function" },
  clock = { "function" },
}

--- A row for each way to a token:
---
---   fields       the fields of its configuration, as a schema; `required`: those that must be given
---   named_by     the fields that make its key in a store, together with a digest of the secret `proved_by`
---   budget_of    the fields by which the service counts calls, where these are not `named_by`
---   path         literals and names of fields by turns
---   body         the names of the request's fields and of the configuration's; `fixed`: fields with fixed values
---   grants       what a user token is asked for with
---   secrets      fields that must never be shown
---   hint         for the caller where the service refuses; `server_hint`: where it fails
applications.rows = {
  internal_app = {
    name = "access_token", method = "POST",
    fields = { app_key = credential, app_secret = credential },
    required = { "app_key", "app_secret" },
    named_by = { "app_key" }, proved_by = "app_secret",
    path = { "/v1.0/oauth2/accessToken" },
    body = { appKey = "app_key", appSecret = "app_secret" },
    secrets = { "app_secret" },
  },
  enterprise_app = {
    name = "corp_access_token", method = "POST",
    fields = {
      suite_key = credential, suite_secret = credential, corp_id = credential,
      suite_ticket = { "any", check = check_ticket },
    },
    required = { "suite_key", "suite_secret", "corp_id", "suite_ticket" },
    named_by = { "suite_key", "corp_id" }, proved_by = "suite_secret",
    path = { "/v1.0/oauth2/corpAccessToken" },
    body = {
      suiteKey = "suite_key", suiteSecret = "suite_secret", authCorpId = "corp_id", suiteTicket = "suite_ticket",
    },
    secrets = { "suite_secret", "suite_ticket" },
  },
  corp = {
    name = "corp_token", method = "POST",
    fields = { corp_id = credential, client_id = credential, client_secret = credential },
    required = { "corp_id", "client_id", "client_secret" },
    named_by = { "client_id", "corp_id" }, proved_by = "client_secret",
    path = { "/v1.0/oauth2/", "corp_id", "/token" },
    body = { client_id = "client_id", client_secret = "client_secret" },
    fixed = { grant_type = "client_credentials" },
    server_hint = "The service also answers so when it does not know the corp_id.",
    secrets = { "client_secret" },
  },
  user = {
    name = "user_access_token", method = "POST",
    fields = {
      client_id = credential, client_secret = credential, code = credential, refresh_token = credential,
      on_refresh = { "function" }, user = credential,
    },
    required = { "client_id", "client_secret" },
    named_by = { "client_id", "user" }, proved_by = "client_secret", budget_of = { "client_id" },
    path = { "/v1.0/oauth2/userAccessToken" },
    body = { clientId = "client_id", clientSecret = "client_secret" },
    secrets = { "client_secret", "code", "refresh_token" },
    grants = {
      code = { grantType = "authorization_code", field = "code" },
      refresh_token = { grantType = "refresh_token", field = "refreshToken" },
    },
    hint = "Have the user sign in again for a new code.",
  },
}

for _, row in pairs(applications.rows) do
  for name, field in pairs(applications.common) do row.fields[name] = field end
end

local function refused(code, message, hint)
  return errors.new {
    kind = "auth", code = code, message = message, hint = hint, outcome = "not_sent", retryable = false,
  }
end

-- The text of a field of the configuration, which may be a function that gives it.
local function value_of(config, name)
  local value = config[name]
  if type(value) == "string" then return value end
  local ok, text, message = pcall(value)
  if not ok then text, message = nil, text end
  if type(text) == "string" and not core.check_visible(text, limits.max_token_bytes) then return text end
  return nil, refused("no_" .. name, ("%s gave no usable text%s"):format(name,
    message ~= nil and ": " .. errors.one_line(message) or ""))
end

-- The body, and the secrets in it.
local function body_of(row, config, grant)
  local body, secrets = {}, {}
  for name, value in pairs(row.fixed or {}) do body[name] = value end
  for name, field in pairs(row.body) do
    local text, err = value_of(config, field)
    if not text then return nil, err end
    body[name] = text
  end
  for name, field in pairs(row.body) do
    for _, secret in ipairs(row.secrets) do
      if field == secret then secrets[#secrets + 1] = body[name] end
    end
  end
  if grant then
    local form = row.grants[grant.kind]
    body.grantType, body[form.field] = form.grantType, grant.text
    secrets[#secrets + 1] = grant.text
  end
  return body, secrets
end

local function url_of(row, config, base_url)
  local parts = { base_url }
  for i, part in ipairs(row.path) do parts[i + 1] = i % 2 == 1 and part or config[part] end
  local url = core.url((table.unpack or unpack)(parts))
  if url then return url end
  return nil, errors.argument(row.path[2], "bad_value", row.path[2] .. " cannot stand in a URL")
end

local function text_of(object, ...)
  for i = 1, select("#", ...) do
    local value = object[select(i, ...)]
    if type(value) == "string" and not core.check_visible(value, limits.max_token_bytes) then return value end
  end
end

local function lifetime_of(object)
  local seconds = tonumber(object.expireIn) or tonumber(object.expires_in)
  if seconds and seconds > 0 and seconds <= limits.refresh_token_seconds then return seconds end
  return limits.token_seconds
end

local function read(object, now, attempt)
  local token = object and text_of(object, "accessToken", "access_token")
  if not token then
    return nil, errors.new {
      kind = "protocol", code = "no_token_in_answer", message = "the answer holds no access token",
      outcome = "unknown", retryable = false, hint = "Check base_url, and any proxy or gateway between.",
      status = attempt.status, request_id = attempt.request_id or nil, attempts = attempt.attempts,
      elapsed = attempt.elapsed,
    }
  end
  return {
    token = token, obtained = now, expires = now + lifetime_of(object), id = core.uuid(),
    refresh_token = text_of(object, "refreshToken", "refresh_token"),
  }
end

-- Where an answer was lost, the grant that was sent may be spent: it is good only once.
local function explain(err, row, grant)
  if err.kind == "invalid" or err.kind == "not_found" then
    err.kind, err.hint = "auth", row.hint or "Check the app's key and secret."
  end
  if err.kind == "server" then err.hint = err.hint or row.server_hint end
  if not grant or err.outcome ~= "unknown" then return err end
  if err.kind == "auth" then
    err.code, err.retryable = "lost_answer", false
    err.message = ("an answer was lost, and the %s that was sent is good only once: %s"):format(
      grant.kind:gsub("_", " "), err.message)
  end
  err.hint = "If the next try is refused, the " .. grant.kind:gsub("_", " ") .. " is spent. " .. row.hint
  return err
end

--- Asks the service for a token.
---@param source table its row, config and clock
---@param client dingtalk.Client
---@param deadline number in seconds of client:now()
---@param attempt dingtalk.State made by attempts.new
---@param grant {kind: "code"|"refresh_token", text: string}? of a user token
---@return dingtalk.TokenEntry? entry
---@return dingtalk.Error? err
function applications.fetch(source, client, deadline, attempt, grant)
  local row, config = source.row, source.config
  local url, err = url_of(row, config, client.base_url)
  if not url then return nil, err end
  local body, secrets = body_of(row, config, grant)
  if not body then return nil, secrets end
  local object
  err, object = attempts.run(client, {
    row = row, url = url, body = json.encode(body), deadline = deadline,
    max_attempts = config.max_attempts, secrets = secrets,
  }, attempt)
  if err then return nil, explain(err, row, grant) end
  local entry
  entry, err = read(object, source.clock(), attempt)
  if not entry then return nil, explain(err, row, grant) end
  return entry
end

return applications
