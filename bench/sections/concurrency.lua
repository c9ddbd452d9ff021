-- Many calls in flight in one thread: CPU a call, and memory.
local contestants = require "contestants"
local measuring = require "measuring"
local report = require "report"
local stats = require "stats"

local ca = contestants.ca

local function measure(url, in_flight, calls, rounds)
  local list = {
    { name = "module, Lua 5.4", start = contestants.concurrent("lua5.4", url, ca.hashed, calls, 1, in_flight) },
    { name = "module, LuaJIT", start = contestants.concurrent("luajit", url, ca.hashed, calls, 1, in_flight) },
    { name = "Node SDK", start = contestants.node(url, calls, 1, in_flight) },
  }
  for _, runner in ipairs(list) do runner.per = calls end
  local samples = measuring.rounds(list, rounds)
  for _, runner in ipairs(list) do
    report.row(("%s, %d in flight"):format(runner.name, in_flight), "s", samples[runner.name].cpu,
      samples["Node SDK"].cpu, "Node SDK")
  end
  for _, runner in ipairs(list) do
    report.row(("%s, %d in flight: peak of resident memory"):format(runner.name, in_flight), "KiB",
      samples[runner.name].peak, samples["Node SDK"].peak, "Node SDK")
  end
  return samples
end

return function(quick)
  local calls, rounds = quick and 2000 or 5000, quick and 1 or 3
  for _, way in ipairs { { "plain HTTP/1.1", contestants.http }, { "HTTPS", contestants.https } } do
    local name, url = way[1], way[2]
    report.section("Concurrency over " .. name)
    local one, thousand
    for _, in_flight in ipairs { 1, 10, 100, 1000 } do
      local samples = measure(url, in_flight, calls, rounds)
      local ours, node = samples["module, Lua 5.4"], samples["Node SDK"]
      if in_flight == 1 then one = ours.cpu end
      if in_flight == 1000 then thousand = ours.cpu end
      if in_flight == 100 then
        local goal = "100 in flight over " .. name
        report.goal(goal .. ": CPU a call, × Node SDK", (stats.ratio(ours.cpu, node.cpu)), 0.25)
        report.goal(goal .. ": resident, × Node SDK", (stats.ratio(ours.peak, node.peak)), 0.125)
      end
    end
    report.goal("CPU a call with 1,000 in flight over " .. name .. ", × with 1", (stats.ratio(thousand, one)), 1)
  end
end
