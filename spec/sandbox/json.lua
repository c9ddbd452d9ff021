-- JSON as the client reads it: an empty array stays one. lua-cjson writes an empty Lua table as {}; lists here
-- are marked, so that an empty one is written as [].
local cjson = require "cjson"
local client_json = require("sandbox.client_modules").json

local json = { null = cjson.null }
local List = getmetatable(client_json.empty_array)

---@param t table|nil
function json.list(t) return client_json.array(t or {}) end

local encode

local function encode_list(t)
  local parts = {}
  for i = 1, #t do parts[i] = encode(t[i]) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_object(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = tostring(key) end
  table.sort(keys)
  for i, key in ipairs(keys) do
    keys[i] = cjson.encode(key) .. ":" .. encode(t[key])
  end
  return "{" .. table.concat(keys, ",") .. "}"
end

function encode(value)
  if type(value) ~= "table" then return cjson.encode(value) end
  if getmetatable(value) == List or #value > 0 then return encode_list(value) end
  return encode_object(value)
end

json.encode = encode

---@return any value nil when the text is no JSON
function json.decode(text) return client_json.decode(text) end

---Without nulls, which mean the same as absent fields to the service.
function json.plain(value) return client_json.plain(value) end

---A JSON null and an absent field mean the same to the service.
function json.field(object, name)
  local value = object[name]
  if value == cjson.null then return nil end
  return value
end

---lua-cjson gives one table type for both: a list has only keys 1..n.
function json.is_list(value)
  if type(value) ~= "table" then return false end
  local n = 0
  for _ in pairs(value) do n = n + 1 end
  return n == #value
end

return json
