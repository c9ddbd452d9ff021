--- Token sources. A source gives a call its access token: it asks the service for one when needed, and for a new one
--- when the service refused the last.
---
---   local auth = require "dingtalk.auth"
---   local source = assert(auth.internal_app { app_key = "…", app_secret = "…" })
---   calendar.add_attendees(source, user, nil, event, list)

local applications = require "dingtalk.auth.applications"
local cache = require "dingtalk.auth.cache"
local client_module = require "dingtalk.client"
local environment = require "dingtalk.auth.environment"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local memory = require "dingtalk.stores.memory"
local options = require "dingtalk.options"

local auth = {}

---@class dingtalk.TokenSource
---@field get fun(self: dingtalk.TokenSource, client: dingtalk.Client?, deadline: number?): string?, dingtalk.Error?
---@field invalidate fun(self: dingtalk.TokenSource, token: string) the service refused this token
---@field key fun(self: dingtalk.TokenSource): string what the service counts calls by: app and organisation
---@field hook_error string? what the last on_refresh raised

---@class dingtalk.SourceOptions what every source takes
---@field store dingtalk.Store? where tokens are kept; the memory of the process by default
---@field client dingtalk.Client? sends the token requests; by default the client of the call
---@field refresh_before number? seconds before its expiry that a token is renewed (600)
---@field timeout number? seconds of one token request with its attempts (10)
---@field max_attempts integer? of one token request; by default the client's
---@field on_store_error fun(message: string)? called when the store fails; the call goes on without it
---@field clock (fun(): number)? seconds since the epoch; os.time by default

---@class dingtalk.InternalApp : dingtalk.SourceOptions
---@field app_key string
---@field app_secret string

---@class dingtalk.EnterpriseApp : dingtalk.SourceOptions
---@field suite_key string
---@field suite_secret string
---@field corp_id string the customer organisation
---@field suite_ticket string|(fun(): string?, string?) the newest ticket that the service has pushed, or what gives it

---@class dingtalk.Corp : dingtalk.SourceOptions
---@field corp_id string
---@field client_id string
---@field client_secret string

---@class dingtalk.User : dingtalk.SourceOptions
---@field client_id string
---@field client_secret string
---@field code string? of a sign-in, good once
---@field refresh_token string? saved before by on_refresh
---@field on_refresh (fun(refresh_token: string, expires_in: number))? saves each new refresh token; seconds
---@field user string? any name that tells this user from others: needed with a store

local default_store = memory.new()

-- The fields of each source, outside its table: so no pretty-printer shows its secrets.
local fields_of = setmetatable({}, { __mode = "k" })

local metatable = { __name = "dingtalk.TokenSource" }

-- The client that asks, and the deadline by its clock.
local function client_for(source, given, deadline)
  local err = given ~= nil and options.check_value(given, applications.common.client, "client")
  if err then return nil, err end
  local client = source.config.client or given
  if not client then client, err = client_module.default() end
  if not client then return nil, err end
  local seconds = deadline and deadline - (given or client):now() or client.call_timeout
  return client, client:now() + seconds
end

local function get(source, given, deadline)
  local client, by = client_for(source, given, deadline)
  if not client then return nil, by end
  -- With a deadline this is part of a call, which closing its client has ended.
  if client.closed and deadline then return nil, cache.cancelled() end
  local err = client_module.refusal(client)
  if err then return nil, err end
  return cache.get(source, client, by)
end

local function missing(config, row)
  for _, name in ipairs(row.required) do
    if config[name] == nil then return errors.argument("config." .. name, "missing", name .. " is missing") end
  end
  if not row.grants then return nil end
  if not config.code and not config.refresh_token then
    return errors.argument("config.code", "missing", "a code or a refresh_token is needed")
  end
  if config.store and not config.user then
    return errors.argument("config.user", "missing", "with a store, user must tell this user from others",
      "Any name will do, such as the user's id in your application.")
  end
end

