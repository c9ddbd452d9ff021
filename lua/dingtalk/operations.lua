--- The calls of the table of operations: a row says how the arguments are checked and how the answer is read;
--- dingtalk.request sends the request.

local codes = require "dingtalk.codes"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"
local pages = require "dingtalk.pages"
local requests = require "dingtalk.request"
local table_of_operations = require "dingtalk.operation_rows"

local operations = setmetatable({
  rows = table_of_operations.rows, define = table_of_operations.define,
}, { __index = table_of_operations.by_name })

-- The path's literals and, between them, the arguments.
local function path_of(row, place)
  local path = {}
  for i, literal in ipairs(row.literals) do path[2 * i - 1] = literal end
  for i, name in ipairs(row.arguments) do
    local value = place[i]
    if value == nil and name == "cal" then value = "primary" end
    if type(value) ~= "string" then
      return nil, errors.argument(name, "wrong_type", ("%s must be a string, not a %s"):format(name, type(value)))
    end
    path[2 * i] = value
  end
  return path
end

-- A checked value as it is sent: a text that is short for a table becomes that table, a text of digits a number, an
-- empty list is marked as a list; fields of answers and repeated entries are left out.
local function written(value, row)
  local kind = row[1]
  if kind == "integer" and row.digits then return tonumber(value) end
  if kind == "object" then
    local fields = {}
    if type(value) ~= "table" then value = { [row.shorthand] = value } end
    for name, entry in next, value do
      local field = row.fields[name]
      if not field.read_only then fields[name] = written(entry, field) end
    end
    return fields
  elseif kind == "list" then
    local entries, seen, at = json.array {}, {}, 1
    while rawget(value, at) ~= nil do
      local entry = rawget(value, at)
      at = at + 1
      local one = entry
      if row.of then one = written(entry, row.of) end
      local id = row.unique and one[row.unique]
      if id == nil or not seen[id] then entries[#entries + 1] = one end
      if id then seen[id] = true end
    end
    return entries
  end
  return value
end

-- Fields that repeat an argument of the path: filled in, and refused where they differ.
local function fill(fields, row, place)
  local body = row.body
  for field, argument in pairs(body.from or {}) do
    for i, name in ipairs(row.arguments) do
      if name == argument then
        local shown = body.argument .. "." .. field
        if fields[field] ~= nil and fields[field] ~= place[i] then
          return errors.argument(shown, "bad_value", ("%s must be %s, the same id"):format(shown, argument))
        end
        fields[field] = place[i]
      end
    end
  end
end

local function body_of(row, place, value)
  local body = row.body
  if not body then return nil end
  -- First, what JSON cannot hold: holes, functions, a table within itself.
  local _, text, err
  if type(value) == "table" then _, err = requests.body(value, body.argument, math.huge) end
  err = err or options.check_value(value, body.row, body.argument)
  if err then return nil, err end
  local is_object = body.row[1] == "object"
  if is_object and next(value) == nil then
    return nil, errors.argument(body.argument, "empty", body.argument .. " must not be empty")
  end
  local content = written(value, body.row)
  if is_object then err = fill(content, row, place) end
  if err then return nil, err end
  text, err = requests.body(content, body.argument, limits.max_body_bytes)
  if not text then return nil, err end
  return body.field and ('{"%s":%s}'):format(body.field, text) or text
end

-- The query's values and their names in order.
local function query_of(row, opts)
  local query, parameters = {}, {}
  for i, entry in ipairs(row.query or {}) do
    local name = entry[1]
    parameters[i], query[name] = name, opts[name]
    if query[name] == nil and row.fixed then query[name] = row.fixed[name] end
    if query[name] == nil and entry.required then
      return nil, errors.argument("opts." .. name, "missing", ("opts.%s is missing"):format(name))
    end
  end
  return query, parameters
end

--- Checks everything and makes the request of an operation. Sends nothing.
---@param client dingtalk.Client
---@param row table of dingtalk.operations
---@param token string|dingtalk.TokenSource
---@param place table the path's arguments, in order
---@param value any the argument that becomes the body
---@param opts table?
---@return dingtalk.Request? request
---@return dingtalk.Error? err
function operations.prepare(client, row, token, place, value, opts)
  local err = options.check_token(token)
  if err then return nil, err end
  opts, err = options.take(opts, row.options, "opts")
  if not opts then return nil, err end
  local path, base, query, parameters, body
  path, err = path_of(row, place)
  if not path then return nil, err end
  base, err = requests.url(client.base_url, path, row.arguments)
  if not base then return nil, err end
  query, parameters = query_of(row, opts)
  if not query then return nil, parameters end
  body, err = body_of(row, place, value)
  if err then return nil, err end
  return requests.new(client, row, token,
    { base = base, query = query, parameters = parameters, body = body }, opts)
end

-- Fields of every result, which a field of an answer must not overwrite.
local ours = {
  status = true, request_id = true, attempts = true, client_token = true, elapsed = true, hook_error = true,
  pages = true,
}

-- The fields of an answer by a row's schema, into a result. A list without entries may be left out.
local function take_fields(result, object, answer)
  for name, value in pairs(object) do
    if not ours[name] then result[name] = value end
  end
  for name, field in pairs(answer.fields) do
    if field[1] == "list" then
      if result[name] == nil then result[name] = json.array {} end
      if not json.is_list(result[name]) then return codes.bad_answer end
    end
  end
  -- A refusal under status 200.
  if result.result == false then return codes.result_false end
end

local function conclude(row, attempt, object)
  local result = requests.result(attempt)
  if not row.answer then return result end
  -- Where an answer would only say yes, an empty one says it, too.
  if not object and row.answer.fields.result then object = {} end
  if object and row.unwrap then object = object[row.unwrap] end
  if type(object) ~= "table" then return nil, requests.bad_answer(codes.empty_answer, attempt) end
  local broken
  if row.answer_as then result[row.answer_as] = object else broken = take_fields(result, object, row.answer) end
  if broken then return nil, requests.bad_answer(broken, attempt) end
  return result
end

-- The arguments of an operation after the token: the path's, the body's if there is one, the options.
local function request_of(client, row, token, ...)
  local count, place = #row.arguments, {}
  for i = 1, count do place[i] = (select(i, ...)) end
  if not row.body then return operations.prepare(client, row, token, place, nil, (select(count + 1, ...))) end
  return operations.prepare(client, row, token, place, select(count + 1, ...))
end

--- Makes a call.
---@param client dingtalk.Client
---@param name string of the operation
---@param token dingtalk.Token
---@param ... any the path's arguments in order, the body's if the row has one, the options
---@return table? result
---@return dingtalk.Error? err
function operations.perform(client, name, token, ...)
  local row = operations[name]
  local request, err = request_of(client, row, token, ...)
  if not request then return nil, err end
  if row.items then return pages.all(client, request) end
  local attempt, object = requests.send(client, request)
  if not attempt then return nil, object end
  return conclude(row, attempt, object)
end

--- The iterator of a call whose answer comes in pages.
---@param client dingtalk.Client
---@param name string of the operation
---@param token dingtalk.Token
---@param ... any as of operations.perform
---@return dingtalk.PagesRead? iterator
---@return dingtalk.Error? err
function operations.each(client, name, token, ...)
  local request, err = request_of(client, operations[name], token, ...)
  if not request then return nil, err end
  return pages.each(client, request)
end

return operations
