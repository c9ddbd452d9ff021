--- What is known of the service's answers and of transfers that failed, as data. errors.lua applies it,
--- attempts.lua retries by it, and the specs and docs/errors.md are checked against it.

local codes = {}

--- Every kind of error, with when it comes and what to do.
codes.kinds = {
  { "argument", "refused before anything was sent", "Correct the argument that `argument` names." },
  { "network", "no connection, or it broke", "Try again later; `outcome` says whether it may have been done." },
  { "tls", "no trusted connection", "Check the certificates: `config.ca_file`, `config.ca_path`, the clock." },
  { "timeout", "no answer within the time", "Raise `timeout`, or try again; mind `outcome`." },
  { "auth", "the access token or the credentials were refused", "Get a new token; check the region and the app." },
  { "permission", "the app or the user may not do this", "Ask for the scopes in `required_scopes`." },
  { "not_found", "no such event, user or calendar", "Check the ids: the user is the unionId of the event's creator." },
  { "invalid", "the service refused a parameter", "Correct the arguments; the same again is refused again." },
  { "conflict", "the same `x-client-token` is in use", "Wait, or use another `client_token` for another request." },
  { "throttled", "too many calls", "Wait `retry_after` seconds; call at a lower rate." },
  { "quota", "a quota of the organisation is spent", "Ask the administrator; sending again does not help." },
  { "server", "the service failed", "Try again later; mind `outcome`." },
  { "protocol", "an answer that is none of the known ones", "Check `base_url` and any proxy or gateway between." },
  { "cancelled", "closed or cancelled while in flight", "Mind `outcome`; send again with `resume`." },
}

--- How an attempt is repeated. `base`, `cap`: seconds; the wait is drawn evenly between `floor` times
--- the back-off and the whole of it. `unlimited`: bounded by the deadline instead of max_attempts.
codes.retries = {
  transient = { base = 0.25, factor = 2, cap = 20, floor = 0 },
  throttled = { base = 1, factor = 2, cap = 20, floor = 0.5 },
  processing = { base = 1, factor = 2, cap = 20, floor = 0.5, unlimited = true },
  minute = { base = 60, factor = 1, cap = 60, floor = 1 },
  later = false,     -- can help, but not within this call
  new_token = false, -- once, where a token source can
}

--- Whether sending the same again can help.
function codes.is_retryable(rule)
  return rule.retry ~= nil and rule.retry ~= "new_token"
end

local address_hint = "Add this machine's egress address to the app's allowed addresses."
local older_hint = "Check the token, the app's permissions, and that this machine's egress address is allowed."
local secret_hint = "Check the app's key and secret, and the region."
local sign_in_hint = "A code is good once and for some minutes: have the user sign in again."
local staff_hint = "No such member of staff, or outside the app's range of visibility."
local auth_hint = "Get a new access token, from the same region (.io or .com) as base_url."
local unionid_hint = "Ids are unionIds, not staff userIds; user is the creator of the event."

local fault = { kind = "server", retry = "transient" }
local refused_token = { kind = "auth", retry = "new_token", hint = auth_hint }
local throttled_a_second = { kind = "throttled", retry = "throttled", retry_after = 1 }
local throttled_a_minute = { kind = "throttled", retry = "minute", retry_after = 60 }

-- Adds codes of the same rule.
local function add(rules, names, rule)
  for name in names:gmatch("%S+") do rules[name] = rule end
end

--- By the service's code; the same code appears under several statuses.
codes.service = {
  idempotencyProcessing = { kind = "conflict", retry = "processing", unresolved = true },
  IdempotentParameterMismatch = {
    kind = "conflict", hint = "Another request used this client_token; take a new one.",
  },
  itemNotFound = { kind = "not_found", hint = unionid_hint },
  ["AuthenticationFailed.MissingParameter"] = { kind = "auth", hint = auth_hint },
  invalidClientIdOrSecret = { kind = "auth", hint = secret_hint },
  invalidSuiteKey = { kind = "auth", hint = "Check suite_key and suite_secret." },
  invalidSuiteTicket = { kind = "auth", hint = "Use the newest suite_ticket the service has pushed." },
  ["invalidParameter.authCode.notFound"] = { kind = "auth", hint = sign_in_hint },
  invalidAuthInfo = { kind = "auth", hint = "Check that the organisation has authorised the app." },
  ["Forbidden.AccessDenied.IpNotInWhiteList"] = { kind = "permission", hint = address_hint },
  ["Forbidden.AccessDenied.ApiCountLimitForOrg"] = {
    kind = "quota", hint = "The organisation's monthly number of calls is spent.",
  },
  flowLimit = { kind = "quota", hint = "The user has made 100 events today: go on tomorrow." },
  meetingRoomNotAvailable = { kind = "invalid", hint = "The room is booked: get_meeting_rooms_schedule says when." },
  instanceNotExist = { kind = "not_found", hint = "This instance of a series was deleted." },
  exceedSubscribeLimit = { kind = "quota", hint = "The user has as many subscriptions as the service allows." },
  exceedMaxReceiverSize = { kind = "quota" },
}
add(codes.service, "invalidParameter paramIllegal notInEvent", { kind = "invalid", hint = unionid_hint })
add(codes.service, "InvalidAuthentication accesstoken.expired unauthorized.client", refused_token)
add(codes.service, [[Forbidden.AccessDenied.AccessTokenPermissionDenied permissionDeny permissionDenied
  apiPermissionDenied orgAccessForbidden]], { kind = "permission" })
