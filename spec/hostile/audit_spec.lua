-- What calls report, compared with what a service read and did, while connections break and requests are refused in
-- every way that HTTP has. To replay one:
--   DINGTALK_AUDIT_SEED=… DINGTALK_AUDIT_CALLS=… tools/spec spec/hostile/audit_spec.lua
local faults = require "spec.support.faults"
local run = require "spec.audit.run"

local CALLS = tonumber(os.getenv "DINGTALK_AUDIT_CALLS") or 2000
local SEED = tonumber(os.getenv "DINGTALK_AUDIT_SEED") or os.time() % 1000000
local SHOWN = 20 -- disagreements

local function words_of(codes)
  local words = {}
  for code, times in pairs(codes) do words[#words + 1] = code .. " " .. times end
  table.sort(words)
  return table.concat(words, ", ")
end

describe("audit of outcomes #slow #chaos", function()
  local server

  setup(function() server = faults.start() end)

  teardown(function() server:stop() end)

  for _, protocol in ipairs { "http1", "http2" } do
    it("what is reported is what was done, " .. protocol, function()
      local found, seen = run(server, protocol, SEED, CALLS)
      print(("# audit %s, seed %d: %d calls, %d attempts; at first %d added, %d unknown, %d rejected, %d not sent (%s)")
        :format(protocol, SEED, seen.calls, seen.attempts, seen.added or 0, seen.unknown or 0, seen.rejected or 0,
          seen.not_sent or 0, words_of(seen.codes)))
      assert.equal(0, #found, ("seed %d, %d disagreements:\n%s"):format(
        SEED, #found, table.concat(found, "\n", 1, math.min(#found, SHOWN))))
      for _, outcome in ipairs { "added", "unknown", "rejected", "not_sent" } do
        assert.is_true((seen[outcome] or 0) > 0, "no call was " .. outcome .. ": too little to prove anything")
      end
    end)
  end
end)