-- The names by which a source differs from others of its kind.
local function names_of(row, config)
  local names = {}
  for _, name in ipairs(row.named_by) do names[#names + 1] = config[name] end
  return table.concat(names, " ")
end

local methods = {}

function methods:get(client, deadline)
  return get(fields_of[self], client, deadline)
end

function methods:invalidate(token)
  cache.invalidate(fields_of[self], token)
end

--- What the service counts calls by: the app, and the organisation where one app has many.
---@return string
function methods:key()
  local source = fields_of[self]
  local row, parts = source.row, {}
  for i, name in ipairs(row.budget_of or row.named_by) do parts[i] = source.config[name] end
  return table.concat(parts, " ")
end

function metatable.__index(self, name)
  if name == "hook_error" then return fields_of[self].hook_error end
  return methods[name]
end

function metatable.__tostring(self)
  local source = fields_of[self]
  return ("dingtalk.TokenSource (%s %s)"):format(source.application, names_of(source.row, source.config))
end

local function new_source(application, given)
  local row = applications.rows[application]
  local config, err = options.take(given, row.fields, "config")
  if not config then return nil, err end
  err = missing(config, row)
  if err then return nil, err end
  -- Without a name, one user's tokens could be taken for another's: nothing is shared.
  local is_private = row.grants ~= nil and config.user == nil
  local source = {
    application = application, row = row, config = config, states = {}, is_private = is_private,
    store = config.store or (is_private and memory.new() or default_store),
    refresh_before = config.refresh_before or limits.defaults.refresh_before,
    timeout = config.timeout or limits.defaults.token_timeout, clock = config.clock or os.time,
    hook_error = nil, -- what the last on_refresh raised
  }
  local public = setmetatable({}, metatable)
  fields_of[public] = source
  return public
end

--- Tokens of an internal app of one organisation.
---@param config dingtalk.InternalApp
---@return dingtalk.TokenSource? source
---@return dingtalk.Error? err
function auth.internal_app(config)
  return new_source("internal_app", config)
end

--- Tokens of a third-party enterprise app, for one of its customer organisations.
---@param config dingtalk.EnterpriseApp
---@return dingtalk.TokenSource? source
---@return dingtalk.Error? err
function auth.enterprise_app(config)
  return new_source("enterprise_app", config)
end

--- Tokens of either kind of app for one organisation, by the service's newer call.
---@param config dingtalk.Corp
---@return dingtalk.TokenSource? source
---@return dingtalk.Error? err
function auth.corp(config)
  return new_source("corp", config)
end

--- Tokens of a user who has signed in: by a code at first, then by refresh tokens.
---@param config dingtalk.User
---@return dingtalk.TokenSource? source
---@return dingtalk.Error? err
function auth.user(config)
  return new_source("user", config)
end

--- The token of the environment, as the command line reads it: an access token (DINGTALK_TOKEN), or the source of
--- an internal app (DINGTALK_APP_KEY, DINGTALK_APP_SECRET), of a third-party enterprise app (DINGTALK_SUITE_KEY,
--- DINGTALK_SUITE_SECRET, DINGTALK_SUITE_TICKET, DINGTALK_CORP_ID) or of either by the newer call
--- (DINGTALK_CLIENT_ID, DINGTALK_CLIENT_SECRET, DINGTALK_CORP_ID). The first of these that is there is used. With
--- _FILE after a name, such as DINGTALK_TOKEN_FILE, the value is read from that file.
---@param config dingtalk.SourceOptions? of the source
---@return string|dingtalk.TokenSource|nil token
---@return dingtalk.Error? err
function auth.from_env(config)
  local own, refused = options.take(config, applications.common, "config")
  if not own then return nil, refused end
  local token, err = environment.token(os.getenv)
  if token or err then return token, err end
  local constructor, app = environment.app(os.getenv)
  if not constructor then
    return nil, app or errors.argument("DINGTALK_TOKEN", "missing", "no access token is in the environment",
      "Set DINGTALK_TOKEN, or DINGTALK_APP_KEY and DINGTALK_APP_SECRET; or name a file in DINGTALK_TOKEN_FILE.")
  end
  for name, value in pairs(own) do app[name] = value end
  return auth[constructor](app)
end

--- A new store in the memory of this process: sources with different stores share no tokens.
---@return dingtalk.Store
function auth.memory_store()
  return memory.new()
end

return auth
