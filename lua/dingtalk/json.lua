--- JSON. lua-cjson decodes answers. Bodies are written here, with sorted names: a request that is repeated with the
--- same x-client-token must have the same bytes, in every process.

local core = require "dingtalk.core"
local limits = require "dingtalk.limits"
local safe = require "cjson.safe"

-- An instance of our own, since the host may use lua-cjson with other settings.
local function new_codec()
  local codec = safe.new()
  codec.decode_max_depth(32)
  codec.decode_invalid_numbers(false)
  codec.encode_keep_buffer(false)
  return codec
end

local codec = new_codec()

-- Marks a table as an array, which shows only where it is empty.
local Array = { __name = "dingtalk.Array" }

local json = {
  null = safe.null,
  --- An empty array for a body, where `{}` would be an empty object.
  empty_array = setmetatable({}, Array),
}

--- Marks a table as an array: it is written as `[]` when it is empty.
---@param list table
---@return table list
function json.array(list)
  return setmetatable(list, Array)
end

-- lua-cjson takes the decimal point from the locale when it is set up, and lets strtod read it by the locale of the
-- moment. It is set up again under "C" only: under another, the host's own lua-cjson would change, and a point of
-- several bytes would abort the process.
local function decode(text)
  if codec.decode("0.5") == 0.5 then return (codec.decode(text)) end
  local locale = os.setlocale(nil, "numeric")
  os.setlocale("C", "numeric")
  if codec.decode("0.5") ~= 0.5 then codec = new_codec() end
  local value = codec.decode(text)
  os.setlocale(locale, "numeric")
  return value
end

-- The position after the string that begins at `at`; nil where it does not end.
local function string_end(text, at)
  repeat
    at = text:find('["\\]', at + 1)
    local is_escape = at and text:byte(at) == 92
    if is_escape then at = at + 1 end
  until not is_escape
  return at and at + 1
end

