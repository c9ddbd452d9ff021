-- One nginx worker that calls a service which answers after 50 ms: bench/nginx has the host and the ways.
local report = require "report"
local shell = require "shell"
local stats = require "stats"

local WAYS = {
  { "cosocket", "cosocket by hand, TLS" },
  { "ours", "module, TLS" },
  { "polling", "module stepped every ms, TLS" },
  { "cosocket_http", "cosocket by hand, HTTP" },
  { "ours_http", "module, HTTP" },
}

local TITLES = {
  { "100_cpu", "CPU a call, 100 clients" },
  { "1_cpu", "CPU a call, one client" },
  { "100_p99", "99th percentile of a call, 100 clients" },
  { "beside_p99", "99th percentile of an unrelated location meanwhile" },
}

-- Ratios to the cosocket over TLS: bench/nginx/README.md says what they consist of.
local GOALS = { ["100_cpu"] = 2.2, ["1_cpu"] = 2, beside_p99 = 1.3 }

return function(quick)
  local root = os.getenv("BENCH_ROOT")
  local rounds = shell.values(shell.line { root .. "/bench/nginx/run", quick and 3 or 5, quick and 2 or 4, "values" })
  local function samples(way, quantity)
    local list = {}
    for i, round in ipairs(rounds) do list[i] = round[way .. "_" .. quantity] end
    return list
  end
  for _, title in ipairs(TITLES) do
    local base = samples("cosocket", title[1])
    report.section("nginx: " .. title[2])
    for _, way in ipairs(WAYS) do
      report.row(way[2], "s", samples(way[1], title[1]), base, "cosocket, TLS")
    end
    if GOALS[title[1]] then
      report.goal("nginx: " .. title[2] .. ", × a cosocket by hand",
        (stats.ratio(samples("ours", title[1]), base)), GOALS[title[1]])
    end
  end
end
