--- The options of a client and of a call, and the fields of a body: their types and bounds as data, and the functions
--- that check them.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"

local check_visible, MAX_TOKEN_BYTES = core.check_visible, limits.max_token_bytes

local options = {}

-- A row of a schema: the type ("any" leaves it to the check); then the bounds of a number, the most entries of a
-- list, the most characters of a body's text. Further fields:
--
--   check      the name of a further check below, or a function that returns what is wrong
--   one_of     the values allowed, as keys
--   required   whether the field of a body must be given; a text then must not be empty
--   of         the row of a list's or a map's entries
--   fields     an object's fields, as rows by name
--   shorthand  the field of an object that a text stands for: "id" for `{ id = … }`
--   unique     the field by which the entries of a list are told apart
--   digits     whether a number may come as a text of digits, as the service gives it
--   read_only  a field of answers: accepted, so that what was read can be sent back, but not sent
--   doc        for the reference

local seconds = { "number", 0.001, limits.max_timeout }
local tries = { "integer", 1, limits.max_attempts }
local in_flight = { "integer", 1, limits.max_concurrency }

--- What calendar.new takes.
options.config = {
  base_url = { "string", check = "base_url" },
  oapi_base_url = { "string", check = "base_url" },
  ca_file = { "string", check = "path" },
  ca_path = { "string", check = "path" },
  proxy = { "string", check = "proxy" },
  client_cert = { "string", check = "path" },
  client_key = { "string", check = "client_key" },
  interface = { "string", check = "interface" },
  ip_version = { "integer", 4, 6, one_of = { [4] = true, [6] = true } },
  headers = { "headers", check = "headers" },
  connect_timeout = seconds,
  attempt_timeout = seconds,
  timeout = seconds,
  max_attempts = tries,
  rate_limiter = { "table", check = "limiter" },
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

--- The options of every call.
options.read = {
  cancel = { "table", check = "cancellation" },
  timeout = seconds,
  max_attempts = tries,
}

--- The options of a call that changes something.
options.write = options.join(options.read, { client_token = { "string", check = "client_token" } })

--- The options of a call that sends its list in batches.
options.batched = options.join(options.write, {
  concurrency = in_flight,
  on_batch = { "function" },
  checkpoint = { "function" },
  resume = { "table" },
  confirm = { "boolean" },
})

local notifications = {
  pushNotification = { "boolean" },
  chatNotification = { "boolean" },
}

options.add_attendees = options.join(options.batched, notifications)

--- The options of a bulk run.
options.add_attendees_each = options.join(notifications, {
  client_token = options.write.client_token,
  timeout = seconds,
  max_attempts = tries,
  concurrency = in_flight,
  rate = { "rate_or_limiter", 0.001, limits.max_rate },
  on_result = { "function" },
  checkpoint = { "function" },
  max_outage = { "number", 0, limits.max_timeout },
  resume = { "table" },
  confirm = { "boolean" },
})

--- The options of look-ups of unionIds.
options.lookup = {
  client = { "client" },
  timeout = seconds,
  max_attempts = tries,
  concurrency = in_flight,
  rate = { "rate_or_limiter", 0.001, limits.max_rate },
}

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

-- The number of edits between two short names, or more than 2.
local function distance(a, b)
  if math.abs(#a - #b) > 2 then return 3 end
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + (same and 0 or 1))
    end
  end
  return row[#b]
end

-- Names that other APIs use, and what they are called here.
local synonyms = {
  title = "summary", subject = "summary", begin = "start", finish = "end", place = "location",
  region = "base_url", endpoint = "base_url", url = "base_url", host = "base_url", server = "base_url",
  maxretries = "max_attempts", retries = "max_attempts", maxtries = "max_attempts",
  unionid = "id", optional = "isOptional", allday = "isAllDay",
}
local remarks = {
  base_url = 'It is "https://api.dingtalk.io", or "https://api.dingtalk.com" for mainland apps.',
  max_attempts = "It counts the first request, too.",
  id = "It takes a unionId.",
}

--- "did you mean …?" for a misspelt name, or nil.
---@param name any
---@param known table the names as keys
---@return string?
function options.did_you_mean(name, known)
  if type(name) ~= "string" or #name > 40 then return nil end
  local plain = name:lower():gsub("[_%-]", "")
  local synonym = synonyms[plain]
  if synonym and known[synonym] ~= nil then
    return ("did you mean %q?%s"):format(synonym, remarks[synonym] and " " .. remarks[synonym] or "")
  end
  local best, best_distance = nil, 3
  for candidate in pairs(known) do
    local edits = distance(plain, (candidate:lower():gsub("_", "")))
    if edits < best_distance or (edits == best_distance and best and candidate < best) then
      best, best_distance = candidate, edits
    end
  end
  return best and ("did you mean %q?"):format(best)
end

local checks = {}

function checks.path(value)
  if value == "" or value:find("%z") then return "must be the path of a file or directory" end
end

function checks.client_key(value, config)
  if rawget(config, "client_cert") == nil then return "needs config.client_cert" end
  return checks.path(value)
end

function checks.id(value)
  local fault = core.check_id(value)
  return fault and options.fault_text(fault)
end

function checks.query(value)
  local fault = core.check_visible(value, limits.max_query_bytes)
  return fault and options.fault_text(fault)
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

-- An interface's name or an address, in the forms of libcurl: "eth0", "if!eth0", "host!192.0.2.1".
function checks.interface(value)
  if value == "" or #value > limits.max_interface_bytes or value:find("[^\33-\126]") then
    return ("must be 1 to %d bytes of visible ASCII"):format(limits.max_interface_bytes)
  end
end

-- Headers that the module or libcurl sets; and all that begin with "content-" or "proxy-".
local reserved_headers = {
  ["x-acs-dingtalk-access-token"] = true, ["x-client-token"] = true, host = true, accept = true,
  ["accept-encoding"] = true, ["user-agent"] = true, connection = true, ["keep-alive"] = true, expect = true,
  te = true, trailer = true, ["transfer-encoding"] = true, upgrade = true, ["http2-settings"] = true,
}

local function header_fault(name, value)
  if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") then return "has a name that is no header's" end
  local lower = name:lower()
  if reserved_headers[lower] or lower:find("^content%-") or lower:find("^proxy%-") then
    return ("must not set %s"):format(name)
  end
  if type(value) ~= "string" then return ("must have strings as values: %s is a %s"):format(name, type(value)) end
  if value:find("[^\t\32-\126]") then return ("has a value with bytes that are no printable ASCII: %s"):format(name) end
end

-- A function is not checked here: what it returns is checked after each call.
function checks.headers(value)
  if type(value) ~= "table" then return nil end
  local bytes = 0
  for name, text in next, value do
    local fault = header_fault(name, text)
    if fault then return fault end
    bytes = bytes + #name + #text
  end
  if bytes > limits.max_header_bytes then
    return ("must have at most %d bytes of names and values"):format(limits.max_header_bytes)
  end
end

function checks.cancellation(value)
  if not errors.is_object(value, "dingtalk.Cancellation") then return "is none: calendar.cancellation makes one" end
end

function checks.limiter(value)
  local readable, usable = pcall(function()
    return type(value.acquire) == "function" and type(value.throttled) == "function"
  end)
  if not (readable and usable) then return "is no limiter: dingtalk.rate_limiter.new makes one" end
end

local proxy_schemes = { http = true, https = true, socks4 = true, socks4a = true, socks5 = true, socks5h = true }

function checks.proxy(value)
  local scheme = value:match("^(.-)://")
  -- libcurl would quote an unknown scheme's URL, including its password.
  if value:find("[%c%s\127]") or scheme and not proxy_schemes[scheme:lower()] then
    return "must be the URL of a proxy, or empty for none"
  end
end

local function is_authority(text)
  text = text:gsub("^(%[[%x:.]+)%%25[%w._~-]+%]", "%1]") -- the zone of a link-local address: [fe80::1%25eth0]
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

--- Whether a value can be called.
---@param value any
---@return boolean
function options.is_callable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and meta.__call ~= nil
end

local is_callable = options.is_callable

local function number_fault(value, row, is_whole)
  if row.digits and type(value) == "string" and value:find("^%d+$") then value = tonumber(value) end
  if type(value) ~= "number" then return ("must be a number, not a %s"):format(type(value)) end
  if is_whole and value % 1 ~= 0 or not (value >= row[2] and value <= row[3]) then
    return ("must be %s from %.14g to %.14g"):format(is_whole and "a whole number" or "a number", row[2], row[3]),
      "bad_value"
  end
end

-- By a row's type: what is wrong with a value, or nil; and the error's code, where that is not wrong_type.
local faults = {}

function faults.any() end

local function is_client(value) return errors.is_object(value, "dingtalk.Client") end

function faults.client(value)
  if not is_client(value) then return "is no client: calendar.new makes one", "not_a_client" end
end

function faults.loop(value)
  if type(value) ~= "string" and type(value) ~= "table" then
    return ("must be the name of a loop or an adapter table, not a %s"):format(type(value))
  end
end

function faults.headers(value)
  if type(value) ~= "table" and not is_callable(value) then
    return ("must be a table of headers or a function, not a %s"):format(type(value))
  end
end

function faults.rate(value, row)
  if value ~= false then return number_fault(value, row) end
end

function faults.rate_or_limiter(value, row)
  if type(value) ~= "table" then return faults.rate(value, row) end
  return checks.limiter(value)
end

function faults.number(value, row) return number_fault(value, row) end

function faults.integer(value, row) return number_fault(value, row, true) end

faults["function"] = function(value)
  if not is_callable(value) then return ("must be a function, not a %s"):format(type(value)) end
end

-- A text of a body: it must be UTF-8, and the service counts its characters.
function faults.text(value, row)
  if type(value) ~= "string" then return ("must be a string, not a %s"):format(type(value)) end
  local code = core.check_utf8(value)
  if code then return fault_texts[code] or code, code end
  if row.required and value == "" then return fault_texts.empty, "empty" end
  if row[2] and #value > row[2] and select(2, value:gsub("[^\128-\191]", "")) > row[2] then
    return ("must have at most %d characters"):format(row[2]), "too_long"
  end
end

local function count_of(value)
  local count = 0
  for _ in next, value do count = count + 1 end
  return count
end

function faults.list(value, row)
  if type(value) ~= "table" or next(value) ~= nil and rawget(value, 1) == nil then
    return ("must be an array, not a %s"):format(type(value) == "table" and "table with names" or type(value))
  end
  if row.required and next(value) == nil then return fault_texts.empty, "empty" end
  if row[2] and count_of(value) > row[2] then return ("must have at most %d entries"):format(row[2]), "bad_value" end
end

function faults.object(value, row)
  if type(value) == "table" then return nil end
  if not row.shorthand then return ("must be a table, not a %s"):format(type(value)) end
  if type(value) ~= "string" then
    return ("must be a string or a table with %s, not a %s"):format(row.shorthand, type(value))
  end
end

function faults.map(value)
  if type(value) ~= "table" then return ("must be a table, not a %s"):format(type(value)) end
end

local function type_fault(value, row)
  local fault = faults[row[1]]
  if fault then return fault(value, row) end
  if type(value) ~= row[1] then return ("must be a %s, not a %s"):format(row[1], type(value)) end
end

local function one_of_fault(value, row)
  if not row.one_of or row.one_of[value] then return nil end
  local names = {}
  for name in pairs(row.one_of) do names[#names + 1] = tostring(name) end
  table.sort(names)
  local meant = options.did_you_mean(value, row.one_of)
  return "must be one of " .. table.concat(names, ", ") .. (meant and ": " .. meant or "")
end

-- What was given, where a "." and a ":" are mixed up, so that the arguments are shifted by one; and a hint.
local function mistaken(given)
  if type(given) ~= "table" then return nil end
  if is_client(given) then
    return "a client", "The calls are methods of a client: client:add_attendees(token, ...)."
  elseif type(rawget(given, "add_attendees")) == "function" then
    return "the module", "Functions of a module are called with a dot: calendar.add_attendees(token, ...)."
  end
end

local function not_options(given, prefix)
  local what, hint = mistaken(given)
  return what and errors.argument(prefix, "wrong_type",
    ("%s must be a table of options, not %s"):format(prefix, what), hint)
end

local function unknown(prefix, name, schema)
  local shown = errors.one_line(name)
  return errors.argument(prefix .. "." .. shown, "unknown_option",
    ("there is no option %q"):format(shown), options.did_you_mean(name, schema))
end

local function unknown_field(prefix, name, fields)
  local shown = errors.one_line(name)
  return errors.argument(prefix .. "." .. shown, "unknown_field",
    ("%s has a field %q that is not known here"):format(prefix, shown), options.did_you_mean(name, fields))
end

-- What is wrong within a value, by a row's type.
local within = {}

function within.object(value, row, name)
  if type(value) == "string" then return options.check_value(value, row.fields[row.shorthand], name) end
  for field, entry in next, value do
    local known = type(field) == "string" and row.fields[field]
    if not known then return unknown_field(name, field, row.fields) end
    local err = options.check_value(entry, known, name .. "." .. field, value)
    if err then return err end
  end
  local missing -- the last by name, so that the error is the same each time
  for field, known in pairs(row.fields) do
    if known.required and rawget(value, field) == nil and (not missing or field > missing) then missing = field end
  end
  if not missing then return nil end
  return errors.argument(name .. "." .. missing, "missing", ("%s.%s is missing"):format(name, missing))
end

function within.map(value, row, name)
  for field, entry in next, value do
    local is_name = type(field) == "string"
    local shown = (is_name and "%s.%s" or "%s[%s]"):format(name, errors.one_line(field))
    if not is_name then return errors.argument(shown, "bad_value", name .. " must have texts as names") end
    local err = options.check_value(entry, row.of, shown, value)
    if err then return err end
  end
end

-- An entry that repeats an earlier one must say the same of it.
local function repeated(entry, row, seen, name, i)
  local is_table = type(entry) == "table"
  local id = entry
  if is_table then id = rawget(entry, row.unique) end
  if id == nil then return nil end
  local flag = is_table and rawget(entry, "isOptional") or false
  if seen[id] == nil then
    seen[id] = { flag = flag, at = i }
  elseif seen[id].flag ~= flag then
    local shown = ("%s[%d]"):format(name, i)
    return errors.argument(shown, "conflicting_duplicate",
      ("%s repeats the id of %s[%d] with another isOptional"):format(shown, name, seen[id].at))
  end
end

function within.list(value, row, name)
  local seen = {}
  for i = 1, count_of(value) do
    local entry, shown = rawget(value, i), ("%s[%d]"):format(name, i)
    if entry == nil then return errors.argument(shown, "hole", shown .. " is missing: the list has a hole") end
    local err = row.of and options.check_value(entry, row.of, shown, value)
      or row.unique and repeated(entry, row, seen, name, i)
    if err then return err end
  end
end

--- Checks one value against a row of a schema.
---@param value any
---@param row table
---@param name string how it is called, for the error's `argument`
---@param given table? the table that holds it
---@return dingtalk.Error? err nil when all is well
function options.check_value(value, row, name, given)
  local fault, code = type_fault(value, row)
  if fault then return errors.argument(name, code or "wrong_type", name .. " " .. fault) end
  local err = within[row[1]] and within[row[1]](value, row, name)
  if err then return err end
  fault = one_of_fault(value, row)
  local check = not fault and (checks[row.check] or row.check)
  if check then fault = check(value, given, row) end
  if fault then return errors.argument(name, "bad_value", name .. " " .. fault) end
end

local function field(given, name)
  return given[name]
end

-- Adds to `own` the options that a table has from its metatable.
local function inherited(own, given, schema, prefix)
  for name, row in pairs(schema) do
    local shown = prefix .. "." .. name
    local ok, value = pcall(field, given, name)
    if not ok then
      return nil, errors.argument(shown, "wrong_type", shown .. " cannot be read: " .. errors.one_line(value))
    end
    local err = value ~= nil and options.check_value(value, row, shown, given)
    if err then return nil, err end
    own[name] = value
  end
  return own
end

--- Checks a table of options against a schema of this module, and copies it: each option is read once, also what a
--- metatable gives, and a hook that changes the caller's table later changes nothing.
---@param given table? nil is no option
---@param schema table
---@param prefix string how the table is called, for the error's `argument`
---@return table? own nil where something is wrong
---@return dingtalk.Error? err
function options.take(given, schema, prefix)
  if given == nil then return {} end
  if type(given) ~= "table" then
    return nil, errors.argument(prefix, "wrong_type", ("%s must be a table, not a %s"):format(prefix, type(given)))
  end
  local own = {}
  for name, value in next, given do
    local row = schema[name]
    local err = not row and unknown(prefix, name, schema)
      or options.check_value(value, row, prefix .. "." .. name, given)
    if err then return nil, not_options(given, prefix) or err end
    own[name] = value
  end
  if getmetatable(given) ~= nil then return inherited(own, given, schema, prefix) end
  return own
end

--- Checks a table of options as options.take does.
---@param given table? nil is no option
---@param schema table
---@param prefix string
---@return dingtalk.Error? err nil when all is well
function options.check(given, schema, prefix)
  local _, err = options.take(given, schema, prefix)
  return err
end

--- Checks what config.headers holds, or returned for a request.
---@param headers any a table of names and values, or nil for none
---@return dingtalk.Error? err nil when they can be sent
function options.check_headers(headers)
  if headers == nil then return nil end
  local fault = type(headers) ~= "table" and "must return a table, not a " .. type(headers) or checks.headers(headers)
  if fault then return errors.argument("config.headers", "bad_value", "config.headers " .. fault) end
end

-- The error of a token that is no text for a header.
local function bad_token(token, fault)
  local hint = token:find("^[Bb]earer ") and 'The service wants the raw token, without "Bearer".'
    or token:find("%s$") and "A token read from a file may end in a newline."
  return errors.argument("token", fault, "token " .. options.fault_text(fault), hint or nil)
end

--- Checks an access token or a token source.
---@param token any
---@return dingtalk.Error? err nil when it can be used
function options.check_token(token)
  local kind = type(token)
  if kind == "string" then
    local fault = check_visible(token, MAX_TOKEN_BYTES)
    return fault and bad_token(token, fault)
  elseif kind ~= "table" and kind ~= "userdata" then
    return errors.argument("token", "wrong_type",
      ("token must be a string or a token source, not a %s"):format(kind))
  end
  local found, usable = pcall(function() return token.get and token.invalidate end)
  if found and usable then return nil end
  local _, hint = mistaken(token)
  return errors.argument("token", "wrong_type", "token is no token source: it has no get and invalidate", hint)
end

return options
