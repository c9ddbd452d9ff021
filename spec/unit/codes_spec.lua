local codes = require "dingtalk.codes"

local kinds = {}
for _, row in ipairs(codes.kinds) do kinds[row[1]] = true end

-- Every table in `codes` that says a kind, with a name for messages.
local function each_rule(visit)
  local function walk(value, name)
    if type(value) ~= "table" then return end
    if value.kind then visit(value, name) end
    for key, field in pairs(value) do walk(field, name .. "." .. tostring(key)) end
  end
  walk(codes, "codes")
end

describe("codes", function()
  it("know exactly the documented kinds", function()
    local expected = {}
    for kind in ("argument network tls timeout auth permission not_found invalid conflict throttled quota server "
      .. "protocol cancelled"):gmatch("%S+") do expected[kind] = true end
    assert.same(expected, kinds)
    for _, row in ipairs(codes.kinds) do assert.same({ "string", "string" }, { type(row[2]), type(row[3]) }) end
  end)

  it("name kinds and retries that there are", function()
    each_rule(function(rule, name)
      assert.truthy(kinds[rule.kind], name)
      assert.truthy(rule.retry == nil or codes.retries[rule.retry] ~= nil, name)
    end)
  end)

  it("wait as the contract says", function()
    local transient, throttled = codes.retries.transient, codes.retries.throttled
    assert.same({ 0.25, 2, 20, 0 }, { transient.base, transient.factor, transient.cap, transient.floor })
    assert.same({ 1, 2, 20, 0.5 }, { throttled.base, throttled.factor, throttled.cap, throttled.floor })
    assert.is_true(codes.retries.processing.unlimited)
  end)

  it("never retry what a repetition cannot change", function()
    local final = { permission = true, not_found = true, invalid = true, quota = true, argument = true }
    each_rule(function(rule, name)
      assert.falsy(final[rule.kind] and codes.is_retryable(rule), name)
    end)
  end)
end)
