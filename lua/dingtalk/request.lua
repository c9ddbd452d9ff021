--- A request to the service's API: made, sent, its answer as plain Lua. The calls of dingtalk.operations
--- are made from it, and client:request, for what is in no table.

local attempts = require "dingtalk.attempts"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"

local requests = {}

local unpack = table.unpack or unpack

--- The URL of a base and a path's literals and ids.
---@param base string
---@param path string[] literals and, between them, ids
---@param names string[] how the ids are called, for errors
---@return string? url
---@return dingtalk.Error? err
function requests.url(base, path, names)
  local url, which, fault, detail = core.url(base, unpack(path, 1, #path))
  if url then return url end
  local name = names[which] or "request.path" -- the whole is too long
  return nil, errors.argument(name, fault, name .. " "
    .. (detail and "must be a string, not a " .. detail or options.fault_text(fault)))
end

local function query_text(value)
  return core.encode(type(value) == "number" and json.number(value) or tostring(value))
end

--- Sets the request's URL from its query.
---@param request table
function requests.set_url(request)
  local parts = {}
  for _, name in ipairs(request.parameters) do
    local value = request.query[name]
    if value ~= nil then parts[#parts + 1] = core.encode(name) .. "=" .. query_text(value) end
  end
  request.url = request.base .. (#parts > 0 and "?" .. table.concat(parts, "&") or "")
end

--- The JSON text of a body.
---@param value any
---@param name string how it is called
---@param max_bytes number
---@return string? text
---@return dingtalk.Error? err
function requests.body(value, name, max_bytes)
  local text, fault_name, fault = json.write(value, name)
  if not text then
    fault_name = errors.one_line(fault_name)
    return nil, errors.argument(fault_name, "bad_value", fault_name .. " " .. fault)
  end
  if #text <= max_bytes then return text end
  return nil, errors.argument(name, "too_large", ("%s is larger than %d bytes as JSON"):format(name, max_bytes))
end

-- The service requires a Content-Length with a write, even without a body.
local function body_of_write(body, method)
  return body or (method == "POST" or method == "PUT") and "" or nil
end

--- A request of which everything is checked.
---@param client dingtalk.Client
---@param row table of the table of operations, or what client:request makes in its place
---@param token dingtalk.Token
---@param fields {base: string, query: table, parameters: string[], body: string?} parameters: the query's names
---@param opts table
---@return dingtalk.Request? request
---@return dingtalk.Error? err its URL is too long
function requests.new(client, row, token, fields, opts)
  local request = {
    row = row, token = token, base = fields.base, query = fields.query, parameters = fields.parameters,
    body = body_of_write(fields.body, row.method), older_api = row.older,
    secrets = row.secret and {} or nil, -- no message may quote the answer
    client_token = row.client_token and (opts.client_token or core.uuid()) or nil,
    once = row.write and not row.client_token or nil,
    timeout = opts.timeout or client.call_timeout, max_attempts = opts.max_attempts,
    max_pages = opts.max_pages, cancel = opts.cancel,
  }
  request.deadline = client:now() + request.timeout
  requests.set_url(request)
  if #request.url <= limits.max_url_bytes then return request end
  local name = row.name == "request" and "request.query" or "opts"
  return nil, errors.argument(name, "too_long",
    ("%s makes the URL longer than %d bytes"):format(name, limits.max_url_bytes))
end

--- The error of an answer that was understood and is not what it should be.
---@param rule table of dingtalk.codes
---@param attempt dingtalk.State
---@param detail string?
---@return dingtalk.Error
function requests.bad_answer(rule, attempt, detail)
  return errors.new {
    kind = rule.kind, code = rule.code, message = rule.message .. (detail and ": " .. detail or ""),
    hint = rule.hint, outcome = rule.outcome or "unknown", retryable = false, status = attempt.status,
    request_id = attempt.request_id or nil, attempts = attempt.attempts, client_token = attempt.client_token,
    elapsed = attempt.elapsed,
  }
end

--- Sends a request: the one place that does.
---@param client dingtalk.Client
---@param request dingtalk.Request
---@return table? attempt with status, request_id, attempts, client_token, elapsed
---@return any object the answer as plain Lua, or nil; or the error where there is no attempt
function requests.send(client, request)
  local attempt = attempts.new(request.client_token)
  local err, object = attempts.run(client, request, attempt)
  if err then return nil, err end
  return attempt, object and json.plain(object)
end

--- What every result says.
---@param attempt dingtalk.State
---@return table result
function requests.result(attempt)
  return {
    status = attempt.status, request_id = attempt.request_id or nil, attempts = attempt.attempts,
    client_token = attempt.client_token, elapsed = attempt.elapsed, hook_error = attempt.hook_error,
  }
end

-- What client:request takes.
local spec_schema = {
  method = { "string", one_of = { GET = true, POST = true, PUT = true, DELETE = true } },
  path = { "any" },
  query = { "table" },
  body = { "table" },
  older = { "boolean" },
}

local function literal_fault(text, is_first)
  if type(text) ~= "string" then return ("must be a string, not a %s"):format(type(text)) end
  if core.check_visible(text, limits.max_query_bytes) then return "must be visible ASCII" end
  if text:find("[?#\\]") then return "must not hold ? # or \\: the query has a field of its own" end
  if is_first and text:sub(1, 1) ~= "/" then return "must begin with /" end
  for segment in text:gmatch("[^/]+") do
    local plain = segment:gsub("%%2[eE]", ".")
    if plain == "." or plain == ".." then return options.fault_text("dot_segment") end
  end
end

local path_hint = 'The path has literals and, between them, ids: { "/v1.0/contact/users/", union_id }.'

-- The path's parts and the names of its ids, once its literals are right.
local function read_path(path)
  if type(path) ~= "table" then
    return nil, errors.argument("request.path", path == nil and "missing" or "wrong_type",
      ("request.path must be an array, not a %s"):format(type(path)), path_hint)
  end
  local parts = {}
  while rawget(path, #parts + 1) ~= nil and #parts <= limits.max_path_parts do
    parts[#parts + 1] = rawget(path, #parts + 1)
  end
  path = parts
  if #path == 0 or #path > limits.max_path_parts then
    return nil, errors.argument("request.path", "bad_value",
      ("request.path must have 1 to %d parts"):format(limits.max_path_parts), path_hint)
  end
  local names = {}
  for i = 1, #path do
    local shown = ("request.path[%d]"):format(i)
    if i % 2 == 0 then
      names[#names + 1] = shown
    else
      local fault = literal_fault(path[i], i == 1)
      local ends = not fault and path[i]:sub(-1) == "/"
      if not fault and i < #path and not ends then fault = "must end in / before an id" end
      if ends and i == #path then fault = "ends in /: the id behind it is nil" end
      if fault then return nil, errors.argument(shown, "bad_value", shown .. " " .. fault, path_hint) end
    end
  end
  return path, names
end

-- The query's names in order, which makes the same request the same text.
local function check_query(query)
  local names = {}
  for name, value in next, query do
    local shown = "request.query." .. errors.one_line(name)
    if type(name) ~= "string" or core.check_visible(name, limits.max_query_bytes) then
      return nil, errors.argument(shown, "bad_value", "request.query must have names of visible ASCII")
    end
    local kind = type(value)
    local fault = kind ~= "string" and kind ~= "number" and kind ~= "boolean"
      and ("must be a string, a number or a boolean, not a %s"):format(kind)
      or kind == "number" and (value ~= value or value * 0 ~= 0) and "must be a finite number"
      or kind == "string" and #value > limits.max_query_bytes and options.fault_text("too_long")
      or kind == "string" and core.check_utf8(value) and options.fault_text("not_utf8")
    if fault then return nil, errors.argument(shown, "bad_value", shown .. " " .. fault) end
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function read_spec(given)
  if given == nil then return nil, errors.argument("request", "wrong_type", "request must be a table, not a nil") end
  local spec, err = options.take(given, spec_schema, "request")
  if not spec then return nil, err end
  if spec.method == nil then return nil, errors.argument("request.method", "missing", "request.method is missing") end
  if spec.body and spec.method == "GET" then
    return nil, errors.argument("request.body", "bad_value", "request.body is of no use with GET")
  end
  return spec
end

--- The request of a call that is in no table. Sends nothing.
---@param client dingtalk.Client
---@param token dingtalk.Token
---@param spec dingtalk.RequestSpec
---@param opts dingtalk.WriteOptions?
---@return dingtalk.Request? request
---@return dingtalk.Error? err
function requests.prepare_any(client, token, spec, opts)
  local err = options.check_token(token)
  if err then return nil, err end
  spec, err = read_spec(spec)
  if not spec then return nil, err end
  opts, err = options.take(opts, options.write, "opts")
  if not opts then return nil, err end
  if opts.client_token and (spec.older or spec.method == "GET") then
    return nil, errors.argument("opts.client_token", "bad_value",
      "opts.client_token is of no use here: " .. (spec.older and "the older API knows none" or "GET changes nothing"))
  end
  local base, parameters, body
  local path, names = read_path(spec.path)
  if not path then return nil, names end
  base, err = requests.url(spec.older and client.older_base_url or client.base_url, path, names)
  if not base then return nil, err end
  parameters, err = check_query(spec.query or {})
  if not parameters then return nil, err end
  if spec.body then body, err = requests.body(spec.body, "request.body", limits.max_body_bytes) end
  if err then return nil, err end
  local query = {}
  for _, name in ipairs(parameters) do query[name] = rawget(spec.query, name) end
  local row = {
    name = "request", method = spec.method, older = spec.older, write = spec.method ~= "GET",
    client_token = opts.client_token ~= nil,
  }
  return requests.new(client, row, token,
    { base = base, query = query, parameters = parameters, body = body }, opts)
end

--- Makes a call that is in no table.
---@param client dingtalk.Client
---@param token dingtalk.Token
---@param spec dingtalk.RequestSpec
---@param opts dingtalk.WriteOptions?
---@return dingtalk.RequestResult? result
---@return dingtalk.Error? err
function requests.any(client, token, spec, opts)
  local request, err = requests.prepare_any(client, token, spec, opts)
  if not request then return nil, err end
  local attempt, object = requests.send(client, request)
  if not attempt then return nil, object end
  local result = requests.result(attempt)
  result.body = object
  return result
end

return requests
