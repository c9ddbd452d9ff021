-- dingtalk.lazy: which modules are read and compiled when, each case in a process of its own.
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local quote = processes.quote

-- All that a plain call needs which succeeds. Each more makes every script's start slower.
local OF_A_CALL = {
  "calendar", "client", "core", "lazy", "limits", "loops.blocking", "operations.attendees", "version",
}

-- What one needs beside those that fails, or asks for more: read with them, since a failure may be that no file can be
-- read, and compiled when it comes.
local OF_A_FAILURE = {
  "attendees", "batches", "call", "errors", "json", "list", "loops", "options", "resume", "rules", "suggestion",
  "transfers", "waiting",
}

-- Lua 5.1 has no package.searchpath: nothing there says where the texts are.
local COMPILES_LATE = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

-- What other calls need, read when it is used; and at once where a host runs on.
local LEFT_OUT = {
  "bulk", "calls", "confirm", "details", "group", "limiter", "operations", "pages", "request",
}

local SETUP = [[
local calendar = require "dingtalk.calendar"
local url, ca = ...
local TOKEN, USER = "dd43888e26953deead8cba556389b063", "U5KPwll3QjgiG"
local EVENT = "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"
local client = assert(calendar.new { base_url = url, ca_file = ca, loop = "blocking" })
local function add(list, opts, event) return client:add_attendees(TOKEN, USER, nil, event or EVENT, list, opts) end
]]

-- The modules, as a script of its own may leave them behind; a path with it is ours no more.
local function copy_of_the_modules()
  local directory = processes.directory()
  processes.output_of(("cp -r lua/dingtalk %s/"):format(quote(directory)))
  return directory
end

