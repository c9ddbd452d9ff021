-- What a process may do to the module: fork, threads, signals, states that end in the middle of a call,
-- programs that end with a client still open. Each case in a process of its own.
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local quote = processes.quote
local build = package.cpath:match "([^;]*)/lib/%?%.so"
local host = build and build .. "/process_ldt_host"
local cases = dofile "spec/process/cases.lua"

local function exists(path)
  local file = path and io.open(path)
  if file then file:close() end
  return file ~= nil
end

local function addresses()
  local box = sandbox.start()
  return ("DINGTALK_SANDBOX_SHARED=1 DINGTALK_BASE_URL=%s DINGTALK_HTTP_URL=%s DINGTALK_CA_FILE=%s"):format(
    quote(box.base_url), quote(box.http_url), quote(box.ca_file))
end

-- The status comes through a pipe, which closes the descriptors of others on every Lua.
local function run(command)
  local text = processes.output_of(("(%s) </dev/null 2>&1; echo $?"):format(command))
  local output, status = text:match "^(.-)(%-?%d+)\n$"
  return tonumber(status), output
end

local function check(command)
  local status, output = run(command)
  assert.equal("0", tostring(status), output)
end

local names = {}
for name in pairs(cases) do names[#names + 1] = name end
table.sort(names)

teardown(function()
  sandbox.reset()
  sandbox.stop()
end)

describe("process:", function()
  for _, name in ipairs(names) do
    it(name, function()
      if not exists(host) then return pending "this build has no process_ldt_host" end
      -- A child leaves what the parent had made to the parent; what used descriptors that are gone is left alone;
      -- and the leak check itself needs descriptors.
      local leaves = name:find "fork" or name:find "child" or name:find "descriptors"
      local options = leaves and "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" or ""
      check(("timeout 1800 env %s %s %s spec/process/run.lua %s"):format(
        addresses(), options, quote(host), quote(name)))
    end)
  end

  it("Ctrl-C interrupts a waiting call", function()
    local interpreter = processes.interpreter()
    if interpreter:find(build, 1, true) then return pending "our own interpreter does not know Ctrl-C" end
    sandbox.reset()
    sandbox.faults { fault = "delay", ms = 600000 }
    local log = os.tmpname()
    -- A background process of a shell ignores SIGINT; env gives it back.
    local pid = processes.start(("exec env --default-signal=INT %s %s spec/process/wait.lua"):format(
      addresses(), quote(interpreter)), log)
    local function said()
      local file = assert(io.open(log))
      local text = file:read "*a"
      file:close()
      return text
    end
    -- A call of an earlier case may still be in flight.
    assert(processes.wait_until(function() return said():find "ready" and sandbox.counters().in_flight >= 1 end))
    os.execute(("kill -INT %d"):format(pid))
    assert(processes.wait_until(function() return processes.has_ended(pid) end))
    assert(said():find "interrupted!", said())
    os.remove(log)
  end)
end)

-- luv crashes at the end of a program that leaves it a closed handle.
describe("a program under luv ends well when its client is closed", function()
  for _, when in ipairs { "after", "before", "never", "within", "collected", "twice", "idle" } do
    it(when, function()
      if not pcall(require, "spec.support.luv") then return pending "there is no luv here" end
      sandbox.reset()
      check(("timeout 1800 env %s %s spec/process/luv.lua %s"):format(
        addresses(), quote(processes.interpreter()), when))
    end)
  end
end)
