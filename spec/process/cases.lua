--- What a process may do to the module, one case after the other, each in a process of its own: run by
--- spec/hostile/process_spec.lua in build/…/process_ldt_host, whose functions are in the global `process`.
local process = process -- luacheck: ignore 113 121 (from process_ldt_host.c)

local CALLS = 5 -- of each thread
local HANGS = 300 -- seconds

local calendar, example, sandbox, socket

local function add(client, id)
  local result, err = example.add(client, { id })
  if not result then error(tostring(err), 2) end
  return result
end

local function check_people(...)
  local there = {}
  for _, id in ipairs(example.attendees()) do there[id] = true end
  for _, id in ipairs { ... } do assert(there[id], id .. " is not in the event") end
end

-- Runs `work` in a child, which then closes its state as a program does that has come to its end.
local function child(work)
  local pid = process.fork()
  if pid ~= 0 then return pid end
  local ok, message = pcall(work)
  if not ok then io.stderr:write("child: ", tostring(message), "\n") end
  error(ok and "END" or "FAILED", 0)
end

local function wait_for(pid)
  local status = process.wait(pid)
  assert(status == 0, "the child ended with " .. status)
end

local function call_in_both(client)
  local pid = child(function() add(client, "child") end)
  add(client, "parent")
  wait_for(pid)
  add(client, "later")
  check_people("child", "parent", "later")
end

