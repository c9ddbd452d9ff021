--- One request by a row of dingtalk.operations: arguments checked by the row, sent by attempts.run, the
--- answer as plain Lua.

local attempts = require "dingtalk.attempts"
local core = require "dingtalk.core"
local details = require "dingtalk.details"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local options = require "dingtalk.options"

local request = {}

local unpack = table.unpack or unpack

local function base_of(client, row, place)
  local parts = { client.base_url, row.path[1] }
  for i, name in ipairs(row.arguments) do
    local value = place[i]
    if value == nil and name == "cal" then value = "primary" end
    if type(value) ~= "string" then
      return nil, errors.argument(name, "wrong_type", ("%s must be a string, not a %s"):format(name, type(value)))
    end
    parts[#parts + 1] = value
    parts[#parts + 1] = row.path[2 * i + 1]
  end
  local url, which, fault = core.url(unpack(parts))
  if url then return url end
  local name = row.arguments[which]
  return nil, errors.argument(name, fault, name .. " " .. options.fault_text(fault))
end

local function query_text(value)
  if type(value) == "number" then return ("%d"):format(value) end
  return core.encode(tostring(value))
end

--- Sets the task's URL from its query.
---@param task table
function request.set_url(task)
  local parts = {}
  for _, entry in ipairs(task.row.query or {}) do
    local value = task.query[entry[1]]
    if value ~= nil then parts[#parts + 1] = entry[1] .. "=" .. query_text(value) end
  end
  task.url = task.base .. (#parts > 0 and "?" .. table.concat(parts, "&") or "")
end

local function body_of(row, value)
  local body = row.body
  if not body then return nil end
  if body.fields then return details.encode(value, body.fields, body.required, body.argument) end
  local err = options.check_value(value, body.field, body.argument)
  if err then return nil, err end
  return ("{%q:%s}"):format(body.argument, json.encode(value))
end

local function query_of(row, opts)
  local query = {}
  for _, entry in ipairs(row.query or {}) do
    local name = entry[1]
    query[name] = opts[name]
    if query[name] == nil and row.fixed then query[name] = row.fixed[name] end
  end
  return query
end

--- Checks everything and makes the task of a request. Sends nothing.
---@param client dingtalk.Client
---@param row table of dingtalk.operations
---@param token string|dingtalk.TokenSource
---@param place table the path's arguments, in order
---@param value any the argument that becomes the body
---@param opts table?
---@return dingtalk.Task? task
---@return dingtalk.Error? err
function request.prepare(client, row, token, place, value, opts)
  local err = options.check_token(token) or options.check(opts, row.options, "opts")
  if err then return nil, err end
  opts = opts or {}
  local base, body
  base, err = base_of(client, row, place)
  if not base then return nil, err end
  body, err = body_of(row, value)
  if err then return nil, err end
  local task = {
    row = row, base = base, query = query_of(row, opts),
    token = token, body = body, client_token = row.write and (opts.client_token or core.uuid()) or nil,
    timeout = opts.timeout or client.call_timeout, max_attempts = opts.max_attempts or client.max_attempts,
    max_pages = opts.max_pages,
  }
  task.deadline = client:now() + task.timeout
  request.set_url(task)
  return task
end

--- The error of an answer that was understood and is not what it should be.
---@param rule table of dingtalk.codes
---@param slot dingtalk.Slot
---@param detail string?
---@return dingtalk.Error
function request.bad_answer(rule, slot, detail)
  return errors.new {
    kind = rule.kind, code = rule.code, message = rule.message .. (detail and ": " .. detail or ""),
    hint = rule.hint, outcome = "unknown", retryable = false, status = slot.status,
    request_id = slot.request_id, attempts = slot.attempts, client_token = slot.client_token,
    elapsed = slot.elapsed,
  }
end

--- Sends a task.
---@param client dingtalk.Client
---@param task dingtalk.Task
---@return table? slot with status, request_id, attempts, client_token, elapsed
---@return any object the answer as plain Lua, or nil; or the error where there is no slot
function request.send(client, task)
  local slot = attempts.new(task.client_token)
  local err, object = attempts.run(client, task, slot)
  if err then return nil, err end
  return slot, object and json.plain(object)
end

--- What every result says.
---@param slot dingtalk.Slot
---@return table result
function request.result(slot)
  return {
    status = slot.status, request_id = slot.request_id, attempts = slot.attempts,
    client_token = slot.client_token, elapsed = slot.elapsed, hook_error = slot.hook_error,
  }
end

return request
