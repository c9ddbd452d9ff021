-- What stays, what a call in flight takes, and what a warm call leaves to the collector.
local contestants = require "contestants"
local measuring = require "measuring"
local report = require "report"
local stats = require "stats"

local https, ca = contestants.https, contestants.ca

local function garbage(flavour, attendees, kind)
  local samples = measuring.rounds({ {
    name = "", per = 1, start = contestants.memory(flavour, https, ca.hashed, 100, attendees, kind),
  } }, 1)[""]
  report.row(("module, %s, %d attendees: garbage a warm call"):format(flavour, attendees), "KiB", samples.garbage)
  return samples.garbage[1]
end

return function(quick)
  report.section("Memory: resident after 200 warm calls, one after the other")
  local list = {
    { name = "bare libcurl", start = contestants.bare("kept", https, ca.hashed, 200, 1) },
    { name = "module, Lua 5.4", start = contestants.module("lua5.4", https, ca.hashed, 200, 1, "strings") },
    { name = "module, LuaJIT", start = contestants.module("luajit", https, ca.hashed, 200, 1, "strings") },
    { name = "lua-http, connection kept", start = contestants.lua_http("kept", https, ca.alone, 200, 1) },
    { name = "luasocket + luasec + lua-cjson", start = contestants.luasec(https, ca.alone, 200, 1) },
    { name = "Node SDK", start = contestants.node(https, 200, 1, 1) },
  }
  for _, runner in ipairs(list) do runner.per = 1 end
  local samples = measuring.rounds(list, quick and 1 or 3)
  for _, runner in ipairs(list) do
    report.row(runner.name, "KiB", samples[runner.name].resident, samples["Node SDK"].resident, "Node SDK")
  end
  report.goal("resident after warm calls, × Node SDK",
    (stats.ratio(samples["module, Lua 5.4"].resident, samples["Node SDK"].resident)), 0.125)

  report.section("Memory: a call in flight, and garbage")
  for _, flavour in ipairs { "lua5.4", "luajit" } do
    local few = { name = "few", per = 1, start = contestants.concurrent(flavour, https, ca.hashed, 2000, 1, 10) }
    local many = { name = "many", per = 1, start = contestants.concurrent(flavour, https, ca.hashed, 2000, 1, 1000) }
    local peaks = measuring.rounds({ few, many }, quick and 1 or 3)
    report.row(("module, %s: a call in flight"):format(flavour), "KiB",
      (stats.median(peaks.many.peak) - stats.median(peaks.few.peak)) / 990)
    report.goal(("garbage of a warm call in KiB, %s"):format(flavour), garbage(flavour, 1, "strings"), 2)
    garbage(flavour, 500, "tables")
  end
end
