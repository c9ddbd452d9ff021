-- From the start of a process to its end after one answer over TLS.
local contestants = require "contestants"
local measuring = require "measuring"
local report = require "report"
local stats = require "stats"

local https, ca = contestants.https, contestants.ca

return function(quick)
  local list = {
    { name = "bare libcurl, certificates on demand", start = contestants.bare("kept", https, ca.hashed, 1, 1) },
    { name = "bare libcurl, CA bundle", start = contestants.bare("kept", https, ca.bundle, 1, 1) },
    { name = "module, Lua 5.4", start = contestants.module("lua5.4", https, ca.hashed, 1, 1, "strings") },
    { name = "module, LuaJIT", start = contestants.module("luajit", https, ca.hashed, 1, 1, "strings") },
    { name = "lua-http", start = contestants.lua_http("request", https, ca.alone, 1, 1) },
    { name = "luasocket + luasec + lua-cjson", start = contestants.luasec(https, ca.alone, 1, 1) },
    { name = "Node SDK", start = contestants.node(https, 1, 1, 1) },
  }
  local samples = measuring.programs(list, quick and 5 or 25)
  local base, node = samples[list[1].name], samples["Node SDK"]
  report.section("Cold start to first answer: instructions")
  local least = measuring.program_instructions(list[1].start)
  for _, i in ipairs { 1, 3, 4 } do
    report.row(list[i].name, "instructions", measuring.program_instructions(list[i].start), least, "bare, on demand")
  end
  for _, quantity in ipairs { "wall", "cpu" } do
    report.section(quantity == "wall" and "Cold start to first answer: time" or "Cold start to first answer: CPU")
    for _, runner in ipairs(list) do
      report.row(runner.name, "s", samples[runner.name][quantity], base[quantity], "bare, on demand")
    end
    local ours = samples["module, Lua 5.4"][quantity]
    report.goal(("cold start: %s of module, × bare with certificates on demand"):format(quantity),
      (stats.ratio(ours, base[quantity])), 1.6)
    report.goal(("cold start: %s of module, × Node SDK"):format(quantity), (stats.ratio(ours, node[quantity])), 0.05)
  end
end
