-- Reads the LuaLS annotations of Lua files: classes, aliases, functions.
local typing = require "tools.reference.typing"

local annotations = {}

local tags = {}

local function problem(state, message)
  local found = state.all.problems
  found[#found + 1] = ("%s:%d: %s"):format(state.path, state.line, message)
end

local function use_types(state, names)
  for name in pairs(names or {}) do
    state.all.used[#state.all.used + 1] = { name = name, path = state.path, line = state.line }
  end
end

local function parse_type(state, text)
  local kind, rest, names = typing.parse(text)
  if not kind then
    problem(state, rest)
    return "any", ""
  end
  use_types(state, names)
  return kind, rest
end

-- A class may be declared in several places: its fields add up.
tags["class"] = function(state, text)
  local name, rest = text:match("^([%w_%.]+)%s*(.*)$")
  local parents = rest:match("^:%s*([%w_%.,]+)")
  if parents then rest = rest:gsub("^:%s*[%w_%.,]+%s*", "") end
  local class = state.all.classes[name]
  if not class then
    class = { name = name, parents = {}, fields = {}, methods = {}, text = "" }
    state.all.classes[name] = class
    state.all.class_order[#state.all.class_order + 1] = class
  end
  for parent in (parents or ""):gmatch("[%w_%.]+") do
    class.parents[#class.parents + 1] = parent
    use_types(state, { [parent] = true })
  end
  if rest ~= "" then class.text = rest end
  state.block.class = class
end

tags["field"] = function(state, text)
  local class = state.block.class
  local name, rest = text:match("^([%w_]+)%s+(.*)$")
  if not class or not name then return problem(state, "a field of no class") end
  local kind, description = parse_type(state, rest)
  table.insert(class.fields, { name = name, type = kind, text = description, path = state.path, line = state.line })
end

tags["alias"] = function(state, text)
  local name, rest = text:match("^([%w_%.]+)%s*(.*)$")
  local alias = { name = name, rows = {}, text = "" }
  if rest ~= "" then alias.type, alias.text = parse_type(state, rest) end
  state.all.aliases[name] = alias
  state.all.alias_order[#state.all.alias_order + 1] = alias
  state.block.alias = alias
end

tags["param"] = function(state, text)
  local name, rest = text:match("^([%w_%.]+)%s+(.*)$")
  if not name then return problem(state, "a parameter without a type") end
  local kind, description = parse_type(state, rest)
  local list = state.block.params
  list[#list + 1] = { name = name, type = kind, text = description }
end

tags["return"] = function(state, text)
  local kind, rest = parse_type(state, text)
  local name, description = rest:match("^([%a_][%w_]*)%s*(.*)$")
  local list = state.block.returns
  list[#list + 1] = { type = kind, name = name, text = description or "" }
end

local ignored = { meta = true, type = true, diagnostic = true, overload = true, vararg = true }

local function read_comment(state, text)
  local tag, rest = text:match("^@(%w+)%s*(.*)$")
  if tags[tag] then return tags[tag](state, rest) end
  if tag and not ignored[tag] then return problem(state, "an unknown annotation @" .. tag) end
  if tag then return end
  local row = text:match("^|%s*(.*)$")
  if row then
    local alias = state.block.alias
    if not alias then return problem(state, "a row of no alias") end
    local kind, description = parse_type(state, row)
    alias.rows[#alias.rows + 1] = { type = kind, text = description }
    return
  end
  -- LuaLS reads it as the description of the next field, which nobody means here.
  if state.block.class and #state.block.class.fields > 0 then
    return problem(state, "a field's description must stand on its line")
  end
  table.insert(state.block.text, (text:gsub("^ ", "")))
end

local function new_block()
  return { text = {}, params = {}, returns = {} }
end

local function add_function(state, owner, separator, name, arguments)
  local block, names = state.block, {}
  for argument in arguments:gmatch("[%w_%.]+") do names[#names + 1] = argument end
  state.all.functions[#state.all.functions + 1] = {
    owner = owner, separator = separator, name = name, arguments = names, class = state.variables[owner],
    params = block.params, returns = block.returns, text = table.concat(block.text, "\n"),
    path = state.path, line = state.line,
  }
end

local function read_code(state, line)
  local variable = line:match("^local ([%a_][%w_]*) = ")
  if variable and state.block.class then state.variables[variable] = state.block.class.name end
  local owner, separator, name, arguments = line:match("^function ([%a_][%w_]*)([%.:])([%a_][%w_]*)%(([^)]*)%)")
  if owner then add_function(state, owner, separator, name, arguments) end
end

--- Reads one file.
---@param all table what annotations.new made
---@param path string how it is called in findings
---@param text string
function annotations.read(all, path, text)
  local state = { all = all, path = path, line = 0, block = new_block(), variables = {} }
  for line in (text .. "\n"):gmatch("(.-)\n") do
    state.line = state.line + 1
    local comment = line:match("^%-%-%-(.*)$")
    if comment then
      read_comment(state, comment)
    else
      read_code(state, line)
      state.block = new_block()
    end
  end
end

--- Nothing read yet.
---@return table
function annotations.new()
  return {
    classes = {}, class_order = {}, aliases = {}, alias_order = {}, functions = {}, used = {}, problems = {},
  }
end

return annotations