-- lua-cjson decodes an empty array and an empty object to the same value, so an empty array gets a mark.
local function put_marks(text, mark)
  local parts, from, at = {}, 1, 1
  while at do
    at = text:find('["%[]', at)
    if at and text:byte(at) == 34 then
      at = string_end(text, at)
    elseif at then
      local _, last = text:find("^%[[ \t\r\n]*%]", at)
      if last then
        parts[#parts + 1] = text:sub(from, at) .. '"' .. mark .. '"]'
        from = last + 1
      end
      at = (last or at) + 1
    end
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

local function take_marks(value, mark)
  if type(value) ~= "table" then return end
  if value[1] == mark and #value == 1 then
    value[1] = nil
    setmetatable(value, Array)
    return
  end
  for _, entry in pairs(value) do take_marks(entry, mark) end
end

--- The value of a JSON text, or nil when it is none.
---@param text string
---@return any value objects and arrays as tables, null as json.null
function json.decode(text)
  -- lua-cjson would take a NUL for the end of the text.
  if text:find("\0", 1, true) then return nil end
  if not text:find("%[[ \t\r\n]*%]") then return decode(text) end
  local mark = "empty"
  while text:find(mark, 1, true) do mark = mark .. "-" .. #mark end
  local value = decode(put_marks(text, mark))
  take_marks(value, mark)
  return value
end

local to_integer = rawget(math, "tointeger") -- Lua 5.3 and later; before, a whole number prints as one
local EXACT = 2 ^ 53 -- below it a double holds each whole number

local plain

local function plain_list(list, count)
  local kept = {}
  for i = 1, count do
    if list[i] ~= safe.null then kept[#kept + 1] = plain(list[i]) end
  end
  return kept[1] == nil and json.array(kept) or kept
end

local function plain_number(value)
  return to_integer and value > -EXACT and value < EXACT and to_integer(value) or value
end

--- A decoded value without json.null (its place in an array is closed up), whole numbers as integers.
---@param value any
---@return any
function json.plain(value)
  if value == safe.null then return nil end
  if type(value) == "number" then return plain_number(value) end
  if type(value) ~= "table" then return value end
  if value[1] ~= nil then return plain_list(value, #value) end
  local kept = {}
  for name, field in pairs(value) do kept[name] = plain(field) end
  return getmetatable(value) == Array and json.array(kept) or kept
end

plain = json.plain

--- Whether a JSON text is an object.
---@param text string
---@return boolean
function json.is_object(text)
  return text:find("^%s*{") ~= nil
end

--- The digits of a whole number, whatever the locale; nil where they are not known, from 2^53 on.
---@param value number
---@return string?
function json.digits(value)
  if math.type and math.type(value) == "integer" then return ("%d"):format(value) end
  if value % 1 == 0 and value > -EXACT and value < EXACT then return ("%.0f"):format(value) end
end

--- A finite number as JSON has it, whatever the locale.
---@param value number
---@return string
function json.number(value)
  local text = json.digits(value) or ("%.15g"):format(value)
  if tonumber(text) ~= value then text = ("%.17g"):format(value) end
  return (text:gsub("[^%deE+-]+", ".")) -- the locale's decimal point
end

local NO_LISTS = {}

--- Whether a table is written as an array: it has an entry, or the mark of an array, ours or that of OpenResty's
--- lua-cjson.
---@param value table
---@return boolean
function json.is_array(value)
  local mark = getmetatable(value)
  return rawget(value, 1) ~= nil or mark == Array or mark ~= nil and mark == safe.array_mt
end

--- Whether a value of an answer is an array; an empty table is one.
---@param value any
---@return boolean
function json.is_list(value)
  return type(value) == "table" and (value[1] ~= nil or next(value) == nil)
end

local write

-- lua-cjson escapes the slash, which JSON does not ask for.
local function quote(text)
  return (codec.encode(text):gsub("\\/", "/"))
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

local function sorted_names(value)
  local names = {}
  for field in next, value do
    if type(field) ~= "string" then return nil, "mixes names and positions" end
    if core.check_utf8(field) then return nil, "has a name that is not valid UTF-8" end
    names[#names + 1] = field
  end
  table.sort(names)
  return names
end

local function write_object(out, value, name, depth)
  local names, fault = sorted_names(value)
  if not names then return name, fault end
  out[#out + 1] = "{"
  for i, field in ipairs(names) do
    out[#out + 1] = (i > 1 and "," or "") .. quote(field) .. ":"
    local entry = rawget(value, field)
    if out.lists[field] and type(entry) == "table" and next(entry) == nil then
      out[#out + 1] = "[]"
    else
      local fault_name
      fault_name, fault = write(out, entry, name .. "." .. field, depth)
      if fault then return fault_name, fault end
    end
  end
  out[#out + 1] = "}"
end

-- Appends the JSON text of a value; returns what cannot be written and why, or nothing.
function write(out, value, name, depth)
  local kind = type(value)
  if value == safe.null then
    out[#out + 1] = "null"
  elseif value ~= nil and value == safe.empty_array then
    out[#out + 1] = "[]"
  elseif kind == "table" then
    if depth > out.max_depth then return name, "is nested too deeply" end
    return (json.is_array(value) and write_list or write_object)(out, value, name, depth + 1)
  elseif kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return name, "must be a finite number" end
    out[#out + 1] = json.number(value)
  elseif kind == "string" then
    if core.check_utf8(value) then return name, "is not valid UTF-8" end
    out[#out + 1] = quote(value)
  elseif kind == "boolean" then
    out[#out + 1] = tostring(value)
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
function json.write(value, name, lists, max_depth)
  local out = { lists = lists or NO_LISTS, max_depth = max_depth or limits.max_json_depth }
  local fault_name, fault = write(out, value, name, 0)
  if fault then return nil, fault_name, fault end
  return table.concat(out)
end

--- The JSON text of a value, or nil and what is wrong with it.
---@param value any
---@return string? text
---@return string? message
function json.encode(value)
  local text, name, fault = json.write(value, "value")
  if text then return text end
  return nil, name .. " " .. fault
end

return json
