-- Calls without end, and what the process holds meanwhile. Started by bench/soak.
-- usage: soak.lua CALLS
local calendar = require "dingtalk.calendar"

local TOKEN, USER = "dd43888e26953deead8cba556389b063", "U5KPwll3QjgiG"
local EVENT = "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"
local ROUND = 1000       -- calls between two looks at the number made
local IN_FLIGHT = 10     -- of the client that calls in coroutines
local LINES = 20
local GROWTH_KB = 1024   -- of resident memory that is no leak: pages of malloc's own

local total = tonumber((...))
local seen = { added = 0, failed = 0 }

local function new(config)
  config.base_url, config.ca_file = os.getenv "DINGTALK_BASE_URL", os.getenv "DINGTALK_CA_FILE"
  config.random = function() return 0 end -- retries that do not wait
  config.retry_budget = 10000
  return assert(calendar.new(config))
end

local many = {}
for i = 1, 501 do many[i] = { id = "m" .. i, isOptional = i % 2 == 0 } end

local function call(client, number)
  local token, list = TOKEN, { "p" .. number % 500, "q" .. number % 7 }
  if number % 200 == 0 then list = many end
  if number % 100 == 1 then token = "wrong" end
  local result, err = client:add_attendees(token, USER, nil, EVENT, list)
  assert(result or calendar.is_error(err))
  local name = result and "added" or "failed"
  seen[name] = seen[name] + 1
end

-- A client of its own, in coroutines, closed at the end: its connections and all it holds must go.
local function burst(first, count)
  local client = new { loop = "manual" }
  local at, last = first, first + count - 1
  for _ = 1, IN_FLIGHT do
    coroutine.wrap(function()
      while at <= last do
        at = at + 1
        call(client, at)
      end
    end)()
  end
  while not client:is_idle() do client:step() end
  client:close()
end

local function resident_kb()
  local file = assert(io.open "/proc/self/status")
  local kb = tonumber(file:read("*a"):match "VmRSS:%s*(%d+)")
  file:close()
  return kb
end

local function descriptors()
  local pipe = io.popen "sleep 0.1; ls /proc/$PPID/fd | wc -l"
  local count = tonumber(pipe:read "*a")
  pipe:close()
  return count
end

local first, failure

local function report(made)
  collectgarbage()
  collectgarbage()
  local kb, open = resident_kb(), descriptors()
  print(("%9d calls %6d s %8d KB resident %6d KB of Lua %4d descriptors %8d added %7d failed"):format(
    made, os.difftime(os.time(), first and first.time or os.time()), kb, math.floor(collectgarbage "count"), open,
    seen.added, seen.failed))
  io.stdout:flush()
  if not first then first = { time = os.time() } end
  if not first.kb and made >= total / 10 then first.kb, first.open = kb, open end
  if first.kb and (kb > first.kb + GROWTH_KB or open > first.open) then
    failure = ("it grew from %d KB and %d descriptors to %d KB and %d"):format(first.kb, first.open, kb, open)
  end
end

local steady = new { loop = "blocking" }
local made, shown = 0, 0
report(0)
while made < total do
  local here = math.min(ROUND, total - made)
  local in_burst = math.floor(here / 5)
  for i = 1, here - in_burst do call(steady, made + i) end
  burst(made + here - in_burst, in_burst)
  made = made + here
  if made >= (shown + 1) * total / LINES then
    shown = math.floor(made * LINES / total)
    report(made)
  end
end
steady:close()
if failure then
  print(failure)
  os.exit(1)
end
