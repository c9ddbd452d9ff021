-- Runs `count` calls at a time in every kind of host.
local has_copas, copas = pcall(require, "copas") -- before socket.http, which it must find unloaded
local socket = require "socket"

local STEP_SECONDS = 0.001

local concurrently = {}

local function coroutines(count, work)
  local threads = {}
  for i = 1, count do
    threads[i] = coroutine.create(work)
    assert(coroutine.resume(threads[i], i))
  end
  return threads
end

local function all_dead(threads)
  for _, thread in ipairs(threads) do
    if coroutine.status(thread) ~= "dead" then return false end
  end
  return true
end

-- A plain script makes one call after the other. (Several at a time: concurrency, add_attendees_each.)
function concurrently.blocking(_, count, work)
  for i = 1, count do work(i) end
end

function concurrently.manual(client, count, work)
  local threads = coroutines(count, work)
  while not all_dead(threads) do
    client:step()
    socket.sleep(STEP_SECONDS)
  end
end

function concurrently.cqueues(_, count, work)
  local controller = require("cqueues").new()
  for i = 1, count do controller:wrap(work, i) end
  assert(controller:loop())
end

function concurrently.luv(_, count, work)
  local threads = coroutines(count, work)
  require("spec.support.luv").run()
  assert(all_dead(threads), "the loop ended before the calls did")
end

function concurrently.copas(_, count, work)
  local ended = 0
  for i = 1, count do
    copas.addthread(function()
      work(i)
      ended = ended + 1
    end)
  end
  -- The loop() of copas 1 has no end.
  while ended < count do copas.step(STEP_SECONDS) end
end

concurrently.hosts = { "blocking", "manual", "cqueues", "luv", "copas" }

--- Why a host cannot run here, by its name.
concurrently.missing = { copas = not has_copas and "Debian has copas for some Luas only" or nil }
for _, name in ipairs { "cqueues", "luv" } do
  if not pcall(require, name) then concurrently.missing[name] = "Debian has no " .. name .. " for this Lua" end
end

return concurrently
