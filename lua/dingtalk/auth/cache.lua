--- The tokens at hand: who uses which until when, and who renews it. Sources of the same app, store
--- and address share one state.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local request = require "dingtalk.auth.request"
local shared = require "dingtalk.auth.shared"
local single_flight = require "dingtalk.single_flight"

local POLL = { first = 0.05, factor = 1.5, cap = 0.5 } -- seconds between looks at another's progress
local LOCK_SLACK = 2 -- seconds a lock outlives the request it is for
local EARLY_SHARE = 0.25 -- of the caller's time, for renewing a token that is still good

local cache = {}

-- States by key, by store: gone when the sources that use them are.
local registry = setmetatable({}, { __mode = "k" })

local function new_state(source, key)
  return { flight = single_flight.new(), shared = shared.new(source.store, key, source.config.on_store_error) }
end

local function key_of(source, base_url)
  local parts = { "token", source.kind, core.encode(base_url) }
  for _, name in ipairs(source.row.named_by) do
    parts[#parts + 1] = core.encode(source.config[name] or "")
  end
  -- Who does not have the secret gets no token out of a store that another filled.
  parts[#parts + 1] = core.digest(source.config[source.row.proved_by])
  return table.concat(parts, ":")
end

local function find_state(source, base_url)
  local key = key_of(source, base_url)
  if source.is_private then return new_state(source, key) end
  local states = registry[source.store]
  if not states then
    states = setmetatable({}, { __mode = "v" })
    registry[source.store] = states
  end
  states[key] = states[key] or new_state(source, key)
  return states[key]
end

local function state_of(source, client)
  local base_url = client.base_url
  local state = source.states[base_url]
  if not state then
    state = find_state(source, base_url)
    source.states[base_url] = state
  end
  return state
end

-- A token that lives shorter than twice refresh_before is renewed in the middle of its life.
local function is_fresh(source, entry)
  local early = math.min(source.refresh_before, (entry.expires - entry.obtained) / 2)
  return source.clock() < entry.expires - early
end

local function is_good(source, entry)
  return entry ~= nil and source.clock() < entry.expires
end

-- Takes over what the store holds, if it is better; true when there is nothing left to do.
local function adopt(source, state)
  local found = state.shared:read()
  if not found then return false end
  state.stored_refresh_token = found.refresh_token
  if found.id == state.refused_id or not is_good(source, found) then return false end
  if not state.entry or found.expires > state.entry.expires then state.entry = found end
  return is_fresh(source, state.entry)
end

local function grants_of(source, state)
  local config, grants, seen = source.config, {}, {}
  local function offer(kind, text)
    if text and not seen[text] then grants[#grants + 1] = { kind = kind, text = text } end
    if text then seen[text] = true end
  end
  -- Either may be the newer: another process renewed, or the store could not be written.
  offer("refresh_token", state.stored_refresh_token)
  offer("refresh_token", state.refresh_token)
  offer("refresh_token", config.refresh_token)
  if not state.code_spent then offer("code", config.code) end
  return grants
end

local function tell_refresh(source, entry)
  local hook = source.config.on_refresh
  if not hook then return end
  local ok, message = pcall(hook, entry.refresh_token, limits.refresh_token_seconds)
  source.public.hook_error = not ok and errors.one_line(message) or nil
end

-- The newest grant first; one that is refused gives way to the next.
local function fetch_by_grant(source, state, client, deadline)
  local entry, err
  for _, grant in ipairs(grants_of(source, state)) do
    entry, err = request.fetch(source, client, deadline, grant)
    if entry then
      if grant.kind == "code" then state.code_spent = true end
      entry.refresh_token = entry.refresh_token or grant.kind == "refresh_token" and grant.text or nil
      state.refresh_token, state.stored_refresh_token = entry.refresh_token, nil
      return entry
    end
    if err.kind ~= "auth" or err.outcome ~= "rejected" then return nil, err end
  end
  return nil, err or errors.new {
    kind = "auth", code = "no_grant", message = "the code is spent, and no refresh token came for it",
    hint = source.row.hint, outcome = "not_sent", retryable = false,
  }
end

-- Seconds for the request: little of the caller's time while there is a token to fall back on.
local function time_for_request(source, state, client, deadline)
  local left = deadline - client:now()
  if is_good(source, state.entry) then left = left * EARLY_SHARE end
  return math.max(math.min(left, source.timeout), 0)
end

local function fetch(source, state, client, seconds)
  local deadline = client:now() + seconds
  local entry, err
  if source.row.grants then
    entry, err = fetch_by_grant(source, state, client, deadline)
  else
    entry, err = request.fetch(source, client, deadline)
  end
  if not entry then
    state.try_after = source.clock() + limits.token_retry
    return nil, err
  end
  -- The service has given the same again: to drop it at each refusal would be to ask without end.
  if entry.token == state.refused_token then state.keep_until = source.clock() + limits.token_retry end
  state.entry, state.try_after = entry, nil
  state.shared:write(entry)
  if entry.refresh_token then tell_refresh(source, entry) end
  return entry
end

local function timed_out()
  return errors.new {
    kind = "timeout", code = "token_timeout", message = "no access token in time",
    outcome = "not_sent", retryable = true,
  }
end

local function cancelled()
  return errors.new {
    kind = "cancelled", code = "closed", message = "the client was closed while waiting for an access token",
    outcome = "not_sent", retryable = true,
  }
end

-- Waits while another process renews. Returns a lock (nil: go on without) or, second, the outcome.
local function take_lock(source, state, client, deadline, seconds)
  local bound = client:now() + source.timeout + LOCK_SLACK
  local interval = POLL.first
  while true do
    local lock = state.shared:lock(seconds + LOCK_SLACK)
    if lock and adopt(source, state) then
      state.shared:unlock(lock)
      return nil, state.entry
    end
    if lock ~= false then return lock end
    if is_good(source, state.entry) then
      state.try_after = source.clock() + 1
      return nil, state.entry
    end
    local now = client:now()
    if now >= deadline then return nil, nil, timed_out() end
    -- A store that forgets to let locks expire must not stop everything.
    if now >= bound then return nil end
    if not client:park({}, math.min(interval * (0.5 + client:random()), deadline - now)) then
      return nil, nil, cancelled()
    end
    interval = math.min(interval * POLL.factor, POLL.cap)
    if adopt(source, state) then return nil, state.entry end
  end
end

local function renew(source, state, client, deadline)
  if adopt(source, state) then return state.entry end
  local seconds = time_for_request(source, state, client, deadline)
  local lock, entry, err = take_lock(source, state, client, deadline, seconds)
  if entry or err then return entry, err end
  entry, err = fetch(source, state, client, time_for_request(source, state, client, deadline))
  state.shared:unlock(lock)
  return entry, err
end

--- The token to use now.
---@param source table
---@param client dingtalk.Client
---@param deadline number in seconds of client:now()
---@return string? token
---@return dingtalk.Error? err
function cache.get(source, client, deadline)
  local state = state_of(source, client)
  local entry = state.entry
  if is_good(source, entry) then
    if is_fresh(source, entry) or source.clock() < (state.try_after or 0) or state.flight:is_running() then
      return entry.token
    end
  end
  local renewed, err = state.flight:run(client, deadline, function()
    return renew(source, state, client, deadline)
  end)
  if renewed then return renewed.token end
  if is_good(source, state.entry) then return state.entry.token end
  if err == "timeout" then return nil, timed_out() end
  return nil, err == "cancelled" and cancelled() or err
end

--- Drops a token that the service refused, unless it was replaced meanwhile.
---@param source table
---@param token string
function cache.invalidate(source, token)
  for _, state in pairs(source.states) do
    local entry = state.entry
    if entry and entry.token == token and source.clock() >= (state.keep_until or 0) then
      state.refused_id, state.refused_token, state.entry, state.try_after = entry.id, token, nil, nil
    end
  end
end

return cache
