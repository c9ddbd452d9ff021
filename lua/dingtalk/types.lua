---@meta
--- What the calls take and give, as annotations: none of this runs. The classes of tokens are in dingtalk.auth, those
--- of people in dingtalk.contact, the calls of a client in dingtalk.types.client.

---@alias dingtalk.Token string|dingtalk.TokenSource access token, or what gives one

---@alias dingtalk.ErrorKind
---| "argument" # refused before anything was sent
---| "network" # no connection, or it broke
---| "tls" # no trusted connection
---| "timeout" # no answer within the time
---| "auth" # the access token or the credentials were refused
---| "permission" # the app or the user may not do this
---| "not_found" # no such event, user or calendar
---| "invalid" # the service refused a parameter
---| "conflict" # the same x-client-token is in use
---| "throttled" # too many calls
---| "quota" # a quota of the organisation is spent
---| "server" # the service failed
---| "protocol" # an answer that is none of the known ones
---| "cancelled" # closed or cancelled while in flight

---@alias dingtalk.Outcome
---| "not_sent" # nothing reached the service
---| "rejected" # it answered no
---| "unknown" # it may have been done

---@class dingtalk.Config of a client
---@field base_url string? the service; `https://api.dingtalk.io` by default, `https://api.dingtalk.com` for mainland apps
---@field oapi_base_url string? the older API, for contact lookups; by default that of base_url's region
---@field ca_file string? a PEM file of the certificates to trust, instead of the system's
---@field ca_path string? a directory of hashed certificates to trust, instead of the system's
---@field proxy string? its URL; as the environment says by default, `""` for none
---@field client_cert string? a PEM file: the certificate by which the application shows who it is
---@field client_key string? a PEM file: the key of client_cert, unless that holds it; not encrypted
---@field interface string? the network interface or address to call from, such as `"eth1"` or `"192.0.2.7"`
---@field ip_version integer? 4 or 6: the only version of IP to call by
---@field headers table<string, string>|(fun(request: table): table<string, string>?)|nil headers of the application's own, or a function that gives them for each request; none that the module sets, no `host`, no `content-…`
---@field connect_timeout number? seconds: DNS, connecting and TLS together; 10
---@field attempt_timeout number? seconds of one request with its answer; 10
---@field timeout number? seconds of a whole call, unless its own options say otherwise; 30
---@field max_attempts integer? requests made for one; 3
---@field max_connections integer? open at a time to one host; over HTTP/1.1 one token takes at most half of them, rounded up; 16
---@field rate_limiter dingtalk.RateLimiter? one budget for every call, from dingtalk.rate_limiter; none without it
---@field retry_budget number? retries the client may be ahead of its successes, for each token; a success gives back 0.2; 100
---@field user_agent string? the application's name, up to 256 bytes of printable ASCII, put in front of ours
---@field allow_http boolean? whether base_url may begin with http://; false
---@field loop string|table|nil `"blocking"`, `"nginx"`, `"cqueues"`, `"luv"`, `"copas"`, `"manual"` or an adapter (dingtalk.Loop); nginx's own in nginx, blocking elsewhere
---@field on_attempt fun(info: dingtalk.Attempt)? called when a request has ended
---@field clock (fun(): number)? seconds of a clock that does not jump; the system's monotonic one by default
---@field random (fun(): number)? a number in [0, 1), for jitter; the system's random source by default
---@field sleep fun(seconds: number)? waits between attempts instead of the loop: for tests

---@class dingtalk.Attempt what on_attempt gets; it never holds the token
---@field operation string such as `"add_attendees"`
---@field method "GET"|"POST"|"PUT"|"DELETE"
---@field host string of the service, with its port if any
---@field attempt integer its number, from 1
---@field batch integer? of a batched call, from 1
---@field client_token string?
---@field reused boolean? whether the connection had carried a request before
---@field dns number? seconds of the name's look-up; nil, as the next two, where the step did not take place
---@field connect number? seconds until TCP stood, after that
---@field tls number? seconds of the TLS handshake
---@field first_byte number? seconds from then until the first byte of the answer
---@field elapsed number seconds, the token's renewal and the wait for the rate of a bulk run included
---@field status integer? HTTP status, if an answer came
---@field request_id string? the service's id of the request
---@field kind dingtalk.ErrorKind? of a failure
---@field code string? of a failure
---@field outcome dingtalk.Outcome? of a failure
---@field message string? of a failure
---@field wait number? seconds until the next attempt; nil when there is none

