-- Gateways that repeat the access token, or send bytes with which a terminal or a log could be led astray: neither may
-- show in a result, in an error or to a hook (check.lua looks for them in every row), and what the answer means stays.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local CONTROLS = "a\1\8\9\11\27[31m\127b"
-- In JSON text control bytes are escaped.
local JSON_CONTROLS = "a\\u0000\\u0001\\b\\t\\n\\r\\u001b[31m\\u007fb"

local texts = {
  { name = "token", header = "{token}", json = "{token}" },
  { name = "token_in_text", header = "id={token}; {token}", json = "the token {token}, {token}, was used" },
  { name = "token_escaped", header = "%7Btoken%7D {token}", json = "{token_escaped}" },
  { name = "token_after_400_bytes", header = ("x"):rep(400) .. "{token}", json = ("x"):rep(400) .. "{token}" },
  { name = "controls", header = CONTROLS, json = JSON_CONTROLS },
  { name = "token_and_controls", header = "{token}" .. CONTROLS .. "{token}", json = "{token}" .. JSON_CONTROLS .. "{token}" },
}

-- A body goes without a length, since the token's is not known here.
local function echo(status_line, fields, body)
  local length = body and "" or "Content-Length: 0\r\n"
  return { "read", a.send(("HTTP/1.1 %s\r\nConnection: close\r\n%s%s\r\n%s"):format(status_line, fields, length, body or "")), "finish" }
end

local function every_header(text)
  local lines = {}
  for _, name in ipairs { "x-acs-request-id", "Server", "Retry-After", "Content-Type", "Set-Cookie", "x-acs-trace-id",
    "WWW-Authenticate", "Content-Language" } do
    lines[#lines + 1] = name .. ": " .. text.header .. "\r\n"
  end
  return table.concat(lines)
end

local function every_field(code, text)
  return ([[{"code":"%s","message":"%s","requestid":"%s","requestId":"%s","errmsg":"%s","accessdenieddetail":%s}]]):format(
    code, text.json, text.json, text.json, text.json, ([[{"requiredScopes":["%s"],"reason":"%s"}]]):format(text.json, text.json))
end

local rows = {}
local function add(row) rows[#rows + 1] = row end

for _, text in ipairs(texts) do
  local headers, name = every_header(text), "echo_" .. text.name .. "_in_"
  local h2_fields = {} -- libcurl refuses a stream with control bytes in a header
  for _, field in ipairs { "x-acs-request-id", "server", "retry-after", "content-type" } do
    h2_fields[#h2_fields + 1] = { field, (text.header:gsub("%c", "")) }
  end
  local function h2_headers(status) return { "headers", { { ":status", status }, (table.unpack or unpack)(h2_fields) } } end

  add { name = name .. "headers_of_a_success", requests = { echo("200 OK", headers) }, expect = added(1), seen = 1 }
  add { name = name .. "body_of_a_success", requests = { echo("200 OK", headers, ('{"requestId":"%s"}'):format(text.json)) },
    expect = added(1), seen = 1 }
  add { name = name .. "success_of_batches", people = 1001, opts = { concurrency = 2 }, batches = true,
    requests = { echo("200 OK", headers) }, expect = added(3), seen = 3 }
  add { name = name .. "reason_phrase", requests = { echo("404 " .. text.header, headers, '{"code":"itemNotFound"}') },
    expect = fails("not_found", "itemNotFound", "rejected", false, 1, { status = 404 }), seen = 1 }
  add { name = name .. "refusal", requests = { echo("404 Not Found", headers, every_field("itemNotFound", text)) },
    expect = fails("not_found", "itemNotFound", "rejected", false, 1, { status = 404 }), seen = 1 }
  add { name = name .. "refusal_of_permission",
    requests = { echo("403 Forbidden", headers, every_field("Forbidden.AccessDenied.AccessTokenPermissionDenied", text)) },
    expect = fails("permission", nil, "rejected", false, 1, { status = 403 }), seen = 1 }
  add { name = name .. "code", requests = { echo("400 Bad Request", headers, every_field(text.json, text)) },
    expect = fails(nil, nil, "rejected", nil, 1, { status = 400 }), seen = 1 }
  add { name = name .. "errcode", requests = { echo("200 OK", headers, ('{"errcode":"%s","errmsg":"%s"}'):format(text.json, text.json)) },
    expect = fails("protocol", nil, "rejected", false, 1, { status = 200 }), seen = 1 }
  add { name = name .. "fault_of_the_service", requests = { echo("500 Oh", headers, every_field("systemError", text)) },
    expect = fails("server", "systemError", "unknown", true, 3, { status = 500 }), seen = 3 }
  add { name = name .. "page", requests = { echo("502 Bad Gateway", headers, ("<html>%s %s</html>"):format(text.header, text.json)) },
    expect = fails("server", "http_502", "unknown", true, 3, { status = 502 }), seen = 3 }
  add { name = name .. "text_for_json", requests = { echo("200 OK", headers, text.header) },
    expect = fails("protocol", nil, "unknown", false, 1, { status = 200 }), seen = 1 }
  add { name = name .. "redirect", requests = { echo("302 Found", headers .. "Location: /" .. text.header .. "\r\n") },
    expect = fails("protocol", "redirect", "unknown", false, 1, { status = 302 }), seen = 1 }
  add { name = name .. "status_line", requests = { { "read", a.send(text.header .. "\r\n\r\n"), "finish" } },
    expect = fails("protocol", "bad_http", "unknown", false, 1), seen = 1 }
  add { name = name .. "trailers", expect = added(1), seen = 1,
    requests = { { "read", a.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" .. headers .. "\r\n"), "finish" } } }
  add { name = name .. "http2_success", listen = "h2", requests = { { "read", h2_headers "200", { "data", "{}", fin = true } } },
    expect = added(1), seen = 1 }
  add { name = name .. "http2_refusal", listen = "h2",
    requests = { { "read", h2_headers "404", { "data", every_field("itemNotFound", text), fin = true } } },
    expect = fails("not_found", "itemNotFound", "rejected", false, 1, { status = 404 }), seen = 1 }
end

return rows
