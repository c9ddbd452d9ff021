--- The cache of tokens: which token is used, until when, and who renews it. Sources of the same app, store and address
--- share one state. Processes with the same store share its tokens, and a lock under which one of them renews.

local applications = require "dingtalk.auth.applications"
local attempts = require "dingtalk.attempts"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local guarded = require "dingtalk.stores.guarded"
local json = require "dingtalk.json"
local limits = require "dingtalk.limits"
local memory = require "dingtalk.stores.memory"
local single_flight = require "dingtalk.single_flight"

local POLL = { first = 0.05, factor = 1.5, cap = 0.5 } -- seconds between looks at another's progress
local EARLY_SHARE = 0.25 -- of the caller's time, in which a token that is still good is renewed
local SECOND_LOOK = 0.25 -- seconds until another process may have stored the token it got for the same grant

local cache = {}

-- States by key, by store: collected together with the sources that use them.
local registry = setmetatable({}, { __mode = "k" })

-- Limits how many tokens that are still good are renewed a second: many may have been obtained at the same time.
local turns = memory.new(core.now)

-- Fields that are set later are listed here, since naming them in the table takes memory for each organisation:
--   entry                                the token in use
--   refresh_token, stored_refresh_token  the newest of this process, and that in the store
--   code_spent                           whether the code has given a token
--   refused_id, refused_token            of the entry that the service refused last
--   keep_until                           until when a refused token is kept, since the service gave it again
--   try_after                            when a token that is still good may be renewed again
--   failure, failure_ends                an error that is remembered, and until when
local function new_state(source, key)
  return { flight = single_flight.new(), store = source.store, key = key, on_error = source.config.on_store_error }
end

