-- Well-framed answers that a client must judge right: statuses, bodies, redirects, bans.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local UNREADABLE = fails("protocol", "not_json", "unknown", false, 1, { status = 200 })
local NOT_AN_OBJECT = fails("protocol", "unexpected_json", "unknown", false, 1, { status = 200 })
local BANNED = fails("throttled", "1111", "rejected", true, 1, { retry_after = 300 })
local BAN = '{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"xxx"}'
local ELSEWHERE = { "Location: {aside}/elsewhere" }

local function refused(kind, code, status)
  return fails(kind, code, "rejected", false, 1, { status = status })
end

local function redirect(status)
  return { name = "redirect_" .. status, requests = { a.answer(status, "", ELSEWHERE) }, aside = "tls",
    expect = fails("protocol", "redirect", "unknown", false, 1, { status = status }), seen = 1 }
end

local function server_fault(name, script, code, status)
  return { name = name, requests = { script }, expect = fails("server", code, "unknown", true, 3, { status = status }),
    seen = 3 }
end

-- The length is that of the text sent, so it ends with the connection instead.
local function echo(status, text, head)
  return { "read", a.send((head or a.head(status)) .. "\r\n" .. text), "finish" }
end

-- A message of ours keeps 500 bytes, and some words stand before what it quotes.
local CUT_AT = 460

local GZIP_BOMB = "\31\139\8\0\0\0\0\0\0\3" .. ("\236\193\1\1\0\0\0\128\144\254\175\238\8\10\0\0"):rep(4096)

local GZIP_REFUSAL = "\31\139\8\0\0\0\0\0\0\3\171VJ\206OIU\178Rr"

