local core = require "dingtalk.core"
local limits = require "dingtalk.limits"

describe("limits", function()
  it("are those of the service", function()
    assert.same({ 500, 5000 }, { limits.batch_attendees, limits.max_attendees })
  end)

  it("have the documented defaults", function()
    local defaults = limits.defaults
    assert.equal("https://api.dingtalk.io", defaults.base_url)
    assert.same({ 30, 10, 10, 3, 1 }, { defaults.timeout, defaults.connect_timeout, defaults.attempt_timeout,
      defaults.max_attempts, defaults.concurrency })
  end)

  it("of the C core stand there alone", function()
    for name, value in pairs(core.limits) do assert.equal(value, limits[name]) end
  end)

  it("hold for their own defaults", function()
    local defaults = limits.defaults
    for name, limit in pairs { timeout = "max_timeout", max_attempts = "max_attempts", concurrency = "max_concurrency",
      connect_timeout = "max_timeout", max_connections = "max_connections" } do
      assert.is_true(defaults[name] >= 0.001 and defaults[name] <= limits[limit], name)
    end
  end)
end)
