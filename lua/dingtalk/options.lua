--- The options of a client and of a call: their types and bounds as data, and their check.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"

local suggestion = require "dingtalk.suggestion"

local options = {}

--- Each row: the type ("any": left to the check), then for numbers the bounds; `check` names a further
--- check below, or is one: a function that returns what is wrong.
options.config = {
  base_url = { "string", check = "base_url" },
  oapi_base_url = { "string", check = "base_url" },
  ca_file = { "string", check = "path" },
  ca_path = { "string", check = "path" },
  proxy = { "string", check = "proxy" },
  connect_timeout = { "number", 0.001, limits.max_timeout },
  timeout = { "number", 0.001, limits.max_timeout },
  max_attempts = { "integer", 1, limits.max_attempts },
  max_connections = { "integer", 1, limits.max_connections },
  retry_budget = { "number", 0, 1e9 },
  user_agent = { "string", check = "user_agent" },
  allow_http = { "boolean" },
  loop = { "loop" },
  on_attempt = { "function" },
  clock = { "function" },
  random = { "function" },
  sleep = { "function" },
}

options.read = {
  timeout = { "number", 0.001, limits.max_timeout },
  max_attempts = { "integer", 1, limits.max_attempts },
}

options.write = {
  client_token = { "string", check = "client_token" },
  timeout = { "number", 0.001, limits.max_timeout },
  max_attempts = { "integer", 1, limits.max_attempts },
}

--- Of a call that sends its list in batches.
options.batched = {
  client_token = { "string", check = "client_token" },
  timeout = { "number", 0.001, limits.max_timeout },
  max_attempts = { "integer", 1, limits.max_attempts },
  concurrency = { "integer", 1, limits.max_concurrency },
  on_batch = { "function" },
  checkpoint = { "function" },
  resume = { "table" },
  confirm = { "boolean" },
}

--- One schema out of several.
---@param ... table
---@return table
function options.join(...)
  local joined = {}
  for i = 1, select("#", ...) do
    for name, row in pairs((select(i, ...))) do joined[name] = row end
  end
  return joined
end

options.notifications = {
  pushNotification = { "boolean" },
  chatNotification = { "boolean" },
}

options.add_attendees = options.join(options.batched, options.notifications)

options.add_attendees_each = options.join(options.notifications, {
  client_token = { "string", check = "client_token" },
  timeout = { "number", 0.001, limits.max_timeout },
  max_attempts = { "integer", 1, limits.max_attempts },
  concurrency = { "integer", 1, limits.max_concurrency },
  rate = { "rate", 0.001, limits.max_rate },
  on_result = { "function" },
  resume = { "table" },
  confirm = { "boolean" },
})

local fault_texts = {
  empty = "must not be empty",
  too_long = "is too long",
  control_byte = "holds a control byte",
  not_utf8 = "is not valid UTF-8",
  not_visible_ascii = "holds a byte that is not visible ASCII",
  dot_segment = 'holds "." or ".." as a path segment and could leave its place in the URL',
}

--- What a fault code of the C core's checks says.
---@param code string
---@return string
function options.fault_text(code)
  return fault_texts[code] or code
end

--- "did you mean …?" for a misspelt name, or nil.
---@param name any
---@param known table the names as keys
---@return string?
function options.did_you_mean(name, known)
  return suggestion.did_you_mean(name, known)
end

local checks = {}

function checks.path(value)
  if value == "" or value:find("%z") then return "must be the path of a file or directory" end
end

function checks.query(value)
  local fault = core.check_visible(value, limits.max_query_bytes)
  return fault and options.fault_text(fault)
end

