-- Each write that was carried out, in order. Entries are kept as JSON text: cheap
-- to collect and their size is known, so that the oldest can go when the cap is full.
local cjson = require "cjson"
local settings = require("sandbox.settings").values

local ledger = {}

local entries, first, last, bytes, dropped

function ledger.reset()
  entries, first, last, bytes, dropped = {}, 1, 0, 0, 0
end

local function shrink()
  while bytes > settings.ledger_max_bytes and first <= last do
    bytes = bytes - #entries[first]
    entries[first] = nil
    first = first + 1
    dropped = dropped + 1
  end
end

-- unionIds need no escaping, which the checks before have made sure of.
local function id_list(list)
  if #list == 0 then return "[]" end
  return '["' .. table.concat(list, '","') .. '"]'
end

---@param what string "added", "removed", …
---@param list string[] unionIds
---@param already string[]|nil those of an add that were in the event before
function ledger.write(ctx, what, list, already)
  if not settings.ledger then return end
  local token = ctx.client_token and cjson.encode(ctx.client_token) or "null"
  local entry = '{"client_token":' .. token .. ',"event":' .. cjson.encode(ctx.event_id or ctx.params.eventId)
    .. ',"' .. what .. '":' .. id_list(list) .. ',"at":' .. string.format("%.3f", ngx.now())
  if already and #already > 0 then entry = entry .. ',"already":' .. id_list(already) end
  entry = entry .. "}"
  last = last + 1
  entries[last] = entry
  bytes = bytes + #entry
  if bytes > settings.ledger_max_bytes then shrink() end
end

---@return string JSON
function ledger.read()
  local text = '{"writes":[' .. table.concat(entries, ",", first, last) .. "]"
  if dropped > 0 then text = text .. ',"dropped":' .. dropped end
  return text .. "}"
end

ledger.reset()

return ledger
