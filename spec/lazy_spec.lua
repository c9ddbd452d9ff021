-- dingtalk.lazy: which modules are read when, each case in a process of its own.
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local quote = processes.quote

-- All that a plain call needs, also one that fails: no failure waits for a file to be read. Each more makes every
-- script's start slower.
local OF_A_CALL = {
  "attendees", "batches", "calendar", "call", "client", "core", "errors", "json", "lazy", "limits", "list", "loops",
  "loops.blocking", "operations.attendees", "options", "resume", "rules", "version", "waiting",
}

-- Beside those: what is read at once where a host runs on.
local LEFT_OUT = {
  "bulk", "calls", "confirm", "details", "group", "limiter", "operations", "pages", "request", "suggestion",
}

local SETUP = [[
local calendar = require "dingtalk.calendar"
local url, ca = ...
local TOKEN, USER = "dd43888e26953deead8cba556389b063", "U5KPwll3QjgiG"
local EVENT = "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"
local client = assert(calendar.new { base_url = url, ca_file = ca, loop = "blocking" })
local function add(list, opts, event) return client:add_attendees(TOKEN, USER, nil, event or EVENT, list, opts) end
]]

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

  it("that adds people reads what that needs", function()
    assert.equal(sorted(OF_A_CALL), output(SETUP, 'assert(add { "a" }) client:close()', SHOW))
  end)

  it("whose call fails reads nothing more", function()
    for _, code in ipairs { 'add({ "a" }, nil, "no-such-event")', "add {}", "client:close() add {}" } do
      assert.equal(sorted(OF_A_CALL), output(SETUP, code, SHOW))
    end
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
    assert.equal(sorted(OF_A_CALL, LEFT_OUT), output('ngx = {} require "dingtalk.calendar"', SHOW)
      :gsub("loops", "loops loops.blocking", 1))
  end)

  it("reads all with its client under an event loop", function()
    local names = output(SETUP, 'calendar.new { loop = "manual" }', SHOW)
    assert.equal(sorted(OF_A_CALL, LEFT_OUT, { "loops.coroutines", "loops.manual" }), names)
  end)

  it("can have all read, and take the reading away", function()
    assert.equal(sorted(OF_A_CALL, LEFT_OUT), output(SETUP, 'require("dingtalk.lazy").read_all()', SHOW))
    assert.equal("unknown_option", output(SETUP, [[
      require("dingtalk.lazy").read_all()
      require, package.path = nil, ""
      io.write(select(2, add({ "a" }, { confirn = true })).code)]]))
  end)
end)
