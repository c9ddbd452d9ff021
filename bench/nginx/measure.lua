-- Measures the ways in turn, round after round, and prints the medians, or each round as name=value for
-- bench/sections/nginx.lua. Run by bench/nginx/run.
local base, rounds, seconds, form = arg[1], tonumber(arg[2]), tonumber(arg[3]), arg[4]

local WAYS = { "ours", "cosocket", "ours_http", "cosocket_http", "polling" }

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return text
end

local function get(path) return output_of(("curl -s --noproxy '*' '%s%s'"):format(base, path)) end

local units = { us = 0.001, ms = 1, s = 1000 }

local function to_ms(text)
  local number, unit = text:match("^([%d.]+)(%a+)$")
  return tonumber(number) * units[unit]
end

local function wrk(path, clients, time)
  local text = output_of(("wrk -t1 -c%d -d%ds --latency --timeout 10s '%s%s'"):format(clients, time, base, path))
  if text:find("Non-2xx", 1, true) or text:find("Socket errors", 1, true) then error(path .. ": " .. text) end
  return {
    calls = tonumber(text:match("(%d+) requests in")), rate = tonumber(text:match("Requests/sec:%s*([%d.]+)")),
    p50 = to_ms(text:match("\n%s+50%%%s+(%S+)")), p99 = to_ms(text:match("\n%s+99%%%s+(%S+)")),
  }
end

local function measured(path, clients)
  local before = tonumber(get "/cpu")
  local found = wrk(path, clients, seconds)
  found.cpu = (tonumber(get "/cpu") - before) / found.calls * 1e6
  return found
end

-- The p99 of another location while the way is under load.
local function beside(path)
  local load = io.popen(("wrk -t1 -c100 -d%ds --timeout 10s '%s%s'"):format(seconds + 1, base, path))
  os.execute("sleep 0.5")
  local found = wrk("/unrelated", 2, seconds)
  load:read("a")
  load:close()
  return found.p99
end

local function median(list)
  table.sort(list)
  return list[#list // 2 + 1]
end

local function collect(into, key, found)
  into[key] = into[key] or {}
  for field, value in pairs(found) do
    into[key][field] = into[key][field] or {}
    table.insert(into[key][field], value)
  end
end

local first = {}
local OURS = { "ours", "ours_http" }
for _, way in ipairs(OURS) do
  get "/watch"
  get("/" .. way)
  first[way] = get "/held"
end
for _, way in ipairs(WAYS) do wrk("/" .. way, 100, 1) end

local found = {}
for round = 1, rounds do
  for i = 1, #WAYS do
    local way = WAYS[(i + round) % #WAYS + 1]
    collect(found, way .. " 100", measured("/" .. way, 100))
    collect(found, way .. " 1", measured("/" .. way, 1))
    collect(found, way .. " beside", { p99 = beside("/" .. way) })
  end
end

-- A line a round: seconds, and calls a second.
local function print_rounds()
  local scale = { p50 = 1e-3, p99 = 1e-3, cpu = 1e-6 }
  for round = 1, rounds do
    local parts = {}
    for key, fields in pairs(found) do
      for field, list in pairs(fields) do
        parts[#parts + 1] = ("%s_%s=%.9f"):format(key:gsub(" ", "_"), field, list[round] * (scale[field] or 1))
      end
    end
    print(table.concat(parts, " "))
  end
end

if form == "values" then return print_rounds() end

local function value(key, field) return median(found[key][field]) end

print("| way | clients | calls/s | p50 ms | p99 ms | CPU a call µs | p99 of an unrelated location ms |")
print("|---|---|---|---|---|---|---|")
for _, clients in ipairs { 100, 1 } do
  for _, way in ipairs(WAYS) do
    local key = ("%s %d"):format(way, clients)
    print(("| %s | %d | %.0f | %.1f | %.1f | %.0f | %s |"):format(way, clients, value(key, "rate"), value(key, "p50"),
      value(key, "p99"), value(key, "cpu"), clients == 100 and ("%.2f"):format(value(way .. " beside", "p99")) or ""))
  end
end

local function ratio(what, a, b, goal)
  print(("| %s | %.2f | %s |"):format(what, a / b, goal))
end

print("\n| ours : cosocket, over TLS | ratio | goal |\n|---|---|---|")
ratio("calls/s, 100 clients", value("ours 100", "rate"), value("cosocket 100", "rate"), "≥ 0.98")
ratio("p99, 100 clients", value("ours 100", "p99"), value("cosocket 100", "p99"), "≤ 1")
ratio("CPU a call, 100 clients", value("ours 100", "cpu"), value("cosocket 100", "cpu"), "≤ 2.2")
ratio("CPU a call, 1 client", value("ours 1", "cpu"), value("cosocket 1", "cpu"), "≤ 2")
ratio("p99 of an unrelated location", value("ours beside", "p99"), value("cosocket beside", "p99"), "≤ 1.3")
get "/watch"
for _, way in ipairs(OURS) do wrk("/" .. way, 100, seconds) end
print("\nThe longest stretch in one of our steps (goal: < 5 ms)\n")
print(("- first call over TLS: %s- first call over http: %s- all others: %s"):format(
  first.ours, first.ours_http, get "/held"))
