-- Writes from the table of operations lua/dingtalk/types/client.lua: the methods that its rows make, what they take
-- and give, and all calls as functions of the module; and lua/dingtalk/operation_names.lua.
local rows = {}

rows.path = "lua/dingtalk/types/client.lua"
rows.names_path = "lua/dingtalk/operation_names.lua"

local HEAD = [[
---@meta
--- The calls that are made from the rows of the table of operations, as methods of a client; and all calls as
--- functions of the module. Written by `tools/docs write`. Nothing of this runs.
]]

local function camel(name)
  return (("_" .. name):gsub("_(%l)", string.upper))
end

local function sorted_names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- An object of the schema with a name of its own is a class.
local function class_of(row) return row.class and "dingtalk." .. row.class end

local type_of

local simple = { text = "string", string = "string", boolean = "boolean", integer = "integer", number = "number",
  any = "any", table = "table" }

local function choice_of(row)
  local values = {}
  for _, value in ipairs(sorted_names(row.one_of)) do values[#values + 1] = ("%q"):format(value) end
  return table.concat(values, "|")
end

local function object_of(row)
  local fields = {}
  for _, name in ipairs(sorted_names(row.fields)) do
    local field = row.fields[name]
    if not field.read_only then
      fields[#fields + 1] = ("%s: %s%s"):format(name, type_of(field), field.required and "" or "?")
    end
  end
  return "{" .. table.concat(fields, ", ") .. "}"
end

-- The type of a value, as LuaLS writes it.
function type_of(row)
  if row.class then return class_of(row) end
  if row.one_of then return row[1] == "integer" and "integer" or "(" .. choice_of(row) .. ")" end
  if row[1] == "list" then return type_of(row.of) .. "[]" end
  if row[1] == "map" then return ("table<string, %s>"):format(type_of(row.of)) end
  if row[1] ~= "object" then return simple[row[1]] or "any" end
  return row.shorthand and ("(string|%s)"):format(object_of(row)) or object_of(row)
end

local function field_line(name, row, is_sure)
  local kind = type_of(row)
  return ("---@field %s %s%s%s"):format(name, kind, is_sure and "" or "?", row.doc and " " .. row.doc or "")
end

local function write(out, ...)
  for i = 1, select("#", ...) do out[#out + 1] = (select(i, ...)) end
end

-- The classes within a schema, once each.
local function write_classes(out, row, seen)
  if row.of then write_classes(out, row.of, seen) end
  for _, name in ipairs(row.fields and sorted_names(row.fields) or {}) do write_classes(out, row.fields[name], seen) end
  if not row.class or seen[row.class] then return end
  seen[row.class] = row
  if row.one_of then return write(out, ("---@alias %s %s"):format(class_of(row), choice_of(row)), "") end
  write(out, ("---@class %s%s"):format(class_of(row), row.doc and " " .. row.doc or ""))
  for _, name in ipairs(sorted_names(row.fields)) do
    local field = row.fields[name]
    write(out, field_line(name, field, field.required or name == "id"))
  end
  write(out, "")
end

local function parent_of(row)
  return row.items and "PageOptions" or row.client_token and "WriteOptions" or "ReadOptions"
end

local inherited = {
  timeout = true, max_attempts = true, cancel = true, max_pages = true, client_token = true, nextToken = true,
}

-- The class of a row's options: one of its own where it has parameters.
local function options_class(row)
  for name in pairs(row.options) do
    if not inherited[name] then return camel(row.name) .. "Options" end
  end
  return parent_of(row)
end

local function write_options(out, row)
  local class = options_class(row)
  if class == parent_of(row) then return end
  write(out, ("---@class dingtalk.%s: dingtalk.%s"):format(class, parent_of(row)))
  for _, entry in ipairs(row.query) do
    local name, option = entry[1], row.options[entry[1]]
    if not inherited[name] then write(out, field_line(name, option, option.required)) end
  end
  write(out, "")
end

local function result_class(row)
  if not row.answer then return "Result" end
  if row.answer_as then return row.answer.class .. "Result" end
  return camel(row.name) .. "Result"
end

local function write_result(out, row, seen)
  local class = result_class(row)
  if not row.answer or seen[class] then return end
  seen[class] = true
  write(out, ("---@class dingtalk.%s: dingtalk.Result"):format(class))
  if row.answer_as then
    write(out, field_line(row.answer_as, row.answer, true))
  else
    for _, name in ipairs(sorted_names(row.answer.fields)) do
      local field = row.answer.fields[name]
      write(out, field_line(name, field, field[1] == "list"))
    end
  end
  if row.items then
    write(out, "---@field pages integer read", "---@field nextToken string? only where opts.max_pages ended it")
  end
  write(out, "")
end

local argument_docs = {
  user = { "string", "unionId of the event's creator" }, cal = { "string?", 'calendar id; nil means "primary"' },
  event = { "string", "event id" }, calendar = { "string", "calendar id" }, acl = { "string", "aclId of list_acls" },
  room = { "string", "the room's id" },
}

-- The parameters of a row's method: name, type, text.
local function parameters_of(row)
  local list = { { "token", "dingtalk.Token", "" } }
  for _, name in ipairs(row.arguments) do
    local known = argument_docs[name] or { "string", "" }
    list[#list + 1] = { name, known[1], row[name] or known[2] }
  end
  if row.body then
    list[#list + 1] = { row.body.argument, type_of(row.body.row), row.body.row.class and "" or row.body.row.doc or "" }
  end
  list[#list + 1] = { "opts", ("dingtalk.%s?"):format(options_class(row)), "" }
  return list
end

local function names_of(parameters)
  local names = {}
  for i, parameter in ipairs(parameters) do names[i] = parameter[1] end
  return table.concat(names, ", ")
end

-- What a call does, what it needs, where the vendor describes it.
local function description(row)
  local parts = { row.doc }
  if row.scope then parts[#parts + 1] = ("Needs the permission `%s`."):format(row.scope) end
  if row.write and not row.client_token then
    parts[#parts + 1] = "The service knows no x-client-token for it: it is sent again only where nothing was done."
  end
  parts[#parts + 1] = row.page
    and ("[The vendor's page](https://open.dingtalk.com/document/development/%s)."):format(row.page)
    or ("On no page of the vendor's: its SDKs have it as `%s`."):format(row.vendor or row.name)
  return table.concat(parts, " ")
end

local function write_method(out, name, text, parameters, returns)
  write(out, "--- " .. text)
  for _, parameter in ipairs(parameters) do
    local words = parameter[3] ~= "" and " " .. parameter[3] or ""
    write(out, ("---@param %s %s%s"):format(parameter[1], parameter[2], words))
  end
  for _, one in ipairs(returns) do write(out, "---@return " .. one) end
  write(out, ("function client:%s(%s) end"):format(name, names_of(parameters)), "")
end

local function item_type(row)
  return type_of(row.answer.fields[row.items].of)
end

local function iterator_type(row)
  return ("(fun(): %s|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead"):format(item_type(row))
end

local function write_methods(out, row)
  local parameters = parameters_of(row)
  write_method(out, row.name, description(row), parameters,
    { ("dingtalk.%s? result"):format(result_class(row)), "dingtalk.Error? err" })
  if not row.each then return end
  local text = ("The same as %s, one by one, page by page: `for one, err in client:%s(…)`. "):format(row.name, row.each)
    .. "A failure is the last value: false and the error. The iterator's fields tell what the pages said."
  write_method(out, row.each, text, parameters, { iterator_type(row) .. " next" })
end

local function function_type(parameters, returns)
  local list = {}
  for i, parameter in ipairs(parameters) do list[i] = parameter[1] .. ": " .. parameter[2] end
  return ("fun(%s): %s"):format(table.concat(list, ", "), table.concat(returns, ", "))
end

-- The type of a method that is annotated in its own file.
local function annotated_type(found)
  local parameters, returns = {}, {}
  for i, param in ipairs(found.params) do parameters[i] = { param.name, param.type } end
  for i, result in ipairs(found.returns) do returns[i] = result.type end
  return function_type(parameters, returns)
end

-- Every call as a function of the module.
local function write_module(out, operations, annotated)
  write(out,
    "---@class dingtalk.Calendar the module dingtalk.calendar: each call as a function that uses a default client")
  for _, name in ipairs { "add_attendees", "remove_attendees", "add_attendees_each", "request" } do
    if annotated[name] then write(out, ("---@field %s %s"):format(name, annotated_type(annotated[name]))) end
  end
  for _, row in ipairs(operations.rows) do
    local parameters = not row.counted and parameters_of(row)
    if parameters then
      write(out, ("---@field %s %s"):format(row.name,
        function_type(parameters, { ("dingtalk.%s?"):format(result_class(row)), "dingtalk.Error?" })))
    end
    if row.each then
      write(out, ("---@field %s %s"):format(row.each, function_type(parameters, { iterator_type(row) })))
    end
  end
end

--- The text of the file.
---@param operations table dingtalk.operations
---@param annotated table<string, table> annotations of methods that stand elsewhere, by name
---@return string
function rows.text(operations, annotated)
  local out, seen, results = { HEAD .. "\n---@class dingtalk.Client\nlocal client = {}\n" }, {}, {}
  for _, row in ipairs(operations.rows) do
    if not row.counted then
      if row.body then write_classes(out, row.body.row, seen) end
      if row.answer then write_classes(out, row.answer, seen) end
      write_options(out, row)
      write_result(out, row, results)
      write_methods(out, row)
    end
  end
  write_module(out, operations, annotated)
  return table.concat(out, "\n") .. "\n"
end

local NAMES_HEAD = [[
--- The operations of dingtalk.operation_rows by name, but those of dingtalk.attendee_rows; each with the name of its
--- iterator, or false. A client has methods of these names before it loads the rows. Written by `tools/docs write`.
return {
]]

--- The text of the module that has the names alone.
---@param operations table
---@return string
function rows.names_text(operations)
  local names, lines = {}, {}
  for _, row in ipairs(operations.rows) do
    if not row.counted then names[row.name] = row.each and ("%q"):format(row.each) or "false" end
  end
  for _, name in ipairs(sorted_names(names)) do lines[#lines + 1] = ("  %s = %s,\n"):format(name, names[name]) end
  return NAMES_HEAD .. table.concat(lines) .. "}\n"
end

--- The names of the methods by the headings of the reference, in order.
---@param operations table
---@return {title: string, names: string[]}[]
function rows.groups(operations)
  local groups, by_title = {}, {}
  for _, row in ipairs(operations.rows) do
    local title = row.group or "Others"
    local group = by_title[title]
    if not group then
      group = { title = title, names = {} }
      by_title[title], groups[#groups + 1] = group, group
    end
    table.insert(group.names, row.name)
    if row.name == "remove_attendees" then table.insert(group.names, "add_attendees_each") end
    if row.each then table.insert(group.names, row.each) end
  end
  return groups
end

local function shown(options)
  local kept = {}
  for name, row in pairs(options) do
    if not row.hidden then kept[name] = row end
  end
  return kept
end

--- The classes of options and of bodies with the rows by which they are checked.
---@param operations table
---@return {class: string, schema: table}[]
function rows.schemas(operations)
  local found, seen = {}, {}
  for _, row in ipairs(operations.rows) do
    local class = not row.counted and options_class(row)
    if class and class ~= parent_of(row) then
      found[#found + 1] = { class = "dingtalk." .. class, schema = shown(row.options) }
    end
    local function add(schema)
      if schema.of then add(schema.of) end
      for _, field in pairs(schema.fields or {}) do add(field) end
      if schema.class and schema.fields and not seen[schema.class] then
        seen[schema.class] = true
        found[#found + 1] = { class = class_of(schema), schema = schema.fields }
      end
    end
    if row.body then add(row.body.row) end
  end
  return found
end

return rows
