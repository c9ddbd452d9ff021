local api = require "spec.sandbox.specs.api"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

local USER, EVENT, ATTENDEES = api.USER, api.EVENT, api.ATTENDEES
local call, add = api.call, api.add
local attendees_of_example, output_of = api.attendees_of_example, api.output_of

describe("the sandbox's", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  describe("control", function()
    it("resets everything", function()
      sandbox.event(USER, "other", "e")
      sandbox.settings { record = 3 }
      sandbox.faults { fault = "close" }
      sandbox.tokens { expire = "all" }
      sandbox.reset()
      assert.equal(100, sandbox.settings().record)
      assert.equal(200, add({ { id = "a" } }).status)
      assert.equal(1, sandbox.counters().calls)
      assert.has_error(function() sandbox.attendees(USER, "other", "e") end)
    end)

    it("replaces an event by an empty one", function()
      add { { id = "a" } }
      assert.same({ user = USER, calendar = "primary", id = EVENT }, sandbox.event(USER, "primary", EVENT))
      assert.same({}, attendees_of_example())
      assert.has_error(function() sandbox.event(USER, "primary", nil) end)
    end)

    it("refuses unknown settings and values, changing nothing", function()
      for _, changes in ipairs {
        { latncy = 1 }, { latency_ms = -1 }, { duplicates = "x" }, { ledger = 1, record = 2 },
      } do
        assert.has_error(function() sandbox.settings(changes) end)
      end
      assert.equal(100, sandbox.settings().record)
    end)

    it("shows the last requests as they came", function()
      sandbox.settings { record = 2 }
      for i = 1, 3 do add({ { id = "a" } }, { client_token = "t" .. i }) end
      local requests = sandbox.requests()
      assert.equal(2, #requests)
      assert.equal("t2", requests[1].headers["x-client-token"])
      assert.equal("POST", requests[2].method)
      assert.equal(ATTENDEES, requests[2].uri)
      assert.equal('{"attendeesToAdd":[{"id":"a"}]}', requests[2].body)
      assert.equal(200, requests[2].status)
      assert.is_false(requests[2].tls)
    end)

    it("counts", function()
      add { { id = "a" } }
      add { { id = "" } }
      call("GET", "/nowhere")
      local counters = sandbox.counters()
      assert.equal(3, counters.calls)
      assert.same({ ["200"] = 1, ["400"] = 1 }, counters.operations.add_attendees.statuses)
      assert.equal(1, counters.operations.unknown.calls)
      assert.is_true(counters.max_per_second >= 1 and counters.max_per_second <= 3)
      assert.equal(0, counters.in_flight)
    end)

    -- A call that its client left hanging once counted, and ended, in the specs that came after it.
    it("counts no call that began before a reset", function()
      local url = sandbox.start().http_url .. "/nowhere"
      sandbox.faults { fault = "delay", ms = 3000 }
      local late = assert(io.popen(("curl -s --noproxy '*' '%s'"):format(url)))
      while sandbox.counters().in_flight == 0 do socket.sleep(0.01) end
      sandbox.reset()
      assert.equal(0, sandbox.counters().in_flight)
      late:read "*a"
      late:close()
      local counters = sandbox.counters()
      assert.same({ 0, 0, {} }, { counters.calls, counters.in_flight, counters.operations })
    end)

    it("keeps the ledger within its bytes, or not at all", function()
      sandbox.settings { ledger_max_bytes = 300 }
      for i = 1, 9 do add { { id = "p" .. i } } end
      local writes = sandbox.ledger()
      assert.is_true(#writes >= 1 and #writes < 9)
      assert.same({ "p9" }, writes[#writes].added)
      sandbox.reset()
      sandbox.settings { ledger = false }
      add { { id = "a" } }
      assert.same({}, sandbox.ledger())
    end)

    it("is on the TLS port too, and verifies with its CA", function()
      local at = sandbox.start()
      for _, host in ipairs { "127.0.0.1", "localhost" } do
        local url = at.base_url:gsub("127.0.0.1", host) .. "/_sandbox/ledger"
        assert.equal('{"writes":[]}', output_of(("curl -sS --noproxy '*' --cacert '%s' '%s'"):format(at.ca_file, url)))
      end
    end)

    it("says what it does not know", function()
      assert.equal(404, sandbox.request("GET", "/_sandbox/nothing").status)
      assert.equal(400, sandbox.request("POST", "/_sandbox/settings", nil, "{").status)
    end)
  end)
end)
