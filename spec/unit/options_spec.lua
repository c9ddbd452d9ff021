local errors = require "dingtalk.errors"
local options = require "dingtalk.options"

local function nop() end
local callable = setmetatable({}, { __call = nop })

-- Configurations that are refused: the option, its value, the code, what the hint says.
local NAN = 0 / 0
local refused = {
  { "base_url", 7, "wrong_type" },
  { "base_url", "", "bad_value" },
  { "base_url", "api.dingtalk.io", "bad_value" },
  { "base_url", "https://", "bad_value" },
  { "base_url", "https:///path", "bad_value" },
  { "base_url", "ftp://127.0.0.1", "bad_value" },
  { "base_url", "file:///etc/passwd", "bad_value" },
  { "base_url", "http://127.0.0.1", "bad_value" },
  { "base_url", "HTTP://127.0.0.1", "bad_value" },
  { "base_url", "https://user:secret-token-1@127.0.0.1", "bad_value" },
  { "base_url", "https://user@127.0.0.1", "bad_value" },
  { "base_url", "https://127.0.0.1?a=b", "bad_value" },
  { "base_url", "https://127.0.0.1/#a", "bad_value" },
  { "base_url", "https://127.0.0.1/..", "bad_value" },
  { "base_url", "https://127.0.0.1/.", "bad_value" },
  { "base_url", "https://127.0.0.1/a/../b", "bad_value" },
  { "base_url", "https://127.0.0.1/./b", "bad_value" },
  { "base_url", "https://127.0.0.1\r\nX: y", "bad_value" },
  { "base_url", "https://127.0.0.1\0", "bad_value" },
  { "base_url", "https://127.0.0.1 ", "bad_value" },
  { "base_url", "https://höst", "bad_value" },
  { "base_url", "https://::1", "bad_value" },
  { "base_url", "https://[::1", "bad_value" },
  { "base_url", "https://[::1]x", "bad_value" },
  { "base_url", "https://[::1]:", "bad_value" },
  { "base_url", "https://[fe80::1%eth0]", "bad_value" }, -- a zone is written %25eth0
  { "base_url", "https://[fe80::1%25]", "bad_value" },
  { "base_url", "https://[%25eth0]", "bad_value" },
  { "base_url", "https://[fe80::1%25e/th0]", "bad_value" },
  { "base_url", "https://user:secret-token-1@[::1]", "bad_value" },
  { "base_url", "https://127.0.0.1/" .. ("x"):rep(5000), "bad_value" },
  { "ca_file", "", "bad_value" },
  { "ca_file", "a\0b", "bad_value" },
  { "ca_file", true, "wrong_type" },
  { "ca_path", "", "bad_value" },
  { "proxy", "a b", "bad_value" },
  { "proxy", "a\nb", "bad_value" },
  { "proxy", false, "wrong_type" },
  { "proxy", "ftp://user:secret-token-1@127.0.0.1", "bad_value" },
  { "proxy", "://127.0.0.1", "bad_value" },
  { "user_agent", "", "bad_value" },
  { "user_agent", "a\r\nX: y", "bad_value" },
  { "user_agent", "ü", "bad_value" },
  { "user_agent", ("x"):rep(257), "bad_value" },
  { "allow_http", "yes", "wrong_type" },
  { "loop", 7, "wrong_type" },
  { "on_attempt", "print", "wrong_type" },
  { "on_attempt", {}, "wrong_type" },
  { "clock", 7, "wrong_type" },
  { "random", 0.5, "wrong_type" },
  { "sleep", true, "wrong_type" },
  { "retry_budget", -1, "bad_value" },
  { "client_cert", "", "bad_value" },
  { "client_key", "key.pem", "bad_value" }, -- without client_cert
  { "interface", "", "bad_value" },
  { "interface", "eth 0", "bad_value" },
  { "interface", ("x"):rep(256), "bad_value" },
  { "ip_version", 5, "bad_value" },
  { "ip_version", "6", "wrong_type" },
  { "rate_limiter", 20, "wrong_type" },
  { "rate_limiter", {}, "bad_value" },
  { "headers", "X: y", "wrong_type" },
  { "headers", { "X: y" }, "bad_value" },
  { "headers", { ["X Y"] = "z" }, "bad_value" },
  { "headers", { [""] = "z" }, "bad_value" },
  { "headers", { X = 7 }, "bad_value" },
  { "headers", { X = "a\r\nY: z" }, "bad_value" },
  { "headers", { X = "\0" }, "bad_value" },
  { "headers", { X = ("x"):rep(8192) }, "bad_value" },
  { "headers", { Host = "x" }, "bad_value" },
  { "headers", { ["X-Acs-Dingtalk-Access-Token"] = "x" }, "bad_value" },
  { "headers", { ["X-CLIENT-TOKEN"] = "x" }, "bad_value" },
  { "headers", { ["Content-Encoding"] = "gzip" }, "bad_value" },
  { "headers", { ["Transfer-Encoding"] = "chunked" }, "bad_value" },
  { "headers", { ["Proxy-Authorization"] = "x" }, "bad_value" },
  { "headers", { ["user-agent"] = "x" }, "bad_value" },
  { "baseurl", "x", "unknown_option", 'did you mean "base_url"?' },
  { "CAFile", "x", "unknown_option", 'did you mean "ca_file"?' },
  { "max_attempt", 3, "unknown_option", 'did you mean "max_attempts"?' },
  { "verify", false, "unknown_option" },
  { 1, "x", "unknown_option" },
}
for _, name in ipairs { "timeout", "connect_timeout", "attempt_timeout", "max_attempts", "max_connections",
  "retry_budget" } do
  for _, value in ipairs { -1, NAN, math.huge, -math.huge, 1e300 } do
    refused[#refused + 1] = { name, value, "bad_value" }
  end
  refused[#refused + 1] = { name, "5", "wrong_type" }
end
for _, name in ipairs { "timeout", "connect_timeout", "attempt_timeout", "max_attempts", "max_connections" } do
  refused[#refused + 1] = { name, 0, "bad_value" }
end
for _, name in ipairs { "max_attempts", "max_connections" } do
  refused[#refused + 1] = { name, 1.5, "bad_value" }
end

local taken = {
  {}, { base_url = "https://api.dingtalk.com" }, { base_url = "https://127.0.0.1/" },
  { base_url = "HTTPS://127.0.0.1" },
  { base_url = "https://127.0.0.1:8443/gateway/v2/" }, { base_url = "https://[::1]:443" },
  { base_url = "https://[fe80::fc:ff:fe00:1%25eth0.1]:443/gateway" }, { base_url = "https://[fe80::1%252]" },
  { base_url = "https://127.0.0.1/a..b/...c" }, { base_url = "http://127.0.0.1", allow_http = true },
  { proxy = "" }, { proxy = "HTTP://user:password@127.0.0.1:3128" }, { proxy = "127.0.0.1:3128" },
  { proxy = "socks5h://127.0.0.1" }, { user_agent = ("x"):rep(256) },
  { client_cert = "c.pem", client_key = "k.pem" }, { interface = "host!192.0.2.1" }, { ip_version = 6 },
  { headers = {} }, { headers = nop }, { headers = callable },
  { headers = { ["X-Org"] = "a\tb, c", traceparent = "" } },
  { rate_limiter = require("dingtalk.rate_limiter").new() },
  { timeout = 0.001 }, { timeout = 86400 }, { max_attempts = 1 }, { max_attempts = 100 }, { retry_budget = 0 },
  { loop = "blocking" }, { loop = {} }, { on_attempt = callable }, { clock = nop, random = nop, sleep = nop },
}

describe("options.check", function()
  for _, row in ipairs(refused) do
    local name, value = tostring(row[1]), (tostring(row[2]):gsub("%c", " "):sub(1, 30))
    it(("refuses %s = %s"):format(name, (value:gsub("secret%S*", "…"))), function()
      local err = options.check({ [row[1]] = row[2] }, options.config, "config")
      assert.is_true(errors.is_error(err))
      assert.same({ "argument", "config." .. name, row[3] }, { err.kind, err.argument, err.code })
      assert.equal(row[4], err.hint)
      assert.is_nil(tostring(err):find("%c"))
      assert.is_nil(tostring(err):find("secret-token-", 1, true))
    end)
  end

  it("looks at what a table has of its metatable, too", function()
    local function inheriting(from) return setmetatable({ max_attempts = 2 }, { __index = from }) end
    for _, name in ipairs { "timeout", "base_url" } do
      local err = options.check(inheriting { [name] = "http://127.0.0.1" }, options.config, "config")
      assert.equal("config." .. name, err.argument)
    end
    local err = options.check(inheriting(function() error "mine" end), options.config, "config")
    assert.same({ "argument", "wrong_type" }, { err.kind, err.code })
    assert.is_nil(options.check(inheriting { timeout = 5 }, options.config, "config"))
  end)

  it("takes what is right", function()
    for i, config in ipairs(taken) do assert.is_nil(options.check(config, options.config, "config"), i) end
    assert.is_nil(options.check(nil, options.config, "config"))
  end)

  it("wants a table", function()
    for _, value in ipairs { "x", 7, true, nop } do
      local err = options.check(value, options.config, "config")
      assert.same({ "config", "wrong_type" }, { err.argument, err.code })
    end
  end)
end)

describe("options.did_you_mean", function()
  local known = { isOptional = true, id = true, client_token = true, timeout = true }
  local rows = {
    { "isoptional", "isOptional" }, { "is_optional", "isOptional" }, { "is-optional", "isOptional" },
    { "IsOptional", "isOptional" }, { "optional", "isOptional" }, { "ID", "id" }, { "ids", "id" },
    { "clientToken", "client_token" }, { "client_tokne", "client_token" }, { "time_out", "timeout" },
    { "xyzxyz" }, { ("x"):rep(41) }, { 7 }, { {} },
  }
  it("finds the nearest name, if it is near", function()
    for _, row in ipairs(rows) do
      assert.equal(row[2] and ('did you mean "%s"?'):format(row[2]), options.did_you_mean(row[1], known))
    end
  end)
end)

describe("options.check_token", function()
  it("takes texts and token sources", function()
    local source = { get = nop, invalidate = nop }
    for _, token in ipairs { "x", ("x"):rep(4096), "!~", source, setmetatable({}, { __index = source }) } do
      assert.is_nil(options.check_token(token))
    end
  end)
end)
