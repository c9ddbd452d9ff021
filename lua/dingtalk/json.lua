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
  return (codec.decode(text))
end

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
