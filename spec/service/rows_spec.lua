-- A new operation is a row of the table: its method, iterator, refusals, types and reference entry follow.
local example = require "spec.support.example"
local operations = require "dingtalk.operations"
local sandbox = require "spec.support.sandbox"

local USER, TOKEN = example.USER, example.TOKEN

local row = {
  name = "list_kites", each = "each_kite", vendor = "listKites", group = "Kites", doc = "The kites of a user.",
  method = "GET", path = "/v1.0/calendar/users/{user}/kites/{colour}", scope = "Calendar.Kite.Read",
  query = { { "maxResults", "integer", 1, 50, doc = "kites of one page; 50" },
    { "nextToken", "string", check = "query" },
    { "wind", "string", required = true, one_of = { weak = true, strong = true }, doc = "how strong the wind blows" } },
  fixed = { maxResults = 50 }, items = "kites",
  answer = { "object", fields = { kites = { "list", of = { "object", class = "Kite", fields = {
    id = { "text" }, tail = { "integer", 0, 9, doc = "metres" } } } } } },
}
local write = {
  name = "fly_kite", vendor = "flyKite", group = "Kites", doc = "Lets a kite fly.", client_token = false, write = true,
  method = "POST", path = "/v1.0/calendar/users/{user}/kites",
  body = { argument = "details", row = { "object", class = "KiteDetails", fields = {
    string = { "object", required = true, fields = { metres = { "integer", 1, 100, required = true } } } } } },
}

-- The client's modules once more, with the rows in their table.
local calendar, client, kept

setup(function()
  operations.define(row)
  operations.define(write)
  kept = {}
  for _, name in ipairs { "dingtalk.calendar", "dingtalk.client" } do
    kept[name], package.loaded[name] = package.loaded[name], nil
  end
  calendar = require "dingtalk.calendar"
  local service = sandbox.start()
  client = assert(calendar.new { base_url = service.base_url, ca_file = service.ca_file, loop = "blocking" })
end)
before_each(sandbox.reset)
teardown(function()
  client:close()
  for name, module in pairs(kept) do package.loaded[name] = module end
  for _, added in ipairs { row, write } do
    for i, one in ipairs(operations.rows) do
      if one == added then table.remove(operations.rows, i) end
    end
    require("dingtalk.operation_names")[added.name] = nil
  end
  sandbox.reset()
end)

local function answer(body) sandbox.faults { fault = "answer", status = 200, body = body } end

describe("a row that is added to the table of operations", function()
  it("is a method of a client and a function of the module", function()
    for _, name in ipairs { "list_kites", "each_kite", "fly_kite" } do
      assert.same({ "function", "function" }, { type(client[name]), type(calendar[name]) })
    end
  end)

  it("sends what it says, and gives what the answer holds", function()
    answer '{"kites":[{"id":"k1","tail":3}],"nextToken":"n"}'
    answer '{"kites":[{"id":"k2"}]}'
    local result = assert(client:list_kites(TOKEN, USER, "light blue", { wind = "weak" }))
    assert.same({ "k1", "k2", 2, 2 }, { result.kites[1].id, result.kites[2].id, result.pages, result.attempts })
    local sent = sandbox.requests()
    assert.equal("/v1.0/calendar/users/" .. USER .. "/kites/light%20blue?maxResults=50&nextToken=n&wind=weak",
      sent[#sent].uri)
  end)

  it("is an iterator", function()
    answer '{"kites":[{"id":"k1"}],"nextToken":"n"}'
    answer '{"kites":[{"id":"k2"}]}'
    local found = {}
    for kite, err in client:each_kite(TOKEN, USER, "red", { wind = "strong" }) do
      found[#found + 1] = assert(kite, err).id
    end
    assert.same({ "k1", "k2" }, found)
  end)

  it("refuses what its schema does not have", function()
    for _, case in ipairs {
      { "opts.wind", nil, client:list_kites(TOKEN, USER, "red") },
      { "opts.wind", nil, client:list_kites(TOKEN, USER, "red", { wind = "none" }) },
      { "opts.wnid", 'did you mean "wind"?', client:list_kites(TOKEN, USER, "red", { wnid = "weak" }) },
      { "opts.maxResults", nil, client:list_kites(TOKEN, USER, "red", { wind = "weak", maxResults = 51 }) },
      { "colour", nil, client:list_kites(TOKEN, USER, nil, { wind = "weak" }) },
      { "details.string.metres", nil, client:fly_kite(TOKEN, USER, { string = { metres = 101 } }) },
      { "details.string.metre", 'did you mean "metres"?', client:fly_kite(TOKEN, USER, { string = { metre = 1 } }) },
      { "details.string", nil, client:fly_kite(TOKEN, USER, {}) },
    } do
      local err = case[4]
      assert.same({ "argument", case[1], case[2] }, { err.kind, err.argument, err.hint })
    end
    assert.equal(0, sandbox.counters().calls)
  end)

  it("is a write that is sent once, where the service knows no x-client-token", function()
    sandbox.faults { fault = "close" }
    local _, err = client:fly_kite(TOKEN, USER, { string = { metres = 5 } })
    assert.same({ "unknown", 1 }, { err.outcome, err.attempts })
    assert.equal('{"string":{"metres":5}}', sandbox.requests()[1].body)
  end)

  -- tools/docs is a program of its own, run by Lua 5.4.
  if _VERSION == "Lua 5.4" then
    it("has types and an entry in the reference", function()
      local world = require("tools.reference.world").new()
      local text = require("tools.reference.page").text(world)
      for _, expected in ipairs {
        "### Kites", "#### client:list_kites(token, user, colour, opts)",
        "#### client:each_kite(token, user, colour, opts)",
        "The kites of a user. Needs the permission `Calendar.Kite.Read`. On no page of the vendor's",
        "### dingtalk.Kite",
        "| `tail` | `integer?` | metres", '| `wind` | `("strong"\\|"weak")` | how strong the wind blows |',
        "kites of one page; 50 (1 to 50)", "#### client:fly_kite(token, user, details, opts)",
      } do
        assert.truthy(text:find(expected, 1, true), expected)
      end
      -- The file does not know them yet, and the check says so.
      local found
      require("tools.reference.checks").types(world, function(finding) found = finding end)
      assert.truthy(found:find("run tools/docs write", 1, true))
      local field = "---@field list_kites fun(token: dingtalk.Token, user: string, colour: string,"
      assert.truthy(world.rows_text:find(field, 1, true))
    end)
  end
end)
