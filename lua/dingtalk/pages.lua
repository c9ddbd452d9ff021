--- Answers in pages: read as one list, or item by item by an iterator.

local codes = require "dingtalk.codes"
local json = require "dingtalk.json"
local limits = require "dingtalk.limits"
local requests = require "dingtalk.request"

local pages = {}

--- The reading of a list from its first page, or from opts.nextToken.
---@param request dingtalk.Request made by request.prepare
---@return table reading
function pages.start(request)
  return {
    request = request,
    count = 0, attempts = 0, elapsed = 0, -- pages read, requests made, seconds
    attempt = nil,    -- of the last page
    more = true,      -- whether there is another page
    seen = {},        -- tokens of pages, as keys
    next_token = nil, sync_token = nil,
  }
end

-- The text of a page's token or of a sync token, nil for none; or nil and true for a value that cannot be one.
local function token_text(token)
  if type(token) == "number" then
    token = json.digits(token)
    return token, token == nil
  end
  if token == nil or token == "" then return nil end
  local is_text = type(token) == "string" and #token <= limits.max_query_bytes
  return is_text and token or nil, not is_text
end

-- Notes where the next page is. Returns the rule that the answer breaks, and how; or nil.
local function advance(reading, object)
  local token, is_broken = token_text(object.nextToken)
  if is_broken then return codes.bad_answer, "nextToken is no text of usable length, and no whole number below 2^53" end
  local sync_token
  sync_token, is_broken = token_text(object.syncToken)
  if is_broken then return codes.bad_answer, "syncToken is no text of usable length, and no whole number below 2^53" end
  reading.sync_token = sync_token or reading.sync_token
  reading.next_token, reading.more = token, token ~= nil
  if not token then return nil end
  if reading.seen[token] then return codes.repeated_page end
  reading.seen[token] = true
  reading.request.query.nextToken = token
  requests.set_url(reading.request)
end

local function are_objects(items)
  if not json.is_list(items) then return false end
  for _, item in ipairs(items) do
    if type(item) ~= "table" then return false end
  end
  return true
end

-- The items of an answer; or nil, the rule it breaks and how. A list without entries may be left out.
local function read(reading, object)
  if not object then return nil, codes.empty_answer end
  local items = object[reading.request.row.items]
  if items == nil then items = {} end
  if not are_objects(items) then return nil, codes.bad_answer end
  local broken, detail = advance(reading, object)
  if broken then return nil, broken, detail end
  return items
end

--- Reads a page.
---@param client dingtalk.Client
---@param reading table
---@return table[]? items nil after the last page, and on failure
---@return dingtalk.Error? err
function pages.next(client, reading)
  if not reading.more then return nil end
  if reading.count >= limits.max_pages then
    return nil, requests.bad_answer(codes.too_many_pages, reading.attempt)
  end
  local attempt, object = requests.send(client, reading.request)
  if not attempt then
    reading.more = false
    reading.attempts = reading.attempts + (object.attempts or 0)
    object.attempts = reading.attempts
    return nil, object
  end
  reading.count, reading.attempt = reading.count + 1, attempt
  reading.attempts, reading.elapsed = reading.attempts + attempt.attempts, reading.elapsed + attempt.elapsed
  local items, broken, detail = read(reading, object)
  if not items then
    reading.more = false
    return nil, requests.bad_answer(broken, attempt, detail)
  end
  return items
end

-- What the result of a list, or an iterator, says in addition to the items.
local function describe(reading, result)
  result.attempts, result.elapsed, result.pages = reading.attempts, reading.elapsed, reading.count
  result.nextToken, result.syncToken = reading.next_token, reading.sync_token
  return result
end

--- Reads the whole list, or opts.max_pages of it: then `nextToken` is where to go on.
---@param client dingtalk.Client
---@param request dingtalk.Request
---@return table? result with the items under their name in the service's answer
---@return dingtalk.Error? err
function pages.all(client, request)
  local reading, all = pages.start(request), json.array {}
  repeat
    local items, err = pages.next(client, reading)
    if err then return nil, err end
    for _, item in ipairs(items) do all[#all + 1] = item end
  until not reading.more or reading.count == request.max_pages
  local result = describe(reading, requests.result(reading.attempt))
  result[request.row.items] = all
  return result
end

--- An iterator that gives the items one by one and reads each page when it is needed. On failure, its last value is
--- false and the error. At the end, it gives nil and itself: its fields are what the pages said, such as `syncToken`,
--- `nextToken` and `pages`. Each page has the time limit of a call. (In Lua 5.1, an iterator of "for" cannot yield: in
--- a coroutine of a loop, call the iterator by hand. LuaJIT has no such limit.)
---@param client dingtalk.Client
---@param request dingtalk.Request
---@return dingtalk.PagesRead
function pages.each(client, request)
  local reading = pages.start(request)
  local items, position, err = {}, 0, nil
  local iterator = {}
  local function finish()
    local failure = err
    reading, items, err = nil, {}, nil
    if failure then return false, failure end
    return nil, iterator
  end
  local function next_item()
    while true do
      position = position + 1
      if items[position] then return items[position] end
      if not reading or reading.count == request.max_pages then return finish() end
      request.deadline = client:now() + request.timeout
      items, err = pages.next(client, reading)
      describe(reading, iterator)
      if not items then return finish() end
      position = 0
    end
  end
  return setmetatable(iterator, { __name = "dingtalk.PagesRead", __call = next_item })
end

return pages
