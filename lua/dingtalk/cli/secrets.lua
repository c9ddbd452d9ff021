--- Tokens and apps out of the environment, or out of files that it names.

local auth = require "dingtalk.auth"

local secrets = {}

-- In the order in which they are looked for.
local apps = {
  { make = auth.internal_app, named_by = "DINGTALK_APP_KEY",
    fields = { app_key = "DINGTALK_APP_KEY", app_secret = "DINGTALK_APP_SECRET" } },
  { make = auth.enterprise_app, named_by = "DINGTALK_SUITE_KEY",
    fields = { suite_key = "DINGTALK_SUITE_KEY", suite_secret = "DINGTALK_SUITE_SECRET",
      suite_ticket = "DINGTALK_SUITE_TICKET", corp_id = "DINGTALK_CORP_ID" } },
  { make = auth.corp, named_by = "DINGTALK_CLIENT_ID",
    fields = { client_id = "DINGTALK_CLIENT_ID", client_secret = "DINGTALK_CLIENT_SECRET",
      corp_id = "DINGTALK_CORP_ID" } },
}

-- The value of a variable, or of the file that it names; nil for neither.
local function read(getenv, name)
  local value = getenv(name)
  if value and value ~= "" then return value end
  local path = getenv(name .. "_FILE")
  if not path or path == "" then return nil end
  local file, message = io.open(path, "r")
  if not file then return nil, ("%s_FILE: %s"):format(name, message) end
  value = file:read("a")
  file:close()
  value = value and value:gsub("%s+$", "")
  if not value or value == "" then return nil, ("%s_FILE: %s is empty"):format(name, path) end
  return value
end

local function app_of(getenv, row)
  local config = {}
  for field, name in pairs(row.fields) do
    local value, message = read(getenv, name)
    if message then return nil, message end
    if not value then return nil, ("%s is set, but %s is not"):format(row.named_by, name) end
    config[field] = value
  end
  local source, err = row.make(config)
  return source, err and tostring(err)
end

--- The app of the environment.
---@param getenv fun(name: string): string?
---@return dingtalk.TokenSource? source
---@return string? message
function secrets.app(getenv)
  for _, row in ipairs(apps) do
    local named, message = read(getenv, row.named_by)
    if message then return nil, message end
    if named then return app_of(getenv, row) end
  end
  return nil, "no app in the environment: set DINGTALK_APP_KEY and DINGTALK_APP_SECRET, see --help"
end

--- The access token of the environment, or a source of the app there.
---@param getenv fun(name: string): string?
---@return string|dingtalk.TokenSource|nil token
---@return string? message
function secrets.token(getenv)
  local token, message = read(getenv, "DINGTALK_TOKEN")
  if token or message then return token, message end
  token, message = secrets.app(getenv)
  if token or not message:find("^no app") then return token, message end
  return nil, "no token in the environment: set DINGTALK_TOKEN, or DINGTALK_APP_KEY and DINGTALK_APP_SECRET, see --help"
end

return secrets
