-- Everything the sandbox remembers, and how it is forgotten.
local state = { generation = 0 }

local parts = { "settings", "tokens", "idempotency", "limits", "ledger", "calendars", "shares", "contacts", "oauth",
  "faults", "counters", "recorder" }

function state.reset()
  state.generation = state.generation + 1
  for _, name in ipairs(parts) do require("sandbox." .. name).reset() end
end

return state
