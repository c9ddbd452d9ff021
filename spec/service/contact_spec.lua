local contact = require "dingtalk.contact"
local concurrently = require "spec.support.concurrently"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"
local sources = require "spec.support.sources"

local TOKEN, USER = example.TOKEN, example.USER
local ZHANGSAN, LISI = "iiiP35sJadba8aBSgjrwPRKgiEiF", "iiLisi0k2vQyV8aBSgjrwPRKgiEiE"

local client = example.client_of_specs { random = function() return 0 end }

local function unionid(person, with, token)
  return contact.unionid(token or TOKEN, person, sources.merged({ client = client }, with))
end

local function unionids(list, with, token)
  return contact.unionids(token or TOKEN, list, sources.merged({ client = client }, with))
end

local function answer(body, operation)
  sandbox.faults { fault = "answer", status = 200, body = body, match = operation and { operation = operation } }
end

describe("the unionId", function()
  it("of a staff id", function()
    assert.equal(ZHANGSAN, unionid { userid = "zhangsan" })
    assert.equal(ZHANGSAN, unionid "zhangsan")
    local sent = sandbox.requests()[1]
    assert.same({ "POST", "/topapi/v2/user/get?access_token=" .. TOKEN }, { sent.method, sent.uri })
    assert.is_nil(example.lower_names(sent.headers)["x-acs-dingtalk-access-token"])
  end)

  it("of a mobile number", function()
    assert.equal(LISI, unionid { mobile = "13800000003" })
  end)

  it("of oneself", function()
    assert.equal(USER, unionid("me", nil, sources.new "user"))
    local me = assert(contact.me(sources.new("user", { code = false, refresh_token = "sandbox-refresh-token" }),
      { client = client }))
    assert.same({ USER, "Manager", "13800000001" }, { me.unionId, me.nick, me.mobile })
  end)

  it("of oneself comes without what the service leaves null", function()
    answer('{"unionId":"u","email":null,"nick":"n"}', "me")
    assert.same({ unionId = "u", nick = "n" }, contact.me(TOKEN, { client = client }))
  end)

  it("of a member of staff who is called me", function()
    sandbox.users { userid = "me", unionid = "iiMe" }
    assert.equal("iiMe", unionid { userid = "me" })
  end)

  it("is read whether errcode is a number or a text", function()
    sandbox.settings { errcode_as_string = true }
    assert.equal(ZHANGSAN, unionid "zhangsan")
    assert.equal("not_found", select(2, unionid "nobody").kind)
  end)

  it("needs a token in the query that is percent-encoded", function()
    local odd = "tok&en=+%?#/x"
    sandbox.tokens { token = odd }
    assert.equal(ZHANGSAN, unionid("zhangsan", nil, odd))
  end)
end)

