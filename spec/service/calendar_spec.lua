local calendar = require "dingtalk.calendar"
local errors = require "dingtalk.errors"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

before_each(sandbox.reset)
teardown(sandbox.reset)

describe("calendar.new", function()
  it("refuses a bad configuration", function()
    for _, row in ipairs {
      { { base_url = "http://127.0.0.1" }, "config.base_url" }, { { timout = 5 }, "config.timout" },
      { { loop = "none" }, "config.loop" }, { "https://127.0.0.1", "config" },
    } do
      local client, err = calendar.new(row[1])
      assert.is_nil(client)
      assert.same({ "argument", row[2] }, { err.kind, err.argument })
    end
  end)

  it("does no I/O", function()
    local client = assert(calendar.new { base_url = "https://no-such-host.invalid", ca_file = "/no/such/file" })
    client:close()
    assert.equal(0, sandbox.counters().calls)
  end)

  it("copies what it was given", function()
    local service = sandbox.start()
    local config = { base_url = service.base_url, ca_file = service.ca_file }
    local client = assert(calendar.new(config))
    config.base_url, config.ca_file = "https://no-such-host.invalid", "/no/such/file"
    assert(example.add(client, { "a" }))
    client:close()
  end)
end)

describe("calendar.is_error", function()
  it("knows errors of this module", function()
    local _, err = calendar.new { timeout = 0 }
    assert.is_true(calendar.is_error(err))
    for _, value in ipairs { "x", 1, true, {}, print } do assert.is_false(calendar.is_error(value)) end
    assert.is_false(calendar.is_error(nil))
  end)
end)

describe("calendar.add_attendees", function()
  it("is made by a client of its own", function()
    -- This would call the real service: only what is refused before can be asked for.
    local result, err = calendar.add_attendees("secret-token-1", example.USER, nil, "../..", { "a" })
    assert.is_nil(result)
    assert.same({ "argument", "event", "dot_segment" }, { err.kind, err.argument, err.code })
    assert.equal("list", select(2, calendar.add_attendees("secret-token-1", "u", nil, "e", {})).argument)
  end)

  it("lets a script stop at an error", function()
    if not example.asserts_tables then return pending("assert of plain Lua 5.1 and 5.2 takes no table") end
    local client = example.client()
    local ok, err = pcall(function()
      return _G.assert(client:add_attendees(example.TOKEN, example.USER, nil, "no-such-event", { "a" }))
    end)
    client:close()
    assert.is_false(ok)
    assert.is_true(calendar.is_error(err))
    assert.same({ "not_found", "itemNotFound", "rejected", 404 }, { err.kind, err.code, err.outcome, err.status })
    assert.equal(tostring(err), "" .. err)
  end)

  it("of a client wants a colon", function()
    local client = example.client()
    for _, self in ipairs { example.TOKEN, {}, 7 } do
      local result, err = client.add_attendees(self, example.USER, nil, example.EVENT, { "a" })
      assert.is_nil(result)
      assert.same({ "self", "not_a_client" }, { err.argument, err.code })
    end
    assert.equal("not_a_client", select(2, client.add_attendees()).code)
    client:close()
  end)

  it("gives nothing but nil and an error, whatever it is given", function()
    local client = example.client()
    local thread = coroutine.create(function() end)
    local odd = { false, true, 0, 0 / 0, "", "\0", "a", {}, { {} }, print, thread, io.stdout, client }
    for i = 1, #odd do
      for position = 1, 6 do
        local args = { example.TOKEN, example.USER, "primary", "no-such-event", { "a" }, nil }
        args[position] = odd[i]
        local result, err = client:add_attendees(args[1], args[2], args[3], args[4], args[5], args[6])
        assert.is_nil(result)
        assert.is_true(errors.is_error(err), ("%s at %d"):format(tostring(odd[i]), position))
        assert.is_nil(tostring(err):find("[%c]"))
      end
    end
    client:close()
  end)

  it("tells what the service itself refuses", function()
    local client = example.client()
    sandbox.tokens { token = "secret-token-reader", scopes = { "Calendar.Event.Read" } }
    local function refusal(token, user, list)
      local _, err = client:add_attendees(token, user, nil, example.EVENT, list)
      return { err.kind, err.code, err.outcome }
    end
    assert.same({ "auth", "InvalidAuthentication", "rejected" }, refusal("secret-token-other", example.USER, { "a" }))
    assert.same({ "permission", "Forbidden.AccessDenied.AccessTokenPermissionDenied", "rejected" },
      refusal("secret-token-reader", example.USER, { "a" }))
    assert.same({ "not_found", "itemNotFound", "rejected" }, refusal(example.TOKEN, "someone", { "a" }))
    assert.same({ "invalid", "invalidParameter", "rejected" }, refusal(example.TOKEN, example.USER, { "中" }))
    client:close()
  end)
end)

describe("the module", function()
  it("can be loaded a second time while the first is in use", function()
    local kept = {}
    for name in pairs(package.loaded) do
      if name:find("^dingtalk%.") then kept[name], package.loaded[name] = package.loaded[name], nil end
    end
    local again = require "dingtalk.calendar"
    for name in pairs(package.loaded) do
      if name:find("^dingtalk%.") then package.loaded[name] = kept[name] end
    end
    assert.are_not.equal(calendar, again)
    local service = sandbox.start()
    local client = assert(again.new { base_url = service.base_url, ca_file = service.ca_file })
    assert.equal(1, assert(example.add(client, { "a" })).added)
    client:close()
  end)
end)
