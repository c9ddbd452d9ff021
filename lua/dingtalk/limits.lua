--- Every limit and default, with its unit and where it comes from. The limits of the C core are
--- in csrc/dt_limits.h, and are read from there.

local core = require "dingtalk.core"

local limits = {
  max_timeout = 86400,      -- seconds, of a call or a connect: ours
  max_attempts = 100,       -- of one request: ours
  max_concurrency = 10000,  -- requests or jobs in flight of one call: ours
  max_connections = 256,    -- to one host: ours
  max_user_agent_bytes = 256, -- of the application's name: ours
  max_message_bytes = 500,  -- of a message from outside, in an error: ours
  max_query_bytes = 4096,   -- of one value in a URL's query: ours
  max_body_bytes = 1048576, -- of a body written from a table: ours
  max_json_depth = 16,      -- tables within tables of a body: ours
  max_path_parts = 33,      -- literals and ids of a path of client:request: ours
  max_header_bytes = 8192,  -- of the names and values of config.headers: ours
  max_interface_bytes = 255, -- of config.interface: ours
  max_summary = 2048,       -- characters of an event's title: the service's limit
  max_description = 5000,   -- characters of an event's description: the service's limit
  max_subscribed_name = 127, -- characters of a subscribed calendar's name: the service's limit
  max_subscribed_description = 1024, -- characters of a subscribed calendar's description: the service's limit
  max_occurrences = 99,     -- of a series: the service's limit
  max_interval = 365,       -- days, weeks or months between two instances of a series: the service's limit
  max_minutes = 525600,     -- before an event that a reminder may come, a year: ours
  max_rooms = 5,            -- of an event: the service's limit
  max_schedule_users = 20,  -- asked for in one call: the service's limit
  max_legacy_ids = 500,     -- converted in one call: ours
  max_page_attendees = 500, -- in one page of a list: the service's limit
  max_page_events = 100,    -- in one page of a list, and attendees given with each: the service's limit
  max_page_sign_ins = 500,  -- in one page of a list: the service's limit
  max_pages = 1000,         -- read by one call: ours
  confirm_reads = 3,        -- of the attendee list, until it shows what was done: ours
  max_rate = 10000,         -- calls a second of a limiter: ours
  token_seconds = 7200,     -- validity of an access token whose answer names none: the service's
  refresh_token_seconds = 2592000, -- validity of a refresh token: the service's
  token_retry = 30,         -- seconds between two tries to renew a token that is still good: ours
  token_refused_rest = 10,  -- seconds for which a refused token request is remembered, and not made again: ours
  token_failed_rest = 1,    -- seconds for which one that failed otherwise is: ours
  token_max_rest = 300,     -- seconds, where the answer says how long to wait: ours, as long as the address ban
  early_renewals = 50,      -- a second, of tokens that are still good: ours, far below the address limit
  token_lock = 2,           -- seconds for which one process alone may ask for a token: ours
  retry_earned = 0.2,       -- retries a success gives back to the budget: ours, as AWS SDKs do
  completions_a_step = 8,   -- requests that have ended and are dealt with in one step: ours
  poll_interval = 0.002,    -- seconds between two steps where no descriptor shows that one is due: ours
  store_seconds = 0.25,     -- of one command of a store, whatever the caller's time: ours
  store_rest = 1,           -- seconds a store is left alone that failed or was slow, doubling: ours
  store_max_rest = 30,      -- seconds, of that: ours
  max_lookups = 10000,      -- people looked up in one call: ours

  defaults = {
    base_url = "https://api.dingtalk.io", -- the international region
    timeout = 30,           -- seconds, the whole logical call
    connect_timeout = 10,   -- seconds, DNS, connect and TLS together: above a resolver's 5 for each name server
    attempt_timeout = 10,   -- seconds, one request with its answer
    max_attempts = 3,       -- of one request
    max_connections = 16,   -- to one host; HTTP/2 needs one, over HTTP/1.1 a token has at most half, rounded up
    confirm_timeout = 5,    -- seconds a confirmation has even when the call's own time is used up
    concurrency = 1,        -- batches of one call in flight
    page_sign_ins = 200,    -- in one page of a list: the older of the two limits that the vendor's pages name
    refresh_before = 600,   -- seconds before its expiry that a token is renewed
    token_timeout = 10,     -- seconds, one request for a token with its attempts
    lookups = 5,            -- people looked up at a time
    retry_budget = 100,     -- retries a client may be ahead of its successes (each gives back 0.2)
    bulk_outage = 600,      -- seconds a bulk run waits for a service that is out of reach
    bulk_concurrency = 10,  -- jobs of a bulk run in flight
    rate = 20,              -- calls a second of an app, organisation and operation: the service's, standard edition
    rate_margin = 0.045,    -- of the distance of two calls, beyond 1 / rate: ours, 30 ms of jitter and 15 of delay here
    address_rate = 475,     -- calls a second from one address: the service bans one at 10,000 in 20 s
  },
}

for name, value in pairs(core.limits) do
  limits[name] = value
end

return limits
