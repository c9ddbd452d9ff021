--- Access tokens and apps from the environment, or from files that it names.

local errors = require "dingtalk.errors"

local environment = {}

-- In the order of the search: the constructor of dingtalk.auth, then its fields and their variables. The first variable
-- says whether this app is meant.
local apps = {
  { "internal_app", { "app_key", "DINGTALK_APP_KEY" }, { "app_secret", "DINGTALK_APP_SECRET" } },
  { "enterprise_app", { "suite_key", "DINGTALK_SUITE_KEY" }, { "suite_secret", "DINGTALK_SUITE_SECRET" },
    { "suite_ticket", "DINGTALK_SUITE_TICKET" }, { "corp_id", "DINGTALK_CORP_ID" } },
  { "corp", { "client_id", "DINGTALK_CLIENT_ID" }, { "client_secret", "DINGTALK_CLIENT_SECRET" },
    { "corp_id", "DINGTALK_CORP_ID" } },
}

-- The value of a variable, or of the file that it names with _FILE; nil for neither.
local function read(getenv, name)
  local value = getenv(name)
  if value and value ~= "" then return value end
  name = name .. "_FILE"
  local path = getenv(name)
  if not path or path == "" then return nil end
  local file, message = io.open(path, "r")
  if not file then return nil, errors.argument(name, "unreadable_file", ("%s: %s"):format(name, message)) end
  value, message = file:read "*a"
  file:close()
  if not value then return nil, errors.argument(name, "unreadable_file", ("%s: %s: %s"):format(name, path, message)) end
  -- Editors put a mark of byte order in front, and end the last line.
  value = value:gsub("^\239\187\191", ""):gsub("^%s+", ""):gsub("%s+$", "")
  if value == "" then return nil, errors.argument(name, "empty", ("%s: %s is empty"):format(name, path)) end
  return value
end

local function config_of(getenv, row)
  local config = {}
  for i = 2, #row do
    local field, name = row[i][1], row[i][2]
    local value, err = read(getenv, name)
    if err then return nil, err end
    if not value then
      return nil, errors.argument(name, "missing", ("%s is set, but %s is not"):format(row[2][2], name))
    end
    config[field] = value
  end
  return config
end

--- The app of the environment.
---@param getenv fun(name: string): string?
---@return string? constructor of dingtalk.auth; nil where no app is there
---@return table|dingtalk.Error|nil config its argument; or what is wrong
function environment.app(getenv)
  for _, row in ipairs(apps) do
    local named, err = read(getenv, row[2][2])
    if err then return nil, err end
    if named then
      local config
      config, err = config_of(getenv, row)
      return config and row[1], config or err
    end
  end
end

--- The access token of the environment.
---@param getenv fun(name: string): string?
---@return string? token
---@return dingtalk.Error? err
function environment.token(getenv)
  return read(getenv, "DINGTALK_TOKEN")
end

return environment