---@class dingtalk.ReadOptions
---@field cancel dingtalk.Cancellation? of calendar.cancellation(): its cancel() ends the call
---@field timeout number? seconds of the whole call (of an iterator: of each page); the client's
---@field max_attempts integer? requests made for one; the client's

---@class dingtalk.WriteOptions: dingtalk.ReadOptions
---@field client_token string? sent as x-client-token: the service takes the same again as the same request, for a day. 1 to 248 bytes of visible ASCII; a random UUID by default

---@class dingtalk.RemoveOptions: dingtalk.WriteOptions
---@field concurrency integer? batches in flight; 1
---@field on_batch fun(info: dingtalk.BatchInfo)? called at the end of each batch
---@field checkpoint (fun(left: dingtalk.Resume): boolean?, string?)? called before and after each request with what `resume` should be if the process ended now: save it outside the process. If it raises, or returns nil or false and a message, the batch is not sent
---@field resume dingtalk.Resume? err.resume of an earlier call with the same arguments, or what checkpoint was called with
---@field confirm boolean? reads the attendee list back: a result then means that it shows what was asked. Has 5 seconds of its own where `timeout` is used up. Counts as calls: one for each 500 people in the event, read up to 3 times. Needs the permission Calendar.Event.Read

---@class dingtalk.AddOptions: dingtalk.RemoveOptions
---@field pushNotification boolean? the API's own; its default is not documented
---@field chatNotification boolean? the API's own; its default is not documented

---@alias dingtalk.AttendeeToAdd
---| string # a unionId
---| {id: string, isOptional: boolean?} # a unionId, and whether the person need not come

---@class dingtalk.Batch a request of a batched call
---@field first integer position in the list
---@field last integer position in the list
---@field status integer? nil where its own answer was lost and the attendee list shows that it was done
---@field settled boolean? true then
---@field request_id string?
---@field attempts integer requests made
---@field client_token string
---@field elapsed number seconds

---@class dingtalk.BatchInfo: dingtalk.Batch what on_batch gets
---@field batch integer its number, from 1
---@field batches integer how many there are
---@field added integer? of add_attendees: accepted so far by this call
---@field removed integer? of remove_attendees
---@field before integer accepted by earlier calls, as `resume` says
---@field total integer attendees of the list, each counted once
---@field error dingtalk.Error? why it failed

---@class dingtalk.Result what every result says
---@field status integer? HTTP status of the answer, the last one where there are several
---@field request_id string? the service's id of the request
---@field attempts integer requests made
---@field client_token string? of a write
---@field elapsed number? seconds
---@field hook_error string? what a hook raised, which fails no call

---@class dingtalk.AddResult: dingtalk.Result
---@field added integer attendees the service accepted in this call
---@field batches dingtalk.Batch[]
---@field confirmed dingtalk.Confirmed? with opts.confirm

---@class dingtalk.RemoveResult: dingtalk.Result
---@field removed integer attendees whose removal the service accepted in this call
---@field batches dingtalk.Batch[]
---@field confirmed dingtalk.Confirmed? with opts.confirm

---@class dingtalk.Job one call of a bulk run, as the arguments of add_attendees
---@field user string unionId of the event's creator
---@field cal string? nil means "primary"
---@field event string
---@field list dingtalk.AttendeeToAdd[] 1 to 5,000; sent 500 a request
---@field token dingtalk.Token? of this job, in place of the run's
---@field opts dingtalk.AddOptions? of this job, over those of the run

---@class dingtalk.BulkOptions of add_attendees_each. `timeout`, `max_attempts` and the rest hold for each job
---@field rate number|false|dingtalk.RateLimiter|nil calls a second; by default the client's limiter, or 20, the service's limit in its standard edition; false: as fast as it takes
---@field checkpoint (fun(resume: dingtalk.BulkResume): boolean?, string?)? saves what is left, before each request and after each job; nil and a message end the run
---@field max_outage number? seconds to wait for a service that is out of reach; 600
---@field concurrency integer? jobs in flight; 10
---@field on_result (fun(job: dingtalk.Job, result: dingtalk.AddResult?, err: dingtalk.Error?): boolean?)? called at the end of each job, before checkpoint: after a crash between the two, the next run calls it again for that job. The run ends if it returns false or raises
---@field resume dingtalk.BulkResume? summary.resume of an earlier run over the same jobs in the same order
---@field client_token string? job N appends "-N" to it, and each batch one number more
---@field timeout number? seconds of a job; the client's
---@field max_attempts integer? requests made for one; the client's
---@field pushNotification boolean? the API's own; its default is not documented
---@field chatNotification boolean? the API's own; its default is not documented
---@field confirm boolean? reads each event's attendee list back: see dingtalk.RemoveOptions

