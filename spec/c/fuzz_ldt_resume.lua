--- opts.resume of any form: never raises, and what is accepted sends exactly what it does not call done.
--- Run by fuzz_ldt_resume.c with a JSON text, or with a value it built.
local calendar = require "dingtalk.calendar"
local json = require "dingtalk.json"

local BATCHES = 3

local list = {}
for i = 1, 500 * (BATCHES - 1) + 1 do list[i] = "person" .. i end

local function check(condition, what)
  if not condition then error(what, 2) end
end

-- Nobody listens there: the first batch that is sent ends the call, whose error says what is left.
local client = assert(calendar.new {
  base_url = "http://127.0.0.1:1", allow_http = true, proxy = "", loop = "blocking",
})

local function add(left)
  return client:add_attendees("token", "u", nil, "e", list, { resume = left, max_attempts = 1 })
end

local _, first = add()
check(first and first.kind == "network" and first.resume, "the first call did not fail as it should")
local digest = first.resume.digest

-- So that more than the first check is reached.
local function fill_in(left)
  if type(left) ~= "table" then return end
  if left.digest == "D" then left.digest = digest end
  if left.batches == "B" then left.batches = BATCHES end
end

local function set_of(numbers)
  local set = {}
  for _, number in ipairs(numbers) do set[number] = true end
  return set
end

local function missing(left)
  local done, list_of = set_of(left.done), {}
  for number = 1, BATCHES do
    if not done[number] then list_of[#list_of + 1] = number end
  end
  return list_of
end

local function check_accepted(left, result, err)
  local open = missing(left)
  if result then return check(#open == 0 and result.added == 0, "a call with something missing has sent nothing") end
  check(err.kind == "network" and err.batch == open[1], "another batch than the first that is missing was sent")
  local after = set_of(err.resume.done)
  for number = 1, BATCHES do
    check(after[number] == set_of(left.done)[number], "what was done is not, or the other way round")
    local token = not after[number] and left.client_tokens[tostring(number)]
    check(not token or err.resume.client_tokens[tostring(number)] == token, "another token than before")
  end
end

-- What the error of a call says that goes on from there is taken again.
local function check_round_trip(err)
  local _, again = add(json.decode(json.encode(err.resume)))
  check(again and again.kind == "network", "what was made is refused")
end

return function(left, is_json)
  if is_json then left = json.decode(left) end
  fill_in(left)
  local result, err = add(left)
  if err then
    check(calendar.is_error(err) and not tostring(err):find("[%c\127]"), "no error, or more than one line")
  end
  if err and err.kind == "argument" then return check(err.outcome == "not_sent", "something was sent") end
  if left == nil then return end
  check_accepted(left, result, err)
  if err then check_round_trip(err) end
end
