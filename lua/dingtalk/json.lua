--- JSON of answers and of the calls off the hot path, by lua-cjson.

local safe = require "cjson.safe"

-- An instance of our own: the settings of the host's lua-cjson are not ours to change.
local codec = safe.new()
codec.decode_max_depth(32)
codec.decode_invalid_numbers(false)
codec.encode_keep_buffer(false)

local json = { null = safe.null }

--- The value of a JSON text, or nil when it is none.
---@param text string
---@return any value objects and arrays as tables, null as json.null
function json.decode(text)
  -- lua-cjson would take a NUL for the end.
  if text:find("\0", 1, true) then return nil end
  return (codec.decode(text))
end

local to_integer = rawget(math, "tointeger") -- Lua 5.3 and later; before, a whole number prints as one

local plain

local function plain_list(list, count)
  local kept = {}
  for i = 1, count do
    if list[i] ~= safe.null then kept[#kept + 1] = plain(list[i]) end
  end
  return kept
end

--- A decoded value without json.null (its place in an array is closed up), whole numbers as integers.
---@param value any
---@return any
function json.plain(value)
  if value == safe.null then return nil end
  if type(value) == "number" then return to_integer and to_integer(value) or value end
  if type(value) ~= "table" then return value end
  if value[1] ~= nil then return plain_list(value, #value) end
  local kept = {}
  for name, field in pairs(value) do kept[name] = plain(field) end
  return kept
end

plain = json.plain

--- The JSON text of a value, or nil and what is wrong with it.
---@param value any
---@return string? text
---@return string? message
function json.encode(value)
  return codec.encode(value)
end

--- Whether a JSON text is an object (an empty array and an empty object decode alike).
---@param text string
---@return boolean
function json.is_object(text)
  return text:find("^%s*{") ~= nil
end

return json
