-- Words for writing scenarios: answers as the service gives them, and as it should not.
local REASONS = {
  [200] = "OK", [201] = "Created", [202] = "Accepted", [204] = "No Content",
  [301] = "Moved Permanently", [302] = "Found",
  [303] = "See Other", [307] = "Temporary Redirect", [308] = "Permanent Redirect", [400] = "Bad Request",
  [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found", [409] = "Conflict", [429] = "Too Many Requests",
  [500] = "Internal Server Error", [502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

-- Seconds of a time limit that is let pass: ten times what connecting and sending take on a busy machine.
local SHORT = 2

local REQUEST_ID = "01A08FE7-CD6B-79BB-8B2E-35D8768AD457"

local function head(status, fields)
  local lines = {
    ("HTTP/1.1 %d %s"):format(status, REASONS[status] or "Odd"),
    "Server: DingTalk/1.0.0",
    "x-acs-request-id: " .. REQUEST_ID,
  }
  for _, field in ipairs(fields or {}) do lines[#lines + 1] = field end
  return table.concat(lines, "\r\n") .. "\r\n"
end

--- A well-formed answer. `fields` are whole header lines.
local function text(status, body, fields)
  body = body or ""
  local length = (status == 204 or status < 200) and "" or ("Content-Length: %d\r\n"):format(#body)
  return head(status, fields) .. length .. "\r\n" .. body
end

local function send(bytes, every) return { "send", bytes, every = every } end

--- The script that reads a request and sends that answer.
local function answer(status, body, fields) return { "read", send(text(status, body, fields)) } end

local function json(status, body, fields)
  local all = { "Content-Type: application/json;charset=utf-8" }
  for _, field in ipairs(fields or {}) do all[#all + 1] = field end
  return answer(status, body, all)
end

--- An error as the service words it.
local function refusal(status, code, fields)
  return json(status, ('{"code":"%s","requestid":"%s","message":"no"}'):format(code, REQUEST_ID), fields)
end

local HTML = "<html><head><title>%d</title></head><body>Powered by DingTalk/1.0.0<hr>tengine</body></html>"

local function html(status)
  return answer(status, HTML:format(status), { "Content-Type: text/html; charset=utf-8" })
end

--- HTTP/2: the script that reads a request and answers with status and body.
local function h2(status, body)
  local fields = { { ":status", tostring(status) }, { "server", "DingTalk/1.0.0" }, { "x-acs-request-id", REQUEST_ID } }
  if not body or body == "" then return { "read", { "headers", fields, fin = true } } end
  return { "read", { "headers", fields }, { "data", body, fin = true } }
end

--- An expected error.
local function fails(kind, code, outcome, retryable, attempts, more)
  local expected = { kind = kind, code = code, outcome = outcome, retryable = retryable, attempts = attempts }
  for key, value in pairs(more or {}) do expected[key] = value end
  return expected
end

--- An expected success.
local function added(attempts) return { ok = true, attempts = attempts or 1 } end

return {
  fails = fails, added = added,
  REQUEST_ID = REQUEST_ID, SHORT = SHORT,
  HTML = HTML,
  head = head, text = text, send = send, answer = answer, json = json, refusal = refusal, html = html, h2 = h2,
  OK = json(200, ""),
  H2_OK = h2(200),
}
