--- opts.resume of any form: never raises, and what is accepted sends exactly what it does not call done.
--- Run by fuzz_ldt_resume.c with a JSON text, or with a value it built.
local attendees = require "dingtalk.attendees"
local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local resume = require "dingtalk.resume"

local BASE = "https://api.dingtalk.io"
local BATCHES = 3

local list = {}
for i = 1, 500 * (BATCHES - 1) + 1 do list[i] = "person" .. i end
local sizes = { 500, 500, 1 }

local url = core.url(BASE, "/v1.0/calendar/users/", "u", "/calendars/", "primary", "/events/", "e", "/attendees")
local digest = core.attendees(list):digest(url)

-- The list is the same each time, and its encoding no part of this.
local batches = {
  batches = function() return BATCHES end,
  batch = function(_, number) return number * 500 - 499, number * 500 - 500 + sizes[number], sizes[number] end,
  digest = function() return digest end,
  free = function() end,
}
function core.attendees() return batches end

local function check(condition, what)
  if not condition then error(what, 2) end
end

local sent
local client = {
  base_url = BASE, call_timeout = 30, max_attempts = 3,
  now = function() return 0 end,
  random = function() return 0 end,
  earn_retry = function() end,
  spend_retry = function() return true end,
  pause = function() return true end,
  exchange = function(_, slot)
    check(not sent[slot.batch], "a batch was sent twice")
    check(not core.check_visible(slot.client_token, core.limits.max_client_token_bytes), "an unfit x-client-token")
    sent[slot.batch] = slot.client_token
    slot.curl, slot.status, slot.sent = 0, 200, true
  end,
}

-- So that more than the first check is reached.
local function fill_in(left)
  if type(left) ~= "table" then return end
  if left.digest == "D" then left.digest = digest end
  if left.batches == "B" then left.batches = BATCHES end
end

local function done_of(left)
  local done = {}
  for _, number in ipairs(left.done) do done[number] = true end
  return done
end

local function check_accepted(result, left)
  local done, added = done_of(left), 0
  for number = 1, BATCHES do
    check((sent[number] ~= nil) ~= (done[number] == true), "not exactly what was missing was sent")
    if sent[number] then added = added + sizes[number] end
    local token = left.client_tokens[tostring(number)]
    check(not sent[number] or token == nil or sent[number] == token, "another token than before")
  end
  check(result.added == added, "added is not what was sent")
end

-- What the error of a call that goes on from there says is taken again.
local function check_round_trip(left)
  local plan = {}
  for number = 1, BATCHES do plan[number] = { batch = number } end
  if resume.apply(left, plan, digest) then return end
  local again = json.decode(json.encode(resume.make(plan, digest)))
  check(resume.apply(again, plan, digest) == nil, "what was made is refused")
end

return function(left, is_json)
  if is_json then left = json.decode(left) end
  fill_in(left)
  sent = {}
  local result, err = attendees.change(client, attendees.add, "token", "u", nil, "e", list, { resume = left })
  if result then
    if left ~= nil then check_accepted(result, left) end
  else
    check(errors.is_error(err) and err.kind == "argument", "no error about an argument")
    check(not tostring(err):find("[%c\127]"), "more than one line")
    check(next(sent) == nil, "something was sent")
  end
  if result and left ~= nil then check_round_trip(left) end
end
