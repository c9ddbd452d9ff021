-- Request ids, tokens and event ids. Only their looks matter, not their secrecy.
local prng = require "sandbox.prng"

local ids = {}
local draw = prng.new(1)
local counter = 0

local format, floor = string.format, math.floor
local function word() return floor(draw() * 4294967296) end
local function half() return floor(draw() * 65536) end

---In the worker, so that two runs do not repeat each other's ids.
function ids.seed(seed) draw = prng.new(seed) end

---Upper-case, beginning with the time, as the service's are.
function ids.request_id()
  counter = (counter + 1) % 4096
  local ms = ngx.now() * 1000
  return format("%08X-%04X-7%03X-%04X-%04X%08X",
    floor(ms / 65536) % 4294967296, floor(ms) % 65536, counter, 32768 + half() % 16384, half(), word())
end

function ids.hex32()
  return format("%08x%08x%08x%08x", word(), word(), word(), word())
end

---The vendor's example is base64 of base64.
function ids.event_id()
  local raw = {}
  for i = 1, 16 do raw[i] = string.char(floor(draw() * 256)) end
  return ngx.encode_base64(ngx.encode_base64(table.concat(raw)))
end

function ids.is_union_id(value)
  return type(value) == "string" and value:find("^[%w_-]+$") ~= nil
end

return ids
