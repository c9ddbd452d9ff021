--- Lua tables as JSON with sorted names: the same table is the same bytes in every process, as a
--- repeated x-client-token must carry.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local limits = require "dingtalk.limits"
local attendees = require "dingtalk.attendees"
local options = require "dingtalk.options"

local details = {}

local NO_LISTS = {}

local write

-- lua-cjson escapes the slash, which JSON does not ask for.
local function quote(text)
  return (json.encode(text):gsub("\\/", "/"))
end

local function write_list(out, value, name, depth)
  local count = 0
  for _ in next, value do count = count + 1 end
  out[#out + 1] = "["
  for i = 1, count do
    if i > 1 then out[#out + 1] = "," end
    local fault_name, fault = write(out, rawget(value, i), ("%s[%d]"):format(name, i), depth)
    if fault then return fault_name, fault end
  end
  out[#out + 1] = "]"
end

local function write_object(out, value, name, depth)
  local names = {}
  for field in next, value do
    if type(field) ~= "string" then return name, "mixes names and positions" end
    names[#names + 1] = field
  end
  table.sort(names)
  out[#out + 1] = "{"
  for i, field in ipairs(names) do
    out[#out + 1] = (i > 1 and "," or "") .. quote(field) .. ":"
    local entry = rawget(value, field)
    if out.lists[field] and type(entry) == "table" and next(entry) == nil then
      out[#out + 1] = "[]"
    else
      local fault_name, fault = write(out, entry, name .. "." .. errors.one_line(field), depth)
      if fault then return fault_name, fault end
    end
  end
  out[#out + 1] = "}"
end

local function write_number(out, value, name)
  if value ~= value or value == math.huge or value == -math.huge then return name, "must be a finite number" end
  out[#out + 1] = value % 1 == 0 and math.abs(value) < 2 ^ 53 and ("%.0f"):format(value) or ("%.17g"):format(value)
end

-- Appends the JSON text of a value; returns what cannot be written and why, or nothing.
function write(out, value, name, depth)
  local kind = type(value)
  if kind == "table" then
    if depth >= out.max_depth then return name, "is nested too deeply" end
    return (rawget(value, 1) ~= nil and write_list or write_object)(out, value, name, depth + 1)
  elseif kind == "number" then
    return write_number(out, value, name)
  elseif kind == "string" then
    if core.check_utf8(value) then return name, options.fault_text("not_utf8") end
    out[#out + 1] = quote(value)
  elseif kind == "boolean" or value == json.null then
    out[#out + 1] = value == json.null and "null" or tostring(value)
  else
    return name, kind == "nil" and "is missing: the array has a hole" or ("must not be a %s"):format(kind)
  end
end

--- The JSON text of a value, names sorted.
---@param value any
---@param name string how it is called, for messages
---@param lists table<string, boolean>? names of fields that are arrays when they are empty; others are objects
---@param max_depth integer? tables within tables
---@return string? text
---@return string? fault_name what cannot be written
---@return string? fault why
function details.json(value, name, lists, max_depth)
  local out = { lists = lists or NO_LISTS, max_depth = max_depth or limits.max_json_depth }
  local fault_name, fault = write(out, value, name, 0)
  if fault then return nil, fault_name, fault end
  return table.concat(out)
end

local PEOPLE_START = #'{"attendeesToAdd":' + 1

-- An event's attendees, in any of the forms that add_attendees takes.
local function people_json(people, name)
  if next(people) == nil then return "[]" end
  local body, err = attendees.encode(people, name)
  return body and body:body(1):sub(PEOPLE_START, -2), err
end

local function field_json(value, row, name)
  if row.people then return people_json(value, name) end
  if row[1] == "list" and next(value) == nil then return "[]" end
  local text, fault_name, fault = details.json(value, name)
  if text then return text end
  return nil, errors.argument(fault_name, "bad_value", fault_name .. " " .. fault)
end

local function check(given, schema, required, argument)
  if given == nil then
    return errors.argument(argument, "wrong_type", argument .. " must be a table, not a nil")
  end
  local err = options.check(given, schema, argument)
  if err then return err end
  for _, name in ipairs(required) do
    if given[name] == nil then
      return errors.argument(argument .. "." .. name, "missing", ("%s.%s is missing"):format(argument, name))
    end
  end
  if next(given) == nil then return errors.argument(argument, "empty", argument .. " must not be empty") end
end

--- The body of a request that carries an event's details.
---@param given any
---@param schema table the fields, as in dingtalk.options
---@param required string[]
---@param argument string how the table is called
---@return string? body
---@return dingtalk.Error? err
function details.encode(given, schema, required, argument)
  local err = check(given, schema, required, argument)
  if err then return nil, err end
  local fields = {}
  for name, value in pairs(given) do
    local text
    text, err = field_json(value, schema[name], argument .. "." .. name)
    if not text then return nil, err end
    fields[#fields + 1] = ('"%s":%s'):format(name, text)
  end
  table.sort(fields)
  local body = "{" .. table.concat(fields, ",") .. "}"
  if #body <= limits.max_details_bytes then return body end
  return nil, errors.argument(argument, "too_large",
    ("%s is larger than %d bytes as JSON"):format(argument, limits.max_details_bytes))
end

return details