add(codes.service, "Forbidden.AccessDenied.QpsLimitForApi qps.exceed.limit", throttled_a_second)
add(codes.service, [[system.busy systemBusy requestTooMuch request.too.fast request.too.frequent invokeFrequency
  request.overlimit]], { kind = "throttled", retry = "throttled" })
add(codes.service, [[-1 systemError system.error unknownError internalError innerSystemError serviceBusy operationTimeout
  service.timeout]], fault)

--- The older API's, always under status 200: errcode, or sub_code under errcode 88.
codes.older = {
  ["88"] = { kind = "permission", hint = older_hint },
  ["50002"] = { kind = "permission", hint = "Add the person to the part of the address book that the app may see." },
  ["60011"] = { kind = "permission" },
  ["60020"] = { kind = "permission", hint = address_hint },
}
add(codes.older, "-1", fault)
add(codes.older, "40014 42001", refused_token)
add(codes.older, "33012 60121", { kind = "not_found", hint = staff_hint })
add(codes.older, "90002 90018 90019", throttled_a_second)
add(codes.older, "90005 90006", throttled_a_minute)

--- By the beginning of the code, in order.
codes.prefixes = {
  { prefix = "invalidParameter.", kind = "invalid", hint = unionid_hint },
  { prefix = "InvalidParameter.", kind = "invalid", hint = "Times are ISO 8601 with milliseconds and zone." },
  { prefix = "Forbidden.AccessDenied.QpsLimit", kind = "throttled", retry = "throttled", retry_after = 1 },
  { prefix = "Forbidden.AccessDenied.QpmLimit", kind = "throttled", retry = "minute", retry_after = 60 },
}

--- By the status, where the code says nothing.
codes.statuses = {
  [401] = { kind = "auth", retry = "new_token", hint = auth_hint, message = "the access token was refused" },
  [403] = { kind = "permission", message = "the service refused access" },
  [404] = { kind = "not_found", message = "not found", hint = unionid_hint },
  -- On a kept connection these say that the request was not looked at.
  [408] = { kind = "network", retry = "transient", message = "the connection had timed out before the request" },
  [421] = { kind = "network", retry = "transient", message = "the connection does not serve this host" },
  [425] = { kind = "network", retry = "transient", message = "the connection is too new for a request" },
  [409] = { kind = "conflict", message = "conflict" },
  [429] = { kind = "throttled", retry = "throttled", message = "too many requests" },
}
codes.bad_request = { kind = "invalid", message = "the service refused the request" }
codes.server_fault = { kind = "server", retry = "transient", message = "the service failed" }
--- Statuses that say enough whatever the body is.
codes.any_body = { [401] = true, [408] = true, [421] = true, [425] = true, [429] = true }
--- Values of `code` in the body of a 200 that are no failure.
codes.success_codes = { ["0"] = true, OK = true, ok = true, success = true, Success = true }

--- Codes after which no other call of the same token can succeed, and what that is called.
codes.ends_all = {
  ["Forbidden.AccessDenied.AccessTokenPermissionDenied"] = "permission",
  ["Forbidden.AccessDenied.IpNotInWhiteList"] = "permission",
  apiPermissionDenied = "permission",
  orgAccessForbidden = "permission",
  ["Forbidden.AccessDenied.ApiCountLimitForOrg"] = "quota",
}