-- The connections of the calls that were made, as numbers of the sandbox's.
local function connections()
  local list = {}
  for _, request in ipairs(sandbox.requests()) do list[#list + 1] = request.connection end
  return list
end

local function manual_calls(client, count, opts)
  local said = {}
  for i = 1, count do
    coroutine.wrap(function()
      local result, err = example.add(client, { "p" .. i }, opts)
      said[i] = result and "added" or err.code .. " " .. err.outcome
    end)()
  end
  return said
end

local function step_until(client, condition)
  local deadline = socket.gettime() + HANGS
  while not condition() do
    assert(socket.gettime() < deadline, "not in time")
    client:step()
    socket.sleep(0.001)
  end
end

-- Late enough for us to have closed the other end of the pipe.
local function descriptors()
  local pipe = io.popen "sleep 0.05; ls /proc/$PPID/fd | wc -l"
  local count = tonumber(pipe:read "*a")
  pipe:close()
  return count
end

-- What runs in states of their own is given the sandbox's addresses as a text.
local STATE = [[
  local base_url, ca_file, id = (...):match "^(%S+) (%S+) (%S+)$"
  local number = select(2, ...)
  local calendar = require "dingtalk.calendar"
  local function new(loop)
    return assert(calendar.new { base_url = base_url, ca_file = ca_file, allow_http = true, loop = loop })
  end
  local function add(client, name)
    return client:add_attendees("dd43888e26953deead8cba556389b063", "U5KPwll3QjgiG", nil, id, { name })
  end
]]

local function argument(url)
  return ("%s %s %s"):format(url, sandbox.start().ca_file, example.EVENT)
end

local function in_threads(code, url)
  for number, message in ipairs(process.threads(8, STATE .. code, argument(url))) do
    assert(message == "", number .. ": " .. message)
  end
end

-- Files on the numbers that were just freed. Nobody but us may write to them or close them.
local function open_files(count)
  local files = {}
  for i = 1, count do files[i] = assert(io.tmpfile()) end
  return files
end

local function check_files(files)
  for i, file in ipairs(files) do
    assert(file:write "mine", "file " .. i .. " was closed")
    file:seek "set"
    local text = file:read "*a"
    assert(text == "mine", ("file %d holds %d bytes"):format(i, #text))
  end
end

local function leave_calls_in_flight(client, count)
  sandbox.faults { fault = "delay", ms = 60000, next = count }
  manual_calls(client, count)
  step_until(client, function() return sandbox.counters().in_flight == count end)
end

-- A way to the sandbox that breaks off in the middle of a request, in a process of its own.
local function breaking_proxy(url, after_bytes)
  local server = assert(socket.bind("127.0.0.1", 0))
  local _, port = server:getsockname()
  local pid = child(function()
    local front = assert(server:accept())
    local back = assert(socket.connect("127.0.0.1", tonumber(url:match ":(%d+)$")))
    front:settimeout(0)
    back:settimeout(0)
    local passed = 0
    local function pass(from, to)
      local data, _, rest = from:receive(4096)
      data = data or rest
      if data and data ~= "" then to:send(data) end
      return data and #data or 0
    end
    while passed < after_bytes do
      socket.select({ front, back }, nil, 1)
      passed = passed + pass(front, back)
      pass(back, front)
    end
    front:setoption("linger", { on = true, timeout = 0 })
    front:close()
  end)
  server:close()
  return url:gsub(":%d+$", ":" .. ("%d"):format(port)), pid
end

local function long_people()
  local list = {}
  for i = 1, 500 do list[i] = ("x"):rep(1000) .. i end
  return list
end

local function survive_sigpipe(url)
  local broken, pid = breaking_proxy(url, 8000)
  local client = example.client { base_url = broken, allow_http = true, max_attempts = 1, timeout = 5 }
  process.default_sigpipe()
  local result, err = example.add(client, long_people())
  assert(not result and err.kind == "network", tostring(err))
  process.wait(pid)
  client:close()
end

return {
  ["fork before the first call: both call"] = function()
    call_in_both(example.client())
  end,

  ["fork after the first call: both call, the parent over its connection"] = function()
    local client = example.client()
    add(client, "before")
    call_in_both(client)
    local used = connections()
    assert(used[1] == used[#used], "the parent's connection was not kept")
  end,

  ["the child's close leaves the parent's TLS session alone"] = function()
    local client = example.client()
    add(client, "before")
    wait_for(child(function() client:close() end))
    wait_for(child(function()
      client = nil -- luacheck: ignore 331
      collectgarbage()
      collectgarbage()
    end))
    add(client, "after")
    local used = connections()
    assert(#used == 2 and used[1] == used[2], "the parent's connection was not kept")
  end,

  ["fork with calls in flight: the child closes its client"] = function()
    local client = example.client { loop = "manual" }
    sandbox.faults { fault = "delay", ms = 3000, next = 2 }
    local said = manual_calls(client, 2)
    step_until(client, function() return sandbox.counters().in_flight == 2 end)
    local pid = child(function()
      assert(client:timeout() == 0)
      client:close()
      assert(said[1] == "closed unknown" and said[2] == "closed unknown", said[1])
    end)
    step_until(client, function() return said[1] and said[2] end)
    assert(said[1] == "added" and said[2] == "added", said[1])
    wait_for(pid)
  end,

  ["fork with calls in flight: what the child cancels is unknown"] = function()
    local client = example.client { loop = "manual" }
    local cancellation = require "dingtalk.calendar".cancellation()
    sandbox.faults { fault = "delay", ms = 3000, next = 2 }
    local said = manual_calls(client, 2, { cancel = cancellation })
    step_until(client, function() return sandbox.counters().in_flight == 2 end)
    local pid = child(function()
      cancellation:cancel()
      for i = 1, 2 do assert(said[i] and said[i]:find " unknown$", said[i]) end
    end)
    step_until(client, function() return said[1] and said[2] end)
    assert(said[1] == "added" and said[2] == "added", said[1])
    wait_for(pid)
  end,

  ["fork with calls in flight: the parent's go on, the child's are unknown"] = function()
    local client = example.client { loop = "manual" }
    sandbox.faults { fault = "delay", ms = 3000, next = 2 }
    local said = manual_calls(client, 2)
    step_until(client, function() return sandbox.counters().in_flight == 2 end)
    local pid = child(function()
      step_until(client, function() return said[1] and said[2] end)
      assert(said[1] == "forked unknown" and said[2] == "forked unknown", said[1])
      local more = manual_calls(client, 1)
      step_until(client, function() return more[1] end)
      assert(more[1] == "added", more[1])
    end)
    step_until(client, function() return said[1] and said[2] end)
    assert(said[1] == "added" and said[2] == "added", said[1])
    wait_for(pid)
  end,

  ["fork with a call that waits for its next attempt: both go on with it"] = function()
    local told = {}
    local client = example.client { loop = "manual", random = function() return 0.999 end,
      on_attempt = function(info) told[#told + 1] = info end }
    sandbox.faults { faults = { { fault = "delay", ms = 3000 }, { fault = "answer", code = "systemError" } } }
    local said = manual_calls(client, 1)
    step_until(client, function() return sandbox.counters().in_flight == 1 end)
    local err, waited
    coroutine.wrap(function()
      waited, err = example.add(client, { "waiting" })
    end)()
    step_until(client, function() return told[1] end)
    assert(told[1].wait, "it does not wait")
    local pid = child(function()
      step_until(client, function() return said[1] and (waited or err) end)
      assert(said[1] == "forked unknown", said[1])
      assert(waited, tostring(err))
      assert(waited.attempts == 2)
    end)
    step_until(client, function() return said[1] and (waited or err) end)
    assert(said[1] == "added", said[1])
    assert(waited and waited.attempts == 2, tostring(err))
    wait_for(pid)
  end,

  ["a child that closes all descriptors and opens its own keeps those"] = function()
    local client = example.client()
    add(client, "before")
    wait_for(child(function()
      process.close_from(3)
      local files = open_files(12)
      add(client, "child")
      client:close()
      check_files(files)
    end))
    add(client, "after")
    check_people("before", "child", "after")
    local list = connections()
    assert(list[1] == list[3], "the parent's connection was ended")
  end,

  ["all descriptors are closed behind a client that is idle"] = function()
    local client = example.client()
    add(client, "before")
    process.close_from(3)
    add(client, "after")
    client:close()
    check_people("before", "after")
  end,

  ["all descriptors are closed and others opened behind a client that is idle"] = function()
    for _, count in ipairs { 1, 3, 20 } do
      local client = example.client()
      add(client, "before" .. count)
      process.close_from(3)
      local files = open_files(count)
      add(client, "after" .. count)
      client:close()
      check_files(files)
      check_people("before" .. count, "after" .. count)
    end
  end,

  ["all descriptors are closed behind calls in flight"] = function()
    local client = example.client { loop = "manual", max_attempts = 1 }
    sandbox.faults { fault = "delay", ms = 300, next = 4 }
    local said = manual_calls(client, 4)
    step_until(client, function() return sandbox.counters().in_flight == 4 end)
    process.close_from(3)
    local files = open_files(20)
    step_until(client, function() return #said == 4 end)
    for _, text in ipairs(said) do assert(text == "descriptors_closed unknown", text) end
    said = manual_calls(client, 1)
    step_until(client, function() return said[1] end)
    assert(said[1] == "added", said[1])
    check_files(files)
    client:close()
  end,

  ["with few descriptors left it says so, whichever is the one that is missing"] = function()
    example.client():close() -- loads what it takes
    local highest = descriptors() + 20
    for count = 3, highest do
      wait_for(child(function()
        process.limit_files(count)
        for attempt = 1, 2 do
          local client = example.client { max_attempts = 1 }
          local result, err = example.add(client, { "few" })
          local said = result and "added" or err.code .. " " .. err.outcome
          assert(said == "too_many_files not_sent" or said == "added", count .. " descriptors: " .. said)
          assert(result or count < highest, "not even with " .. highest)
          assert(attempt == 1 or pcall(client.close, client))
        end
      end))
    end
  end,

  ["a run of many calls that has nothing to wait by ends, and says so"] = function()
    local first = example.client() -- loads what it takes
    assert(first:add_attendees_each(example.TOKEN, {}))
    local needs_descriptor = first:pollfd() ~= nil -- plain poll needs none: it waits as in an outage
    first:close()
    wait_for(child(function()
      process.limit_files(3)
      local client = example.client()
      local summary = assert(client:add_attendees_each(example.TOKEN, {
        { user = example.USER, event = example.EVENT, list = { "few" } },
      }, { max_outage = not needs_descriptor and 0.1 or nil }))
      assert(summary.stopped == (needs_descriptor and "too_many_files" or "unreachable"), tostring(summary.stopped))
      assert(summary.resume.open["1"] and summary.not_sent == 1)
      local function in_a_minute() return 60 end
      if needs_descriptor then
        assert(client:add_attendees_each(example.TOKEN, in_a_minute).stopped == "too_many_files")
      end
      process.limit_files(256) -- the sanitizer looks for leaks at the end, by files
    end))
  end,

  ["states in threads, over TLS"] = function()
    in_threads(([[
      local client = new "blocking"
      for i = 1, %d do assert(add(client, "thread" .. number .. "-" .. i)) end
      client:close()
    ]]):format(CALLS), sandbox.start().base_url)
    check_people("thread1-1", "thread8-" .. CALLS)
  end,

  ["states in threads, over plain HTTP, closed without a close"] = function()
    in_threads([[
      client = new "blocking"
      assert(add(client, "thread" .. number))
      other = new "manual"
      coroutine.wrap(function() add(other, "left" .. number) end)()
      other:step()
    ]], sandbox.start().http_url)
    check_people("thread1", "thread8")
  end,

  ["the collector comes with calls in flight"] = function()
    local client = example.client { loop = "manual" }
    sandbox.faults { fault = "delay", ms = 100, next = 5 }
    local said = manual_calls(client, 5)
    while not said[5] do
      collectgarbage()
      client:step()
    end
    for i = 1, 5 do assert(said[i] == "added", said[i]) end
    client:close()
  end,

  ["a client that was dropped with calls in flight is collected"] = function()
    local before = descriptors()
    local client = example.client { loop = "manual" }
    leave_calls_in_flight(client, 3)
    local weak = setmetatable({ client }, { __mode = "v" })
    client = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert(not weak[1], "it is still there")
    assert(descriptors() == before, "descriptors were left open")
  end,

  ["close ends the calls in flight"] = function()
    local before = descriptors()
    local client = example.client { loop = "manual" }
    sandbox.faults { fault = "delay", ms = 60000, next = 3 }
    local said = manual_calls(client, 3)
    step_until(client, function() return sandbox.counters().in_flight == 3 end)
    client:close()
    for i = 1, 3 do assert(said[i] == "closed unknown", said[i]) end
    assert(descriptors() == before, "descriptors were left open")
  end,

  ["a state ends with calls in flight"] = function()
    local before = descriptors()
    for _, url in ipairs { sandbox.start().base_url, sandbox.start().http_url } do
      sandbox.faults { fault = "delay", ms = 200, next = 2 }
      local message = process.state(STATE .. [[
        client = new "manual"
        for i = 1, 2 do coroutine.wrap(function() add(client, "left" .. i) end)() end
        for _ = 1, 2000 do client:step() end
      ]], argument(url))
      assert(message == "", message)
      assert(descriptors() == before, "descriptors were left open")
    end
  end,

  ["the modules are loaded twice in one state"] = function()
    local first = example.client()
    add(first, "before")
    for name in pairs(package.loaded) do
      if name:find "^dingtalk" then package.loaded[name] = nil end
    end
    local again = require "dingtalk.calendar"
    assert(again ~= calendar)
    local service = sandbox.start()
    local second = assert(again.new { base_url = service.base_url, ca_file = service.ca_file })
    add(second, "second")
    add(first, "first")
    first:close()
    add(second, "again")
    second:close()
    check_people("before", "second", "first", "again")
  end,

  ["two states, one within the other"] = function()
    local client = example.client()
    add(client, "outer")
    local message = process.state(STATE .. [[
      local client = new "blocking"
      assert(add(client, "inner"))
    ]], argument(sandbox.start().base_url))
    assert(message == "", message)
    add(client, "after")
    check_people("outer", "inner", "after")
  end,

  ["SIGPIPE at its default ends nobody, over TLS"] = function()
    survive_sigpipe(sandbox.start().base_url)
  end,

  ["SIGPIPE at its default ends nobody, over plain HTTP"] = function()
    survive_sigpipe(sandbox.start().http_url)
  end,

  ["signals interrupt a call and change nothing"] = function()
    local client = example.client()
    sandbox.faults { fault = "delay", ms = 300 }
    local began = socket.gettime()
    process.interrupt(3)
    local result = add(client, "patient")
    process.interrupt(0)
    assert(result.attempts == 1)
    assert(process.interruptions() > 20, "hardly a signal came")
    assert(socket.gettime() - began >= 0.3, "it did not wait")
    client:close()
  end,
}, function(name, case)
  calendar = require "dingtalk.calendar"
  example = require "spec.support.example"
  sandbox = require "spec.support.sandbox"
  socket = require "socket"
  sandbox.start()
  sandbox.reset()
  local ok, message = pcall(case)
  if message == "END" then return end
  assert(ok, name .. ": " .. tostring(message))
end
