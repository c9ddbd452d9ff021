--- The one place where an answer or a failure is judged: what kind it is, what is known of the
--- outcome, and whether and how sending the same again can help.

local core = require "dingtalk.core"
local json = require "dingtalk.json"
local codes = require "dingtalk.codes"
local limits = require "dingtalk.limits"

local is_plain, MAX_MESSAGE_BYTES = core.is_plain, limits.max_message_bytes

local errors = {}

---@class dingtalk.Error
---@field kind dingtalk.ErrorKind the stable thing to branch on
---@field code string the service's own code verbatim, or ours for local failures
---@field message string for people
---@field outcome dingtalk.Outcome what is known of the write
---@field retryable boolean whether sending the same again can help
---@field retry_after number? seconds to wait before, where known
---@field status integer? HTTP status of the answer
---@field request_id string? the service's id of the request
---@field attempts integer? requests made
---@field client_token string? the x-client-token they carried
---@field elapsed number? seconds
---@field argument string? for kind "argument": which, like "list[3].id"
---@field required_scopes string[]? for kind "permission"
---@field hint string? what to do
---@field added integer? of a batched call: attendees accepted before
---@field removed integer? of a batched call: attendees removed before
---@field confirmed dingtalk.Confirmed? of a call with opts.confirm, where the list was read
---@field batch integer? the batch that failed, from 1
---@field batches dingtalk.Batch[]? the batches that were accepted, as in a result
---@field resume dingtalk.Resume? pass as opts.resume, with the same arguments, to send what is missing
---@field hook_error string? what a hook raised
local Error = { __name = "dingtalk.Error" }

--- Whether `value` is an object of ours: by its metatable's name, since a program that loads the modules anew may still
--- use objects that were made before.
---@param value any
---@param name string
---@return boolean
function errors.is_object(value, name)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") == name
end

--- Whether `value` is an error of this module.
---@param value any
---@return boolean
function errors.is_error(value)
  return errors.is_object(value, Error.__name)
end

