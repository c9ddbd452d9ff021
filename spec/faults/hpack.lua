-- RFC 7541, decoding in full (what clients send), encoding as literals only (what this server sends).
local STATIC = {}
for field in ([[
:authority :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 :status=204
:status=206 :status=304 :status=400 :status=404 :status=500 accept-charset accept-encoding=gzip,deflate accept-language
accept-ranges accept access-control-allow-origin age allow authorization cache-control content-disposition
content-encoding content-language content-length content-location content-range content-type cookie date etag expect
expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location
max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie
strict-transport-security transfer-encoding user-agent vary via www-authenticate
]]):gmatch("%S+") do
  local name, value = field:match("^(:?[^=]+)=(.*)$")
  STATIC[#STATIC + 1] = { name or field, value or "" }
end

local ENTRY_OVERHEAD = 32
local TABLE_SIZE = 4096

-- The code is canonical, so the lengths of its 257 words say all of it (appendix B).
local LENGTHS = [[
13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28 6 10 10 12 13 6 8 11
10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10 13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13
14 6 15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28 20 22 20 20 22 22 22 23 22 23 23 23 23 23
24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24 22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23
22 23 23 20 22 22 22 23 22 22 23 26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26
28 27 27 27 20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26 30
]]

local function huffman_words()
  local order = {}
  for length in LENGTHS:gmatch("%d+") do
    order[#order + 1] = { symbol = #order, length = tonumber(length) }
  end
  assert(#order == 257)
  table.sort(order, function(a, b)
    if a.length ~= b.length then return a.length < b.length end
    return a.symbol < b.symbol
  end)
  local words, code, length = {}, -1, order[1].length
  for _, word in ipairs(order) do
    code = (code + 1) << (word.length - length)
    length = word.length
    words[length << 32 | code] = word.symbol
  end
  return words
end

local WORDS = huffman_words()

local function huffman_decode(bytes)
  local out, code, length = {}, 0, 0
  for i = 1, #bytes do
    local byte = bytes:byte(i)
    for bit = 7, 0, -1 do
      code, length = code << 1 | (byte >> bit & 1), length + 1
      local symbol = WORDS[length << 32 | code]
      if symbol then
        out[#out + 1] = string.char(symbol)
        code, length = 0, 0
      end
    end
  end
  return table.concat(out)
end

local function read_integer(bytes, at, prefix)
  local full = (1 << prefix) - 1
  local value = bytes:byte(at) & full
  if value < full then return value, at + 1 end
  local shift = 0
  while true do
    at = at + 1
    local byte = bytes:byte(at)
    value = value + ((byte & 0x7f) << shift)
    shift = shift + 7
    if byte < 0x80 then return value, at + 1 end
  end
end

local function read_string(bytes, at)
  local huffman = bytes:byte(at) >= 0x80
  local length, start = read_integer(bytes, at, 7)
  local text = bytes:sub(start, start + length - 1)
  return huffman and huffman_decode(text) or text, start + length
end

local methods = {}
local metatable = { __name = "faults.hpack", __index = methods }

function methods:entry(index)
  return STATIC[index] or self.dynamic[index - #STATIC] or error("hpack: no entry " .. index)
end

function methods:evict()
  while self.size > self.max do
    local old = table.remove(self.dynamic)
    self.size = self.size - #old[1] - #old[2] - ENTRY_OVERHEAD
  end
end

function methods:insert(name, value)
  table.insert(self.dynamic, 1, { name, value })
  self.size = self.size + #name + #value + ENTRY_OVERHEAD
  self:evict()
end

function methods:literal(bytes, at, prefix)
  local index, value
  index, at = read_integer(bytes, at, prefix)
  local name = index > 0 and self:entry(index)[1]
  if not name then name, at = read_string(bytes, at) end
  value, at = read_string(bytes, at)
  return name, value, at
end

--- A header block as a map from name to value.
function methods:decode(block)
  local headers, at = {}, 1
  while at <= #block do
    local byte, name, value = block:byte(at)
    if byte >= 0x80 then
      local index
      index, at = read_integer(block, at, 7)
      name, value = table.unpack(self:entry(index))
    elseif byte >= 0x40 then
      name, value, at = self:literal(block, at, 6)
      self:insert(name, value)
    elseif byte >= 0x20 then
      self.max, at = read_integer(block, at, 5)
      self:evict()
    else
      name, value, at = self:literal(block, at, 4)
    end
    if name then headers[name] = value end
  end
  return headers
end

local function write_integer(value, prefix)
  local full = (1 << prefix) - 1
  if value < full then return string.char(value) end
  local out = { string.char(full) }
  value = value - full
  while value >= 0x80 do
    out[#out + 1] = string.char(value & 0x7f | 0x80)
    value = value >> 7
  end
  out[#out + 1] = string.char(value)
  return table.concat(out)
end

local function write_string(text) return write_integer(#text, 7) .. text end

--- Name and value pairs, in order, as literals never indexed.
local function encode(fields)
  local out = {}
  for _, field in ipairs(fields) do
    out[#out + 1] = "\16" .. write_string(field[1]) .. write_string(field[2])
  end
  return table.concat(out)
end

local function new() return setmetatable({ dynamic = {}, size = 0, max = TABLE_SIZE }, metatable) end

return { new = new, encode = encode }