describe("a lookup that fails", function()
  it("says that there is nobody of that id", function()
    for _, errcode in ipairs { 60121, 33012 } do
      sandbox.settings { unknown_user_errcode = errcode }
      for _, person in ipairs { { userid = "nobody" }, { mobile = "13700000000" } } do
        local found, err = unionid(person)
        assert.is_nil(found)
        assert.same({ "not_found", tostring(errcode), "rejected" }, { err.kind, err.code, err.outcome })
      end
    end
  end)

  it("gets a new token once", function()
    local source = sources.new "internal_app"
    assert.equal(ZHANGSAN, unionid("zhangsan", nil, source))
    sandbox.tokens { expire = "all" }
    assert.equal(ZHANGSAN, unionid("zhangsan", nil, source))
    assert.equal(2, sources.requests "internal_app")
    local found, err = unionid("zhangsan", nil, "expired-token")
    assert.is_nil(found)
    assert.same({ "auth", "40014" }, { err.kind, err.code })
  end)

  it("is judged by the older API's codes", function()
    for body, expected in pairs {
      ['{"errcode":88,"sub_code":"60011","sub_msg":"no"}'] = { "permission", "60011" },
      ['{"errcode":60020,"errmsg":"ip"}'] = { "permission", "60020" },
      ['{"errcode":50002,"errmsg":"scope"}'] = { "permission", "50002" },
      ['{"errcode":88,"errmsg":"auth"}'] = { "permission", "88" },
      ['{"errcode":"88","errmsg":"ding talk error[subcode=60020,submsg=ip]"}'] = { "permission", "60020" },
      ['{"errcode":88,"errmsg":"ding talk error[subcode=60011,submsg=no]"}'] = { "permission", "60011" },
      ['{"errcode":88,"errmsg":"ding talk error[subcode=40014,submsg=token]"}'] = { "auth", "40014" },
      ['{"errcode":88,"errmsg":"invalid access_token"}'] = { "auth", "40014" },
      ['{"errcode":88,"sub_code":"60020","sub_msg":"ip"}'] = { "permission", "60020" },
      ['{"errcode":88,"sub_code":"99999","sub_msg":"new"}'] = { "permission", "99999" },
      ['{"errcode":90006,"errmsg":"often"}'] = { "throttled", "90006" },
      ['{"errcode":"40035","errmsg":"bad"}'] = { "protocol", "40035" },
      ['{"errcode":0,"errmsg":"ok"}'] = { "protocol", "unexpected_answer" },
      ['{"errcode":0,"result":"x"}'] = { "protocol", "unexpected_answer" },
      ['{"errcode":0,"result":{"unionid":""}}'] = { "not_found", "no_unionid" },
      ["[]"] = { "protocol", "unexpected_json" },
      ["oh"] = { "protocol", "not_json" },
    } do
      answer(body)
      local found, err = unionid("zhangsan", { timeout = 5 })
      assert.is_nil(found)
      assert.same(expected, { err.kind, err.code })
    end
    answer ""
    assert.equal("unexpected_answer", select(2, unionid "zhangsan").code)
  end)

  it("is tried again when it was throttled", function()
    for _, body in ipairs { '{"errcode":90018,"errmsg":"often"}', '{"errcode":-1,"errmsg":"busy"}' } do
      answer(body)
      assert.equal(ZHANGSAN, unionid "zhangsan")
    end
  end)

  it("never shows the token", function()
    local odd, said = "secret&token+0123456789", {}
    local telling = example.client {
      random = function() return 0 end, on_attempt = function(info) said[#said + 1] = tostring(info.message) end,
    }
    for _, text in ipairs { odd, "secret%26token%2B0123456789" } do
      for _, fault in ipairs {
        { status = 200, body = { errcode = 7, errmsg = "not with " .. text } },
        { status = 414, body = "<html>/topapi/v2/user/get?access_token=" .. text .. "</html>" },
        { status = 302, body = "", headers = { location = "https://other/?access_token=" .. text } },
      } do
        fault.fault = "answer"
        sandbox.faults(fault)
        said[#said + 1] = tostring(select(2, contact.unionid(odd, "zhangsan", { client = telling })))
      end
    end
    telling:close()
    local unreachable = example.client { base_url = "https://127.0.0.1:1", max_attempts = 1 }
    said[#said + 1] = tostring(select(2, contact.unionid(odd, "zhangsan", { client = unreachable })))
    unreachable:close()
    assert.is_nil(table.concat(said, " "):find("0123456789", 1, true))
  end)

  it("of oneself says which permission is missing, and survives odd answers", function()
    local found, err = unionid "me"
    assert.is_nil(found)
    assert.same({ "permission", { "Contact.User.Read" } }, { err.kind, err.required_scopes })
    answer "{}"
    assert.equal("unexpected_answer", select(2, unionid "me").code)
  end)
end)

describe("many unionIds", function()
  it("come in the order of the list", function()
    local list, expected = {}, {}
    for i = 1, 50 do
      list[i] = i % 2 == 0 and "staff" .. i or { mobile = ("139%08d"):format(i) }
      expected[i] = ("iiStaff%dSgjrwPRKgiEiE"):format(i)
    end
    local found = assert(unionids(list, { concurrency = 20 }))
    assert.same(expected, found.unionids)
    assert.same({}, found.failed)
    assert.equal(expected[7], found[7].unionid)
  end)

  it("come with an error for each who was not found", function()
    local found = assert(unionids { "zhangsan", "nobody", { userid = "lisi" }, { mobile = "13700000000" } })
    assert.same({ ZHANGSAN, LISI }, found.unionids)
    assert.same({ 2, 4 }, found.failed)
    assert.equal("not_found", found[2].error.kind)
    assert.equal(found[2].error, found.error)
  end)

  it("are looked up so many at a time", function()
    sandbox.settings { latency_ms = 20 }
    assert(unionids({ "staff1", "staff2", "staff3", "staff4", "staff5", "staff6", "staff7" },
      { concurrency = 3, rate = false }))
    assert.equal(3, sandbox.counters().max_in_flight)
  end)

  it("are not asked for one by one with a token that is refused", function()
    local list = {}
    for i = 1, 100 do list[i] = "staff" .. i end
    local found = assert(unionids(list, nil, "expired-token"))
    assert.equal(100, #found.failed)
    for i = 1, 100 do assert.equal("auth", found[i].error.kind) end
    assert.is_true(sandbox.counters().calls <= 5)
  end)

  it("are not asked for where the first answers say that nobody may", function()
    local list = {}
    for i = 1, 20 do list[i] = "staff" .. i end
    for _, body in ipairs {
      '{"errcode":60020,"errmsg":"ip"}', '{"errcode":50002,"errmsg":"scope"}', '{"errcode":88,"errmsg":"auth"}',
      '{"errcode":88,"errmsg":"ding talk error[subcode=60020,submsg=ip]"}',
    } do
      sandbox.reset()
      sandbox.faults { fault = "answer", status = 200, body = body, rate = 1 }
      local found = assert(unionids(list))
      assert.is_true(sandbox.counters().calls <= 5)
      local asked, spared = found[1].error, found[20].error
      assert.same({ "permission", "rejected", 1 }, { asked.kind, asked.outcome, asked.attempts })
      assert.same({ "permission", "not_sent", 0 }, { spared.kind, spared.outcome, spared.attempts })
      assert.is_nil(spared.request_id)
      assert.truthy(spared.hint)
    end
  end)

  it("wait where the service throttles, which is no fault", function()
    sandbox.settings { qps = 20 }
    local own = example.client { retry_budget = 3 }
    local list = {}
    for i = 1, 60 do list[i] = "staff" .. i end
    for _, rate in ipairs { false, 40 } do
      local found = assert(contact.unionids(TOKEN, list, { client = own, concurrency = 20, rate = rate }))
      assert.same({}, found.failed)
    end
    own:close()
  end)

  it("do not mind what a hook does to the options", function()
    local opts = {}
    local own = example.client { on_attempt = function() opts.timeout, opts.client, opts.max_attempts = "x", 7, {} end }
    opts.client = own
    local found = assert(contact.unionids(TOKEN, { "zhangsan", "lisi" }, opts))
    assert.same({}, found.failed)
    opts.client, opts.timeout, opts.max_attempts = own, nil, nil
    assert.equal(LISI, contact.unionid(TOKEN, { mobile = "13800000003" }, opts))
    own:close()
  end)

  for _, host in ipairs(concurrently.hosts) do
    it("come under " .. host, function()
      if concurrently.missing[host] then return pending(concurrently.missing[host]) end
      local own, found = example.client { loop = host }, nil
      concurrently[host](own, 1, function()
        found = contact.unionids(TOKEN, { "zhangsan", "lisi" }, { client = own })
      end)
      own:close()
      assert.same({ ZHANGSAN, LISI }, found.unionids)
    end)
  end
end)

describe("the arguments of contact", function()
  local function refusal(argument, person, with, token)
    local found, err = unionid(person, with, token)
    assert.is_nil(found)
    assert.same({ "argument", argument }, { err.kind, err.argument })
    return err
  end

  it("are checked before anything is sent", function()
    for _, person in ipairs { 7, false, {}, { userid = "a", mobile = "1" } } do refusal("person", person) end
    refusal("person.userid", { userid = 7 })
    refusal("person.userid", "")
    refusal("person.mobile", { mobile = "1\n" })
    refusal("person.userid", "\255")
    assert.equal('did you mean "userid"?', refusal("person", { userId = "a" }).hint)
    refusal("opts.concurency", "a", { concurency = 2 })
    refusal("opts.client", "a", { client = {} })
    refusal("token", "a", nil, 7)
    assert.equal("list[2].userid", select(2, unionids { "a", "" }).argument)
    assert.equal("list", select(2, unionids {}).argument)
    local raising = setmetatable({}, { __len = function() error "mine" end, __index = function() error "mine" end })
    assert.equal("list", select(2, unionids(raising)).argument)
    assert.equal("list", select(2, unionids "a").argument)
    -- Nobody is passed over in silence.
    for _, list in ipairs { { [1] = "a", [3] = "b" }, { "a", [2.5] = "b" }, { "a", x = "b" } } do
      assert.equal("not_a_list", select(2, unionids(list)).code)
    end
    local closed = example.client()
    closed:close()
    refusal("self", "a", { client = closed })
    assert.equal(0, sandbox.counters().calls)
  end)
end)

describe("the address of the older API", function()
  it("belongs to the region, unless it is given", function()
    for base_url, older in pairs {
      ["https://api.dingtalk.io"] = "https://oapi.dingtalk.io",
      ["https://api.dingtalk.com/"] = "https://oapi.dingtalk.com",
      ["https://127.0.0.1:8443"] = "https://127.0.0.1:8443",
    } do
      local one = example.client { base_url = base_url }
      assert.equal(older, contact.oapi_base_url(one))
      one:close()
    end
    local given = example.client { oapi_base_url = "https://older.example/" }
    assert.equal("https://older.example", contact.oapi_base_url(given))
    given:close()
  end)
end)
