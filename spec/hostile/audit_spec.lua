-- What calls report, compared with what a service read and did, while connections break and requests are refused in
-- every way that HTTP has. Calls wait most of the time: an audit of many runs in parts, each a client and a service of
-- their own with a seed of their own. To replay one part:
--   DINGTALK_AUDIT_SEED=… DINGTALK_AUDIT_CALLS=… tools/spec spec/hostile/audit_spec.lua
local cjson = require "cjson"
local processes = require "spec.support.processes"

local CALLS = tonumber(os.getenv "DINGTALK_AUDIT_CALLS") or 2000
local SEED = tonumber(os.getenv "DINGTALK_AUDIT_SEED") or os.time() % 1000000
local CALLS_A_PART, PARTS_AT_ONCE = 5000, 8
local HANGS = 7200 -- seconds for parts that run at once
local SHOWN = 20 -- disagreements

local function words_of(codes)
  local words = {}
  for code, times in pairs(codes) do words[#words + 1] = code .. " " .. times end
  table.sort(words)
  return table.concat(words, ", ")
end

-- Adds numbers by name, also within tables.
local function add(sums, numbers)
  for name, value in pairs(numbers) do
    if type(value) == "table" then
      sums[name] = add(sums[name] or {}, value)
    else
      sums[name] = math.floor((sums[name] or 0) + value)
    end
  end
  return sums
end

local function read_all(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

describe("audit of outcomes #slow #chaos", function()
  local directory, running

  setup(function() directory = processes.directory() end)

  before_each(function() running = {} end)

  after_each(function()
    for _, part in ipairs(running) do processes.stop(part.pid) end
  end)

  teardown(function() os.execute("rm -rf " .. processes.quote(directory)) end)

  local function start(protocol, seed, calls)
    local part = { seed = seed, calls = calls, output = ("%s/%s-%d"):format(directory, protocol, seed) }
    part.pid = processes.start(("exec %s spec/audit/part.lua %s %d %d"):format(
      processes.quote(processes.interpreter()), protocol, seed, calls), part.output)
    running[#running + 1] = part
  end

  local function has_ended(part) return processes.has_ended(part.pid) end

  local function collect(part, found, seen)
    local text = read_all(part.output)
    local parsed, said = pcall(cjson.decode, text)
    if not parsed then said = { found = { "it broke off: " .. text }, seen = {} } end
    for _, problem in ipairs(said.found) do
      found[#found + 1] = ("seed %d, %d calls: %s"):format(part.seed, part.calls, problem)
    end
    said.seen.seed = nil
    add(seen, said.seen)
  end

  local function collect_ended(found, seen)
    for i = #running, 1, -1 do
      if has_ended(running[i]) then collect(table.remove(running, i), found, seen) end
    end
  end

  local function wait_for_fewer_than(most, found, seen)
    assert(processes.wait_until(function()
      collect_ended(found, seen)
      return #running < most
    end, HANGS), "the audit hangs")
  end

  local function audit(protocol)
    local found, seen, left, seed = {}, { calls = 0, attempts = 0, codes = {} }, CALLS, SEED
    while left > 0 do
      wait_for_fewer_than(PARTS_AT_ONCE, found, seen)
      local calls = math.min(left, CALLS_A_PART)
      start(protocol, seed, calls)
      left, seed = left - calls, seed + 1
    end
    wait_for_fewer_than(1, found, seen)
    return found, seen
  end

  for _, protocol in ipairs { "http1", "http2" } do
    it("what is reported is what was done, " .. protocol, function()
      local found, seen = audit(protocol)
      print(("# audit %s, seed %d: %d calls, %d attempts; at first %d added, %d unknown, %d rejected, %d not sent (%s)")
        :format(protocol, SEED, seen.calls, seen.attempts, seen.added or 0, seen.unknown or 0, seen.rejected or 0,
          seen.not_sent or 0, words_of(seen.codes)))
      assert.equal(0, #found, ("%d disagreements:\n%s"):format(
        #found, table.concat(found, "\n", 1, math.min(#found, SHOWN))))
      for _, outcome in ipairs { "added", "unknown", "rejected", "not_sent" } do
        assert.is_true((seen[outcome] or 0) > 0, "no call was " .. outcome .. ": too little to prove anything")
      end
    end)
  end
end)
