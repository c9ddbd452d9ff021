-- Thousands of calls while the service fails at random, then the ledger against what the calls
-- reported. To replay one: DINGTALK_CHAOS_SEED=… tools/spec spec/hostile/chaos_spec.lua
local run = require "spec.chaos.run"
local sandbox = require "spec.support.sandbox"

local CALLS = tonumber(os.getenv "DINGTALK_CHAOS_CALLS") or 5000
local SHOWN = 20 -- disagreements

local given = tonumber(os.getenv "DINGTALK_CHAOS_SEED")
local seeds = given and { given } or { 1, 2, os.time() % 1000000 }

describe("#chaos", function()
  local box

  setup(function() box = sandbox.start() end)

  teardown(function()
    sandbox.reset()
    sandbox.stop()
  end)

  local function check(seed, base_url, ca_file)
    local found, seen = run(sandbox, seed, CALLS, base_url, ca_file)
    print(("# chaos seed %d: %d calls, %d attempts, %d of them failed; %d calls unknown, %d rejected, %d not sent")
      :format(seed, seen.calls, seen.attempts, seen.faulted, seen.unknown, seen.rejected, seen.not_sent))
    local shown = table.concat(found, "\n", 1, math.min(#found, SHOWN))
    local words = ("seed %d, %d disagreements:\n%s"):format(seed, #found, shown)
    assert.equal(0, #found, words)
    assert.is_true(seen.faulted >= 0.2 * CALLS, "too few faults to prove anything")
    assert.is_true(seen.unknown > 0 and seen.rejected > 0)
  end

  for number, seed in ipairs(seeds) do
    local plain = number % 2 == 0
    it(("ledger and reports agree, seed %d, %s"):format(seed, plain and "plain HTTP" or "TLS and HTTP/2"), function()
      check(seed, plain and box.http_url or box.base_url, box.ca_file)
    end)
  end
end)
