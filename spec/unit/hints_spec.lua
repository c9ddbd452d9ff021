-- Common mistakes are answered with what is meant. Nothing is sent.
local calendar = require "dingtalk.calendar"
local contact = require "dingtalk.contact"

describe("a common mistake gets a hint:", function()
  local client

  before_each(function() client = assert(calendar.new { loop = "blocking" }) end)
  after_each(function() client:close() end)

  local start = { dateTime = "2030-01-15T10:00:00+08:00" }
  local cases = {
    { "title", "details.title", 'did you mean "summary"?', function()
      return client:create_event("t", "u", nil, { title = "x", start = start, ["end"] = start })
    end },
    { "region", "config.region", "https://api.dingtalk.com", function() return calendar.new { region = "cn" } end },
    { "max_retries of a client", "config.max_retries", 'did you mean "max_attempts"? It counts', function()
      return calendar.new { max_retries = 2 }
    end },
    { "maxRetries of a call", "opts.maxRetries", 'did you mean "max_attempts"?', function()
      return client:add_attendees("t", "u", nil, "e", { "a" }, { maxRetries = 2 })
    end },
    { "unionId in the list", "list[1].unionId", 'did you mean "id"? It takes a unionId.', function()
      return client:add_attendees("t", "u", nil, "e", { { unionId = "a" } })
    end },
    { "unionid in the list", "list[2].unionid", 'did you mean "id"?', function()
      return client:add_attendees("t", "u", nil, "e", { "a", { unionid = "a" } })
    end },
    { "a whole look-up as the list", "list", "found.unionids is the list", function()
      return client:add_attendees("t", "u", nil, "e", { unionids = { "a" }, failed = {} })
    end },
    { "no calendar before the event", "event", "cal is the third argument", function()
      return client:add_attendees("t", "u", "e", { "a" })
    end },
    { "a client as the options", "opts", "methods of a client", function()
      return client:add_attendees("t", "u", nil, "e", { "a" }, client)
    end },
    { "calendar:add_attendees", "token", "called with a dot", function()
      return calendar:add_attendees("t", "u", nil, "e", { "a" })
    end },
    { "calendar:new", "config", "called with a dot", function() return calendar:new {} end },
    { "one person for unionids", "list", "contact.unionid(token, person)", function()
      return contact.unionids("t", { userid = "zhangsan" }, { client = client })
    end },
  }

  for _, case in ipairs(cases) do
    it(case[1], function()
      local result, err = case[4]()
      assert.is_nil(result)
      assert.same({ "argument", case[2], "not_sent" }, { err.kind, err.argument, err.outcome })
      assert.truthy((err.hint or ""):find(case[3], 1, true), tostring(err))
    end)
  end
end)
