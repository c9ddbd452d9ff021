local cjson = require "cjson"
local json = require "dingtalk.json"

describe("json.decode", function()
  it("gives the value, or nil", function()
    assert.same({ a = { 1, "x", true } }, json.decode('{"a":[1,"x",true]}'))
    assert.equal("中", json.decode('"\\u4e2d"'))
    assert.equal(json.null, json.decode("null"))
    for _, text in ipairs { "", " ", "{", "}", '{"a"}', "nan", "inf", "-Infinity", "0x10", "[1] 2", "undefined" } do
      assert.is_nil(json.decode(text), text)
    end
  end)

  it("goes 32 levels deep", function()
    assert.is_table(json.decode(("["):rep(32) .. ("]"):rep(32)))
    assert.is_nil(json.decode(("["):rep(33) .. ("]"):rep(33)))
    assert.is_nil(json.decode(("["):rep(100000)))
  end)

  it("has settings of its own", function()
    cjson.decode_max_depth(2)
    local ok, value = pcall(json.decode, "[[[1]]]")
    cjson.decode_max_depth(1000)
    assert.is_true(ok)
    assert.same({ { { 1 } } }, value)
    assert.is_table(cjson.decode(("["):rep(40) .. ("]"):rep(40)))
  end)
end)

describe("an empty array", function()
  it("stays one, and an empty object an object", function()
    for _, text in ipairs { "[]", "{}", '{"a":[],"b":{}}', "[[],{},[[]]]", '{"a":"[]","b":[]}', '{"a":"\\"[]","b":[]}',
      '["empty",[],"empty-5"]', '[["empty"],[]]', '{"[]":[]}' } do
      assert.equal(text, json.encode(json.decode(text)))
      assert.equal(text, json.encode(json.plain(json.decode(text))))
    end
    assert.equal('{"a":[],"b":[]}', json.encode(json.decode '{"a":[ \n\t\r],"b":[ ]}'))
    assert.equal("[]", json.encode(json.plain(json.decode "[null]")))
  end)

  it("hides nothing of a text that is no JSON", function()
    for _, text in ipairs { "[", "[]]", "[] []", '{"a":[]', '"[]', '{"a":[\v]}', '["\\' } do
      assert.is_nil(json.decode(text), text)
    end
  end)

  it("can be said", function()
    assert.equal('{"a":[],"b":[],"c":{}}', json.encode { a = json.empty_array, b = json.array {}, c = {} })
    if cjson.empty_array then assert.equal("[]", json.encode(cjson.empty_array)) end
  end)
end)

describe("json.digits", function()
  it("are those of a whole number below 2^53", function()
    assert.same({ "0", "-7", "9007199254740991", "100000000000000" },
      { json.digits(0), json.digits(-7), json.digits(2 ^ 53 - 1), json.digits(1e14) })
    for _, value in ipairs { 2 ^ 53, -2 ^ 53, 0.5, 1e300, 1 / 0, 0 / 0 } do assert.is_nil(json.digits(value)) end
  end)
end)

describe("json.encode", function()
  it("gives the text, or nil and why not", function()
    assert.equal('{"a":"x"}', json.encode { a = "x" })
    for _, value in ipairs { print, { print }, { [{}] = 1 }, 0 / 0 } do
      local text, message = json.encode(value)
      assert.is_nil(text)
      assert.is_string(message)
    end
  end)
end)

describe("json.is_object", function()
  it("tells objects from the rest", function()
    for _, text in ipairs { "{}", " \n{}", "{" } do assert.is_true(json.is_object(text)) end
    for _, text in ipairs { "", "[]", "[{}]", '"{"', "null", "1" } do assert.is_false(json.is_object(text)) end
  end)
end)
