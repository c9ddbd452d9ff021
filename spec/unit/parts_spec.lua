-- Parts of the module that are loaded at their first use.
local parts = require "dingtalk.parts"

local NAME = "dingtalk.part_of_the_spec"

after_each(function() package.loaded[NAME], package.preload[NAME] = nil, nil end)

describe("a part", function()
  it("is loaded", function()
    local part = {}
    package.preload[NAME] = function() return part end
    assert.equal(part, (parts.load(NAME)))
  end)

  it("that cannot be read is an error of a call that was not sent", function()
    local part, err = parts.load(NAME)
    assert.is_nil(part)
    assert.same({ "network", "part_unavailable", "not_sent", true }, { err.kind, err.code, err.outcome, err.retryable })
    assert.is_nil(err.message:find("\n", 1, true))
    assert.truthy(err.hint:find(('require "%s"'):format(NAME), 1, true))
  end)

  it("whose load is interrupted raises what interrupted it", function()
    for _, what in ipairs { "not enough memory", "interrupted!" } do
      package.preload[NAME] = function() error(what, 0) end
      local ok, message = pcall(parts.load, NAME)
      assert.is_false(ok)
      assert.truthy(tostring(message):find(what, 1, true))
      package.loaded[NAME] = nil
    end
  end)
end)
