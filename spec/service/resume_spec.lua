local cjson = require "cjson"
local example = require "spec.support.example"
local resume = require "dingtalk.resume"
local sandbox = require "spec.support.sandbox"

-- What an error of a call of three batches gives, then what was done to it, and how it is refused.
local function made()
  return { digest = "0123456789abcdef", batches = 3, done = { 1 }, client_tokens = { ["2"] = "ct" } }
end

local NAN = 0 / 0
local tampered = {
  { "digest", nil, "bad_resume" }, { "digest", 7, "bad_resume" }, { "digest", "0123456789abcdee", "resume_mismatch" },
  { "batches", nil, "resume_mismatch" }, { "batches", 4, "resume_mismatch" }, { "batches", "3", "resume_mismatch" },
  { "done", nil, "bad_resume" },
  { "done", "1", "bad_resume" },
  { "done", { 0 }, "bad_resume" },
  { "done", { 4 }, "bad_resume" },
  { "done", { 1.5 }, "bad_resume" },
  { "done", { "1" }, "bad_resume" },
  { "done", { NAN }, "bad_resume" },
  { "done", { -1 }, "bad_resume" },
  { "done", { math.huge }, "bad_resume" },
  { "done", { {} }, "bad_resume" },
  { "done", { cjson.null }, "bad_resume" },
  { "done", { true }, "bad_resume" },
  { "client_tokens", nil, "bad_resume" },
  { "client_tokens", "x", "bad_resume" },
  { "client_tokens", { ["0"] = "x" }, "bad_resume" },
  { "client_tokens", { ["4"] = "x" }, "bad_resume" },
  { "client_tokens", { x = "x" }, "bad_resume" },
  { "client_tokens", { [true] = "x" }, "bad_resume" },
  { "client_tokens", { ["1.5"] = "x" }, "bad_resume" },
  { "client_tokens", { ["2"] = 7 }, "bad_resume" },
  { "client_tokens", { ["2"] = "" }, "bad_resume" },
  { "client_tokens", { ["2"] = "a b" }, "bad_resume" },
  { "client_tokens", { ["2"] = "a\r\nb" }, "bad_resume" },
  { "client_tokens", { ["2"] = ("x"):rep(257) }, "bad_resume" },
  { "client_tokens", { ["2"] = cjson.null }, "bad_resume" },
}

describe("resume.apply", function()
  it("refuses what no error gave", function()
    for i, row in ipairs(tampered) do
      local left = made()
      left[row[1]] = row[2]
      local err = resume.apply(left, { {}, {}, {} }, made().digest)
      assert.same({ "argument", "opts.resume", row[3] }, { err.kind, err.argument, err.code }, "row " .. i)
    end
    assert.equal("bad_resume", resume.apply({}, { {} }, "x").code)
  end)

  it("marks what was done, and the tokens of what may have been", function()
    local plan = { {}, {}, {} }
    assert.is_nil(resume.apply(cjson.decode(cjson.encode(made())), plan, made().digest))
    assert.is_true(plan[1].before)
    assert.same({ nil, "ct", nil }, { plan[2].before, plan[2].client_token, plan[2].accepted })
    assert.same({}, plan[3])
  end)
end)

describe("opts.resume", function()
  local client = example.client_of_specs()

  local function failed(list, opts)
    sandbox.faults { fault = "answer", code = "invalidParameter", skip = 1 }
    return select(2, example.add(client, list, opts)).resume
  end

  it("is refused with other arguments, and nothing is sent", function()
    local list = example.people(1, 1000)
    local left = failed(list)
    local calls = sandbox.counters().calls
    local swapped, shorter, longer = example.people(1, 1000), example.people(1, 999), example.people(1, 1001)
    swapped[1], swapped[2] = swapped[2], swapped[1]
    local E = example
    for i, args in ipairs {
      { E.USER, nil, E.EVENT, swapped }, { E.USER, nil, E.EVENT, shorter }, { E.USER, nil, E.EVENT, longer },
      { E.USER, nil, "other", list }, { E.USER, "other", E.EVENT, list }, { "other", nil, E.EVENT, list },
      { E.USER, nil, E.EVENT, list, true },
    } do
      local opts = { resume = left, pushNotification = args[5] }
      local _, err = client:add_attendees(E.TOKEN, args[1], args[2], args[3], args[4], opts)
      assert.same({ "opts.resume", "resume_mismatch" }, { err.argument, err.code }, "row " .. i)
    end
    assert.equal(calls, sandbox.counters().calls)
    assert.equal(500, assert(client:add_attendees(E.TOKEN, E.USER, "primary", E.EVENT, list, { resume = left })).added)
  end)

  it("does not hold the access token, and is plain data", function()
    local text = cjson.encode(failed(example.people(1, 1000)))
    assert.is_nil(text:find(example.TOKEN, 1, true))
    assert.same({ 1 }, cjson.decode(text).done)
  end)

  -- The first of two batches is refused again while the second is still unknown from the call before.
  it("leaves a call unknown while a batch of an earlier call is", function()
    local list = example.people(1, 1000)
    -- Refused before the second is sent, the first would be the only one.
    sandbox.faults { clear = true, faults = {
      { fault = "answer", code = "invalidParameter", ms = 500 }, { fault = "close", after = true, next = 3 },
    } }
    local _, first = example.add(client, list, { concurrency = 2, max_attempts = 1 })
    assert.same({ "unknown", 0 }, { first.outcome, first.added })
    local left = first.resume
    assert.is_string(left.client_tokens["2"] or left.client_tokens["1"])

    sandbox.faults { clear = true, faults = { { fault = "answer", code = "invalidParameter" } } }
    local _, second = example.add(client, list, { resume = left })
    assert.same({ "invalid", "unknown" }, { second.kind, second.outcome })
    assert.truthy(second.message:find("still unknown", 1, true))

    local service = sandbox.start()
    local unreachable = example.client { proxy = "http://127.0.0.1:1", max_attempts = 1 }
    local _, third = example.add(unreachable, list, { resume = second.resume })
    assert.same({ "network", "unknown" }, { third.kind, third.outcome })
    unreachable:close()

    sandbox.faults { clear = true, faults = {} }
    local result = assert(example.add(client, list, { resume = third.resume }))
    assert.equal(1000, result.added)
    local written = 0
    for _, write in ipairs(sandbox.ledger()) do written = written + #write.added end
    assert.equal(1000, written, service.base_url)
  end)

  it("keeps the token of a batch that was tried and did not get there, and its outcome", function()
    local unreachable = example.client { proxy = "http://127.0.0.1:1", max_attempts = 1 }
    local _, err = example.add(unreachable, { "a" })
    assert.same({ "not_sent", { 1 } }, { err.outcome, err.resume.not_sent })
    assert.equal(err.client_token, err.resume.client_tokens["1"])
    local _, again = example.add(unreachable, { "a" }, { resume = cjson.decode(cjson.encode(err.resume)) })
    assert.same({ "not_sent", err.client_token }, { again.outcome, again.client_token })
    unreachable:close()
    local result = assert(example.add(client, { "a" }, { resume = again.resume }))
    assert.equal(err.client_token, result.client_token)
  end)
end)
