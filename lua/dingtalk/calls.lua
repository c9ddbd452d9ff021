--- The public calls of the rows of dingtalk.operations that send one request, or read pages.
--- What they take and give is written down in dingtalk.types.client.

local operations = require "dingtalk.operations"
local pages = require "dingtalk.pages"
local request = require "dingtalk.request"
local codes = require "dingtalk.codes"

local calls = {}

-- The arguments after the token: the path's, the body's if there is one, the options.
local function task_of(self, err, row, token, ...)
  if err then return nil, err end
  local count = #row.arguments
  local place = {}
  for i = 1, count do place[i] = (select(i, ...)) end
  if not row.body then return request.prepare(self, row, token, place, nil, (select(count + 1, ...))) end
  return request.prepare(self, row, token, place, select(count + 1, ...))
end

local function send(self, row, task)
  local slot, object = request.send(self, task)
  if not slot then return nil, object end
  local result = request.result(slot)
  if not row.answer then return result end
  if not object then return nil, request.bad_answer(codes.empty_answer, slot) end
  result[row.answer] = object
  return result
end

-- Each by its name, as a method that is also given why no call can be made now, or nil.
local function define(row)
  local finish = row.items and function(self, _, task) return pages.all(self, task) end or send
  calls[row.name] = function(self, refusal, token, ...)
    local task, err = task_of(self, refusal, row, token, ...)
    if not task then return nil, err end
    return finish(self, row, task)
  end
  if not row.each then return end
  calls[row.each] = function(self, refusal, token, ...)
    return pages.each(self, task_of(self, refusal, row, token, ...))
  end
end

for _, row in ipairs(operations.rows) do
  if not row.counted then define(row) end
end

return calls
