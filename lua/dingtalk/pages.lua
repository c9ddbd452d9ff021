--- Answers that come in pages: read whole, or one after the other by an iterator.

local limits = require "dingtalk.limits"
local request = require "dingtalk.request"
local codes = require "dingtalk.codes"

local pages = {}

--- The reading of a list from its first page, or from opts.nextToken.
---@param task dingtalk.Task made by request.prepare
---@return table state
function pages.start(task)
  return { task = task, count = 0, attempts = 0, elapsed = 0, seen = {}, more = true }
end

-- Takes note of where the next page is; returns the rule that this breaks, or nil.
local function advance(state, token)
  if type(token) == "number" then token = ("%.14g"):format(token) end
  if token == nil or token == "" then
    state.more, state.next_token = false, nil
    return nil
  end
  if type(token) ~= "string" then return codes.bad_answer end
  if state.seen[token] then return codes.repeated_page end
  state.seen[token], state.next_token = true, token
  state.task.query.nextToken = token
  request.set_url(state.task)
end

local function are_objects(items)
  if type(items) ~= "table" then return false end
  local count = 0
  for _, item in pairs(items) do
    count = count + 1
    if type(item) ~= "table" then return false end
  end
  return count == #items
end

-- The items of an answer, or the rule it breaks. A list without entries may be left out.
local function read(state, object)
  if not object then return nil, codes.empty_answer end
  local items = object[state.task.row.items]
  if items == nil then items = {} end
  if not are_objects(items) then return nil, codes.bad_answer end
  local broken = advance(state, object.nextToken)
  if broken then return nil, broken end
  return items
end

--- Reads a page.
---@param client dingtalk.Client
---@param state table
---@return table[]? items nil after the last page, and on failure
---@return dingtalk.Error? err
function pages.next(client, state)
  if not state.more then return nil end
  if state.count >= limits.max_pages then
    return nil, request.bad_answer(codes.too_many_pages, state.slot)
  end
  local slot, object = request.send(client, state.task)
  if not slot then
    state.more = false
    state.attempts = state.attempts + (object.attempts or 0)
    object.attempts = state.attempts
    return nil, object
  end
  state.count, state.slot = state.count + 1, slot
  state.attempts, state.elapsed = state.attempts + slot.attempts, state.elapsed + slot.elapsed
  local items, broken = read(state, object)
  if not items then
    state.more = false
    return nil, request.bad_answer(broken, slot)
  end
  state.sync_token = object.syncToken or state.sync_token
  return items
end

--- Reads the whole list, or opts.max_pages of it: then `nextToken` is where to go on.
---@param client dingtalk.Client
---@param task dingtalk.Task
---@return table? result with the items under their name in the service's answer
---@return dingtalk.Error? err
function pages.all(client, task)
  local state, all = pages.start(task), {}
  repeat
    local items, err = pages.next(client, state)
    if err then return nil, err end
    for _, item in ipairs(items) do all[#all + 1] = item end
  until not state.more or state.count == task.max_pages
  local result = request.result(state.slot)
  result.attempts, result.elapsed, result.pages = state.attempts, state.elapsed, state.count
  result[task.row.items], result.nextToken, result.syncToken = all, state.next_token, state.sync_token
  return result
end

--- An iterator that gives the items one by one and reads each page when it is needed. A failure comes
--- as its last value: false and the error. The time limit is that of a page. (Lua 5.1's "for" lets no
--- iterator yield; there, in a coroutine of a loop, call it by hand. LuaJIT's does.)
---@param client dingtalk.Client
---@param task dingtalk.Task?
---@param err dingtalk.Error? why there is no task
---@return fun(): table|false|nil, dingtalk.Error?
function pages.each(client, task, err)
  local state = task and pages.start(task)
  local items, position = {}, 0
  local function fail()
    local failure = err
    state, items, err = nil, {}, nil
    if failure then return false, failure end
  end
  return function()
    while true do
      position = position + 1
      if items[position] then return items[position] end
      if not state or state.count == task.max_pages then return fail() end
      task.deadline = client:now() + task.timeout
      items, err = pages.next(client, state)
      if not items then return fail() end
      position = 0
    end
  end
end

return pages
