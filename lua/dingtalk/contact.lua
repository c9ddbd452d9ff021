--- Looks up unionIds: by staff id, by mobile number, or of the user of a user token.
---
---   local contact = require "dingtalk.contact"
---   local unionid, err = contact.unionid(token, { userid = "zhangsan" })
---   local found, err = contact.unionids(token, { "zhangsan", { mobile = "13800000003" } })

local client_module = require "dingtalk.client"
local codes = require "dingtalk.codes"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local limits = require "dingtalk.limits"
local options = require "dingtalk.options"
local rate_limiter = require "dingtalk.rate_limiter"
local requests = require "dingtalk.request"
local scheduler = require "dingtalk.scheduler"

local contact = {}

---@alias dingtalk.Person
---| string # a staff id; "me" is the user whose token it is
---| { userid: string } # a staff id, whatever it is
---| { mobile: string } # a mobile number

---@class dingtalk.Me
---@field unionId string
---@field nick string?
---@field openId string?
---@field mobile string?
---@field stateCode string? the country's code of the mobile number
---@field email string?
---@field loginEmail string?
---@field avatarUrl string?
---@field visitor boolean? whether it is a guest of the organisation

---@class dingtalk.LookupOptions
---@field client dingtalk.Client? a default one, shared with dingtalk.calendar, where it is missing
---@field timeout number? seconds of one lookup; by default the client's
---@field max_attempts integer? of one request; by default the client's
---@field concurrency integer? of unionids: lookups at a time (5)
---@field rate number|false|dingtalk.RateLimiter|nil of unionids: calls a second; by default the client's limiter, or 20

-- The calls of the older API by the kind of id that they take: their name in hooks, their path, and the field
-- of the answer's result that is wanted.
local lookups = {
  userid = { name = "user_get", method = "POST", older = true, path = "/topapi/v2/user/get", gives = "unionid" },
  mobile = {
    name = "user_getbymobile", method = "POST", older = true, path = "/topapi/v2/user/getbymobile", gives = "userid",
  },
}
local me = { name = "me", method = "GET", path = "/v1.0/contact/users/me" }

--- The address of the older API: the client's oapi_base_url, or what belongs to its base_url.
---@param client dingtalk.Client
---@return string
function contact.oapi_base_url(client)
  return client.older_base_url
end

local function send(run, row, base_url, body)
  local request = requests.new(run.client, row, run.token,
    { base = base_url .. row.path, query = {}, parameters = {}, body = body }, run.opts)
  request.deadline, request.rate_limiter = run.deadline, run.rate_limiter
  return requests.send(run.client, request)
end

local function has_text(object, name)
  local value = type(object) == "table" and object[name]
  return type(value) == "string" and value ~= ""
end

local function not_given(name)
  return {
    kind = "not_found", code = "no_" .. name, outcome = "rejected",
    message = "the service knows no " .. name .. " of this person",
  }
end

local function ask_older(run, kind, id)
  local row = lookups[kind]
  local body = json.encode(kind == "userid" and { userid = id, language = "zh_CN" } or { mobile = id })
  local attempt, object = send(run, row, contact.oapi_base_url(run.client), body)
  if not attempt then return nil, object end
  local result = object and object.result
  if has_text(result, row.gives) then return result[row.gives] end
  if type(result) == "table" then return nil, requests.bad_answer(not_given(row.gives), attempt) end
  return nil, requests.bad_answer(codes.no_result, attempt)
end

local function ask_me(run)
  local attempt, object = send(run, me, run.client.base_url)
  if not attempt then return nil, object end
  if has_text(object, "unionId") then return object end
  return nil, requests.bad_answer(codes.no_unionid, attempt)
end

local function set_deadline(run)
  run.deadline = run.client:now() + (run.opts.timeout or run.client.call_timeout)
end

local function look_up(run, kind, id)
  set_deadline(run)
  if kind == "me" then
    local found, err = ask_me(run)
    return found and found.unionId, err
  end
  if kind == "mobile" then
    local userid, err = ask_older(run, "mobile", id)
    if not userid then return nil, err end
    id = userid
  end
  return ask_older(run, "userid", id)
end

local function bad_person(name, code, message)
  return nil, nil, errors.argument(name, code, name .. " " .. message)
end

-- The kind of an id and the id, or nil, nil and what is wrong.
local function read_person(person, name)
  if person == "me" then return "me" end
  if type(person) == "string" then person = { userid = person } end
  if type(person) ~= "table" then
    return bad_person(name, "wrong_type", ("must be a staff id or a table with userid or mobile, not a %s"):format(
      type(person)))
  end
  local kind, id = next(person)
  if kind == nil then return bad_person(name, "missing", "has neither userid nor mobile") end
  if next(person, kind) ~= nil then return bad_person(name, "ambiguous", "must have one of userid and mobile") end
  if not lookups[kind] then
    return nil, nil, errors.argument(name, "unknown_field",
      ("%s has a field %q that is not known here"):format(name, errors.one_line(kind)),
      options.did_you_mean(kind, lookups))
  end
  name = name .. "." .. kind
  if type(id) ~= "string" then
    return bad_person(name, "wrong_type", ("must be a string, not a %s"):format(type(id)))
  end
  local fault = core.check_id(id)
  if fault then return bad_person(name, fault, options.fault_text(fault)) end
  return kind, id