local function key_of(source, base_url)
  local parts = { "token", source.application, core.encode(base_url) }
  for _, name in ipairs(source.row.named_by) do
    parts[#parts + 1] = core.encode(source.config[name] or "")
  end
  -- Only a source with the same secret may use a token that another has stored.
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

-- Until when, by the client's clock, the caller can wait: a share of its time, if its token is still good.
local function bound(source, state, client, deadline)
  if not is_good(source, state.entry) then return deadline end
  local now = client:now()
  return now + (deadline - now) * EARLY_SHARE
end

local function use_store(state, client, deadline, name, ...)
  return guarded.call(state.store, name, deadline - client:now(), state.on_error, ...)
end

local function is_token(text)
  return type(text) == "string" and not core.check_visible(text, limits.max_token_bytes)
end

-- The entry in the store, whatever its age.
local function read(state, client, deadline)
  local text = use_store(state, client, deadline, "get", state.key)
  local entry = type(text) == "string" and json.is_object(text) and json.decode(text)
  if type(entry) ~= "table" or not is_token(entry.token) or type(entry.id) ~= "string"
    or type(entry.obtained) ~= "number" or type(entry.expires) ~= "number" then
    return nil
  end
  if not is_token(entry.refresh_token) then entry.refresh_token = nil end
  return entry
end

local function write(state, client, deadline, entry)
  local seconds = entry.refresh_token and limits.refresh_token_seconds or entry.expires - entry.obtained
  use_store(state, client, deadline, "set", state.key, json.encode(entry), seconds)
end

-- Adopts the token in the store if it is better. Returns whether no renewal is needed any more.
local function adopt(source, state, client, deadline)
  local found = read(state, client, deadline)
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
  -- Either may be newer: another process has renewed it, or the store could not be written.
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
  source.hook_error = not ok and errors.one_line(message) or nil
end

local function no_grant(source)
  return errors.new {
    kind = "auth", code = "no_grant", message = "the code is spent, and no refresh token came for it",
    hint = source.row.hint, outcome = "not_sent", retryable = false,
  }
end

local function fetch_once(source, state, client, deadline, grant)
  local attempt = attempts.new()
  state.flight:waits_for(attempt)
  return applications.fetch(source, client, deadline, attempt, grant)
end

-- The newest grant first; one that is refused gives way to the next.
local function fetch_by_grant(source, state, client, deadline, tried)
  local entry, err
  for _, grant in ipairs(grants_of(source, state)) do
    if not tried[grant.text] then
      tried[grant.text] = true
      entry, err = fetch_once(source, state, client, deadline, grant)
      if entry then
        if grant.kind == "code" then state.code_spent = true end
        entry.refresh_token = entry.refresh_token or grant.kind == "refresh_token" and grant.text or nil
        state.refresh_token, state.stored_refresh_token = entry.refresh_token, nil
        return entry
      end
      if err.kind ~= "auth" or err.outcome ~= "rejected" then return nil, err end
    end
  end
  return nil, err or no_grant(source)
end

-- A refused grant may have been used by another process, whose new token will be in the store in a moment.
local function fetch_as_user(source, state, client, deadline)
  local tried = {}
  local entry, err = fetch_by_grant(source, state, client, deadline, tried)
  if entry or err.kind ~= "auth" or err.outcome == "unknown" then return entry, err end
  for look = 1, 2 do
    if adopt(source, state, client, deadline) then return state.entry end
    local text = state.stored_refresh_token
    if text and not tried[text] then return fetch_by_grant(source, state, client, deadline, tried) end
    if not source.config.store or look == 2 or client:now() + SECOND_LOOK >= deadline then break end
    local pause = {}
    state.flight:waits_for(pause)
    if not client:park(pause, SECOND_LOOK) then break end
  end
  return nil, err
end

-- Remembers a failure, since the same request would fail again in a moment; not if nothing was sent.
local function remember(source, state, err)
  local now = source.clock()
  state.try_after = now + limits.token_retry
  if (err.attempts or 0) == 0 or err.kind == "cancelled" then return end
  local rest = err.outcome == "rejected" and limits.token_refused_rest or limits.token_failed_rest
  if err.kind == "throttled" then rest = limits.token_failed_rest end
  state.failure = errors.copy(err)
  state.failure_ends = now + math.max(rest, math.min(err.retry_after or 0, limits.token_max_rest))
end

local function fetch(source, state, client, deadline)
  deadline = math.min(deadline, client:now() + source.timeout)
  local entry, err = (source.row.grants and fetch_as_user or fetch_once)(source, state, client, deadline)
  if not entry then
    remember(source, state, err)
    return nil, err
  end
  if entry == state.entry then return entry end
  -- The service gave the same token again. If each refusal dropped it, this would ask without end.
  if entry.token == state.refused_token then state.keep_until = source.clock() + limits.token_retry end
  state.entry, state.try_after, state.failure = entry, nil, nil
  write(state, client, deadline, entry)
  if entry.refresh_token then tell_refresh(source, entry) end
  return entry
end

local function timed_out()
  return errors.new {
    kind = "timeout", code = "token_timeout", message = "no access token in time",
    outcome = "not_sent", retryable = true,
  }
end

--- The error of a call whose client was closed.
---@return dingtalk.Error
function cache.cancelled()
  return errors.new {
    kind = "cancelled", code = "closed", message = "the client was closed while waiting for an access token",
    outcome = "not_sent", retryable = true,
  }
end

-- Takes the lock: its name, false when another has it, nil without locks.
local function try_lock(state, client, deadline)
  local name = core.uuid()
  local added = use_store(state, client, deadline, "add", state.key .. ":lock", name, limits.token_lock)
  return added and name or added
end

local function unlock(state, client, deadline, name)
  if name then use_store(state, client, deadline, "delete", state.key .. ":lock", name) end
end

-- Waits while another process renews. Returns a lock, or nil to go on without one; or nil, and a token or an error. A
-- lock outlives a process that is killed, and a store may even fail to let it expire.
local function take_lock(source, state, client, deadline)
  local patience = client:now() + limits.token_lock
  local interval = POLL.first
  while true do
    local lock = try_lock(state, client, deadline)
    if lock and adopt(source, state, client, deadline) then
      unlock(state, client, deadline, lock)
      return nil, state.entry
    end
    if lock ~= false then return lock end
    if is_good(source, state.entry) then
      state.try_after = source.clock() + 1
      return nil, state.entry
    end
    local now = client:now()
    if now >= deadline then return nil, nil, timed_out() end
    if now >= patience then return nil end
    local pause = {}
    state.flight:waits_for(pause)
    if not client:park(pause, math.min(interval * (0.5 + client:random()), deadline - now)) then
      return nil, nil, cache.cancelled()
    end
    interval = math.min(interval * POLL.factor, POLL.cap)
    if adopt(source, state, client, deadline) then return nil, state.entry end
  end
end

local function renew(source, state, client, deadline)
  deadline = bound(source, state, client, deadline)
  if adopt(source, state, client, deadline) then return state.entry end
  local lock, entry, err = take_lock(source, state, client, deadline)
  if entry or err then return entry, err end
  entry, err = fetch(source, state, client, deadline)
  unlock(state, client, deadline, lock)
  return entry, err
end

-- Whether a token that is still good is used without a renewal.
local function is_left(source, state)
  return is_fresh(source, state.entry) or source.clock() < (state.try_after or 0) or state.flight:is_running()
    or not turns:reserve("renewal", 1 / limits.early_renewals, 1)
end

-- The failure that is remembered, as the error of a request that was not sent.
local function remembered(source, state)
  local left = (state.failure_ends or 0) - source.clock()
  if not state.failure or left <= 0 then return nil end
  local err = errors.copy(state.failure)
  err.attempts, err.outcome, err.elapsed = 0, "not_sent", 0
  err.retry_after = err.retryable and left or nil
  return err
end

--- The token to use now.
---@param source table
---@param client dingtalk.Client
---@param deadline number in seconds of client:now()
---@return string? token
---@return dingtalk.Error? err
function cache.get(source, client, deadline)
  local state = state_of(source, client)
  if is_good(source, state.entry) then
    if is_left(source, state) then return state.entry.token end
  else
    local failure = remembered(source, state)
    if failure then return nil, failure end
  end
  local renewed, err = state.flight:run(client, deadline, function()
    return renew(source, state, client, deadline)
  end)
  if renewed then return renewed.token end
  if is_good(source, state.entry) then return state.entry.token end
  if err == "timeout" then return nil, timed_out() end
  return nil, err == "cancelled" and cache.cancelled() or err
end

--- Drops a token that the service refused, unless it was replaced meanwhile.
---@param source table
---@param token string
function cache.invalidate(source, token)
  for _, state in pairs(source.states) do
    local entry = state.entry
    if entry and entry.token == token and source.clock() >= (state.keep_until or 0) then
      state.refused_id, state.refused_token, state.entry = entry.id, token, nil
      state.try_after, state.failure = nil, nil
    end
  end
end

return cache
