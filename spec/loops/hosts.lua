-- The hosts that a coroutine can wait in, each by its own means. A host has
--   loop           for config.loop
--   run(client, …) runs the functions given, each in a coroutine of the host, until its loop has ended
--   sleep(seconds) the host's own way to wait
--   missing        why it cannot be tried here
local socket = require "socket"

local FRAME_SECONDS = 0.001

local hosts = {}

-- Copas refuses to be loaded after socket.http.
local function has(name)
  local http = package.loaded["socket.http"]
  package.loaded["socket.http"] = nil
  local found = pcall(require, name)
  package.loaded["socket.http"] = http
  return found
end

local flavour = jit and "LuaJIT" or _VERSION

local function need(host, module)
  if not has(module) then host.missing = ("Debian has no %s for %s"):format(host.loop, flavour) end
  return host
end

-- PUC Lua 5.1 cannot yield from within a pcall, so that a hook cannot wait for the host.
hosts.yields_across_pcall = coroutine.wrap(function()
  return not pcall(coroutine.yield) or "yielded"
end)() ~= true

hosts.cqueues = need({ loop = "cqueues" }, "cqueues")

function hosts.cqueues.run(_, ...)
  local controller = require("cqueues").new()
  for _, work in ipairs { ... } do controller:wrap(work) end
  assert(controller:loop())
end

function hosts.cqueues.sleep(seconds) require("cqueues").sleep(seconds) end

hosts.luv = need({ loop = "luv" }, "spec.support.luv")

local function resume(thread)
  local ok, message = coroutine.resume(thread)
  if not ok then error(debug.traceback(thread, tostring(message)), 0) end
end

function hosts.luv.run(_, ...)
  for _, work in ipairs { ... } do resume(coroutine.create(work)) end
  require("spec.support.luv").run()
end

function hosts.luv.sleep(seconds)
  local uv = require "spec.support.luv"
  local thread, timer = coroutine.running(), uv.new_timer()
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    resume(thread)
  end)
  coroutine.yield()
end

-- A scheduler of coroutines as small as can be, for the hosts that have no sleep of their own.
local function scheduler(yield)
  local self = { sleepers = {}, count = 0 }
  function self.sleep(seconds)
    self.sleepers[coroutine.running()] = socket.gettime() + seconds
    yield()
  end
  function self.due()
    local now, list = socket.gettime(), {}
    for thread, at in pairs(self.sleepers) do
      if at <= now then list[#list + 1] = thread end
    end
    for _, thread in ipairs(list) do self.sleepers[thread] = nil end
    return list
  end
  function self.wrapped(work)
    self.count = self.count + 1
    return function()
      work()
      self.count = self.count - 1
    end
  end
  return self
end

-- The loop() of copas 1 never returns; it has neither sleep nor wakeup.
hosts.copas = need({ loop = "copas" }, "copas")
local nowhere = { insert = function() end, push = function() end }
local of_copas = scheduler(function() coroutine.yield(nowhere, nowhere) end)
hosts.copas.sleep = of_copas.sleep

function hosts.copas.run(_, ...)
  local copas = require "copas"
  local failure
  of_copas.count, of_copas.sleepers = 0, {}
  for _, work in ipairs { ... } do
    local wrapped = of_copas.wrapped(work)
    copas.addthread(function()
      copas.setErrorHandler(function(message) failure = message end)
      wrapped()
    end)
  end
  while of_copas.count > 0 and not failure do
    copas.step(FRAME_SECONDS)
    for _, thread in ipairs(of_copas.due()) do copas.addthread(thread) end
  end
  -- Another step or two let the adapter's own thread see that it is done.
  copas.step(FRAME_SECONDS)
  if failure then error(failure, 0) end
end

-- For a process in which this is what is called copas.
local later_copas = require "spec.loops.later_copas"

hosts["later copas"] = { loop = "copas", sleep = later_copas.pause }

hosts["later copas"].run = function(_, ...)
  for _, work in ipairs { ... } do later_copas.addthread(work) end
  later_copas.loop()
end

hosts.manual = { loop = "manual" }
local of_frames = scheduler(coroutine.yield)
hosts.manual.sleep = of_frames.sleep

function hosts.manual.run(client, ...)
  of_frames.count, of_frames.sleepers = 0, {}
  for _, work in ipairs { ... } do resume(coroutine.create(of_frames.wrapped(work))) end
  while of_frames.count > 0 do
    if not client.closed then client:step() end
    for _, thread in ipairs(of_frames.due()) do resume(thread) end
    socket.sleep(FRAME_SECONDS)
  end
end

-- An adapter of one's own, by the interface in dingtalk.loops: a queue of what is to be resumed next,
-- and clients whose descriptor is selected on.
local queue, watched = {}, {}
local of_queue = scheduler(coroutine.yield)
local Adapter = { name = "queue" }
Adapter.__index = Adapter

function Adapter.new(client) return setmetatable({ client = client }, Adapter) end
function Adapter.check()
  local running, is_main = coroutine.running()
  if running and not is_main then return true end
  return nil, "not in a coroutine of the queue"
end
function Adapter.suspend(_, waiter)
  waiter.coroutine = coroutine.running()
  coroutine.yield()
end
function Adapter.resume(_, waiter) queue[#queue + 1] = waiter.coroutine end
function Adapter:watch() watched[self.client] = true end
function Adapter:close() watched[self.client] = nil end

hosts.own = { loop = Adapter, sleep = of_queue.sleep }

local function select_watched()
  local list, due = {}, {}
  for client in pairs(watched) do
    local fd = client:pollfd()
    local watch = { client = client, getfd = function() return fd end, dirty = function() end }
    table.insert(fd and list or due, watch)
  end
  for _, ready in ipairs((socket.select(list, nil, FRAME_SECONDS))) do due[#due + 1] = ready end
  for _, ready in ipairs(due) do ready.client:step() end
  for client in pairs(watched) do
    if client:is_idle() then watched[client] = nil end
  end
end

function hosts.own.run(_, ...)
  of_queue.count, of_queue.sleepers = 0, {}
  for _, work in ipairs { ... } do resume(coroutine.create(of_queue.wrapped(work))) end
  while of_queue.count > 0 do
    select_watched()
    local threads = queue
    queue = {}
    for _, thread in ipairs(threads) do
      if coroutine.status(thread) == "suspended" then resume(thread) end
    end
    for _, thread in ipairs(of_queue.due()) do resume(thread) end
  end
end

return hosts
