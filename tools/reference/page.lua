-- Writes docs/reference.md from the annotations and the limits.
local public = require "tools.reference.public"

local page = {}

-- The text of a cell of a table.
local function cell(text)
  return (text:gsub("|", "\\|"):gsub("\n", " "))
end

local function code(text)
  return "`" .. text .. "`"
end

local function anchor(title)
  return (title:lower():gsub("[^%w%- _]", ""):gsub(" ", "-"))
end

local function is_public(name)
  return name:find("^dingtalk%.%u") and not public.internal_classes[name]
end

-- A type, with a link to the first documented type in it.
local function type_link(text)
  for name in text:gmatch("dingtalk%.%u%w*") do
    if name == "dingtalk.Client" then return ("[%s](#methods-of-a-client)"):format(code(text)) end
    if is_public(name) then return ("[%s](#%s)"):format(code(text), anchor(name)) end
  end
  return code(text)
end

local function sentence(text)
  if text == "" then return "" end
  return text:sub(1, 1):upper() .. text:sub(2) .. (text:find("[%.…:]$") and "" or ".")
end

local function write(out, ...)
  for i = 1, select("#", ...) do out[#out + 1] = (select(i, ...)) end
end

local function write_signature(out, title, found, level)
  write(out, (level or "###") .. " " .. title, "", found.text, "")
  for _, param in ipairs(found.params) do
    local text = param.text ~= "" and ": " .. param.text or ""
    write(out, ("- %s %s%s"):format(code(param.name), type_link(param.type), text))
  end
  for i, result in ipairs(found.returns) do
    local name = result.name and (" %s"):format(code(result.name)) or ""
    local text = result.text ~= "" and ": " .. result.text or ""
    write(out, ("- %s%s %s%s"):format(i == 1 and "returns" or "second value:", name, type_link(result.type), text))
  end
  if #found.params + #found.returns > 0 then write(out, "") end
end

local function names_of(found)
  local names = {}
  for _, param in ipairs(found.params) do names[#names + 1] = param.name end
  return table.concat(names, ", ")
end

-- The functions of a module that are documented, in order: title and annotation.
local function functions_of(world, row)
  local found = {}
  for name, value in pairs(world.modules[row.name]) do
    local annotation = type(value) == "function" and public.module_function(world.all, row, name)
    if annotation then
      local title = ("%s.%s(%s)"):format(row.name, name, names_of(annotation))
      found[#found + 1] = { title = title, annotation = annotation }
    end
  end
  table.sort(found, function(a, b) return a.title < b.title end)
  return found
end

local function methods_of(world)
  local found = {}
  for _, group in ipairs(public.groups(world)) do
    for _, name in ipairs(group.names) do
      local annotation = public.method(world.all, name)
      if annotation then
        found[#found + 1] = { title = ("client:%s(%s)"):format(name, names_of(annotation)), annotation = annotation,
          group = group.title }
      end
    end
  end
  return found
end

local function write_modules(out, world)
  for _, row in ipairs(public.modules) do
    write(out, "## " .. row.require, "")
    for _, one in ipairs(functions_of(world, row)) do write_signature(out, one.title, one.annotation) end
    if row.name == "calendar" then
      write(out, "Each [method of a client](#methods-of-a-client) that calls the service is also a function of this",
        "module, without the client: `calendar.add_attendees(token, …)`. It uses a client that is made at the first",
        "call, with the default configuration, `DINGTALK_BASE_URL` and `DINGTALK_CA_FILE`.", "")
    end
  end
end

local function write_methods(out, world)
  write(out, "## Methods of a client", "")
  local group
  for _, one in ipairs(methods_of(world)) do
    if one.group ~= group then write(out, "### " .. one.group, "") end
    group = one.group
    write_signature(out, one.title, one.annotation, "####")
  end
end

-- The first sentence of a description, on one line.
local function summary(annotation)
  local text = annotation.text:gsub("%s+", " ")
  return cell((text:match("^(.-)[%.:;] ") or text:gsub("%.$", "")) .. ".")
end

local function write_index(out, world)
  write(out, "## Index of functions", "", "| function | |", "|---|---|")
  local function write_rows(list)
    for _, one in ipairs(list) do
      write(out, ("| [%s](#%s) | %s |"):format(code(one.title), anchor(one.title), summary(one.annotation)))
    end
  end
  write_rows(methods_of(world))
  for _, row in ipairs(public.modules) do write_rows(functions_of(world, row)) end
  write(out, "")
end

local function bounds_of(schemas, class, field)
  local row = schemas[class] and schemas[class][field]
  if not row then return "" end
  local kind = row[1]
  if kind == "number" or kind == "integer" or kind == "rate" or kind == "rate_or_limiter" then
    return row[2] and ("%.14g to %.14g"):format(row[2], row[3]) or ""
  end
  if kind == "text" and row[2] then return ("at most %d characters"):format(row[2]) end
  return kind == "list" and row[2] and ("at most %d entries"):format(row[2]) or ""
end

-- A class's own fields in their order, then the inherited ones.
local function all_fields(all, class, found, seen)
  found, seen = found or {}, seen or {}
  for _, field in ipairs(class.fields) do
    if not seen[field.name] then found[#found + 1] = field end
    seen[field.name] = true
  end
  for _, parent in ipairs(class.parents) do
    if all.classes[parent] then all_fields(all, all.classes[parent], found, seen) end
  end
  return found
end

local function write_class(out, world, class, schemas)
  local fields = all_fields(world.all, class)
  write(out, "### " .. class.name, "")
  if class.text ~= "" then write(out, sentence(class.text), "") end
  if #fields == 0 then return end
  write(out, "| field | type | |", "|---|---|---|")
  for _, field in ipairs(fields) do
    local bounds = bounds_of(schemas, class.name, field.name)
    local text = field.text .. (bounds ~= "" and (field.text ~= "" and " (" .. bounds .. ")" or bounds) or "")
    write(out, ("| %s | %s | %s |"):format(code(field.name), cell(type_link(field.type)), cell(text)))
  end
  write(out, "")
end

local function write_alias(out, alias)
  write(out, "### " .. alias.name, "")
  if alias.type then write(out, code(alias.type) .. (alias.text ~= "" and ": " .. alias.text or ""), "") end
  for _, row in ipairs(alias.rows) do
    write(out, ("- %s%s"):format(type_link(row.type), row.text ~= "" and ": " .. row.text or ""))
  end
  if #alias.rows > 0 then write(out, "") end
end

local function write_types(out, world)
  local schemas, sorted = {}, {}
  for _, row in ipairs(public.schemas(world)) do schemas[row.class] = row.schema end
  for _, class in ipairs(world.all.class_order) do sorted[#sorted + 1] = class end
  for _, alias in ipairs(world.all.alias_order) do sorted[#sorted + 1] = alias end
  table.sort(sorted, function(a, b) return a.name < b.name end)
  write(out, "## Types", "")
  for _, one in ipairs(sorted) do
    if is_public(one.name) then
      if one.fields then write_class(out, world, one, schemas) else write_alias(out, one) end
    end
  end
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

--- The limits of a file with the comment on each line, or on the line above.
---@param text string
---@param pattern string of a line, with the name, the value and the comment
---@return table<string, string> comments by name
function page.comments(text, pattern)
  local found, above = {}, nil
  for line in text:gmatch("[^\n]+") do
    local name, comment = line:match(pattern)
    local bare = line:match("^%s+([%a_]+) = [^,]+,$")
    if name then
      found[name] = comment
    elseif bare then
      found[bare] = above
    end
    above = line:match("^%s+%-%- (.*)$")
  end
  return found
end

local LUA_ROW, C_ROW = "^%s+([%a_]+) = [^,]+, *%-%- (.*)$", "^%s+DT_([%u_]+) = .-/%* (.-) %*/$"

-- The names that the C core gives its limits in Lua.
local function c_comments(world)
  local by_constant = page.comments(world.read("csrc/dt_limits.h"), C_ROW)
  local found = {}
  for name, constant in world.read("csrc/ldt_core.c"):gmatch('{"([%w_]+)", DT_([%u_]+)}') do
    found[name] = by_constant[constant]
  end
  return found
end

--- Every limit and default: name, value and where it comes from.
---@param world table
---@return {name: string, value: any, comment: string?}[]
function page.limits(world)
  local limits, rows = world.modules.limits, {}
  local ours, defaults = world.read("lua/dingtalk/limits.lua"):match("^(.-)\n  defaults = {(.*)$")
  local lua, c = page.comments(ours, LUA_ROW), c_comments(world)
  local default = page.comments(defaults, LUA_ROW)
  for _, name in ipairs(sorted_keys(limits)) do
    if name ~= "defaults" then
      rows[#rows + 1] = { name = name, value = limits[name], comment = lua[name] or c[name] }
    end
  end
  for _, name in ipairs(sorted_keys(limits.defaults)) do
    rows[#rows + 1] = { name = "defaults." .. name, value = limits.defaults[name], comment = default[name] }
  end
  return rows
end

local function write_limits(out, world)
  write(out, "## Limits and defaults", "",
    "From `lua/dingtalk/limits.lua` and `csrc/dt_limits.h`: what each counts, and whose limit it is.", "",
    "| name | value | |", "|---|---|---|")
  for _, row in ipairs(page.limits(world)) do
    write(out, ("| %s | %s | %s |"):format(code(row.name), tostring(row.value), cell(row.comment or "")))
  end
  write(out, "")
end

--- The whole page.
---@param world table
---@return string
function page.text(world)
  local out = {}
  write(out, "# Reference", "",
    "Written by `tools/docs write` from the annotations in the source; a check in `tools/test` keeps it so.", "",
    "[Index of functions](#index-of-functions) · [modules](#dingtalkcalendar) · [methods](#methods-of-a-client) ·",
    "[types](#types) · [limits and defaults](#limits-and-defaults) · [codes of errors](errors.md#our-codes)", "")
  write_index(out, world)
  write_modules(out, world)
  write_methods(out, world)
  write_types(out, world)
  write_limits(out, world)
  return table.concat(out, "\n")
end

return page