function checks.one_of(value, _, row)
  if row.one_of[value] then return nil end
  local names = {}
  for name in pairs(row.one_of) do names[#names + 1] = name end
  table.sort(names)
  local meant = options.did_you_mean(value, row.one_of)
  return "must be one of " .. table.concat(names, ", ") .. (meant and ": " .. meant or "")
end

function checks.client_token(value)
  local fault = core.check_visible(value, limits.max_client_token_bytes - 8)
  return fault and options.fault_text(fault)
end

function checks.user_agent(value)
  if value == "" or #value > limits.max_user_agent_bytes or value:find("[^\32-\126]") then
    return ("must be 1 to %d bytes of printable ASCII"):format(limits.max_user_agent_bytes)
  end
end

local proxy_schemes = { http = true, https = true, socks4 = true, socks4a = true, socks5 = true, socks5h = true }

function checks.proxy(value)
  local scheme = value:match("^(.-)://")
  -- libcurl would quote one it does not know, its password included.
  if value:find("[%c%s\127]") or scheme and not proxy_schemes[scheme:lower()] then
    return "must be the URL of a proxy, or empty for none"
  end
end

local function is_authority(text)
  local host, port = text:match("^(.-):?(%d*)$")
  if text:find("^%[") then host, port = text:match("^(%[[%x:.]+%]):?(%d*)$") end
  if not host or not (host:find("^[%w%-._]+$") or host:find("^%[")) then return false end
  if text:sub(-1) == ":" then return false end
  return #text == #host or (tonumber(port) or 0) >= 1 and tonumber(port) <= 65535
end

function checks.base_url(value, config)
  local scheme, authority, path = value:match("^(%a+)://([^/?#]+)([^?#]*)$")
  if not scheme or value:find("[^\33-\126]") or #value > limits.max_url_bytes / 4 then
    return 'must be like "https://api.dingtalk.io", without query and fragment'
  end
  scheme = scheme:lower()
  if authority:find("@", 1, true) then return "must not hold credentials" end
  if not is_authority(authority) then return "must name a host, and a port from 1 to 65535 if any" end
  if path:find("%.%.?/") or path:find("/%.%.?$") then return "must not hold dot segments" end
  if scheme == "https" then return nil end
  if scheme ~= "http" then return "must begin with https://" end
  if not config.allow_http then return "is not encrypted: http:// needs config.allow_http = true" end
end

-- What is wrong with a value's type, or with its bounds: then also the code.
local function type_fault(value, row)
  local kind = row[1]
  if kind == "loop" then
    if type(value) ~= "string" and type(value) ~= "table" then
      return ("must be the name of a loop or an adapter table, not a %s"):format(type(value))
    end
  elseif kind == "rate" and value == false then
    return nil
  elseif kind == "integer" or kind == "number" or kind == "rate" then
    if type(value) ~= "number" then return ("must be a number, not a %s"):format(type(value)) end
    local whole = kind ~= "integer" or value % 1 == 0
    if not (whole and value >= row[2] and value <= row[3]) then
      return ("must be %s from %.14g to %.14g"):format(
        kind == "integer" and "a whole number" or "a number", row[2], row[3]), "bad_value"
    end
  elseif kind == "list" then
    if type(value) ~= "table" or (next(value) ~= nil and rawget(value, 1) == nil) then
      return ("must be an array, not a %s"):format(type(value) == "table" and "table with names" or type(value))
    end
    if #value > row[2] then return ("must have at most %d entries"):format(row[2]), "bad_value" end
  elseif kind == "function" then
    local meta = type(value) == "table" and getmetatable(value)
    if type(value) ~= "function" and not (type(meta) == "table" and meta.__call) then
      return ("must be a function, not a %s"):format(type(value))
    end
  elseif kind ~= "any" and type(value) ~= kind then
    return ("must be a %s, not a %s"):format(kind, type(value))
  end
end

local function unknown(prefix, name, schema)
  local shown = errors.one_line(name)
  return errors.argument(prefix .. "." .. shown, "unknown_option",
    ("there is no option %q"):format(shown), options.did_you_mean(name, schema))
end

--- Checks one value against a row of a schema.
---@param value any
---@param row table
---@param name string how it is called, for the error's `argument`
---@param given table? the table it stands in
---@return dingtalk.Error? err nil when all is well
function options.check_value(value, row, name, given)
  local fault, code = type_fault(value, row)
  if fault then return errors.argument(name, code or "wrong_type", name .. " " .. fault) end
  local check = checks[row.check] or row.check
  fault = check and check(value, given, row)
  if fault then return errors.argument(name, "bad_value", name .. " " .. fault) end
end

local function field(given, name)
  return given[name]
end

-- What a table has of its metatable is used as its own is.
local function check_inherited(given, schema, prefix)
  for name, row in pairs(schema) do
    local ok, value = pcall(field, given, name)
    local shown = prefix .. "." .. name
    if not ok then
      return errors.argument(shown, "wrong_type", shown .. " cannot be read: " .. errors.one_line(value))
    end
    local err = value ~= nil and options.check_value(value, row, shown, given)
    if err then return err end
  end
end

--- Checks a table of options against a schema of this module.
---@param given table? nil is no option
---@param schema table
---@param prefix string how the table is called, for the error's `argument`
---@return dingtalk.Error? err nil when all is well
function options.check(given, schema, prefix)
  if given == nil then return nil end
  if type(given) ~= "table" then
    return errors.argument(prefix, "wrong_type", ("%s must be a table, not a %s"):format(prefix, type(given)))
  end
  for name, value in next, given do
    local row = schema[name]
    if not row then return unknown(prefix, name, schema) end
    local err = options.check_value(value, row, prefix .. "." .. name, given)
    if err then return err end
  end
  if getmetatable(given) ~= nil then return check_inherited(given, schema, prefix) end
end

--- Checks an access token or a token source.
---@param token any
---@return dingtalk.Error? err nil when it can be used
function options.check_token(token)
  local kind = type(token)
  if kind == "table" or kind == "userdata" then
    local found, usable = pcall(function() return token.get and token.invalidate end)
    if found and usable then return nil end
    return errors.argument("token", "wrong_type", "token is no token source: it has no get and invalidate")
  end
  if kind ~= "string" then
    return errors.argument("token", "wrong_type",
      ("token must be a string or a token source, not a %s"):format(kind))
  end
  local fault = core.check_visible(token, limits.max_token_bytes)
  if not fault then return nil end
  local hint = token:find("^[Bb]earer ") and 'The service wants the raw token, without "Bearer".'
    or token:find("%s$") and "A token read from a file may end in a newline."
  return errors.argument("token", fault, "token " .. options.fault_text(fault), hint or nil)
end

return options
