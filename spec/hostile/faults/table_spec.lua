-- The table of fault scenarios, and the server that plays them; the other files of this folder run the rows.
local check = require "spec.faults.check"
local faults = require "spec.support.faults"
local scenarios = require "spec.faults.scenarios"

describe("the fault table", function()
  it("says of every row what comes out", function()
    for _, row in ipairs(scenarios.rows) do
      assert.truthy(row.expect.ok or row.expect.retryable ~= nil or row.expect.outcome, row.name)
      assert.truthy(row.seen or row.expect.kind == "timeout", row.name)
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

  it("notices a token or a control byte wherever it stands", function()
    local right = scenarios.by_name.success_empty
    local seen = { requests = { {} }, connections = 1, open = 0, stalled = 0, flooded = 0 }
    local request = { client_token = "0b0e4ba2-7e3c-4c1e-9b3a-0d6f3a1c2b4d", token = check.TOKENS[1], version = 1 }
    seen.requests[1] = request
    local function said_with(request_id)
      return { { ok = true, added = 1, attempts = 1, client_token = request.client_token, took = 0.01, heard = { {} },
        batches = { ["1"] = { request_id = request_id } } } }
    end
    assert.same({}, check.problems(right, said_with "fine", seen))
    local echoed = said_with("id " .. check.TOKENS[1]:sub(1, 14))
    assert.same({ "the access token shows" }, check.problems(right, echoed, seen))
    assert.equal(1, #check.problems(right, said_with "\27[31m", seen))
    assert.equal(1, #check.problems(right, said_with "a\127", seen))
  end)

  it("notices a call that overran its deadline, where the machine was idle", function()
    local right = scenarios.by_name.no_answer
    local request = { client_token = "0b0e4ba2-7e3c-4c1e-9b3a-0d6f3a1c2b4d", token = check.TOKENS[1], version = 1 }
    local seen = { requests = { request }, connections = 1, open = 0, stalled = 0, flooded = 0 }
    local function problems_after(took, undisturbed)
      return check.problems(right, { {
        kind = "timeout", code = "timeout", outcome = "unknown", retryable = true, attempts = 1, message = "late",
        client_token = request.client_token, took = took, undisturbed = undisturbed, text = "late", heard = { {} },
      } }, seen)
    end
    local limit = right.opts.timeout
    assert.same({}, problems_after(limit + 0.05, true))
    assert.equal(1, #problems_after(limit + 0.2, true))
    assert.same({}, problems_after(limit + 20, false))
    assert.equal(1, #problems_after(limit / 2, false))
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