local function describe(err)
  local parts = { ("dingtalk: %s (%s): %s"):format(err.kind, err.code, err.message) }
  local facts = { err.argument and "argument " .. err.argument or "outcome " .. err.outcome }
  if err.status then facts[#facts + 1] = "HTTP " .. err.status end
  if err.request_id then facts[#facts + 1] = "request " .. err.request_id end
  if (err.attempts or 0) > 1 then facts[#facts + 1] = err.attempts .. " attempts" end
  local count = err.added or err.removed
  if err.batch and count then
    facts[#facts + 1] = ("batch %d, %d %s before"):format(err.batch, count, err.added and "added" or "removed")
  end
  parts[#parts + 1] = " [" .. table.concat(facts, ", ") .. "]"
  if err.hint then parts[#parts + 1] = " " .. err.hint end
  return table.concat(parts)
end

Error.__tostring = describe

function Error.__concat(left, right)
  return tostring(left) .. tostring(right)
end

--- Makes an error of a table of its fields.
---@param fields table
---@return dingtalk.Error
function errors.new(fields)
  return setmetatable(fields, Error)
end

--- The same error once more, for one of several who get it.
---@param err dingtalk.Error
---@return dingtalk.Error
function errors.copy(err)
  local fields = {}
  for name, value in pairs(err) do fields[name] = value end
  return errors.new(fields)
end

--- An argument refused before anything was sent.
---@param argument string which, like "list[3].id"
---@param code string
---@param message string
---@param hint string?
---@return dingtalk.Error
function errors.argument(argument, code, message, hint)
  return errors.new {
    kind = "argument", code = code, message = message, argument = argument, hint = hint,
    outcome = "not_sent", retryable = false,
  }
end

--- The text of a value. Never raises: what a hook raised may itself raise when it is asked for its text.
---@param value any
---@return string
function errors.text_of(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and text or "a " .. type(value)
end

--- A value from outside as a text on one line: no control bytes, of bounded length. Never raises.
---@param value any
---@return string
function errors.one_line(value)
  local text = type(value) == "string" and value or errors.text_of(value)
  text = text:gsub("[%c\127]+", " ")
  if #text <= limits.max_message_bytes then return text end
  -- Not in the middle of a character.
  return (text:sub(1, limits.max_message_bytes):gsub("[\192-\255][\128-\191]*$", "")) .. "…"
end

-- Bytes of a secret's beginning by which it is recognised, also where a text was cut off.
local MARK = limits.secret_mark_bytes

local function redact(text, secret, placeholder)
  local mark = secret:sub(1, MARK)
  local from, parts, rest = text:find(mark, 1, true), {}, 1
  while from do
    parts[#parts + 1] = text:sub(rest, from - 1) .. placeholder
    rest = from + MARK
    while rest - from < #secret and text:byte(rest) == secret:byte(rest - from + 1) do rest = rest + 1 end
    from = text:find(mark, rest, true)
  end
  return table.concat(parts) .. text:sub(rest)
end

local function joined(text)
  return (text:gsub("[%c%s]+", ""))
end

--- A text without a secret, which is recognised by its beginning. Where blanks or control bytes break the secret up,
--- nothing is left of the text.
---@param text string
---@param secret string
---@param placeholder string
---@return string
function errors.without(text, secret, placeholder)
  if #secret < MARK then return text end
  local redacted = redact(text, secret, placeholder)
  local is_whole = redact(joined(text), secret, placeholder) == joined(redacted)
  return is_whole and redacted or placeholder
end

-- A text of the answer or of libcurl as one line, without the secrets of the request: the service, or a
-- proxy in between, may echo what it was sent.
local function clean(text, answer)
  local plain = is_plain(text, MAX_MESSAGE_BYTES, answer.token or nil)
  if plain and not answer.query_token and not answer.secrets then return text end
  if answer.token then text = errors.without(text, answer.token, "[token]") end
  if answer.query_token then text = errors.without(text, answer.query_token, "[token]") end
  if answer.secrets then
    for _, secret in ipairs(answer.secrets) do text = errors.without(text, secret, "[secret]") end
  end
  return errors.one_line(text)
end

local function lookup_code(code)
  local rule = codes.service[code]
  if rule then return rule end
  for _, row in ipairs(codes.prefixes) do
    if code:sub(1, #row.prefix) == row.prefix then return row end
  end
end

local function text_of(value)
  if type(value) == "string" and value ~= "" then return value end
  if type(value) == "number" then return ("%.14g"):format(value) end
end

local function first_text(object, ...)
  for i = 1, select("#", ...) do
    local text = text_of(object[(select(i, ...))])
    if text then return text end
  end
end

local function scopes_of(object, answer)
  local detail = object.accessdenieddetail or object.accessDeniedDetail
  local scopes = type(detail) == "table" and detail.requiredScopes
  if type(scopes) ~= "table" then return nil end
  local texts = {}
  for _, scope in ipairs(scopes) do
    texts[#texts + 1] = text_of(scope) and clean(text_of(scope), answer)
  end
  return texts
end

-- The error of an answer; and the name of the row of codes.retries by which it is tried again, or nil.
local function failure(answer, rule, code, message, outcome, object)
  local scopes = object and scopes_of(object, answer)
  local hint = rule.hint
  if rule.kind == "permission" and scopes and #scopes > 0 then
    hint = "Ask for the permission " .. table.concat(scopes, ", ") .. " in the developer console."
  end
  local request_id = object and first_text(object, "requestid", "requestId", "RequestId", "request_id")
    or text_of(answer.request_id)
  return errors.new {
    kind = rule.kind, code = clean(code, answer), message = clean(message, answer), argument = rule.argument,
    outcome = outcome, retryable = codes.is_retryable(rule), retry_after = answer.retry_after or rule.retry_after,
    status = answer.status ~= 0 and answer.status or nil, request_id = request_id and clean(request_id, answer),
    required_scopes = scopes, hint = hint, attempts = nil, client_token = nil, elapsed = nil, hook_error = nil,
  }, rule.retry
end

-- A 4xx status that was read is a refusal, even if the rest of the answer was lost.
local function transport_outcome(answer)
  if not answer.sent then return "not_sent" end
  local status = answer.status or 0
  return status >= 400 and status < 500 and "rejected" or "unknown"
end

local function from_transport(answer)
  local rule = codes.transport[answer.failure]
  -- libcurl quotes a proxy's address as it was given, a password included.
  local message = (answer.message or ""):gsub("://%S*@", "://"):gsub("%S*@", "")
  local detail = message ~= "" and ": " .. message or ""
  return failure(answer, rule, rule.code, rule.message .. detail, transport_outcome(answer))
end

-- A refusal that was cut off or cannot be read still refuses: by its status alone, or by an object that is whole.
local function refuses(answer, object)
  if answer.failure ~= "truncated_body" and answer.failure ~= "compressed_body" then return false end
  return codes.any_body[answer.status] or object and answer.status >= 400 and answer.status < 500
end

-- The address ban has a form of its own, under an unknown status.
local function is_ban(object)
  return object.punish ~= nil and (object.status == 1111 or object.punish == "deny")
end

-- What a refusal says of the write. A fault of the service may have come after the work.
local function refused(answer, rule)
  local fault = answer.status >= 500 or rule.kind == "server" or rule.unresolved
  return fault and "unknown" or "rejected"
end

-- The cause that the older API names under errcode 88: in sub_code, or within errmsg.
local function older_cause(object, code)
  local cause = first_text(object, "sub_code", "subcode", "subCode")
  if cause or code ~= "88" then return cause end
  local message = text_of(object.errmsg) or ""
  return message:match("[sS]ub_?[cC]ode%s*[=:]%s*\"?(%-?%d+)")
    or message:find("access_token", 1, true) and "40014" or nil
end

-- The older API always answers 200; under errcode 88, sub_code holds the cause. Another call
-- gets such a body for a wrong path only.
local function soft_failure(answer, object)
  local code = text_of(object.errcode)
  if not code or code == "0" then return nil end
  local cause = answer.older_api and older_cause(object, code)
  local message = cause and first_text(object, "sub_msg", "submsg", "subMsg") or first_text(object, "errmsg", "message")
  local rule = answer.older_api and (codes.older[cause or code] or codes.older[code])
    or lookup_code(code) or codes.soft_error
  code = cause or code
  return failure(answer, rule, code, message or codes.soft_message, refused(answer, rule), object)
end

local function by_status(answer, code, message, object)
  local status = answer.status
  local rule = codes.statuses[status] or (status >= 500 and codes.server_fault) or codes.bad_request
  return failure(answer, rule, code or "http_" .. status, message or rule.message, refused(answer, rule), object)
end

local function quote(answer)
  return not answer.hide_body and ": " .. answer.body or ""
end

-- Refused before the work, whatever the status.
local function ban(answer)
  return failure(answer, codes.ban, "1111", codes.ban.message, "rejected")
end

-- The page that nginx answers with, having finished the handshake without a certificate that it trusts.
local function wants_client_cert(answer)
  return answer.status == 400 and answer.body:find("SSL certificate", 1, true) ~= nil
end

-- An error's body: JSON with a code, or anything else.
local function from_refusal(answer, object)
  local status = answer.status
  local message = object and first_text(object, "message", "errmsg", "msg")
  local code = object and first_text(object, "code", "errcode")
  if object and is_ban(object) then return ban(answer) end
  local rule = code and lookup_code(code)
  if rule then return failure(answer, rule, code, message or rule.kind, refused(answer, rule), object) end
  if answer.body and not object and status < 500 and not codes.any_body[status] then
    rule = wants_client_cert(answer) and codes.transport.client_cert_refused
      or status == 403 and codes.not_json_403 or codes.not_json
    return failure(answer, rule, rule.code, rule.message .. quote(answer), refused(answer, rule))
  end
  return by_status(answer, code, message, object)
end

-- A success has an empty body or a JSON object that does not speak of a failure.
local function from_success(answer, object)
  if not object then
    local is_json = json.decode(answer.body) ~= nil
    local rule = is_json and codes.unexpected_json or codes.not_json
    return failure(answer, rule, rule.code, rule.message .. quote(answer), "unknown")
  end
  if is_ban(object) then return ban(answer) end
  local soft, retry = soft_failure(answer, object)
  if soft then return soft, retry end
  local message = first_text(object, "errmsg", "message") or codes.soft_message
  local code = text_of(object.code)
  if code and text_of(object.message) and not codes.success_codes[code] then
    return failure(answer, lookup_code(code) or codes.soft_error, code, message, "unknown", object)
  end
  if object.success == false then
    return failure(answer, codes.soft_error, "success_false", message, "unknown")
  end
end

local function from_answer(answer, object)
  local status = answer.status
  if status >= 400 then return from_refusal(answer, object) end
  if status == 200 then return from_success(answer, object) end
  local rule = status >= 300 and codes.redirect or codes.unexpected_status
  return failure(answer, rule, rule.code, rule.message .. ": HTTP " .. status, "unknown")
end

-- The other fields are still those of the previous answer.
local function cancelled(answer)
  local rule = codes.cancelled
  local err, retry = failure(answer, rule, answer.cancelled, rule.message, answer.sent and "unknown" or "not_sent")
  err.status, err.request_id, err.retry_after = nil, nil, nil
  answer.status = answer.status or 0
  return err, retry
end

local function object_of(body)
  if not body or not json.is_object(body) then return nil end
  local object = json.decode(body)
  return type(object) == "table" and object or nil
end

-- A success is the caller's data; only the request's own token is hidden.
local function hide_token(value, answer)
  for name, field in pairs(value) do
    if type(field) == "table" then
      hide_token(field, answer)
    elseif type(field) == "string" and field:find(answer.token, 1, true) then
      value[name] = errors.without(field, answer.token, "[token]")
    end
  end
end

--- Judges the answer in an attempt, where dingtalk.core wrote it:
---
---   status, body, request_id   status is false where there was no memory for an answer that came
---   failure                    a code of codes.transport; nil where the answer came whole
---   sent, retry_after, message whether a byte may have gone out, seconds, libcurl's words; not set by an empty 200
---   cancelled                  why the call was ended from outside; then all but `sent` is of an earlier answer
---
--- No text shows the attempt's token, query_token or secrets, and none quotes the body where hide_body is true.
---@param answer table its request_id is made one clean line
---@return dingtalk.Error? err nil for a success
---@return string|table|nil retry the name of a row of codes.retries; of a success the JSON object of its body, if any
function errors.judge(answer)
  if answer.cancelled then return cancelled(answer) end
  if not answer.status then answer.status, answer.failure, answer.request_id = 0, "out_of_memory", nil end
  if answer.request_id then answer.request_id = clean(answer.request_id, answer) end
  if answer.status == 200 and not answer.body and not answer.failure then return nil end
  local object = object_of(answer.body)
  if answer.failure and not refuses(answer, object) then return from_transport(answer) end
  local err, retry = from_answer(answer, object)
  if err then return err, retry end
  if answer.token and not answer.hide_body then hide_token(object, answer) end
  return nil, object
end

return errors