local SHOW = [[
local names = {}
for name in pairs(package.loaded) do
  if name:find "^dingtalk%." then names[#names + 1] = name:sub(10) end
end
table.sort(names)
io.write(table.concat(names, " "))
]]

-- What a script of its own prints, errors included.
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

local function sorted(...)
  local all = {}
  for _, names in ipairs { ... } do
    for _, name in ipairs(names) do all[#all + 1] = name end
  end
  table.sort(all)
  return table.concat(all, " ")
end

describe("a script", function()
  before_each(function() sandbox.reset() end)

  it("that adds people compiles what that needs", function()
    local all = COMPILES_LATE and sorted(OF_A_CALL) or sorted(OF_A_CALL, OF_A_FAILURE)
    assert.equal(all, output(SETUP, 'assert(add { "a" }) client:close()', SHOW))
    assert.equal(all, output(SETUP, 'assert(client:remove_attendees(TOKEN, USER, nil, EVENT, { "a" }))', SHOW))
  end)

  it("whose call fails compiles what that needs", function()
    local known = {}
    for name in sorted(OF_A_CALL, OF_A_FAILURE):gmatch "%S+" do known[name] = true end
    for _, code in ipairs { 'add({ "a" }, nil, "no-such-event")', "add {}", "client:close() add {}" } do
      local names = output(SETUP, code, SHOW)
      assert.truthy(names:find("errors", 1, true), names)
      for name in names:gmatch "%S+" do assert.is_true(known[name], name) end
    end
  end)

  -- Each in a process for which the files are gone once it has begun.
  for name, body in pairs {
    ["a refusal"] = [[return select(2, add({ "a" }, nil, "no-such-event")).code == "itemNotFound"]],
    ["an argument"] = [[return select(2, add {}).code == "no_attendees"]],
    ["an option"] = [[return select(2, add({ "a" }, { timeout = 0 })).code == "bad_value"]],
    ["a name misspelt"] = [[return select(2, add({ "a" }, { confirn = true })).hint == 'did you mean "confirm"?']],
    ["a configuration"] = [[return select(2, calendar.new { timeout = 0 }).code == "bad_value"]],
    ["a loop"] = [[return select(2, calendar.new { loop = "none" }).code == "unknown_loop"]],
    ["no connection"] = [[
      local nowhere = assert(calendar.new { base_url = "https://127.0.0.1:1", max_attempts = 1 })
      return select(2, nowhere:add_attendees(TOKEN, USER, nil, EVENT, { "a" })).kind == "network"]],
    ["a long list"] = [[
      local list = {}
      for i = 1, 501 do list[i] = "p" .. i end
      return #add(list).batches == 2]],
    ["a closed client"] = [[
      client:close()
      return select(2, add { "a" }).code == "closed"]],
  } do
    it("reads nothing late for " .. name, function()
      local directory = copy_of_the_modules()
      local path = ("package.path = %q .. package.path"):format(directory .. "/?.lua;")
      local gone = ([[os.execute("rm -r %s") package.path, package.cpath = "", ""]]):format(directory)
      assert.equal("true", output(path, SETUP, gone, "local function body()", body, "end io.write(tostring(body()))"))
    end)
  end

  it("is told at once that a file is missing", function()
    local directory = copy_of_the_modules()
    os.remove(directory .. "/dingtalk/rules.lua")
    local text = output(("package.path = %q"):format(directory .. "/?.lua"), SETUP)
    assert.truthy(text:find("module 'dingtalk.rules' not found", 1, true), text)
    processes.output_of("rm -r " .. quote(directory))
  end)

  it("gets the same module of require", function()
    assert.equal("true true", output(SETUP, [[
      local errors = require "dingtalk.errors"
      local _, err = add {}
      io.write(tostring(errors.is_error(err)), " ", tostring(calendar.is_error(errors.new {})))]]))
  end)

  it("may bring modules of its own, and a searcher", function()
    assert.equal("at once", output([[
      package.preload["dingtalk.resume"] = function() io.write "at once" return {} end]], SETUP))
    assert.equal(sorted(OF_A_CALL, OF_A_FAILURE), output([[
      local searchers, path = package.searchers or package.loaders, package.path
      table.insert(searchers, 2, function(name)
        for pattern in path:gmatch "[^;]+" do
          local found = loadfile((pattern:gsub("%?", (name:gsub("%.", "/")))))
          if found then return found end
        end
      end)
      package.path = ""]], SETUP, SHOW))
  end)

  it("can try again what could not be compiled", function()
    if not COMPILES_LATE then return end
    local directory = copy_of_the_modules()
    local file = assert(io.open(directory .. "/dingtalk/rules.lua", "w"))
    file:write "error 'not now'"
    file:close()
    local text = output(("package.path = %q .. package.path"):format(directory .. "/?.lua;"), SETUP, [[
      for _ = 1, 2 do io.write(select(2, pcall(add, {})), ";") end]])
    assert.equal(2, select(2, text:gsub("rules%.lua:1: not now;", "")), text)
    processes.output_of("rm -r " .. quote(directory))
  end)

  it("may forbid unknown globals, and have no way to compile", function()
    local strict = 'setmetatable(_G, { __index = function(_, name) error("no global " .. name) end })'
    assert.equal("no_attendees", output(strict, SETUP, "io.write(select(2, add {}).code)"))
    assert.equal("itemNotFound", output("load, loadstring = nil, nil", SETUP,
      'io.write(select(2, add({ "a" }, nil, "no-such-event")).code)'))
  end)

  it("may have a searcher that serves one of the modules", function()
    assert.equal("its own", output([[
      table.insert(package.searchers or package.loaders, 2, function(name)
        if name == "dingtalk.suggestion" then
          return function() return { did_you_mean = function() return "its own" end } end, {}
        end
      end)]], SETUP, "io.write(select(2, add({}, { confirn = true })).hint)"))
  end)

  it("may wrap a method before its first use", function()
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

  -- Each collection of the first failure's is one at which an object reports its end by the same client.
  it("may call from a finalizer whenever that runs", function()
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
      collectgarbage("setpause", 100)
      for _ = 1, 100 do
        object()
        local result, err = add({ "a" }, nil, "no-such-event")
        same = same and calendar.is_error(err)
        ended = ended and result == nil
      end
      collectgarbage()
      io.write(tostring(same), " ", tostring(ended), " ", tostring(reported > 20))]]))
  end)

  it("is told at once that lua-cjson is missing", function()
    local text = output([[package.preload["cjson.safe"] = function() error "no cjson here" end]], SETUP)
    assert.truthy(text:find("no cjson here", 1, true), text)
  end)

  -- Each is the first use of something that was left out.
  for name, body in pairs {
    ["an argument refused"] = [[return select(2, add {}).code == "no_attendees"]],
    ["an option refused"] = [[return select(2, add({ "a" }, { confirn = true })).hint == 'did you mean "confirm"?']],
    ["a service's refusal"] = [[return select(2, add({ "a" }, nil, "no-such-event")).code == "itemNotFound"]],
    ["whether it is an error"] = [[return not calendar.is_error {} and calendar.is_error(select(2, add {}))]],
    ["a confirmation"] = [[return add({ "a" }, { confirm = true }).confirmed.all]],
    ["batches at a time"] = [[
      local list = {}
      for i = 1, 1200 do list[i] = "p" .. i end
      return #add(list, { concurrency = 3 }).batches == 3]],
    ["a hook"] = [[
      local told = 0
      return add({ "a" }, { on_batch = function() told = told + 1 end }).added == told]],
    ["a token source"] = [[
      local source = { get = function() return TOKEN end, invalidate = function() end }
      return client:add_attendees(source, USER, nil, EVENT, { "a" }).added == 1]],
    ["a wrong resume"] = [[return select(2, add({ "a" }, { resume = {} })).code == "bad_resume"]],
    ["many events"] = [[
      return client:add_attendees_each(TOKEN, { { user = USER, event = EVENT, list = { "a" } } }).succeeded == 1]],
    ["another call"] = [[return client:get_event(TOKEN, USER, nil, EVENT).event.id == EVENT]],
    ["an iterator"] = [[
      assert(add { "a" })
      for attendee in client:each_attendee(TOKEN, USER, nil, EVENT) do
        if attendee.id == "a" then return true end
      end]],
    ["a method without its client"] = [[return select(2, client.get_event()).code == "not_a_client"]],
    ["an iterator without its client"] = [[
      local attendee, err = client.each_attendee()()
      return attendee == false and err.code == "not_a_client"]],
    ["a closed client"] = [[
      client:close()
      return select(2, add { "a" }).code == "closed"]],
  } do
    it("finds what it needs for " .. name, function()
      assert.equal("true", output(SETUP, "local function body()", body, "end io.write(tostring(body()))"))
    end)
  end
end)

describe("a host that runs on", function()
  it("reads all with the module under nginx", function()
    assert.equal(sorted(OF_A_CALL, OF_A_FAILURE, LEFT_OUT), output('ngx = {} require "dingtalk.calendar"', SHOW))
  end)

  it("reads all with its client under an event loop", function()
    local names = output(SETUP, 'calendar.new { loop = "manual" }', SHOW)
    assert.equal(sorted(OF_A_CALL, OF_A_FAILURE, LEFT_OUT, { "loops.coroutines", "loops.manual" }), names)
  end)

  it("can have all read, and take the reading away", function()
    assert.equal(sorted(OF_A_CALL, OF_A_FAILURE, LEFT_OUT), output(SETUP, 'require("dingtalk.lazy").read_all()', SHOW))
    assert.equal("unknown_option", output(SETUP, [[
      require("dingtalk.lazy").read_all()
      require, package.path = nil, ""
      io.write(select(2, add({ "a" }, { confirn = true })).code)]]))
  end)
end)
