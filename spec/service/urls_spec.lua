-- What goes over the wire of a URL given to the core.
local core = require "dingtalk.core"
local sandbox = require "spec.support.sandbox"

before_each(sandbox.reset)
teardown(sandbox.reset)

-- Escapes say the same in either case; libcurl 8.21 and later write them in the upper.
local function canonical(uri)
  return (uri:gsub("%%%x%x", string.upper))
end

describe("core.engine", function()
  -- libcurl gets the origin parsed and the rest as it is to be sent, where that is the same.
  it("asks for each URL as libcurl would write it, whatever the handle asked for before", function()
    local info = sandbox.start()
    local engine = assert(core.engine { connect_timeout_ms = 5000, max_connections = 1, user_agent = "x", proxy = "",
      ca_file = info.ca_file, allow_http = true })
    local expected = {}
    local function ask(url, uri)
      local attempt = {}
      if not engine:start(attempt, "GET", url, nil, nil, nil, nil, 5, true) then
        repeat local ended = engine:step() until ended
      end
      local failure, status = attempt.failure, attempt.status
      if not uri then
        assert.same({ url, "bad_url", 0 }, { url, failure, status })
      else
        assert.same({ url, nil }, { url, failure })
        expected[#expected + 1] = canonical(uri)
      end
    end
    local secure, plain = info.base_url, info.http_url
    for _, origin in ipairs { secure, plain, secure, secure:upper(), plain } do
      for _, row in ipairs {
        { "/a/b", "/a/b" }, { "/a/b", "/a/b" }, { "/a/c?d=%2f&e=?/../", "/a/c?d=%2f&e=?/../" },
        { "/a/%2E%2e/b~'\"<", "/a/%2E%2e/b~'\"<" }, { "/a/x/../b", "/a/x/../b" }, { "//a//b", "//a//b" },
        { "/a#b", "/a" }, { "/a\195\188", "/a%c3%bc" }, { "/a b", false }, { "/a/b", "/a/b" }, { "/a\1b", false },
        { "?a=b", "/?a=b" }, { "", "/" },
      } do ask(origin .. row[1], row[2]) end
      ask(origin:gsub("//", "//user:secret@", 1) .. "/a", false)
    end
    engine:close()
    local seen = {}
    for i, request in ipairs(sandbox.requests()) do seen[i] = canonical(request.uri) end
    assert.same(expected, seen)
  end)
end)
