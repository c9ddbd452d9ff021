-- Answers and what they are judged to be: status, headers, body → exact result or error.
-- Every row of the service's error table, with each code under each status in which it is known.
--
-- A row: status, body, headers (as sent); `ok` for a success, else kind, code, outcome, retryable, and
-- where there are any: retry_after, request_id, required_scopes, message, hint (a text it contains).

local rows = {}

local function add(row)
  row.name = row.name or ("%d %s"):format(row.status, row.code or row.body or "")
  rows[#rows + 1] = row
end

local ID = "01A08FE7-CD6B-79BB-8B2E-35D8768AD457"

local function body_of(code)
  return ('{"code":"%s","requestid":"%s","message":"said no"}'):format(code, ID)
end

--- Rows of the service's error body: the code under each of the statuses.
local function refused(statuses, kind, code, retryable, more)
  for _, status in ipairs(statuses) do
    local row = { status = status, body = body_of(code), kind = kind, code = code, retryable = retryable,
      outcome = (status >= 500 or kind == "server") and "unknown" or "rejected", request_id = ID, message = "said no" }
    for name, value in pairs(more or {}) do row[name] = value end
    add(row)
  end
end

refused({ 400 }, "invalid", "invalidParameter", false, { hint = "unionId" })
refused({ 400 }, "invalid", "invalidParameter.userId.notFound", false, { hint = "unionId" })
refused({ 400 }, "invalid", "invalidParameter.", false)
refused({ 400 }, "invalid", "invalidParameterOfANewKind", false)
refused({ 400 }, "conflict", "idempotencyProcessing", true, { outcome = "unknown" })
refused({ 400 }, "conflict", "IdempotentParameterMismatch", false, { hint = "client_token" })
refused({ 404, 400 }, "not_found", "itemNotFound", false, { hint = "unionId" })
refused({ 400, 401, 403 }, "auth", "InvalidAuthentication", false, { hint = "new access token" })
refused({ 400 }, "auth", "AuthenticationFailed.MissingParameter", false)
refused({ 400, 401 }, "auth", "accesstoken.expired", false)
refused({ 401 }, "auth", "unauthorized.client", false)
refused({ 401 }, "auth", "aCodeNobodyKnows", false)
refused({ 403 }, "permission", "Forbidden.AccessDenied.AccessTokenPermissionDenied", false)
refused({ 403 }, "permission", "Forbidden.AccessDenied.IpNotInWhiteList", false, { hint = "egress address" })
refused({ 403 }, "permission", "Forbidden.AccessDenied.SomethingNew", false)
refused({ 400 }, "permission", "permissionDeny", false)
refused({ 400 }, "permission", "apiPermissionDenied", false)
refused({ 400 }, "permission", "orgAccessForbidden", false)
refused({ 403, 429, 400 }, "throttled", "Forbidden.AccessDenied.QpsLimitForApi", true, { retry_after = 1 })
refused({ 403 }, "throttled", "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", true, { retry_after = 1 })
refused({ 403 }, "throttled", "Forbidden.AccessDenied.QpsLimitForSuitekeyAndOrgAndApi", true, { retry_after = 1 })
refused({ 403 }, "throttled", "Forbidden.AccessDenied.QpmLimitForApi", true, { retry_after = 60 })
refused({ 403 }, "throttled", "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", true, { retry_after = 60 })
refused({ 403 }, "quota", "Forbidden.AccessDenied.ApiCountLimitForOrg", false, { hint = "monthly" })
refused({ 429, 400 }, "throttled", "system.busy", true)
refused({ 429, 400 }, "throttled", "systemBusy", true)
refused({ 429 }, "throttled", "aCodeNobodyKnows", true)
refused({ 400 }, "throttled", "qps.exceed.limit", true, { retry_after = 1 })
for _, code in ipairs { "requestTooMuch", "request.too.fast", "request.too.frequent", "invokeFrequency", "request.overlimit" } do
  refused({ 400 }, "throttled", code, true)
end
refused({ 400 }, "quota", "flowLimit", false)
refused({ 400 }, "quota", "exceedMaxReceiverSize", false)
refused({ 400 }, "invalid", "notInEvent", false)
refused({ 400, 500, 502, 503, 504 }, "server", "systemError", true)
refused({ 400, 500 }, "server", "system.error", true)
for _, code in ipairs { "unknownError", "internalError", "innerSystemError", "serviceBusy", "operationTimeout", "service.timeout" } do
  refused({ 500, 502, 503, 504 }, "server", code, true)
end
refused({ 500, 501, 599 }, "server", "aCodeNobodyKnows", true)
refused({ 400 }, "auth", "invalidClientIdOrSecret", false)
refused({ 400 }, "auth", "invalidSuiteKey", false)
refused({ 400 }, "auth", "invalidSuiteTicket", false)
refused({ 400 }, "auth", "invalidAuthInfo", false)
refused({ 400, 405, 413, 422 }, "invalid", "aCodeNobodyKnows", false)
refused({ 404 }, "not_found", "InvalidAction.NotFound", false)
refused({ 409 }, "conflict", "aCodeNobodyKnows", false)
-- A code decides by all of it, not by a part, and in the case it has.
refused({ 400 }, "invalid", "itemnotfound", false)
refused({ 400 }, "invalid", "XitemNotFound", false)

-- Bodies as the service sent them, verbatim.
add { name = "real: bad token", status = 400, kind = "auth", code = "InvalidAuthentication", outcome = "rejected", retryable = false,
  body = '{"code":"InvalidAuthentication","requestid":"01A08FE7-CD6B-79BB-8B2E-35D8768AD457","message":"不合法的access_token"}',
  request_id = "01A08FE7-CD6B-79BB-8B2E-35D8768AD457", message = "不合法的access_token" }
add { name = "real: no token", status = 400, kind = "auth", code = "AuthenticationFailed.MissingParameter", outcome = "rejected", retryable = false,
  body = '{"code":"AuthenticationFailed.MissingParameter","requestid":"01A08FE7-CDD1-7818-964E-AF384B54BB19","message":"缺少参数：x-acs-dingtalk-access-token"}',
  request_id = "01A08FE7-CDD1-7818-964E-AF384B54BB19", message = "缺少参数：x-acs-dingtalk-access-token" }
add { name = "real: no permission", status = 403, kind = "permission", code = "Forbidden.AccessDenied.AccessTokenPermissionDenied", outcome = "rejected", retryable = false,
  body = '{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"e64a36ef-2fb4-4bc5-bbd8-80e0f54218f9","message":"没有调用该接口的权限，接口权限申请参考：https://open.dingtalk.com/document/orgapp-server/add-api-permission","accessdenieddetail":{"requiredScopes":["Contact.User.Read"]}}',
  request_id = "e64a36ef-2fb4-4bc5-bbd8-80e0f54218f9", required_scopes = { "Contact.User.Read" }, hint = "Contact.User.Read",
  message = "没有调用该接口的权限，接口权限申请参考：https://open.dingtalk.com/document/orgapp-server/add-api-permission" }
add { name = "real: bad secret", status = 400, kind = "auth", code = "invalidClientIdOrSecret", outcome = "rejected", retryable = false,
  body = '{"requestid":"01A08FE7-68C3-7BBD-B223-447768EA4B29","code":"invalidClientIdOrSecret","message":"无效的clientId或者clientSecret"}',
  request_id = "01A08FE7-68C3-7BBD-B223-447768EA4B29", message = "无效的clientId或者clientSecret" }
add { name = "real: unknown error", status = 500, kind = "server", code = "unknownError", outcome = "unknown", retryable = true,
  body = '{"requestid":"BD37D589-8418-73E0-8E3E-BFBCCB268377","code":"unknownError","message":"未知错误"}',
  request_id = "BD37D589-8418-73E0-8E3E-BFBCCB268377", message = "未知错误" }
add { name = "real: too fast", status = 403, kind = "throttled", code = "Forbidden.AccessDenied.QpsLimitForApi", outcome = "rejected", retryable = true,
  body = '{"code":"Forbidden.AccessDenied.QpsLimitForApi","message":"请求过于频繁，限制将在 2026-09-21 12:00:04 结束"}',
  retry_after = 1, message = "请求过于频繁，限制将在 2026-09-21 12:00:04 结束" }
add { name = "real: wrong path", status = 200, kind = "protocol", code = "404", outcome = "rejected", retryable = false,
  body = '{"errcode":404,"errmsg":"请求的URI地址不存在"}', message = "请求的URI地址不存在", hint = "base_url" }

-- The request's id, however it is spelt.
local function request_id(name, body, header, expected)
  add { name = "request id: " .. name, status = 404, body = '{"code":"itemNotFound","message":"m"' .. body .. "}",
    headers = { ["x-acs-request-id"] = header }, kind = "not_found", code = "itemNotFound", outcome = "rejected",
    retryable = false, request_id = expected }
end
request_id("requestid", ',"requestid":"R1"', nil, "R1")
request_id("requestId", ',"requestId":"R1"', nil, "R1")
request_id("RequestId", ',"RequestId":"R1"', nil, "R1")
request_id("request_id", ',"request_id":"R1"', nil, "R1")
request_id("of the header", "", "H1", "H1")
request_id("of the header in another case", "", "h-1", "h-1")
request_id("of the body before the header's", ',"requestid":"R1"', "H1", "R1")
request_id("empty in the body", ',"requestid":""', "H1", "H1")
request_id("null in the body", ',"requestid":null', "H1", "H1")
request_id("none", "", nil, nil)

-- Permission details of odd shapes.
local function scopes(name, detail, expected, spelling)
  add { name = "scopes: " .. name, status = 403,
    body = '{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","message":"m","'
      .. (spelling or "accessdenieddetail") .. '":' .. detail .. "}",
    kind = "permission", code = "Forbidden.AccessDenied.AccessTokenPermissionDenied", outcome = "rejected", retryable = false,
    required_scopes = expected }
end
scopes("one", '{"requiredScopes":["Calendar.Event.Write"]}', { "Calendar.Event.Write" })
scopes("two", '{"requiredScopes":["a","b"]}', { "a", "b" })
scopes("none in the list", '{"requiredScopes":[]}', {})
scopes("in camel case", '{"requiredScopes":["a"]}', { "a" }, "accessDeniedDetail")
scopes("a text", '{"requiredScopes":"a"}', nil)
scopes("a text for the detail", '"a"', nil)
scopes("null", "null", nil)
scopes("with null and objects in the list", '{"requiredScopes":[null,{},"a"]}', { "a" })

-- How long to wait.
local function waits(name, status, code, header, expected, kind)
  add { name = "retry-after: " .. name, status = status, body = body_of(code), headers = { ["retry-after"] = header }, kind = kind,
    code = code, outcome = status >= 500 and "unknown" or "rejected", retryable = true, retry_after = expected, request_id = ID }
end
waits("seconds", 503, "serviceBusy", "7", 7, "server")
waits("zero", 503, "serviceBusy", "0", 0, "server")
waits("a date gone by", 503, "serviceBusy", "Wed, 21 Oct 2015 07:28:00 GMT", 0, "server")
waits("more than a day", 503, "serviceBusy", "1000000", 86400, "server")
waits("nonsense", 503, "serviceBusy", "soon", nil, "server")
waits("negative", 503, "serviceBusy", "-5", nil, "server")
waits("fractional", 503, "serviceBusy", "1.5", nil, "server")
waits("of the header before ours", 403, "Forbidden.AccessDenied.QpsLimitForApi", "3", 3, "throttled")
waits("nonsense beside ours", 403, "Forbidden.AccessDenied.QpsLimitForApi", "soon", 1, "throttled")

-- Answers that are none of the service's own.
local HTML = "<html>\n<head><title>Error</title></head>\n<hr/>Powered by DingTalk/1.0.0<hr><center>tengine</center>\n</html>\n"

local function odd(status, name, body, kind, code, outcome, retryable, more)
  local row = { name = ("%d with %s"):format(status, name), status = status, body = body, kind = kind, code = code,
    outcome = outcome, retryable = retryable }
  for field, value in pairs(more or {}) do row[field] = value end
  add(row)
end

for _, status in ipairs { 500, 502, 503, 504 } do
  local code = "http_" .. status
  odd(status, "an HTML page", HTML, "server", code, "unknown", true)
  odd(status, "no body", nil, "server", code, "unknown", true)
  odd(status, "a JSON text", '"error"', "server", code, "unknown", true)
  odd(status, "an array", "[]", "server", code, "unknown", true)
  odd(status, "an empty object", "{}", "server", code, "unknown", true)
end
for _, status in ipairs { 400, 403, 404, 410 } do
  odd(status, "an HTML page", HTML, "protocol", "not_json", "rejected", false)
  odd(status, "text", "denied", "protocol", "not_json", "rejected", false)
  odd(status, "broken JSON", '{"code":"itemNotFound"', "protocol", "not_json", "rejected", false)
end
odd(403, "an HTML page of a ban", HTML, "protocol", "not_json", "rejected", false, { hint = "5 minutes" })
odd(401, "an HTML page", HTML, "auth", "http_401", "rejected", false)
odd(401, "no body", nil, "auth", "http_401", "rejected", false)
odd(429, "an HTML page", HTML, "throttled", "http_429", "rejected", true)
odd(429, "no body", nil, "throttled", "http_429", "rejected", true)
odd(400, "no body", nil, "invalid", "http_400", "rejected", false)
odd(403, "no body", nil, "permission", "http_403", "rejected", false)
odd(404, "no body", nil, "not_found", "http_404", "rejected", false)
odd(409, "no body", nil, "conflict", "http_409", "rejected", false)
odd(418, "no body", nil, "invalid", "http_418", "rejected", false)
odd(400, "an object of nothing known", '{"a":1}', "invalid", "http_400", "rejected", false)
odd(400, "a code that is a number", '{"code":40035,"message":"m"}', "invalid", "40035", "rejected", false)
odd(400, "the older errcode", '{"errcode":40035,"errmsg":"m"}', "invalid", "40035", "rejected", false, { message = "m" })
odd(400, "a code that is null", '{"code":null,"message":"m"}', "invalid", "http_400", "rejected", false, { message = "m" })
odd(400, "a code that is a table", '{"code":{},"message":[]}', "invalid", "http_400", "rejected", false)
odd(400, "control bytes in code and message", '{"code":"a\\nb","message":"c\\r\\nd\\u0000e"}', "invalid", "a b", "rejected", false, { message = "c d e" })

for _, status in ipairs { 200, 400, 403, 429, 503 } do
  odd(status, "a ban", '{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"xxx"}', "throttled", "1111", "rejected", true,
    { retry_after = 300, hint = "5 minutes" })
end

odd(200, "an errcode in a text", '{"errcode":"404","errmsg":"no"}', "protocol", "404", "rejected", false, { message = "no" })
odd(200, "an errcode below zero", '{"errcode":-1}', "server", "-1", "unknown", true)
odd(200, "a fault of the server as errcode", '{"errcode":"systemError"}', "server", "systemError", "unknown", true)
odd(200, "a request at work as errcode", '{"errcode":"idempotencyProcessing"}', "conflict", "idempotencyProcessing", "unknown", true)
odd(200, "an errcode of the older API", '{"errcode":88,"sub_code":"40014","sub_msg":"不合法的access_token"}', "protocol", "88", "rejected", false)
odd(200, "an HTML page", HTML, "protocol", "not_json", "unknown", false)
odd(200, "text", "ok", "protocol", "not_json", "unknown", false)
odd(200, "blanks", "  \n", "protocol", "not_json", "unknown", false)
odd(200, "broken JSON", '{"a":', "protocol", "not_json", "unknown", false)
odd(200, "a JSON text", '"ok"', "protocol", "unexpected_json", "unknown", false)
odd(200, "an array", "[]", "protocol", "unexpected_json", "unknown", false)
odd(200, "an array of objects", '[{"errcode":0}]', "protocol", "unexpected_json", "unknown", false)
odd(200, "a number", "1", "protocol", "unexpected_json", "unknown", false)
odd(200, "true", "true", "protocol", "unexpected_json", "unknown", false)
odd(200, "null", "null", "protocol", "unexpected_json", "unknown", false)
odd(200, "a refusal", '{"code":"invalidParameter","message":"m"}', "invalid", "invalidParameter", "unknown", false, { message = "m" })
odd(200, "a failure", '{"success":false}', "protocol", "success_false", "unknown", false)
for _, status in ipairs { 301, 302, 303, 307, 308, 300, 304 } do
  odd(status, "no body", nil, "protocol", "redirect", "unknown", false)
end
odd(302, "a place to go", nil, "protocol", "redirect", "unknown", false, { headers = { Location = "http://127.0.0.1:1/elsewhere" } })
for _, status in ipairs { 201, 202, 204, 206 } do
  odd(status, "no body", nil, "protocol", "unexpected_status", "unknown", false)
end

local function success(name, body, request)
  add { name = "success: " .. name, status = 200, body = body, ok = true, headers = { ["x-acs-request-id"] = request }, request_id = request }
end
success("empty", nil, "R1")
success("no request id", nil, nil)
success("an empty object", "{}")
success("an object with blanks around", " \n{ }\n")
success("an object of nothing known", '{"requestId":"r","result":{"a":[1]}}')
success("errcode 0", '{"errcode":0,"errmsg":"ok"}')
success("errcode 0 in a text", '{"errcode":"0","errmsg":"ok"}')
success("success", '{"success":true}')
success("code 0", '{"code":"0","message":"ok"}')
success("code OK", '{"code":"OK","message":"ok"}')

-- How a transfer ended, whether any byte went out → kind, outcome, retryable.
local failures = {
  { "resolve_proxy_failed", false, "network", "not_sent", true },
  { "resolve_failed", false, "network", "not_sent", true },
  { "connect_failed", false, "network", "not_sent", true },
  { "interface_failed", false, "network", "not_sent", false },
  { "proxy_failed", false, "network", "not_sent", true },
  { "connect_timeout", false, "timeout", "not_sent", true },
  { "timeout", true, "timeout", "unknown", true },
  { "tls_failed", false, "tls", "not_sent", true },
  { "certificate_invalid", false, "tls", "not_sent", false },
  { "ca_unreadable", false, "tls", "not_sent", false },
  { "client_cert_unusable", false, "tls", "not_sent", false },
  { "client_cert_refused", false, "tls", "not_sent", false },
  { "client_cert_refused", true, "tls", "unknown", false },
  { "connection_lost", true, "network", "unknown", true },
  { "http2_stream_failed", true, "network", "unknown", true },
  { "truncated_body", true, "protocol", "unknown", true },
  { "bad_http", true, "protocol", "unknown", false },
  { "compressed_body", true, "protocol", "unknown", false },
  { "headers_too_large", true, "protocol", "unknown", false },
  { "body_too_large", true, "protocol", "unknown", false },
  { "out_of_memory", false, "network", "not_sent", false },
  { "too_many_files", false, "network", "not_sent", true },
  { "no_poller", false, "network", "not_sent", false },
  { "descriptors_closed", true, "network", "unknown", true },
  { "too_many_in_flight", false, "network", "not_sent", true },
  { "refused_by_libcurl", false, "network", "not_sent", false },
  { "bad_url", false, "argument", "not_sent", false },
  { "transfer_failed", true, "network", "unknown", true },
}

return { rows = rows, failures = failures }