end

-- What the lookups of a call share, all of it checked.
local function prepare(token, opts)
  local err = options.check_token(token)
  if err then return nil, err end
  opts, err = options.take(opts, options.lookup, "opts")
  if not opts then return nil, err end
  local client = opts.client
  if not client then
    client, err = client_module.default()
    if not client then return nil, err end
  end
  err = client_module.refusal(client)
  if err then return nil, err end
  return { client = client, token = token, opts = opts, deadline = nil, rate_limiter = nil }
end

--- The user whose token it is.
---@param token string|dingtalk.TokenSource a user token, or what gives one
---@param opts dingtalk.LookupOptions?
---@return dingtalk.Me? me as the service says it
---@return dingtalk.Error? err
function contact.me(token, opts)
  local run, err = prepare(token, opts)
  if not run then return nil, err end
  set_deadline(run)
  return ask_me(run)
end

--- The unionId of one person.
---@param token string|dingtalk.TokenSource access token, or what gives one; of a user for "me"
---@param person dingtalk.Person
---@param opts dingtalk.LookupOptions?
---@return string? unionid
---@return dingtalk.Error? err
function contact.unionid(token, person, opts)
  local run, err = prepare(token, opts)
  if not run then return nil, err end
  local kind, id
  kind, id, err = read_person(person, "person")
  if not kind then return nil, err end
  return look_up(run, kind, id)
end

-- The kinds of error that every other id would meet, too: the rest is not asked for.
local ends_all = { auth = true, permission = true, quota = true, cancelled = true }

local function read_list(list)
  if type(list) ~= "table" then
    return nil, errors.argument("list", "wrong_type", ("list must be an array, not a %s"):format(type(list)))
  end
  local count = #list
  if count == 0 then
    local is_person = rawget(list, "userid") ~= nil or rawget(list, "mobile") ~= nil
    return nil, errors.argument("list", "empty", "list is empty",
      is_person and "One person is a list, too: { { userid = … } }; or contact.unionid(token, person)." or nil)
  end
  if count > limits.max_lookups then
    return nil, errors.argument("list", "too_long", ("list has more than %d people"):format(limits.max_lookups))
  end
  -- Beyond a hole its length may hide people.
  for key in next, list do
    if type(key) ~= "number" or key % 1 ~= 0 or key < 1 or key > count then
      local shown = errors.one_line(key)
      return nil, errors.argument("list", "not_a_list",
        ("list has a hole, or a key that is no position: %s"):format(shown))
    end
  end
  local people = {}
  for i = 1, count do
    local kind, id, err = read_person(list[i], ("list[%d]"):format(i))
    if not kind then return nil, err end
    people[i] = { kind = kind, id = id }
  end
  return people
end

-- The error of a person who was never asked for.
local function spared(stopped)
  local err = errors.copy(stopped)
  err.outcome, err.attempts, err.elapsed, err.status, err.request_id = "not_sent", 0, 0, nil, nil
  return err
end

local function run_all(run, people)
  local found, position, stopped = {}, 0, nil
  scheduler.run(run.client, run.opts.concurrency or limits.defaults.lookups, function()
    if stopped or position >= #people then return nil end
    position = position + 1
    local at = position
    return function()
      local each = { client = run.client, token = run.token, opts = run.opts, rate_limiter = run.rate_limiter }
      local unionid, err = look_up(each, people[at].kind, people[at].id)
      found[at] = { unionid = unionid, error = err }
      if err and ends_all[err.kind] then stopped = stopped or err end
    end
  end)
  for i = 1, #people do
    found[i] = found[i] or { error = spared(stopped) }
  end
  return found
end

---@class dingtalk.Lookups an array in the order of the list: `{ unionid = … }` or `{ error = … }`
---@field unionids string[] those that were found, in order: what add_attendees takes
---@field failed integer[] positions of those that were not
---@field error dingtalk.Error? of the first of these

--- The unionIds of many people. If one is not found, the others still are. A refused token or permission ends the work,
--- since it would fail for everybody.
---@param token string|dingtalk.TokenSource
---@param list dingtalk.Person[] at most 10,000
---@param opts dingtalk.LookupOptions?
---@return dingtalk.Lookups? found
---@return dingtalk.Error? err when nothing was tried
function contact.unionids(token, list, opts)
  local run, err = prepare(token, opts)
  if not run then return nil, err end
  local readable, people
  readable, people, err = pcall(read_list, list)
  if not readable then
    return nil, errors.argument("list", "wrong_type", "list cannot be read: " .. errors.one_line(people))
  end
  if not people then return nil, err end
  run.rate_limiter = rate_limiter.of_run(run.client, run.opts.rate)
  local found = run_all(run, people)
  found.unionids, found.failed = {}, {}
  for i, one in ipairs(found) do
    if one.unionid then
      found.unionids[#found.unionids + 1] = one.unionid
    else
      found.failed[#found.failed + 1] = i
      found.error = found.error or one.error
    end
  end
  return found
end

return contact
