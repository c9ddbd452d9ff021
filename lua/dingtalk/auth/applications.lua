--- The four ways to an access token, as rows: what the caller gives, and what is sent for it.

local core = require "dingtalk.core"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"

local kinds = {}

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

local function check_store(value)
  if type(value.get) ~= "function" or type(value.set) ~= "function" then
    return "is no store: it has no get and set"
  end
end

local credential = { "string", check = check_credential }

--- What every source takes.
kinds.common = {
  store = { "table", check = check_store },
  client = { "table" },
  refresh_before = { "number", 0, limits.max_timeout },
  timeout = { "number", 0.001, limits.max_timeout },
  max_attempts = { "integer", 1, limits.max_attempts },
  on_store_error = { "function" },
  clock = { "function" },
}

--- Each row: `fields` and which of them are `required`; `named_by` and the secret `proved_by`, the ones
--- that tell its tokens from others (they stand in store keys, the secret as a digest); the `path`,
--- literals and the names of fields by turns; the `body` by the names of fields; what else is `fixed` in
--- it; `secrets`, never to be shown; `hint` where the service refuses, `server_hint` where it fails.
kinds.rows = {
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
    named_by = { "client_id", "user" }, proved_by = "client_secret",
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

for _, row in pairs(kinds.rows) do
  for name, field in pairs(kinds.common) do row.fields[name] = field end
end

return kinds
