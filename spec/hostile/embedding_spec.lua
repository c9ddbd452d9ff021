-- What a program may do to the Lua that it runs the module in. Each case in a process of its own.
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local quote = processes.quote

local SETUP = [[
local calendar = require "dingtalk.calendar"
local url, ca = ...
local TOKEN, USER = "dd43888e26953deead8cba556389b063", "U5KPwll3QjgiG"
local EVENT = "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"
local function new(loop) return assert(calendar.new { base_url = url, ca_file = ca, loop = loop }) end
local client = new "blocking"
local function add(list, opts, event) return client:add_attendees(TOKEN, USER, nil, event or EVENT, list, opts) end
]]

-- Each the first use of some part.
local EVERYTHING = [[
local uses = {
  argument = function() return select(2, add {}).code == "no_attendees" end,
  option = function() return select(2, add({ "a" }, { confirn = true })).hint == 'did you mean "confirm"?' end,
  configuration = function() return select(2, calendar.new { timeout = 0 }).code == "bad_value" end,
  loop = function() return select(2, calendar.new { loop = "none" }).code == "unknown_loop" end,
  refusal = function() return select(2, add({ "a" }, nil, "no-such-event")).code == "itemNotFound" end,
  is_error = function() return not calendar.is_error {} and calendar.is_error(select(2, add {})) end,
  text = function() return tostring(select(2, add {})):find("no_attendees", 1, true) ~= nil end,
  added = function() return add { "a" }.added == 1 end,
  confirmation = function() return add({ "b" }, { confirm = true }).confirmed.all end,
  batches = function()
    local list = {}
    for i = 1, 1200 do list[i] = "p" .. i end
    return #add(list, { concurrency = 3 }).batches == 3
  end,
  hook = function()
    local told = 0
    return add({ "c" }, { on_batch = function() told = told + 1 end }).added == told
  end,
  source = function()
    local source = { get = function() return TOKEN end, invalidate = function() end }
    return client:add_attendees(source, USER, nil, EVENT, { "d" }).added == 1
  end,
  resume = function() return select(2, add({ "a" }, { resume = {} })).code == "bad_resume" end,
  bulk = function()
    local jobs = { { user = USER, event = EVENT, list = { "e" } } }
    return client:add_attendees_each(TOKEN, jobs).succeeded == 1
  end,
  another_call = function() return client:get_event(TOKEN, USER, nil, EVENT).event.id == EVENT end,
  iterator = function()
    assert(add { "a" })
    for attendee in client:each_attendee(TOKEN, USER, nil, EVENT) do
      if attendee.id == "a" then return true end
    end
  end,
  unconnected = function()
    local nowhere = assert(calendar.new { base_url = "https://127.0.0.1:1", max_attempts = 1 })
    return select(2, nowhere:add_attendees(TOKEN, USER, nil, EVENT, { "a" })).kind == "network"
  end,
  frames = function()
    local own, result = new "manual", nil
    local thread = coroutine.create(function() result = own:add_attendees(TOKEN, USER, nil, EVENT, { "f" }) end)
    assert(coroutine.resume(thread))
    while coroutine.status(thread) ~= "dead" do own:step() end
    own:close()
    return result.added == 1
  end,
  app = function()
    local auth = require "dingtalk.auth"
    local app = assert(auth.internal_app { app_key = "dingsandboxapp", app_secret = "sandbox-app-secret",
      store = auth.memory_store() })
    local result, err = client:add_attendees(app, USER, nil, EVENT, { "g" })
    return result and result.added == 1 or tostring(err)
  end,
  closed = function()
    client:close()
    local refused = select(2, add { "a" }).code == "closed"
    client = new "blocking"
    return refused
  end,
}
local failed = {}
for name, use in pairs(uses) do
  local ok, good = pcall(use)
  if not ok or good ~= true then failed[#failed + 1] = name .. " (" .. tostring(good) .. ")" end
end
io.write(#failed == 0 and "all good" or table.concat(failed, ", "))
]]

-- What a script prints, errors included.
local function output(...)
  local service, path = sandbox.start(), os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(table.concat({ ... }, "\n"))
  file:close()
  local text = processes.output_of(("%s %s %s %s 2>&1"):format(
    quote(processes.interpreter()), path, service.base_url, quote(service.ca_file)))
  os.remove(path)
  return text
end

describe("a program", function()
  before_each(sandbox.reset)

  it("may use every part", function()
    assert.equal("all good", output(SETUP, EVERYTHING))
  end)

  it("may forbid unknown globals, to be read or written", function()
    local strict = [[setmetatable(_G, {
      __index = function(_, name) error("no global " .. tostring(name), 2) end,
      __newindex = function(_, name) error("no global " .. tostring(name), 2) end,
    })]]
    assert.equal("all good", output(strict, SETUP, EVERYTHING))
  end)

  it("may have no way to compile", function()
    assert.equal("all good", output("local load_file = loadfile", SETUP, "load, loadstring, dofile = nil, nil, nil",
      EVERYTHING))
  end)

  it("may find modules by a searcher of its own", function()
    assert.equal("all good", output([[
      local searchers, path = package.searchers or package.loaders, package.path
      table.insert(searchers, 2, function(name)
        for pattern in path:gmatch "[^;]+" do
          local found = loadfile((pattern:gsub("%?", (name:gsub("%.", "/")))))
          if found then return found end
        end
      end)
      package.path = ""]], SETUP, EVERYTHING))
  end)

  it("may take require and all files away, once the parts that it uses are loaded", function()
    assert.equal("all good", output(SETUP, [[
      require "dingtalk.operations"
      require "dingtalk.confirm"
      require "dingtalk.bulk"
      require "dingtalk.loops.manual"
      local auth = require "dingtalk.auth"
      auth.memory_store()
      package.path, package.cpath = "", ""
      function require(name) -- as the program itself may call it, and calendar.new for its loop
        return name == "dingtalk.auth" and auth or name:find "loops" and package.loaded[name] or error(name)
      end]], EVERYTHING))
  end)

  it("may take require and all files away: plain calls go on, others fail before anything is sent", function()
    assert.equal("1 itemNotFound rejected not_sent true, 5 of 5 and 0 requests", output(SETUP, [[
      local requests = 0
      client = assert(calendar.new { base_url = url, ca_file = ca, on_attempt = function() requests = requests + 1 end })
      local nowhere = assert(calendar.new { base_url = "https://127.0.0.1:1", max_attempts = 1 })
      package.path, package.cpath, require = "", "", nil
      local refused = select(2, add({ "b" }, nil, "no-such-event"))
      local lost = select(2, nowhere:add_attendees(TOKEN, USER, nil, EVENT, { "c" }))
      io.write(add({ "a" }).added, " ", refused.code, " ", refused.outcome, " ", lost.outcome, " ",
        tostring(lost.resume.client_tokens["1"] == lost.client_token))
      local told = 0
      requests = 0
      for _, failed in ipairs {
        { client:get_event(TOKEN, USER, nil, EVENT) },
        { client:each_attendee(TOKEN, USER, nil, EVENT)() },
        { client:request(TOKEN, { method = "GET", path = { "/v1.0/calendar/categories" } }) },
        { add({ "d" }, { confirm = true }) },
        { client:add_attendees_each(TOKEN, { { user = USER, event = EVENT, list = { "e" } } }) },
      } do
        local err = failed[2]
        if err.code == "part_unavailable" and err.outcome == "not_sent" then told = told + 1 end
      end
      io.write(", ", told, " of 5 and ", requests, " requests")]]))
  end)

  it("may load all anew while calls of the old modules are in flight", function()
    assert.equal("all good, 1 and 1, true", output(SETUP, [[
      local old_calendar, old, result = calendar, new "manual", nil
      local thread = coroutine.create(function() result = old:add_attendees(TOKEN, USER, nil, EVENT, { "old" }) end)
      assert(coroutine.resume(thread))
      for name in pairs(package.loaded) do
        if name:find "^dingtalk" then package.loaded[name] = nil end
      end
      calendar = require "dingtalk.calendar"
      local before = client
      client = new "blocking"]], EVERYTHING, [[
      while coroutine.status(thread) ~= "dead" do old:step() end
      io.write(", ", result.added, " and ", before:add_attendees(TOKEN, USER, nil, EVENT, { "before" }).added)
      local opts = { cancel = old_calendar.cancellation() }
      assert(before:get_event(TOKEN, USER, nil, EVENT, opts))
      io.write(", ", tostring(old_calendar.is_error(select(2, before:get_event(TOKEN, USER, nil, "none", opts)))))]]))
  end)

  it("may wrap a method", function()
    assert.equal("2", output(SETUP, [[
      local methods, count = getmetatable(client).__index, 0
      local step = methods.step
      function methods.step(...)
        count = count + 1
        return step(...)
      end
      client:step()
      client:step()
      io.write(count)]]))
  end)

  -- At each collection an object reports its end by the same client.
  it("may call from finalizers", function()
    assert.equal("true true true", output(SETUP, [[
      local same, ended, reported = true, true, 0
      local function report()
        local result, err = add({ "r" }, nil, reported % 2 == 0 and "no-such-event" or nil)
        same = same and calendar.is_error(err) == (result == nil)
        reported = reported + 1
      end
      local function object()
        if rawget(_G, "newproxy") then
          getmetatable(newproxy(true)).__gc = report
        else
          setmetatable({}, { __gc = report })
        end
      end
      if not pcall(collectgarbage, "param", "pause", 100) then collectgarbage("setpause", 100) end -- Lua 5.5, others
      for _ = 1, 100 do
        object()
        local result, err = add({ "a" }, nil, "no-such-event")
        same = same and calendar.is_error(err)
        ended = ended and result == nil
      end
      collectgarbage()
      io.write(tostring(same), " ", tostring(ended), " ", tostring(reported > 20))]]))
  end)

  it("is told what is missing where lua-cjson is", function()
    local text = output([[package.preload["cjson.safe"] = function() error "no cjson here" end]], SETUP)
    assert.truthy(text:find("no cjson here", 1, true), text)
  end)
end)
