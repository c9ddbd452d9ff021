local cjson = require "cjson"
local api = require "spec.sandbox.specs.api"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

local USER, EVENT, TOKEN, EVENTS, ATTENDEES = api.USER, api.EVENT, api.TOKEN, api.EVENTS, api.ATTENDEES
local call, people, add, remove = api.call, api.people, api.add, api.remove
local assert_refused, ids_in, attendees_of_example = api.assert_refused, api.ids_in, api.attendees_of_example

describe("the sandbox:", function()
  before_each(sandbox.reset)
  teardown(sandbox.reset)

  describe("reading back", function()
    it("turns pages", function()
      add(people(1, 250))
      local seen, token, pages = {}, nil, 0
      repeat
        local page = call("GET", ATTENDEES .. "?maxResults=100" .. (token and "&nextToken=" .. token or "")).json
        for _, entry in ipairs(page.attendees) do seen[#seen + 1] = entry.id end
        token, pages = page.nextToken, pages + 1
        if pages == 1 then remove { { id = "p3" }, { id = "p150" } } end
      until not token
      assert.equal(3, pages)
      assert.equal(249, #seen)
      assert.equal("p250", seen[249])
      for _, query in ipairs { "maxResults=0", "maxResults=501", "maxResults=x", "nextToken=x" } do
        assert_refused(400, "invalidParameter", call("GET", ATTENDEES .. "?" .. query))
      end
    end)

    it("ends the pages in each way the service may", function()
      assert.equal('{"attendees":[]}', call("GET", ATTENDEES).body)
      sandbox.settings { last_page_token = "null" }
      assert.equal(cjson.null, call("GET", ATTENDEES).json.nextToken)
      sandbox.settings { last_page_token = "empty" }
      assert.equal("", call("GET", ATTENDEES).json.nextToken)
    end)

    it("removes in the limits of adding", function()
      add(people(1, 3))
      assert.equal(200, remove({ { id = "p2" }, { id = "nobody" } }).status)
      assert.same({ "p1", "p3" }, attendees_of_example())
      assert.same({ "p2" }, sandbox.ledger()[2].removed)
      assert_refused(400, "invalidParameter", remove(people(1, 501)))
    end)

    it("keeps order and numbers over many rounds", function()
      for round = 1, 6 do
        add(people(1, 400))
        remove(people(1, 400))
        assert.equal(200, add({ { id = "r" .. round } }).status)
      end
      assert.same({ "r1", "r2", "r3", "r4", "r5", "r6" }, attendees_of_example())
    end)
  end)

  describe("events", function()
    local start = { dateTime = "2030-02-01T10:00:00+08:00", timeZone = "Asia/Shanghai" }
    local stop = { dateTime = "2030-02-01T11:00:00+08:00", timeZone = "Asia/Shanghai" }

    it("are created, read, changed and deleted", function()
      local made = call("POST", EVENTS,
        { summary = "s", start = start, ["end"] = stop, attendees = people(1, 2) }).json
      local path = EVENTS .. "/" .. made.id
      assert.same({ "p1", "p2" }, ids_in(call("GET", path).json.attendees))
      assert.equal(1, #call("GET", path .. "?maxAttendees=1").json.attendees)
      local changed = call("PUT", path,
        { id = made.id, summary = "new", attendees = { { id = "p2" }, { id = "p9" } } }).json
      assert.equal("new", changed.summary)
      assert.same({ "p2", "p9" }, ids_in(changed.attendees))
      local deleted = call("DELETE", path)
      assert.equal(200, deleted.status)
      assert.equal("", deleted.body)
      assert_refused(404, "itemNotFound", call("GET", path))
      assert_refused(400, "invalidParameter", call("POST", EVENTS, { start = start, ["end"] = stop }))
      assert_refused(400, "invalidParameter", call("POST", EVENTS, { summary = "s", ["end"] = stop }))
      assert_refused(400, "invalidParameter", call("POST", EVENTS, { summary = "s", start = start }))
    end)

    it("are not changed without their id in the body", function()
      for _, body in ipairs { { summary = "new" }, { summary = "new", id = "other" } } do
        local answer = call("PUT", EVENTS .. "/" .. EVENT, body)
        assert_refused(400, "invalidParameter", answer)
        assert.equal("Event id summary cannot be blank", answer.json.message)
      end
      assert.same({}, sandbox.ledger())
    end)

    it("keep what they were given", function()
      local made = call("POST", EVENTS, { summary = "s", start = start, ["end"] = stop, freeBusyStatus = "free",
        categories = { { categoryId = "c", displayName = "C" } },
        reminders = { { method = "dingtalk", minutes = 5 } } })
      assert.same({ "free", "C", "5" },
        { made.json.freeBusyStatus, made.json.categories[1].displayName, made.json.reminders[1].minutes })
    end)

    it("are refused with staff ids in the place of unionIds", function()
      for _, id in ipairs { "zhangsan", "manager", "staff7" } do
        assert_refused(400, "invalidParameter", add { { id = id } })
        local path = "/v1.0/calendar/users/" .. id .. "/calendars/primary/events"
        assert_refused(400, "invalidParameter", call("GET", path))
      end
      assert.equal(200, add({ { id = "iiiP35sJadba8aBSgjrwPRKgiEiF" } }).status)    end)

    it("are created once for a client token", function()
      local body = cjson.encode { summary = "s", start = start, ["end"] = stop }
      local first = call("POST", EVENTS, body, { client_token = "t" }).json.id
      assert.equal(first, call("POST", EVENTS, body, { client_token = "t" }).json.id)
    end)

    it("are listed by time, by page and by change", function()
      for day = 1, 5 do
        call("POST", EVENTS, { summary = "day " .. day, start = { dateTime = ("2030-03-0%dT10:00:00Z"):format(day) },
          ["end"] = { dateTime = ("2030-03-0%dT11:00:00Z"):format(day) } })
      end
      local function list(query) return call("GET", EVENTS .. "?" .. query).json end
      assert.equal(2, #list("timeMin=2030-03-02T00%3A00%3A00Z&timeMax=2030-03-04T00%3A00%3A00Z").events)
      local page = list("maxResults=4")
      assert.equal(4, #page.events)
      assert.is_nil(page.syncToken)
      page = list("maxResults=4&nextToken=" .. page.nextToken)
      assert.equal(2, #page.events)
      assert.is_nil(page.nextToken)
      local last = page.events[2]
      call("DELETE", EVENTS .. "/" .. last.id)
      local changes = list("syncToken=" .. page.syncToken).events
      assert.equal(1, #changes)
      assert.equal("cancelled", changes[1].status)
      assert.equal(5, #list("").events)
      assert.equal(6, #list("showDeleted=true").events)
      assert.is_nil(list("timeMax=2031-01-01T00%3A00%3A00Z").syncToken)
      -- The start counts, not whether they still go on.
      assert.equal(2, #list("timeMin=2030-03-02T10%3A30%3A00Z").events)
      assert_refused(400, "invalidParameter", call("GET", EVENTS .. "?maxResults=101"))
      assert_refused(400, "invalidParameter", call("GET", EVENTS .. "?maxAttendees=101"))
      local too_long = "?timeMin=2030-01-01T00:00:00Z&timeMax=2031-02-01T00:00:00Z"
      assert_refused(400, "invalidParameter", call("GET", EVENTS .. too_long))
    end)

    it("are answered by their attendees", function()
      add { { id = "guest" } }
      local path = "/v1.0/calendar/users/%s/calendars/primary/events/" .. EVENT .. "/respond"
      local answer = call("POST", path:format("guest"), { responseStatus = "accepted" })
      assert.equal(200, answer.status)
      assert.equal("accepted", sandbox.attendees(USER, "primary", EVENT)[1].responseStatus)
      assert_refused(400, "notInEvent", call("POST", path:format("other"), { responseStatus = "accepted" }))
      assert_refused(400, "invalidParameter", call("POST", path:format("guest"), { responseStatus = "maybe" }))
    end)
  end)

  describe("token calls", function()
    local function oauth(path, body) return call("POST", "/v1.0/oauth2/" .. path, body, { token = false }) end
    local function works(token) return add({ { id = "a" } }, { token = token }).status == 200 end

    it("give an internal app the same token while it is valid", function()
      local body = { appKey = "dingsandboxapp", appSecret = "sandbox-app-secret" }
      local first = oauth("accessToken", body).json
      assert.equal(7200, first.expireIn)
      assert.is_true(works(first.accessToken))
      assert.equal(first.accessToken, oauth("accessToken", body).json.accessToken)
      sandbox.tokens { expire = "all" }
      assert.is_false(works(first.accessToken))
      assert.not_equal(first.accessToken, oauth("accessToken", body).json.accessToken)
      body.appSecret = "x"
      assert_refused(400, "invalidClientIdOrSecret", oauth("accessToken", body))
      assert.equal(4, sandbox.counters().operations.access_token.calls)
    end)

    it("let tokens end after the validity of the settings", function()
      sandbox.settings { token_seconds = 0.1 }
      local token = oauth("accessToken", { appKey = "dingsandboxapp", appSecret = "sandbox-app-secret" }).json
      assert.is_true(works(token.accessToken))
      socket.sleep(0.15)
      assert.is_false(works(token.accessToken))
    end)

    it("give an enterprise app a new token each time", function()
      local function ask(changes)
        local body = { suiteKey = "suitesandbox", suiteSecret = "sandbox-suite-secret", authCorpId = "dingcorpsandbox",
          suiteTicket = "sandbox-suite-ticket" }
        for name, value in pairs(changes or {}) do body[name] = value end
        return oauth("corpAccessToken", body)
      end
      local first, second = ask().json.accessToken, ask().json.accessToken
      assert.not_equal(first, second)
      assert.is_true(works(first) and works(second))
      assert_refused(400, "invalidSuiteKey", ask { suiteSecret = "x" })
      assert_refused(400, "invalidSuiteTicket", ask { suiteTicket = "x" })
      assert_refused(400, "invalidAuthInfo", ask { authCorpId = "x" })
    end)

    it("give a token for an organisation in snake case", function()
      local body = { client_id = "dingsandboxapp", client_secret = "sandbox-app-secret",
        grant_type = "client_credentials" }
      local answer = oauth("dingcorpsandbox/token", body).json
      assert.equal(7200, answer.expires_in)
      assert.is_true(works(answer.access_token))
      assert_refused(500, "unknownError", oauth("othercorp/token", body))
      body.client_secret = "x"
      assert_refused(400, "invalidClientIdOrSecret", oauth("dingcorpsandbox/token", body))
    end)

    it("give a user token for a code, once, and then for refresh tokens", function()
      local function ask(changes)
        local body = { clientId = "dingsandboxuser", clientSecret = "sandbox-user-secret" }
        for name, value in pairs(changes) do body[name] = value end
        return oauth("userAccessToken", body)
      end
      local by_code = { grantType = "authorization_code", code = "sandbox-code" }
      local first = ask(by_code).json
      assert.equal("dingcorpsandbox", first.corpId)
      assert.is_true(works(first.accessToken))
      assert_refused(400, "invalidParameter.authCode.notFound", ask(by_code))
      local by_refresh = { grantType = "refresh_token", refreshToken = first.refreshToken }
      local second = ask(by_refresh).json
      assert.equal(first.accessToken, second.accessToken)
      assert.not_equal(first.refreshToken, second.refreshToken)
      assert_refused(400, "invalidParameter", ask(by_refresh))
      sandbox.credentials { kind = "code", key = "next", union_id = "someone" }
      local other = ask({ grantType = "authorization_code", code = "next" }).json.accessToken
      assert.equal("someone", call("GET", "/v1.0/contact/users/me", nil, { token = other }).json.unionId)
      assert.equal(403, call("GET", "/v1.0/contact/users/me").status)
      assert_refused(400, "invalidParameter", ask { grantType = "password" })
    end)
  end)

  describe("the older API", function()
    local function old(name, body, token)
      return call("POST", "/topapi/v2/user/" .. name .. "?access_token=" .. (token or TOKEN), body, { token = false })
    end

    it("finds people by staff id and by mobile number", function()
      local answer = old("get", { userid = "zhangsan", language = "zh_CN" })
      assert.equal(200, answer.status)
      assert.equal(0, answer.json.errcode)
      assert.equal("iiiP35sJadba8aBSgjrwPRKgiEiF", answer.json.result.unionid)
      assert.equal("zhangsan", old("getbymobile", { mobile = "13800000002" }).json.result.userid)
      assert.equal("staff77", old("getbymobile", { mobile = "13900000077" }).json.result.userid)
      assert.equal("iiStaff77SgjrwPRKgiEiE", old("get", { userid = "staff77" }).json.result.unionid)
      sandbox.users { users = { { userid = "u", unionid = "union-u", mobile = "1" } } }
      assert.equal("union-u", old("get", { userid = "u" }).json.result.unionid)
    end)

    it("always answers 200", function()
      local refused = old("get", { userid = "zhangsan" }, "bad")
      assert.equal(200, refused.status)
      assert.equal(88, refused.json.errcode)
      assert.equal("40014", refused.json.sub_code)
      assert.equal(60121, old("get", { userid = "nobody" }).json.errcode)
      assert.equal(60121, old("get", { userid = "staff10001" }).json.errcode)
      sandbox.settings { unknown_user_errcode = 33012, errcode_as_string = true }
      assert.equal("33012", old("getbymobile", { mobile = "5" }).json.errcode)
      assert.equal("0", old("get", { userid = "lisi" }).json.errcode)
    end)
  end)
end)
