-- Writes docs/reference.md out of the annotations, the tables of codes and the limits.
local public = require "tools.reference.public"

local page = {}

-- What stands in a cell of a table.
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

-- A type, with a link to the first of ours in it.
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

local function write_signature(out, title, found)
  write(out, "### " .. title, "", found.text, "")
  for _, param in ipairs(found.params) do
    local text = param.text ~= "" and ": " .. param.text or ""
    write(out, ("- %s %s%s"):format(code(param.name), type_link(param.type), text))
  end
  for i, result in ipairs(found.returns) do
    local name = result.name and (" %s"):format(code(result.name)) or ""
    local text = result.text ~= "" and ": " .. result.text or ""
    write(out, ("- %s%s %s%s"):format(i == 1 and "gives" or "or, second,", name, type_link(result.type), text))
  end
  if #found.params + #found.returns > 0 then write(out, "") end
end

local function names_of(found)
  local names = {}
  for _, param in ipairs(found.params) do names[#names + 1] = param.name end
  return table.concat(names, ", ")
end

local function write_modules(out, world)
  for _, row in ipairs(public.modules) do
    write(out, "## " .. row.require, "")
    local names = {}
    for name, value in pairs(world.modules[row.name]) do
      if type(value) == "function" and public.module_function(world.all, row, name) then names[#names + 1] = name end
    end
    table.sort(names)
    for _, name in ipairs(names) do
      local found = public.module_function(world.all, row, name)
      write_signature(out, ("%s.%s(%s)"):format(row.name, name, names_of(found)), found)
    end
    if row.name == "calendar" then
      write(out, "Each call of a client, below, is a function of this module, too, without the client: it uses one",
        "that is made with the default configuration at the first call.", "")
    end
  end
end

local function write_methods(out, world)
  write(out, "## Methods of a client", "")
  for _, name in ipairs(public.methods) do
    local found = public.method(world.all, name)
    if found then write_signature(out, ("client:%s(%s)"):format(name, names_of(found)), found) end
  end
end

local function bounds_of(schemas, class, field)
  local row = schemas[class] and schemas[class][field]
  if not row then return "" end
  local kind = row[1]
  if kind == "number" or kind == "integer" or kind == "rate" then
    return row[2] and ("%.14g to %.14g"):format(row[2], row[3]) or ""
  end
  return kind == "list" and ("at most %d entries"):format(row[2]) or ""
end

local function write_class(out, class, schemas)
  local parents = {}
  for _, parent in ipairs(class.parents) do parents[#parents + 1] = ("[%s](#%s)"):format(parent, anchor(parent)) end
  write(out, "### " .. class.name, "")
  if class.text ~= "" then write(out, sentence(class.text), "") end
  if #parents > 0 then write(out, "Has the fields of " .. table.concat(parents, ", ") .. ", too.", "") end
  if #class.fields == 0 then return end
  write(out, "| field | type | |", "|---|---|---|")
  for _, field in ipairs(class.fields) do
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
      if one.fields then write_class(out, one, schemas) else write_alias(out, one) end
    end
  end
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

local function again(codes, rule)
  local row = rule.retry and codes.retries[rule.retry]
  if rule.retry == "new_token" then return "once, with a new token" end
  if rule.retry == "later" then return "not in this call" end
  if not row then return "no" end
  return ("after %g s, growing to %g s"):format(row.base, row.cap):gsub("60 s, growing to 60 s", "60 s")
end

local function write_rule(out, codes, name, rule)
  write(out, ("| %s | %s | %s | %s |"):format(code(name), code(rule.kind), again(codes, rule),
    cell(rule.hint or rule.message or "")))
end

local function write_codes(out, world)
  local codes = world.modules.codes
  write(out, "## Codes", "",
    "What the service's codes are taken for, by `lua/dingtalk/codes.lua`. Those of our own, and what to do with each:",
    "[errors](errors.md).", "", "| code | kind | sent again | |", "|---|---|---|---|")
  for _, name in ipairs(sorted_keys(codes.service)) do write_rule(out, codes, name, codes.service[name]) end
  for _, row in ipairs(codes.prefixes) do write_rule(out, codes, row.prefix .. "…", row) end
  for _, name in ipairs(sorted_keys(codes.older)) do write_rule(out, codes, name, codes.older[name]) end
  write(out, "", "Where the code says nothing, the status decides:", "", "| code | kind | sent again | |",
    "|---|---|---|---|")
  for _, status in ipairs(sorted_keys(codes.statuses)) do
    write_rule(out, codes, "http_" .. status, codes.statuses[status])
  end
  write_rule(out, codes, "http_5xx", codes.server_fault)
  write_rule(out, codes, "http_4xx", codes.bad_request)
  write(out, "")
end

--- The limits of a file of ours with the comment beside each.
---@param text string
---@param pattern string of a line, with the name, the value and the comment
---@return table<string, string> comments by name
function page.comments(text, pattern)
  local found = {}
  for line in text:gmatch("[^\n]+") do
    local name, comment = line:match(pattern)
    if name then found[name] = comment end
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
    "From `lua/dingtalk/limits.lua` and `csrc/dt_limits.h`: what is counted, and whose limit it is.", "",
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
    "Written by `tools/docs write` from the annotations in the source; the check in `tools/test` keeps it so.", "",
    "[Modules](#dingtalkcalendar) · [methods](#methods-of-a-client) · [types](#types) · [codes](#codes) ·",
    "[limits and defaults](#limits-and-defaults)", "")
  write_modules(out, world)
  write_methods(out, world)
  write_types(out, world)
  write_codes(out, world)
  write_limits(out, world)
  return table.concat(out, "\n")
end

return page