codes.ban = {
  kind = "throttled", code = "1111", retry = "later", retry_after = 300,
  message = "the service has banned this address for 5 minutes",
  hint = "Stop calling from this address for 5 minutes: 10,000 calls in 20 s from one address are too many.",
}
local base_url_hint = "Check base_url, and any proxy or gateway between."
codes.redirect = {
  kind = "protocol", code = "redirect", message = "a redirect, never followed with a token", hint = base_url_hint,
}
codes.unexpected_status = { kind = "protocol", code = "unexpected_status", message = "an unknown answer" }
codes.not_json = {
  kind = "protocol", code = "not_json", message = "an answer that is no JSON", hint = base_url_hint,
}
-- A page of the proxy in front is also how an address learns that it is banned.
codes.not_json_403 = {
  kind = "protocol", code = "not_json", message = codes.not_json.message, hint = codes.ban.hint,
}
codes.unexpected_json = { kind = "protocol", code = "unexpected_json", message = "JSON that is no object" }
codes.soft_message = "the service answered no under status 200"
codes.soft_error = { kind = "protocol", hint = base_url_hint }
codes.empty_answer = {
  kind = "protocol", code = "empty_answer", message = "the answer is empty where it should hold something",
}
codes.bad_answer = { kind = "protocol", code = "bad_answer", message = "the answer does not have its documented form" }
codes.no_result = { kind = "protocol", code = "unexpected_answer", message = "the answer holds no result" }
codes.no_unionid = { kind = "protocol", code = "unexpected_answer", message = "the answer holds no unionId" }
codes.result_false = {
  kind = "invalid", code = "result_false", outcome = "rejected", message = "the service answered no under status 200",
}
codes.repeated_page = {
  kind = "protocol", code = "repeated_page", message = "the service leads to a page it has given already",
}
codes.too_many_pages = {
  kind = "protocol", code = "too_many_pages", message = "the list has more pages than the limit",
  hint = "Narrow the question, or read on from opts.nextToken with opts.max_pages.",
}
--- Of a call with opts.confirm.
codes.not_confirmed = {
  kind = "protocol", code = "not_confirmed",
  absent = "the service accepted the call, but %d of the people are not in the event",
  otherwise = "the service accepted the call, but %d of the people are in the event with another isOptional",
  present = "the service accepted the call, but %d of the people are still in the event",
  unread = "the service accepted the call, but the attendee list could not be read: %s",
  hint = "err.confirmed says who; err.resume asks the service again without sending anything twice.",
}
codes.cancelled = { kind = "cancelled", retry = "later", message = "cancelled while in flight" }
local ca_hint = "Check the system's certificates and clock, or set config.ca_file."
local proxy_hint = "Check config.proxy, its name and password, and that it may reach the service."
local descriptor_hint = "Raise the process's limit of open files, or close what it leaves open."

--- A part of the module that is loaded at its first use could not be.
codes.part_unavailable = {
  kind = "network", code = "part_unavailable", message = "a part of the module cannot be read",
  hint = 'Load it at the program\'s start, by require "%s"; or raise the limit of open files.',
}

--- Why no answer was read, by our own code, the same with every libcurl (csrc/dt_failure.c makes it of libcurl's)
--- or the engine's own where nothing was started. What was sent decides the outcome, not this table.
codes.transport = {
  out_of_memory = { kind = "network", message = "out of memory" },
  too_many_files = {
    kind = "network", retry = "transient", message = "few or no descriptors are left", hint = descriptor_hint,
  },
  no_poller = {
    kind = "network", message = "the system refuses the descriptors to wait with (epoll and timerfd)",
    hint = "Check what the container or the sandbox allows.",
  },
  descriptors_closed = {
    kind = "network", retry = "transient", message = "the process closed the connections' descriptors",
  },
  too_many_in_flight = { kind = "network", retry = "transient", message = "65,535 requests are in flight" },
  refused_by_libcurl = { kind = "network", message = "libcurl refuses an option that is needed" },
  bad_url = { kind = "argument", argument = "config.base_url", message = "libcurl does not take the URL" },
  resolve_proxy_failed = { kind = "network", retry = "transient", message = "the proxy's name is unknown" },
  resolve_failed = { kind = "network", retry = "transient", message = "the host's name is unknown" },
  connect_failed = { kind = "network", retry = "transient", message = "no connection" },
  interface_failed = { kind = "network", message = "config.interface cannot be connected from" },
  proxy_failed = {
    kind = "network", retry = "transient", message = "the proxy refused to connect", hint = proxy_hint,
  },
  tls_failed = { kind = "tls", retry = "transient", message = "the TLS handshake failed" },
  certificate_invalid = { kind = "tls", message = "the server's certificate is not trusted", hint = ca_hint },
  ca_unreadable = { kind = "tls", message = "the certificates to trust cannot be read", hint = ca_hint },
  client_cert_unusable = {
    kind = "tls", message = "the client's certificate is unusable",
    hint = "Check config.client_cert and config.client_key.",
  },
  client_cert_refused = {
    kind = "tls", message = "the server wants another client certificate, or one",
    hint = "Check config.client_cert: the server asks for one of an authority that it trusts.",
  },
  connect_timeout = { kind = "timeout", retry = "transient", message = "not connected in time" },
  timeout = { kind = "timeout", retry = "transient", message = "no answer in time" },
  connection_lost = { kind = "network", retry = "transient", message = "the connection ended before an answer" },
  http2_stream_failed = { kind = "network", retry = "transient", message = "the HTTP/2 stream failed" },
  truncated_body = { kind = "protocol", retry = "transient", message = "the answer was cut off" },
  bad_http = { kind = "protocol", message = "an answer that is no HTTP" },
  compressed_body = {
    kind = "protocol", message = "the answer is compressed, though nobody asked for it", hint = base_url_hint,
  },
  headers_too_large = { kind = "protocol", message = "the answer's headers are larger than the limit" },
  body_too_large = { kind = "protocol", message = "the answer is larger than the limit" },
  transfer_failed = { kind = "network", retry = "transient", message = "the transfer failed" },
}
for code, rule in pairs(codes.transport) do rule.code = code end

return codes
