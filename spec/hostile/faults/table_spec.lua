-- Every scenario of spec/faults, through the public API, in the host named by DINGTALK_SPEC_LOOP.
local check = require "spec.faults.check"
local faults = require "spec.support.faults"
local scenarios = require "spec.faults.scenarios"

local loop = os.getenv("DINGTALK_SPEC_LOOP") or "blocking"

-- Sanitizers and valgrind stretch the bounds, but a short deadline stays short: such rows are left out there.
local function title(row)
  local timeout = row.opts and row.opts.timeout or math.huge
  local short = timeout < 1 or row.config and row.config.connect_timeout
  return short and row.name .. " #timing" or row.name
end

describe("fault scenarios (" .. loop .. ")", function()
  local host = assert(faults.hosts[loop], "no host called " .. loop)
  local server

  setup(function() server = faults.start() end)

  teardown(function()
    local errors = host.close and host.close() or {}
    assert(server:stop(), "the fault server outlived its spec")
    assert(#errors == 0, table.concat(errors, "\n"))
  end)

  for _, row in ipairs(scenarios.rows) do
    it(title(row), function()
      local why_not = faults.cannot_run(row, host)
      if why_not then return pending(why_not) end
      local problems = faults.run(row, server, host)
      assert(#problems == 0, table.concat(problems, "\n"))
    end)
  end
end)

describe("the fault table", function()
  it("bounds every row in time and says how many requests arrive", function()
    for _, row in ipairs(scenarios.rows) do
      assert.is_number(row.within, row.name)
      assert.is_number(row.seen, row.name)
      assert.is_number(row.expect.attempts, row.name)
      local timeout = row.opts and row.opts.timeout
      if row.expect.kind == "timeout" and row.expect.attempts == 1 then
        assert(row.within <= timeout + 0.1001, row.name .. " may overrun its deadline by more than 0.1 s")
      end
    end
  end)

  it("notices a row that is wrong", function()
    local right = scenarios.by_name.not_found
    local said = { {
      kind = "not_found", code = "itemNotFound", outcome = "unknown", retryable = false, attempts = 1, status = 404,
      request_id = right.expect.request_id, client_token = "0b0e4ba2-7e3c-4c1e-9b3a-0d6f3a1c2b4d",
      message = "no", text = "no", took = 0.01, heard = { {} },
    } }
    local seen = { requests = {}, connections = 1, open = 0, stalled = 0, flooded = 0 }
    local problems = check.problems(right, said, seen)
    assert.same({ "outcome is unknown, not rejected", "it says: no", "requests: 0, not 1" }, problems)
  end)
end)

describe("the fault server", function()
  it("ends when nobody holds it any more", function()
    local server = faults.start()
    assert.is_true(faults.alive(server.pid))
    assert.is_true(server:stop())
  end)

  it("ends on SIGTERM", function()
    local server = faults.start()
    os.execute(("kill -TERM %d"):format(server.pid))
    local line = server.control:receive("*l")
    assert.is_nil(line)
    assert.is_true(server:stop())
  end)
end)
