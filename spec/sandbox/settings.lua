-- Every setting with its default and its check; README.md explains each.
local settings = {}

local function one_of(...)
  local allowed = {}
  for _, name in ipairs { ... } do allowed[name] = true end
  return function(value) return allowed[value] end
end

local function number_from(least)
  return function(value) return type(value) == "number" and value >= least and value == value end
end

local function boolean(value) return type(value) == "boolean" end

local known = {
  latency_ms = { 0, number_from(0) },
  jitter_ms = { 0, number_from(0) },
  qps = { 0, number_from(0) },
  qps_window = { "sliding", one_of("sliding", "fixed") },
  qps_retry_after = { 0, number_from(0) },
  quota = { -1, number_from(-1) },
  ban_calls = { 0, number_from(0) },
  ban_window_ms = { 20000, number_from(1000) },
  ban_ms = { 300000, number_from(1) },
  ban_status = { 403, number_from(200) },
  ban_answer = { "json", one_of("json", "html") },
  duplicates = { "ignore", one_of("ignore", "update", "error") },
  max_attendees_per_call = { 500, number_from(1) },
  max_attendees_per_event = { 5000, number_from(1) },
  token_seconds = { 7200, number_from(0) },
  refresh_token_seconds = { 2592000, number_from(0) },
  refresh_token_reuse = { "refused", one_of("refused", "accepted") },
  idempotency_seconds = { 86400, number_from(0) },
  idempotency_cap = { 200000, number_from(2) },
  ledger = { true, boolean },
  ledger_max_bytes = { 67108864, number_from(0) },
  record = { 100, number_from(0) },
  last_page_token = { "absent", one_of("absent", "null", "empty") },
  request_id_field = { "requestid", one_of("requestid", "requestId", "RequestId", "none") },
  wrong_path = { "errcode", one_of("errcode", "http_404") },
  errcode_as_string = { false, boolean },
  unknown_user_errcode = { 60121, number_from(1) },
  staff_count = { 10000, number_from(0) },
}

---The values themselves; read as settings.values.latency_ms.
settings.values = {}

function settings.reset()
  for name, setting in pairs(known) do settings.values[name] = setting[1] end
end

---All or nothing.
---@return string|nil problem
function settings.change(changes)
  for name, value in pairs(changes) do
    if not known[name] then return "no such setting: " .. tostring(name) end
    if not known[name][2](value) then return "bad value for " .. name end
  end
  for name, value in pairs(changes) do settings.values[name] = value end
end

settings.reset()

return settings
