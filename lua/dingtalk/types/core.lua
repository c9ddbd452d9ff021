---@meta dingtalk.core
--- The C core, for those who work on the module: mechanism without policy. Nothing of this runs.
--- A wrong type of argument raises, as in Lua's own libraries.

---@class dingtalk.core
---@field libcurl string libcurl's name and version, as in a User-Agent
---@field limits table<string, integer> those of csrc/dt_limits.h: merged into dingtalk.limits
local core = {}

--- Seconds of the monotonic clock.
---@return number
function core.now() end

--- A hash of a text in 16 hex digits (FNV-1a: no protection against malice).
---@param text string
---@return string
function core.digest(text) end

--- The id of the process, by which a fork shows.
---@return integer
function core.pid() end

--- A random UUIDv4. Raises when the system's source fails.
---@return string
function core.uuid() end

--- A number in [0, 1); nil when the system's source fails.
---@return number?
function core.random() end

--- Seconds that a Retry-After value asks for: a number or a date. Nil when it says nothing usable; at most a day.
---@param value string
---@param now number seconds since 1970 by the local clock
---@return number?
function core.retry_after(value, now) end

---@alias dingtalk.TextFault "empty"|"too_long"|"control_byte"|"not_utf8"|"not_visible_ascii"|"dot_segment"

--- What makes a text unusable as an id, or nil.
---@param text string
---@return dingtalk.TextFault?
function core.check_id(text) end

--- What makes a text unusable as a header value of ours, which must be visible ASCII; or nil.
---@param text string
---@param limit integer bytes
---@return dingtalk.TextFault?
function core.check_visible(text, limit) end

--- "not_utf8", or nil.
---@param text string
---@return dingtalk.TextFault?
function core.check_utf8(text) end

--- A URL of literals, taken as they are, and of segments between them, which are checked and percent-encoded.
---@param base string
---@param ... string a literal, a segment, a literal, …
---@return string? url
---@return integer? segment which is refused, from 1; 0: the whole is too long
---@return dingtalk.TextFault|"wrong_type"|nil fault
---@return string? type of a segment that is no string
function core.url(base, ...) end

--- A text percent-encoded for a URL's query.
---@param text string
---@return string
function core.encode(text) end

--- The request bodies of a list, checked and written in one pass.
---@param list table of strings and of tables with id and isOptional
---@param push boolean? pushNotification
---@param chat boolean? chatNotification
---@param removing boolean? attendeesToRemove instead of attendeesToAdd
---@return dingtalk.core.Attendees? attendees
---@return integer|string|nil code how many batches there are; or what is wrong
---@return integer? position of the entry
---@return any field its name
---@return string|integer|nil detail the wrong type, or the position of the first of two entries that contradict each other
function core.attendees(list, push, chat, removing) end

---@class dingtalk.core.Attendees: userdata
local attendees = {}

--- How many requests it takes.
---@return integer
function attendees:batches() end

--- The people of batch `number`.
---@param number integer
---@return integer first position in the list
---@return integer last position in the list
---@return integer count attendees, each counted once
function attendees:batch(number) end

--- The request body of batch `number`.
---@param number integer
---@return string
function attendees:body(number) end

--- 16 hex digits that change when the text or a body does.
---@param text string
---@return string
function attendees:digest(text) end

--- Frees the bodies. The collector would do so too, but takes the value for a small one.
function attendees:free() end

---@class dingtalk.core.EngineConfig
---@field ca_file string?
---@field ca_path string?
---@field client_cert string?
---@field client_key string?
---@field proxy string?
---@field interface string?
---@field ip_version integer? 4 or 6; nil: both
---@field user_agent string
---@field connect_timeout_ms integer
---@field max_connections integer
---@field allow_http boolean?

--- Transfers over libcurl behind one descriptor. Does no I/O yet.
---@param config dingtalk.core.EngineConfig
---@return dingtalk.core.Engine? engine
---@return "out_of_memory"|"too_many_files"|nil code
function core.engine(config) end

---@class dingtalk.core.Engine: userdata belongs to the process that made it
local engine = {}

--- Starts a transfer.
---@param attempt table the answer is written into it: see dingtalk.errors.judge
---@param method "GET"|"POST"|"PUT"|"DELETE"
---@param url string
---@param token string? access token; nil: no header
---@param client_token string? nil: no header
---@param body string|dingtalk.core.Attendees|nil
---@param batch integer? which of the attendees' batches
---@param timeout number seconds
---@param wait boolean? waits for the answer, if nothing else ends first
---@param headers string[]? more header lines, checked
---@param wants_timing boolean? sets attempt.timing: reused, and seconds: dns, connect, tls, first_byte
---@param token_in_url boolean? the token goes into no header: it only tells customers apart
---@return boolean? answered true: the answer is in the attempt; false: the transfer is in flight
---@return "out_of_memory"|"too_many_files"|"too_many_in_flight"|"refused_by_libcurl"|"forked"|nil code
function engine:start(attempt, method, url, token, client_token, body, batch, timeout, wait, headers, wants_timing, token_in_url) end

--- Moves the transfers on and waits for one to end.
---@param wait number? seconds at most; 0: not at all; nil: no limit
---@return table? attempt of a transfer that has ended, its answer in it
---@return string? failure why the system refuses to wait
function engine:step(wait) end

--- The next transfer that has ended.
---@return table? attempt
function engine:finished() end

--- Ends a transfer.
---@param attempt table
---@return boolean? sent whether any byte of it may have gone out; nil, and nothing is done, for one not in flight
function engine:cancel(attempt) end

--- The attempts in flight; also of an engine from before a fork.
---@return table[]
function engine:attempts() end

--- Makes a step due at `when`; nil for none.
---@param when number? seconds of core.now()
function engine:alarm(when) end

--- Seconds until a step is due whatever the descriptor says, or nil.
---@return number?
function engine:timeout() end

--- The descriptor that is readable when a step is due; nil where the platform has none.
---@return integer?
function engine:pollfd() end

--- How many transfers run or wait to be taken.
---@return integer
function engine:in_flight() end

--- Whether it is open and of this process.
---@return boolean
function engine:is_usable() end

--- Ends every transfer and closes the connections; in the child of a fork, only this process's copies. Idempotent.
function engine:close() end

--- Whether the next step comes within a moment, whatever the descriptor says: it sends what is started until then.
---@param rests boolean
function engine:rest(rests) end

--- The path of a unix socket to connect to, once; nil where there is none to be had. Ends a waker made before.
---@return string?
function engine:waker() end

--- Whether bytes now come through the connection when a step is due.
---@return boolean
function engine:start_waker() end

--- Lets one more byte come: at once where a step is due.
function engine:rearm() end

--- Ends the waker's thread and closes its connection.
function engine:stop_waker() end

return core
