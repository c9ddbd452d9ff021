--- JSON with the line of each value and the names of each object in order, which lua-cjson does not give: for messages
--- that say where something is wrong.

local json = require "dingtalk.json"

local json_nodes = {}

local MAX_DEPTH = 16 -- arrays and objects within each other: ours

---@class dingtalk.cli.Node
---@field line integer
---@field items dingtalk.cli.Node[]? of an array
---@field names string[]? of an object, in order
---@field values dingtalk.cli.Node[]? of an object, by the positions of their names
---@field value any of anything else

local read_json

local function json_fault(state, message)
  error({ line = state.line, message = message }, 0)
end

local function next_char(state)
  local start, stop = state.text:find("^%s*", state.at)
  state.line = state.line + select(2, state.text:sub(start, stop):gsub("\n", ""))
  state.at = stop + 1
  return state.text:sub(state.at, state.at)
end

local function read_scalar(state)
  local pattern = '^[%w+%-.]+'
  local stop = select(2, state.text:find(pattern, state.at))
  if state.text:sub(state.at, state.at) == '"' then
    stop = state.at
    repeat
      stop = state.text:find('["\\]', stop + 1)
      local escaped = stop and state.text:sub(stop, stop) == "\\"
      if escaped then stop = stop + 1 end
    until not escaped
  end
  local value = stop and json.decode("[" .. state.text:sub(state.at, stop) .. "]")
  if not value or value[1] == nil then json_fault(state, "no JSON") end
  state.at = stop + 1
  return { line = state.line, value = value[1] }
end

-- Reads what is between brackets, with commas in between.
local function read_members(state, closing, read_member)
  state.at = state.at + 1
  if next_char(state) == closing then
    state.at = state.at + 1
    return
  end
  repeat
    read_member()
    local char = next_char(state)
    if char ~= "," and char ~= closing then json_fault(state, ("no JSON: a comma or %s is missing"):format(closing)) end
    state.at = state.at + 1
  until char == closing
end

local function read_object(state, depth)
  local object = { line = state.line, names = {}, values = {} }
  read_members(state, "}", function()
    if next_char(state) ~= '"' then json_fault(state, "no JSON: a name is missing") end
    local name = read_scalar(state).value
    if next_char(state) ~= ":" then json_fault(state, "no JSON: a colon is missing") end
    state.at = state.at + 1
    object.names[#object.names + 1] = name
    object.values[#object.names] = read_json(state, depth)
  end)
  return object
end

function read_json(state, depth)
  local char = next_char(state)
  if depth > MAX_DEPTH then json_fault(state, "nested too deeply") end
  if char == "{" then return read_object(state, depth + 1) end
  if char ~= "[" then return read_scalar(state) end
  local array = { line = state.line, items = {} }
  read_members(state, "]", function() array.items[#array.items + 1] = read_json(state, depth + 1) end)
  return array
end

--- The values of a text: one, or one after the other as in JSON lines.
---@param text string
---@return dingtalk.cli.Node[]? nodes
---@return string? message
---@return integer? line where the text is no JSON
function json_nodes.read(text)
  local state, values = { text = text, at = 1, line = 1 }, {}
  local ok, fault = pcall(function()
    while next_char(state) ~= "" do values[#values + 1] = read_json(state, 0) end
  end)
  if ok then return values end
  if type(fault) ~= "table" then error(fault, 0) end
  return nil, fault.message, fault.line
end

return json_nodes
