local cjson = require "cjson"
local api = require "spec.sandbox.specs.api"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

local USER, EVENT, TOKEN, EVENTS, ATTENDEES = api.USER, api.EVENT, api.TOKEN, api.EVENTS, api.ATTENDEES
local call, people, add, remove = api.call, api.people, api.add, api.remove
local assert_refused, ids_in = api.assert_refused, api.ids_in
local attendees_of_example, raw_post = api.attendees_of_example, api.raw_post

describe("the sandbox", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  describe("adding attendees", function()
    it("answers 200 with an empty body and the service's headers", function()
      local answer = add { { id = "iiiP35sJadba8aBSgjrwPRKgiEiF", isOptional = false } }
      assert.equal(200, answer.status)
      assert.equal("", answer.body)
      assert.equal("0", answer.headers["content-length"])
      assert.equal("DingTalk/1.0.0", answer.headers["server"])
      assert.equal("application/json;charset=utf-8", answer.headers["content-type"])
      assert.truthy(answer.headers["x-acs-request-id"]:match("^%x+%-%x+%-%x+%-%x+%-%x+$"))
      assert.equal(32, #answer.headers["x-acs-trace-id"])
      assert.same({ "iiiP35sJadba8aBSgjrwPRKgiEiF" }, attendees_of_example())
    end)

    it("writes each write into the ledger, in order", function()
      add({ { id = "b" }, { id = "a" } }, { client_token = "first" })
      add({ { id = "c" } })
      local writes = sandbox.ledger()
      assert.equal(2, #writes)
      assert.same({ "b", "a" }, writes[1].added)
      assert.equal("first", writes[1].client_token)
      assert.equal(EVENT, writes[1].event)
      assert.is_near(os.time(), writes[1].at, 5)
      assert.equal(cjson.null, writes[2].client_token)
    end)

    it("has an empty list as the ledger of nothing", function()
      assert.equal('{"writes":[]}', sandbox.request("GET", "/_sandbox/ledger").body)
    end)

    it("reads a chunked body", function()
      local answer = raw_post(ATTENDEES, "Transfer-Encoding: chunked",
        '10\r\n{"attendeesToAdd\r\ne\r\n":[{"id":"q"}]\r\n1\r\n}\r\n0\r\n\r\n')
      assert.truthy(answer:find("^HTTP/1.1 200"))
      assert.same({ "q" }, attendees_of_example())
    end)

    it("takes 500 people and no more", function()
      assert.equal(200, add(people(1, 500)).status)
      assert_refused(400, "invalidParameter", add(people(501, 1001)))
      assert.equal(500, #attendees_of_example())
    end)

    it("takes 5,000 people in an event and no more", function()
      for batch = 0, 9 do assert.equal(200, add(people(batch * 500 + 1, batch * 500 + 500)).status) end
      assert.equal(200, add(people(5000, 5000)).status)
      assert_refused(400, "invalidParameter", add(people(5001, 5001)))
      assert.equal(5000, #attendees_of_example())
    end)

    it("refuses bodies of the wrong shape", function()
      assert_refused(400, "Missingbody", call("POST", ATTENDEES))
      for _, body in ipairs {
        "{", "[]", '"x"', "{}", '{"attendeesToAdd":null}', '{"attendeesToAdd":[]}', '{"attendeesToAdd":{"id":"a"}}',
        '{"attendeesToAdd":["a"]}', '{"attendeesToAdd":[{}]}', '{"attendeesToAdd":[{"id":7}]}',
        '{"attendeesToAdd":[{"id":""}]}', '{"attendeesToAdd":[{"id":"a b"}]}', '{"attendeesToAdd":[{"id":"ü"}]}',
        '{"attendeesToAdd":[{"id":"a","isOptional":"no"}]}', '{"attendeesToAdd":[{"id":"a"}],"pushNotification":1}',
      } do
        assert_refused(400, "invalidParameter", call("POST", ATTENDEES, body))
      end
      assert.same({}, sandbox.ledger())
    end)

    it("knows no other event, calendar or user", function()
      local body = { attendeesToAdd = { { id = "a" } } }
      assert_refused(404, "itemNotFound", call("POST", EVENTS .. "/other/attendees", body))
      assert_refused(404, "itemNotFound",
        call("POST", "/v1.0/calendar/users/U/calendars/primary/events/" .. EVENT .. "/attendees", body))
      assert_refused(400, "invalidParameter",
        call("POST", "/v1.0/calendar/users/a%20b/calendars/primary/events/" .. EVENT .. "/attendees", body))
    end)

    it("does with duplicates as the setting says", function()
      add { { id = "a" } }
      assert.equal(200, add({ { id = "a", isOptional = true }, { id = "b" } }).status)
      assert.same({ "a" }, sandbox.ledger()[2].already)
      assert.is_false(sandbox.attendees(USER, "primary", EVENT)[1].isOptional)
      sandbox.settings { duplicates = "update" }
      add { { id = "a", isOptional = true } }
      assert.is_true(sandbox.attendees(USER, "primary", EVENT)[1].isOptional)
      sandbox.settings { duplicates = "error" }
      assert_refused(400, "invalidParameter", add { { id = "c" }, { id = "a" } })
      assert.same({ "a", "b" }, attendees_of_example())
    end)
  end)

  describe("paths", function()
    it("are answered with 200 and an errcode when they lead nowhere", function()
      for _, path in ipairs { "/", "/v1.0", ATTENDEES .. "/", "/" .. ATTENDEES, EVENTS .. "//attendees" } do
        local answer = call("POST", path, "{}")
        assert.equal(200, answer.status)
        assert.equal('{"errcode":404,"errmsg":"请求的URI地址不存在"}', answer.body)
      end
      sandbox.settings { wrong_path = "http_404" }
      assert_refused(404, "InvalidAction.NotFound", call("POST", "/v1.0", "{}"))
    end)

    it("keep %2F and other encoded characters inside a segment", function()
      for _, id in ipairs { "a/b==", "../../x?y#z", "ü %", "a//b", ".." } do
        sandbox.event(USER, "primary", id)
        local encoded = id:gsub("[^%w_]", function(c) return ("%%%02X"):format(c:byte()) end)
        local body = { attendeesToAdd = { { id = "a" } } }
        assert.equal(200, call("POST", EVENTS .. "/" .. encoded .. "/attendees", body).status)
        assert.same({ "a" }, ids_in(sandbox.attendees(USER, "primary", id)))
        assert.equal(id, sandbox.ledger()[#sandbox.ledger()].event)
      end
    end)
  end)

  describe("the token", function()
    it("is required", function()
      assert_refused(400, "AuthenticationFailed.MissingParameter", add({ { id = "a" } }, { token = false }))
    end)

    it("is refused with 400 when unknown or expired", function()
      assert_refused(400, "InvalidAuthentication", add({ { id = "a" } }, { token = "other" }))
      sandbox.tokens { token = "short", seconds = 0.05 }
      assert.equal(200, add({ { id = "a" } }, { token = "short" }).status)
      socket.sleep(0.1)
      assert_refused(400, "InvalidAuthentication", add({ { id = "a" } }, { token = "short" }))
      sandbox.tokens { token = TOKEN, expire = true }
      assert_refused(400, "InvalidAuthentication", add { { id = "a" } })
    end)

    it("needs the scope of the call", function()
      sandbox.tokens { token = "reader", scopes = { "Calendar.Event.Read" } }
      local answer = add({ { id = "a" } }, { token = "reader" })
      assert_refused(403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", answer)
      assert.same({ "Calendar.Event.Write" }, answer.json.accessdenieddetail.requiredScopes)
      assert.equal(200, call("GET", ATTENDEES, nil, { token = "reader" }).status)
    end)
  end)

  describe("an x-client-token", function()
    it("of a write that was done gets the stored answer and does nothing", function()
      for _ = 1, 3 do assert.equal(200, add({ { id = "a" } }, { client_token = "t" }).status) end
      assert.equal(1, #sandbox.ledger())
      remove({ { id = "a" } }, { client_token = "r" })
      assert.equal(200, add({ { id = "a" } }, { client_token = "t" }).status)
      assert.same({}, attendees_of_example())
    end)

    it("is refused with another body, path or method", function()
      add({ { id = "a" } }, { client_token = "t" })
      assert_refused(400, "IdempotentParameterMismatch", add({ { id = "b" } }, { client_token = "t" }))
      sandbox.event(USER, "primary", "other")
      assert_refused(400, "IdempotentParameterMismatch", call("POST", EVENTS .. "/other/attendees",
        { attendeesToAdd = { { id = "a" } } }, { client_token = "t" }))
    end)

    it("of a refused write may be used again", function()
      sandbox.settings { max_attendees_per_event = 1 }
      add { { id = "x" } }
      assert_refused(400, "invalidParameter", add({ { id = "a" } }, { client_token = "t" }))
      sandbox.settings { max_attendees_per_event = 2 }
      assert.equal(200, add({ { id = "a" } }, { client_token = "t" }).status)
    end)

    it("is forgotten after its time, and the oldest when there are too many", function()
      sandbox.settings { idempotency_seconds = 0.05 }
      add({ { id = "a" } }, { client_token = "t" })
      socket.sleep(0.1)
      add({ { id = "a" } }, { client_token = "t" })
      assert.equal(2, #sandbox.ledger())
      sandbox.settings { idempotency_seconds = 60, idempotency_cap = 4 }
      for i = 1, 5 do add({ { id = "a" } }, { client_token = "n" .. i }) end
      assert.equal(7, #sandbox.ledger())
      add({ { id = "a" } }, { client_token = "n5" })
      assert.equal(7, #sandbox.ledger())
      add({ { id = "a" } }, { client_token = "n1" })
      assert.equal(8, #sandbox.ledger())
    end)

    it("gets idempotencyProcessing while the write runs, and then its answer", function()
      sandbox.faults { fault = "processing", ms = 2000 }
      assert.is_nil((add({ { id = "a" } }, { client_token = "t" })))
      assert_refused(400, "idempotencyProcessing", add({ { id = "a" } }, { client_token = "t" }))
      assert_refused(400, "IdempotentParameterMismatch", add({ { id = "b" } }, { client_token = "t" }))
      assert.same({}, attendees_of_example())
      for _ = 1, 600 do
        if #attendees_of_example() > 0 then break end
        socket.sleep(0.1)
      end
      assert.same({ "a" }, attendees_of_example())
      assert.equal(200, add({ { id = "a" } }, { client_token = "t" }).status)
      assert.equal(1, #sandbox.ledger())
    end)
  end)
end)