---@class dingtalk.BulkSummary
---@field jobs integer jobs started in this run
---@field succeeded integer
---@field failed integer
---@field added integer attendees accepted, also by jobs that failed later
---@field attempts integer requests made
---@field kinds table<string, integer> failed jobs by the kind of their error
---@field not_sent integer failed jobs of this outcome
---@field rejected integer failed jobs of this outcome
---@field unknown integer failed jobs of this outcome
---@field elapsed number seconds
---@field stopped "asked"|"hook_failed"|"jobs_failed"|"closed"|"checkpoint_failed"|"banned"|"quota"|"permission"|"auth"|"unreachable"|"too_many_files"|"out_of_memory"|nil why it ended early: on_result returned false or raised, the iterator raised, the client was closed, nothing could be saved; no job could have succeeded; or the system gave nothing to wait by
---@field message string? what was raised
---@field resume dingtalk.BulkResume

---@class dingtalk.BulkResume where a bulk run ended: plain data, fit for JSON
---@field next integer number of the first job that has not ended
---@field done integer[] numbers of later jobs that have ended
---@field open table<string, dingtalk.Resume|true>? jobs to be run again, by their number: what may succeed then, or may have been done

---@class dingtalk.PageOptions: dingtalk.ReadOptions
---@field maxResults integer? entries of one page; as many as the service allows: 500 attendees, 100 events
---@field nextToken string? where to begin: of an earlier result
---@field max_pages integer? pages to read at most; the result's nextToken is then where to go on

---@class dingtalk.PagesRead an iterator's fields: what the pages it has read said
---@field pages integer read
---@field attempts integer requests made
---@field elapsed number seconds
---@field nextToken string? where to go on, where opts.max_pages ended it
---@field syncToken string? of list_events, at the end: for opts.syncToken of the next time

---@class dingtalk.RequestSpec a call that is in no table
---@field method "GET"|"POST"|"PUT"|"DELETE" all but GET are writes
---@field path string[] literals and, between them, ids, which are encoded: `{ "/v1.0/todo/users/", union_id, "/tasks" }`
---@field query table<string, string|number|boolean>? parameters
---@field body table? sent as JSON, names sorted; calendar.empty_array is `[]`, `{}` an object
---@field older boolean? a call of the older API: its host, the token in the query, `errcode` in a 200

---@class dingtalk.RequestResult: dingtalk.Result
---@field body table? the answer; nil where it is empty

---@class dingtalk.LoopDefinition an adapter for a host of one's own, as config.loop
---@field new fun(client: dingtalk.Client): dingtalk.Loop makes the adapter of one client; does no I/O

---@class dingtalk.Loop how calls wait in a host. Only `suspend` and `resume` are needed
---@field name string? for messages; "custom"
---@field direct boolean? whether suspend() may be called in any coroutine, also one that the caller's own coroutine resumes: the thread blocks, or the host itself suspends the whole chain
---@field check (fun(self): boolean?, string?)? whether the caller may wait here: true, or nil and why not
---@field suspend fun(self, waiter: table) suspends the caller until resume(waiter); coming back early is harmless. `waiter` is a table in which the adapter may keep what it needs, under names of its own
---@field resume fun(self, waiter: table) lets the coroutine that waits go on; called from within client:step()
---@field watch (fun(self))? sees to it that client:step() is called when client:pollfd() is readable or client:timeout() has passed, until client:is_idle(); called when work was added
---@field close (fun(self))? the client is closed: stop watching
---@field forget (fun(self))? after a fork: the descriptor is the parent's; watch the new one
---@field rethrow (fun(self))? called at the end of each step: raises what a resumed coroutine raised
---@field is_dead (fun(self, waiter: table): boolean)? whether the coroutine that waits has ended; by default that of waiter.coroutine

---@class dingtalk.Client
local client = {}

--- Makes a step due in `seconds`, for an adapter's own purposes. The latest reminder counts.
---@param seconds number
function client:remind(seconds) end
