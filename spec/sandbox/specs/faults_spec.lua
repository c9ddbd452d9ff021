local api = require "spec.sandbox.specs.api"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

local TOKEN, ATTENDEES = api.TOKEN, api.ATTENDEES
local call, add = api.call, api.add
local assert_refused, raw_post, output_of = api.assert_refused, api.raw_post, api.output_of
local QPS = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"

describe("the sandbox's", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  describe("faults", function()
    it("answer what they were told, for the next calls only", function()
      sandbox.faults { fault = "answer", status = 503, headers = { ["Retry-After"] = "3" }, body = { x = 1 }, next = 2 }
      for _ = 1, 2 do
        local answer = add { { id = "a" } }
        assert.equal(503, answer.status)
        assert.equal("3", answer.headers["retry-after"])
        assert.same({ x = 1 }, answer.json)
      end
      assert.equal(200, add({ { id = "a" } }).status)
      assert.equal(1, #sandbox.ledger())
    end)

    it("know the service's codes", function()
      sandbox.faults { fault = "answer", code = QPS }
      assert_refused(403, QPS, add { { id = "a" } })
    end)

    it("answer an error after the work", function()
      sandbox.faults { fault = "answer", code = "systemError", after = true }
      assert_refused(500, "systemError", add({ { id = "a" } }, { client_token = "t" }))
      assert.equal(1, #sandbox.ledger())
      assert.equal(200, add({ { id = "a" } }, { client_token = "t" }).status)
      assert.equal(1, #sandbox.ledger())
    end)

    it("close before and after the work, without a byte", function()
      sandbox.faults { fault = "close", next = 2 }
      local body = '{"attendeesToAdd":[{"id":"a"}]}'
      assert.equal("", raw_post(ATTENDEES, "Content-Length: " .. #body, body))
      assert.is_nil((add { { id = "a" } }))
      assert.equal(0, #sandbox.ledger())
      sandbox.faults { fault = "close", after = true }
      assert.equal("", raw_post(ATTENDEES, "Content-Length: " .. #body, body))
      assert.equal(1, #sandbox.ledger())
      assert.equal(0, sandbox.requests()[3].status)
    end)

    it("close under HTTP/2 and TLS too", function()
      local at = sandbox.start()
      local command = ("curl -s -o /dev/null --noproxy '*' --http2 --cacert '%s' -H 'x-acs-dingtalk-access-token: %s'"
        .. " -d '{\"attendeesToAdd\":[{\"id\":\"a\"}]}' -w '%%{http_code} %%{exitcode}' '%s'")
        :format(at.ca_file, TOKEN, at.base_url .. ATTENDEES)
      for _, after in ipairs { false, true } do
        sandbox.faults { fault = "close", after = after }
        assert.equal("000 92", output_of(command))
        assert.equal(after and 1 or 0, #sandbox.ledger())
      end
      assert.equal(2, sandbox.requests()[1].http_version)
    end)

    it("send garbage", function()
      for kind, body in pairs { string = '"error"', array = "[]", html = "<!DOCTYPE", text = "upstream" } do
        sandbox.faults { fault = "garbage", kind = kind, status = 500 }
        local answer = add { { id = "a" } }
        assert.equal(500, answer.status)
        assert.equal(1, (answer.body:find(body, 1, true)))
      end
      sandbox.faults { fault = "garbage", kind = "redirect" }
      assert.equal(302, add({ { id = "a" } }).status)
      sandbox.faults { fault = "garbage", kind = "truncated" }
      local text = raw_post(ATTENDEES, "Content-Length: 2", "{}")
      assert.truthy(text:find("Content-Length: 400", 1, true))
      assert.is_true(#text < 600)
    end)

    it("delay and trickle", function()
      local function seconds(action)
        local began = socket.gettime()
        action()
        return socket.gettime() - began
      end
      sandbox.faults { fault = "delay", ms = 150 }
      assert.is_true(seconds(function() add { { id = "a" } } end) >= 0.14)
      sandbox.faults { fault = "slow", ms = 150 }
      assert.is_true(seconds(function() assert.equal(1, #call("GET", ATTENDEES).json.attendees) end) >= 0.14)
      sandbox.settings { latency_ms = 100 }
      assert.is_true(seconds(function() add { { id = "a" } } end) >= 0.09)
    end)

    it("wait for the calls they match", function()
      sandbox.faults { fault = "answer", code = "systemError", match = { operation = "list_attendees" } }
      assert.equal(200, add({ { id = "a" } }).status)
      assert.equal(500, call("GET", ATTENDEES).status)
      sandbox.faults { fault = "answer", code = "systemError", skip = 2, match = { body = '"special"' } }
      for _, expected in ipairs { 200, 200, 500 } do
        assert.equal(200, add({ { id = "a" } }).status)
        assert.equal(expected, add({ { id = "special" } }).status)
      end
    end)

    it("follow one another", function()
      sandbox.faults { faults = { { fault = "answer", status = 500 }, { fault = "answer", status = 502, next = 2 } } }
      for _, expected in ipairs { 500, 502, 502, 200 } do
        assert.equal(expected, add({ { id = "a" } }).status)
      end
    end)

    it("are the same from the same seed", function()
      local function pattern(seed)
        sandbox.faults { clear = true, seed = seed, rate = 0.5,
          mix = { { fault = "answer", status = 500 }, { fault = "answer", status = 502, weight = 2 } } }
        local seen = {}
        for i = 1, 40 do seen[i] = add({ { id = "a" } }).status end
        return table.concat(seen, " ")
      end
      local first = pattern(7)
      assert.equal(first, pattern(7))
      assert.not_equal(first, pattern(8))
      for _, status in ipairs { "200", "500", "502" } do assert.truthy(first:find(status, 1, true)) end
    end)

    it("are refused when they make no sense, changing nothing", function()
      sandbox.faults { fault = "answer", status = 500 }
      for _, spec in ipairs {
        {}, { fault = "no" }, { fault = "delay" }, { fault = "answer" }, { fault = "close", ms = "1" },
        { fault = "close", afer = true }, { fault = "close", match = { operatoin = "x" } }, { mix = {} },
        { clear = true, faults = { { fault = "close" }, { fault = "no" } } }, { fault = "close", next = 0 },
      } do
        assert.has_error(function() sandbox.faults(spec) end)
      end
      assert.equal(500, add({ { id = "a" } }).status)
      assert.equal(200, add({ { id = "a" } }).status)
    end)
  end)

  describe("limits", function()
    it("allow so many calls a second for an app and a call", function()
      sandbox.settings { qps = 3, qps_retry_after = 1 }
      for _ = 1, 3 do assert.equal(200, add({ { id = "a" } }).status) end
      local answer = add { { id = "a" } }
      assert_refused(403, QPS, answer)
      assert.equal("1", answer.headers["retry-after"])
      assert.equal(200, call("GET", ATTENDEES).status)
      socket.sleep(1.05)
      assert.equal(200, add({ { id = "a" } }).status)
      assert.equal(4, #sandbox.ledger())
    end)

    it("allow so many calls a month", function()
      sandbox.settings { quota = 1 }
      assert.equal(200, add({ { id = "a" } }).status)
      assert_refused(403, "Forbidden.AccessDenied.ApiCountLimitForOrg", add { { id = "a" } })
    end)

    it("ban an address", function()
      sandbox.settings { ban_calls = 2, ban_ms = 2000 }
      for _ = 1, 2 do assert.equal(200, add({ { id = "a" } }).status) end
      assert.equal(1111, add({ { id = "a" } }).json.status)
      socket.sleep(2.1)
      assert.equal(200, add({ { id = "a" } }).status)
    end)
  end)
end)
