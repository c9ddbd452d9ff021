local collector = require "spec.support.collector"
local core = require "dingtalk.core"
local processes = require "spec.support.processes"
local socket = require "socket"

describe("core.url", function()
  local function url(segment) return core.url("https://h", "/a/", segment, "/b") end

  it("encodes the segments and nothing else", function()
    assert.equal("https://h/a/x%2Fy%20%E4%B8%AD/b", url "x/y 中")
    assert.equal("https://h/a/x/b/y%23/c", core.url("https://h", "/a/", "x", "/b/", "y#", "/c"))
    assert.equal("https://h", core.url("https://h"))
    assert.equal("https://h/%?#", core.url("https://h", "/%?#"))
    assert.equal("https://h/a/" .. ("%25"):rep(1024) .. "/b", url(("%"):rep(1024)))
  end)

  it("says which segment is wrong, and how", function()
    for segment, fault in pairs { [""] = "empty", ["\0"] = "control_byte", ["\255"] = "not_utf8",
      [".."] = "dot_segment", [("x"):rep(1025)] = "too_long" } do
      assert.same({ nil, 2, fault }, { core.url("https://h", "/a/", "x", "/b/", segment) })
    end
  end)
end)

describe("core.attendees", function()
  it("divides the list", function()
    local list = {}
    for i = 1, 1001 do list[i] = "p" .. i end
    local body = core.attendees(list)
    assert.equal(3, body:batches())
    assert.same({ 501, 1000, 500 }, { body:batch(2) })
    assert.same({ 1001, 1001, 1 }, { body:batch(3) })
    assert.equal('{"attendeesToAdd":[{"id":"p1001"}]}', body:body(3))
  end)

  it("writes the body of a removal", function()
    local body = core.attendees({ "a", { id = "b" } }, nil, nil, true)
    assert.equal('{"attendeesToRemove":[{"id":"a"},{"id":"b"}]}', body:body(1))
    assert.same({ nil, "unknown_field", 1, "isOptional" },
      { core.attendees({ { id = "a", isOptional = true } }, nil, nil, true) })
  end)

  it("has a digest that changes with the text and the bodies", function()
    local seen = {}
    for _, args in ipairs { { "x", "a" }, { "y", "a" }, { "x", "b" }, { "", "a" } } do
      local digest = core.attendees({ args[2] }):digest(args[1])
      assert.truthy(digest:find("^%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x$"))
      assert.is_nil(seen[digest])
      seen[digest] = true
    end
    assert.equal(core.attendees({ "a" }):digest("x"), core.attendees({ { id = "a" }, "a" }):digest("x"))
    assert.are_not.equal(core.attendees({ "a" }, true):digest("x"), core.attendees({ "a" }, false):digest("x"))
  end)

  -- Emptied places of a table's hash part were once taken for free ones of its array part.
  it("sees what stands in a table that has lost fields and entries", function()
    for fields = 2, 8 do
      local list = {}
      for i = 1, 16 do list[i] = "p" .. i end
      for i = 1, fields do list["field" .. i] = true end
      for i = 2, fields do list["field" .. i] = nil end
      list[17], list[19] = "p17", "p19"
      list[17] = nil
      local body, code = core.attendees(list)
      assert.is_nil(body)
      assert.equal("not_a_list", code)
      list.field1 = nil
      assert.same({ nil, "hole", 17 }, { core.attendees(list) })
    end
  end)

  -- Lua 5.2 and later intern strings of up to 40 bytes, the others all; two that are not are alike
  -- in nothing but their bytes.
  it("knows a repeated id of any length, however it came to be", function()
    for _, length in ipairs { 1, 7, 8, 15, 16, 17, 24, 39, 40, 41, 42, 63, 64, 65, 128, 1024 } do
      local function id(last) return ("x"):rep(length - 1) .. last end
      local body = core.attendees { id "a", id "b", { id = id "a" }, id "b", { id = id "c" }, id "a" }
      assert.same({ 1, 6, 3 }, { body:batch(1) })
      local expected = ('{"attendeesToAdd":[{"id":"%s"},{"id":"%s"},{"id":"%s"}]}'):format(id "a", id "b", id "c")
      assert.equal(expected, body:body(1))
      assert.same({ nil, "conflicting_duplicate", 3, nil, 1 },
        { core.attendees { id "a", id "b", { id = id "a", isOptional = true } } })
      assert.same({ nil, "conflicting_duplicate", 4, nil, 2 },
        { core.attendees { id "b", { id = id "a", isOptional = true }, { id = id "b", isOptional = false }, id "a" } })
    end
  end)

  it("tells ids of all lengths from each other", function()
    local list = {}
    for length = 1, 130 do list[length] = ("x"):rep(length) end
    for length = 1, 130 do list[130 + length] = ("x"):rep(length - 1) .. "y" end
    assert.same({ 1, 260, 260 }, { core.attendees(list):batch(1) })
  end)

  it("reads tables of any shape and names the field that is wrong", function()
    local is_id = '{"attendeesToAdd":[{"id":"an id of more than 16 bytes"%s}]}'
    for _, row in ipairs { { true, ',"isOptional":true' }, { false, ',"isOptional":false' }, { nil, "" } } do
      local body = core.attendees { { isOptional = row[1], id = "an id of more than 16 bytes" } }
      assert.equal(is_id:format(row[2] or ""), body:body(1))
    end
    for count = 1, 40 do
      for _, wrong in ipairs {
        { {}, "missing_id" }, { { isOptional = true }, "missing_id" }, { { id = 1 }, "wrong_type", "id", "number" },
        { { id = "a", isOptional = 1 }, "wrong_type", "isOptional", "number" }, { { id = "" }, "empty" },
        { { id = "a", [1] = "b" }, "unknown_field", 1 }, { { id = "a", [1.5] = "b" }, "unknown_field", 1.5 },
        { { id = "a", ID = "b" }, "unknown_field", "ID" }, { { id = "a", [true] = 1 }, "unknown_field", true },
        { 7, "wrong_type", nil, "number" }, { true, "wrong_type", nil, "boolean" },
      } do
        local list = {}
        for i = 1, count do list[i] = { id = "p" .. i } end
        list[count] = wrong[1]
        assert.same({ nil, wrong[2], count, wrong[3], wrong[4] }, { core.attendees(list) })
      end
    end
  end)

  -- At 16 begins another walk of the list, which a full array part ends.
  it("finds what is no position around the lengths where an array part is full", function()
    for _, count in ipairs { 1, 2, 15, 16, 17, 31, 32, 33, 64, 500, 512 } do
      local list = {}
      for i = 1, count do list[i] = "p" .. i end
      assert.equal(count <= 500 and 1 or 2, core.attendees(list):batches())
      list.n = count
      assert.same({ nil, "not_a_list", nil, "n" }, { core.attendees(list) })
    end
  end)

  -- LuaJIT's array part has a place for 0, and a walk from the last position does not come by.
  it("refuses a list that begins at 0, whatever its length", function()
    for _, count in ipairs { 1, 14, 15, 16, 17, 20, 31, 32, 33, 100, 500 } do
      for first = 0, 1 do
        local list = {}
        for i = first, count do list[i] = "p" .. i end
        list[0] = "p0"
        assert.same({ nil, "not_a_list", nil, 0 }, { core.attendees(list) })
      end
    end
  end)

  -- Emptied where the array part would end, a key of the other part was taken for a place of that.
  it("sees what stands beside a list that was sparse", function()
    local list = { [0] = "zero", [32] = "x" }
    for i = 1, 20 do list[i] = "p" .. i end
    list[32] = nil
    assert.same({ nil, "not_a_list", nil, 0 }, { core.attendees(list) })
    list = { [31] = "lost", [32] = "x" }
    for i = 1, 20 do list[i] = "p" .. i end
    list[32] = nil
    assert.same({ nil, "hole", 21 }, { core.attendees(list) })
  end)

  local function at_collection(f)
    if newproxy then -- luacheck: ignore
      getmetatable(newproxy(true)).__gc = f -- luacheck: ignore
    else
      setmetatable({}, { __gc = f })
    end
  end

  -- The memory for the list is allocated when its entries have been counted.
  it("bears a finalizer that adds to the list meanwhile", function()
    local inside, added = false, 0
    local function finalizer(list)
      return function()
        if not inside or #list > 3 then return end
        for i = 4, 3000 do list[i] = "p" .. i end
        added = added + 1
      end
    end
    -- The collector at work all the time: some of its finalizers run in there.
    local pause = collector.set("pause", 100)
    finally(function() collector.set("pause", pause) end)
    local round = 0
    while round < 4000 or (added == 0 and round < 20000) do
      round = round + 1
      local list = { "p1", "p2", "p3" }
      for _ = 1, round % 50 do at_collection(finalizer(list)) end
      inside = true
      local body, code = core.attendees(list)
      inside = false
      assert.equal(#list > 3 and "hole" or 1, code)
      assert.equal(#list == 3, body ~= nil)
    end
    if added == 0 then pending "this collector ran no finalizer in there" end
  end)

  it("sends nothing for a list that a finalizer has emptied meanwhile", function()
    local inside, emptied = false, 0
    local pause = collector.set("pause", 100)
    finally(function() collector.set("pause", pause) end)
    local round = 0
    while emptied < 3 and round < 4000 do
      round = round + 1
      local list = { "p1" }
      for _ = 1, round % 50 do
        at_collection(function()
          if not inside or not list[1] then return end
          list[1] = nil
          for i = 1, 3000 do list["p" .. i] = i end -- keeps the collector at work
          for i = 1, 3000 do list["p" .. i] = nil end
        end)
      end
      inside = true
      local body, code = core.attendees(list)
      inside = false
      if not list[1] then emptied = emptied + 1 end
      assert.equal(not list[1] and "no_attendees" or 1, code)
      assert.equal(list[1] ~= nil, body ~= nil)
    end
    if emptied == 0 then pending "this collector ran no finalizer in there" end
  end)

  it("raises only where a program is wrong", function()
    local body = core.attendees { "a" }
    assert.same({ nil, "wrong_type", nil, nil, "string" }, { core.attendees("a") })
    for _, wrong in ipairs {
      function() body:body(0) end, function() body:body(2) end, function() body:batch(-1) end,
      function() body.body({}, 1) end, function() body.digest("x") end,
    } do assert.has_error(wrong) end
  end)
end)

describe("the checks of texts", function()
  it("name what is wrong", function()
    assert.is_nil(core.check_id("中 a"))
    assert.equal("control_byte", core.check_id("\n"))
    assert.is_nil(core.check_visible("a", 1))
    assert.equal("too_long", core.check_visible("ab", 1))
    assert.equal("not_visible_ascii", core.check_visible("ü", 9))
  end)
end)

describe("clock and randomness", function()
  it("come from the system", function()
    local before = core.now()
    assert.is_true(core.now() >= before)
    assert.are_not.equal(core.uuid(), core.uuid())
    for _ = 1, 100 do
      local number = core.random()
      assert.is_true(number >= 0 and number < 1)
    end
  end)
end)

describe("a method of the core", function()
  it("refuses every other value, also one with its metatable", function()
    local body = core.attendees { "a" }
    local metatable = getmetatable(body)
    -- A table is given to the finalizer that its metatable has when it is set.
    local finalizer = metatable.__gc
    metatable.__gc = nil
    local table_of_its_own = setmetatable({}, metatable)
    metatable.__gc = finalizer
    for _, method in ipairs { metatable.__index.batches, metatable.__index.free, finalizer } do
      assert.error_matches(method, "dingtalk.attendees expected")
      for _, value in ipairs { table_of_its_own, {}, 1, "x", false, io.stdout, print } do
        assert.error_matches(function() method(value) end, "dingtalk.attendees expected")
      end
    end
    assert.equal(1, body:batches())
  end)
end)

describe("core.engine", function()
  local function new(changes)
    local config = { connect_timeout_ms = 100, max_connections = 1, user_agent = "x", proxy = "", allow_http = true }
    for name, value in pairs(changes or {}) do config[name] = value end
    return assert(core.engine(config))
  end

  -- Nobody listens there. A slow machine may know that at once: who does not wait wants one still in flight.
  local function start(engine, wait)
    local attempt, answered
    repeat
      attempt = {}
      answered = engine:start(attempt, "POST", "http://127.0.0.1:1/", "t", "c", core.attendees { "a" }, 1, 5, wait)
    until wait or not answered
    return attempt, answered
  end

  it("gives the attempt back with the answer in it", function()
    local engine = new()
    local attempt, answered = start(engine)
    assert.is_false(answered)
    collectgarbage()
    collectgarbage()
    assert.equal(1, engine:in_flight())
    assert.same({ attempt }, engine:attempts())
    local ended
    repeat ended = engine:step(1) until ended
    assert.equal(attempt, ended)
    assert.same({ "connect_failed", 0, false, nil }, { ended.failure, ended.status, ended.sent, ended.body })
    assert.equal(0, engine:in_flight())
    assert.same({}, engine:attempts())
    assert.falsy((engine:cancel(attempt)))
    engine:close()
  end)

  it("waits for the answer where it may", function()
    local engine = new()
    local attempt, answered = start(engine, true)
    if not answered then assert.equal(attempt, engine:step(1)) end -- a signal came between
    assert.equal("connect_failed", attempt.failure)
    assert.equal(0, engine:in_flight())
    engine:close()
  end)

  it("says whether a byte of a cancelled transfer may have gone out", function()
    local engine = new()
    assert.is_false(engine:cancel((start(engine))))
    assert.equal(0, engine:in_flight())
    assert.is_nil((engine:finished()))
    engine:close()
  end)

  -- Finalizers run in any order: one may step the engine after the body's own has run.
  it("keeps a body that was freed while it is sent", function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local list = {}
    for i = 1, 400 do list[i] = ("x"):rep(1000) .. i end
    local engine, body = new(), core.attendees(list)
    local expected, received, peer = body:body(1), "", nil
    local attempt = {}
    assert.is_false(engine:start(attempt, "POST", ("http://127.0.0.1:%d/"):format(port), "t", "c", body, 1, 5))
    body:free()
    assert.equal(0, body:batches())
    local deadline = core.now() + 5
    server:settimeout(0)
    while #received <= #expected and core.now() < deadline do
      engine:step(0.01)
      peer = peer or server:accept()
      if peer then
        peer:settimeout(0)
        local whole, _, part = peer:receive(65536)
        received = received .. (whole or part)
      end
    end
    assert.is_true(received:sub(-#expected) == expected)
    assert.is_true(engine:cancel(attempt))
    engine:close()
    peer:close()
    server:close()
  end)

  it("offers a server and a proxy TLS 1.2 and 1.3 only", function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local here = ("https://127.0.0.1:%d"):format(port)
    server:settimeout(0)
    for _, proxy in ipairs { "", here } do
      local engine, peer = new { connect_timeout_ms = 5000, proxy = proxy }, nil
      assert.is_false(engine:start({}, "GET", here, nil, nil, nil, nil, 5))
      local deadline = core.now() + 5
      while not peer and core.now() < deadline do
        engine:step(0.01)
        peer = server:accept()
      end
      for _ = 1, 10 do engine:step(0.01) end
      peer:settimeout(0.1)
      local _, _, hello = peer:receive(65536)
      assert.truthy(hello:find("\0\43\0\5\4\3\4\3\3", 1, true)) -- the extension supported_versions
      peer:close()
      engine:close()
    end
    server:close()
  end)

  it("goes by the proxy that the environment names, and not where that says not to", function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    server:settimeout(5)
    local program = [[local core = require "dingtalk.core"
      local engine = assert(core.engine {
        connect_timeout_ms = 5000, max_connections = 1, user_agent = "x", allow_http = true })
      local attempt = {}
      engine:start(attempt, "GET", "%s://127.0.0.1:1/", nil, nil, nil, nil, 5)
      while not engine:step() do end
      io.write(attempt.failure)]]
    local unset = "env"
    for _, name in ipairs {
      "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY" } do
      unset = unset .. " -u " .. name
    end
    local connect = "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" ..
      "User-Agent: x\r\nProxy-Connection: Keep-Alive\r\n\r\n"
    for _, row in ipairs {
      { "https", "https_proxy=%s", connect },
      { "https", "HTTPS_PROXY=%s", connect }, { "https", "ALL_PROXY=%s", connect },
      { "http", "http_proxy=%s", "GET http://127.0.0.1:1/ HTTP" },
      { "http", "all_proxy=%s", "GET http://127.0.0.1:1/ HTTP" },
      { "http", "https_proxy=%s" }, { "https", "https_proxy=%s no_proxy=127.0.0.1" }, { "https", "all_proxy=" },
    } do
      local setting = row[2]:format("http://127.0.0.1:" .. port)
      local child = assert(io.popen(("%s %s %s -e %s"):format(unset, setting, processes.interpreter(),
        processes.quote(program:format(row[1])))))
      if row[3] then
        local peer = assert(server:accept())
        assert.equal(row[3], (peer:receive(#row[3])))
        peer:close()
      else -- nobody listens there
        assert.same({ setting, "connect_failed" }, { setting, child:read("*a") })
      end
      child:close()
    end
    server:close()
  end)

  it("can be closed twice, and does nothing after", function()
    local engine = new()
    start(engine)
    assert.is_true(engine:is_usable())
    engine:close()
    engine:close()
    assert.is_false(engine:is_usable())
    for _, name in ipairs { "step", "finished", "timeout", "pollfd", "in_flight", "alarm" } do
      assert.has_error(function() engine[name](engine) end, "the engine is closed")
    end
  end)

  it("is closed by the collector, transfers and all", function()
    local weak = setmetatable({}, { __mode = "k" })
    do
      local engine = new()
      start(engine)
      weak[engine] = true
    end
    for _ = 1, 3 do collectgarbage() end
    assert.is_nil(next(weak))
  end)

  it("raises only where a program is wrong", function()
    local engine = new()
    for _, wrong in ipairs {
      function() core.engine() end, function() core.engine {} end, function() engine:start({}, "PATCH", "u") end,
      function() engine:start(nil, "POST", "u", nil, nil, nil, nil, 1) end,
      function() engine:start({}, "POST", "u", nil, nil, {}, 1, 1) end,
      function() engine:start({}, "POST", "u", nil, nil, nil, nil, "x") end,
      function() engine:cancel(0) end, function() engine.step({}) end,
    } do assert.has_error(wrong) end
    engine:close()
  end)

  it("wakes for its alarm", function()
    local engine = new()
    assert.is_nil((engine:timeout()))
    engine:alarm(core.now())
    assert.is_nil((engine:step()))
    engine:alarm(core.now() + 100)
    assert.is_true(engine:timeout() > 50)
    engine:alarm()
    assert.is_nil((engine:timeout()))
    engine:close()
  end)
end)

-- Long lists are read and written some entries at a time, by ways of their own where ids are usual.
describe("core.attendees of many", function()
  local ids = {
    usual = "iiStaff%03dSgjrwPRKgiEiE", short = "%03d", eight = "abcd%04d", sixteen = "abcdefgh%08d",
    space = "with a space, and %03d", mark = "with!a!mark!and!%03d", escaped = 'with "quotes" \\ %03d',
    cjk = "员工%03d号钉钉日程", ["33"] = ("x"):rep(30) .. "%03d", ["64"] = ("x"):rep(61) .. "%03d",
    ["65"] = ("x"):rep(62) .. "%03d", ["1024"] = ("x"):rep(1021) .. "%03d",
  }
  local function as_string(id) return id, ('{"id":"%s"}'):format((id:gsub('[\\"]', "\\%0"))) end
  local function as_table(id) return { id = id }, select(2, as_string(id)) end
  local function as_optional(id, i)
    local optional = i % 2 == 0
    return { id = id, isOptional = optional }, (select(2, as_string(id)):gsub("}", ',"isOptional":%0')
      :gsub(":}", (":%s}"):format(tostring(optional))))
  end
  local forms = { as_string, as_table, as_optional }

  local function body_of(parts, from, to)
    return ('{"attendeesToAdd":[%s]}'):format(table.concat(parts, ",", from, to))
  end

  for kind, other in pairs(ids) do
    it("writes an id that is " .. kind .. " wherever it stands", function()
      for _, count in ipairs { 17, 63, 150 } do
        for at = 1, count, 1 + math.floor(count / 60) do
          local list, parts = {}, {}
          for i = 1, count do
            local form = forms[(at + (i == at and 1 or 0)) % 3 + 1]
            list[i], parts[i] = form((i == at and other or ids.usual):format(i), i)
          end
          assert.equal(body_of(parts, 1, count), core.attendees(list):body(1))
        end
      end
    end)

    it("writes ids that are all " .. kind .. ", batch by batch, without what repeats", function()
      for _, form in ipairs(forms) do
        local list, parts = {}, {}
        for i = 1, 1201 do list[i], parts[i] = form(other:format(i > 600 and i % 600 or i), i) end
        for i = 600, 1200, 600 do list[i], parts[i] = form(other:format(0), i) end
        local body = core.attendees(list)
        assert.equal(2, body:batches())
        assert.equal(body_of(parts, 1, 500), body:body(1))
        assert.equal(body_of(parts, 501, 600), body:body(2))
        assert.same({ 501, 1201, 100 }, { body:batch(2) })
      end
    end)
  end

  it("finds the first of all that is wrong", function()
    local wrongs = {
      { "", "empty" }, { ("x"):rep(1025), "too_long" }, { "a control byte, \n", "control_byte" },
      { "of 24 bytes or so, and \127", "control_byte" }, { "\0 of 24 bytes or so", "control_byte" },
      { "bytes that are no UTF-8 \255", "not_utf8" }, { "\128 bytes that are no UTF-8", "not_utf8" },
      { 7, "wrong_type", nil, "number" }, { { id = 7 }, "wrong_type", "id", "number" }, { {}, "missing_id" },
      { { id = "x", other = 1 }, "unknown_field", "other" },
      { { id = "x", isOptional = "x" }, "wrong_type", "isOptional", "string" },
      { { id = ids.usual:format(1), isOptional = true }, "conflicting_duplicate", nil, 1 },
    }
    for i, first in ipairs(wrongs) do
      for _, second in ipairs(wrongs) do
        for at = 2, 100, 7 do
          local list = {}
          for j = 1, 100 do list[j] = (j + i) % 3 == 0 and { id = ids.usual:format(j) } or ids.usual:format(j) end
          list[at + 3], list[at] = second[1], first[1]
          assert.same({ nil, first[2], at, first[3], first[4] }, { core.attendees(list) })
        end
      end
    end
  end)
end)