return {
  redirect(301), redirect(302), redirect(303), redirect(307), redirect(308),
  { name = "redirect_to_plain_http", requests = { a.answer(307, "", ELSEWHERE) }, aside = "plain",
    expect = fails("protocol", "redirect", "unknown", false, 1, { status = 307 }), seen = 1 },
  { name = "not_modified", requests = { a.answer(304, nil) }, expect = fails("protocol", "redirect", "unknown", false, 1, { status = 304 }),
    seen = 1 },

  { name = "success_empty", requests = { a.OK }, expect = added(1), seen = 1 },
  { name = "success_object", requests = { a.json(200, '{"requestId":"r"}') }, expect = added(1), seen = 1 },
  { name = "success_errcode_0", requests = { a.json(200, '{"errcode":0,"errmsg":"ok"}') }, expect = added(1), seen = 1 },
  { name = "success_http", listen = "plain", requests = { a.OK }, expect = added(1), seen = 1 },
  { name = "created", requests = { a.json(201, "{}") },
    expect = fails("protocol", "unexpected_status", "unknown", false, 1, { status = 201 }), seen = 1 },
  { name = "no_content", requests = { a.answer(204) },
    expect = fails("protocol", "unexpected_status", "unknown", false, 1, { status = 204 }), seen = 1 },

  { name = "ok_with_errcode", requests = { a.json(200, '{"errcode":404,"errmsg":"请求的URI地址不存在"}') },
    expect = fails("protocol", "404", "rejected", false, 1, { status = 200 }), seen = 1 },
  { name = "ok_with_errcode_text", requests = { a.json(200, '{"errcode":"404","errmsg":"no"}') },
    expect = fails("protocol", "404", "rejected", false, 1, { status = 200 }), seen = 1 },
  { name = "ok_json_string", requests = { a.json(200, '"done"') }, expect = NOT_AN_OBJECT, seen = 1 },
  { name = "ok_json_array", requests = { a.json(200, "[]") }, expect = NOT_AN_OBJECT, seen = 1 },
  { name = "ok_json_number", requests = { a.json(200, "42") }, expect = NOT_AN_OBJECT, seen = 1 },
  { name = "ok_json_null", requests = { a.json(200, "null") }, expect = NOT_AN_OBJECT, seen = 1 },
  { name = "ok_html", requests = { a.html(200) }, expect = UNREADABLE, seen = 1 },
  { name = "ok_truncated_json", requests = { a.json(200, '{"requestId":"r') }, expect = UNREADABLE, seen = 1 },
  { name = "ok_deep_nesting", requests = { a.json(200, ("["):rep(10000)) }, expect = UNREADABLE, seen = 1 },
  { name = "ok_deep_nesting_closed", requests = { a.json(200, ("["):rep(10000) .. ("]"):rep(10000)) },
    expect = UNREADABLE, seen = 1 },
  -- A parser that takes NUL for the end of the text does not see what follows.
  { name = "ok_nul_then_errcode", requests = { a.json(200, '{"a":1}\0{"errcode":404}') }, expect = UNREADABLE, seen = 1 },
  { name = "ok_nul_at_the_end", requests = { a.json(200, '{"a":1}\0') }, expect = UNREADABLE, seen = 1 },
  { name = "ok_gzip_unasked", requests = { a.json(200, GZIP_BOMB, { "Content-Encoding: gzip" }) },
    expect = fails("protocol", "compressed_body", "unknown", false, 1, { status = 200 }), seen = 1 },
  { name = "gzip_unasked_403", requests = { a.answer(403, GZIP_REFUSAL, { "Content-Encoding: gzip" }) },
    expect = fails("protocol", "compressed_body", "rejected", false, 1, { status = 403 }), seen = 1 },
  { name = "gzip_unasked_401", tokens = true, requests = { a.answer(401, GZIP_REFUSAL, { "Content-Encoding: gzip" }), a.OK },
    expect = added(2), seen = 2 },
  { name = "brotli_unasked_200", requests = { a.answer(200, "[\14\0\248\165[\3\255{\1", { "Content-Encoding: br" }) },
    expect = fails("protocol", "compressed_body", "unknown", false, 1, { status = 200 }), seen = 1 },
  { name = "html_called_gzip", requests = { a.answer(404, a.HTML, { "Content-Encoding: gzip" }) },
    expect = refused("protocol", "not_json", 404), seen = 1 },
  { name = "ok_gzip_claimed_object", requests = { a.json(200, "{}", { "Content-Encoding: gzip" }) }, expect = added(1), seen = 1 },
  { name = "ok_duplicate_errcode", requests = { a.json(200, '{"errcode":0,"errcode":404}') },
    expect = fails("protocol", "404", "rejected", false, 1), seen = 1 },

  { name = "not_found", requests = { a.refusal(404, "itemNotFound") },
    expect = fails("not_found", "itemNotFound", "rejected", false, 1, { status = 404, request_id = a.REQUEST_ID }), seen = 1 },
  { name = "parameter", requests = { a.refusal(400, "invalidParameter.attendees") },
    expect = refused("invalid", "invalidParameter.attendees", 400), seen = 1 },
  { name = "token_of_another_body", requests = { a.refusal(400, "IdempotentParameterMismatch") },
    expect = refused("conflict", "IdempotentParameterMismatch", 400), seen = 1 },
  { name = "permission_missing", requests = { a.json(403, '{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied",'
      .. '"accessdenieddetail":{"requiredScopes":["Calendar.Event.Write"]}}') },
    expect = refused("permission", "Forbidden.AccessDenied.AccessTokenPermissionDenied", 403), seen = 1 },
  { name = "quota_spent", requests = { a.refusal(403, "Forbidden.AccessDenied.ApiCountLimitForOrg") },
    expect = refused("quota", "Forbidden.AccessDenied.ApiCountLimitForOrg", 403), seen = 1 },
  { name = "invalid_utf_8_in_a_400", requests = { a.json(400, '{"code":"invalidParameter","message":"\255\254\192"}') },
    expect = refused("invalid", "invalidParameter", 400), seen = 1 },
  { name = "nul_escaped_in_a_400", requests = { a.json(400, '{"code":"invalidParameter","message":"a\\u0000b"}') },
    expect = refused("invalid", "invalidParameter", 400), seen = 1 },
  { name = "duplicate_keys_in_a_400", requests = { a.json(400, '{"code":"itemNotFound","code":"invalidParameter"}') },
    expect = refused("invalid", "invalidParameter", 400), seen = 1 },
  { name = "html_400", requests = { a.html(400) }, expect = refused("protocol", "not_json", 400), seen = 1 },
  { name = "html_404", requests = { a.html(404) }, expect = refused("protocol", "not_json", 404), seen = 1 },
  { name = "html_403", requests = { a.html(403) }, expect = refused("protocol", "not_json", 403), seen = 1 },
  { name = "truncated_json_400", requests = { a.json(400, '{"code":"itemNotF') }, expect = refused("protocol", "not_json", 400), seen = 1 },
  { name = "empty_400", requests = { a.answer(400) }, expect = refused("invalid", "http_400", 400), seen = 1 },
  { name = "empty_401", requests = { a.answer(401) }, expect = refused("auth", "http_401", 401), seen = 1 },
  { name = "html_401", requests = { a.html(401) }, expect = refused("auth", "http_401", 401), seen = 1 },
  { name = "empty_403", requests = { a.answer(403) }, expect = refused("permission", "http_403", 403), seen = 1 },
  { name = "empty_404", requests = { a.answer(404) }, expect = refused("not_found", "http_404", 404), seen = 1 },
  { name = "empty_409", requests = { a.answer(409) }, expect = refused("conflict", "http_409", 409), seen = 1 },
  { name = "empty_418", requests = { a.answer(418) }, expect = refused("invalid", "http_418", 418), seen = 1 },

  -- Whatever is repeated of the token, none of it may show in the error or to the hook.
  { name = "token_echoed_in_a_message", requests = { echo(400, '{"code":"InvalidAuthentication","message":"bad token {token}"}') },
    expect = refused("auth", "InvalidAuthentication", 400), seen = 1 },
  { name = "token_echoed_in_a_code", requests = { echo(400, '{"code":"invalidParameter.{token}"}') },
    expect = fails("invalid", nil, "rejected", false, 1, { status = 400 }), seen = 1 },
  { name = "token_echoed_in_html", requests = { echo(400, "<html>{token}</html>") },
    expect = refused("protocol", "not_json", 400), seen = 1 },
  { name = "token_echoed_where_a_message_is_cut", requests = { echo(400, "<html>" .. ("{token} "):rep(40)) },
    expect = refused("protocol", "not_json", 400), seen = 1 },
  { name = "token_echoed_cut_short", requests = { echo(400, ("x"):rep(CUT_AT) .. "{token}") },
    expect = refused("protocol", "not_json", 400), seen = 1 },
  { name = "token_echoed_as_request_id", requests = { echo(404, '{"code":"itemNotFound","requestid":"{token}"}', "HTTP/1.1 404 Not Found\r\n") },
    expect = refused("not_found", "itemNotFound", 404), seen = 1 },
  { name = "token_echoed_as_request_id_header", requests = { echo(404, "", "HTTP/1.1 404 Not Found\r\nx-acs-request-id: {token}\r\n") },
    expect = refused("not_found", "http_404", 404), seen = 1 },
  { name = "token_echoed_as_scope", requests = { echo(403, '{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied",'
      .. '"accessdenieddetail":{"requiredScopes":["{token}"]}}') },
    expect = refused("permission", "Forbidden.AccessDenied.AccessTokenPermissionDenied", 403), seen = 1 },
  { name = "token_echoed_in_a_500", requests = { echo(500, '{"code":"systemError","message":"{token}"}') },
    expect = fails("server", "systemError", "unknown", true, 3, { status = 500 }), seen = 3 },
  { name = "token_echoed_as_errcode", requests = { echo(200, '{"errcode":"{token}"}') },
    expect = fails("protocol", nil, "rejected", false, 1, { status = 200 }), seen = 1 },

  server_fault("html_502", a.html(502), "http_502", 502),
  server_fault("empty_500", a.answer(500), "http_500", 500),
  server_fault("array_503", a.json(503, "[]"), "http_503", 503),
  server_fault("truncated_json_504", a.json(504, '{"code":"system'), "http_504", 504),
  server_fault("system_error_500", a.refusal(500, "systemError"), "systemError", 500),
  server_fault("unknown_error_500", a.refusal(500, "unknownError"), "unknownError", 500),
  { name = "html_502_once", requests = { a.html(502), a.OK }, expect = added(2), seen = 2, connections = 1 },

  { name = "ban_as_200", requests = { a.json(200, BAN) }, expect = BANNED, seen = 1 },
  { name = "ban_as_403", requests = { a.json(403, BAN) }, expect = BANNED, seen = 1 },
}
