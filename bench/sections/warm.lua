-- A call over an open connection: HTTPS, HTTP/2.
local contestants = require "contestants"
local measuring = require "measuring"
local report = require "report"
local stats = require "stats"

local LIMIT = "bare"
local https, ca = contestants.https, contestants.ca

local function bare(mode, attendees)
  return function(calls) return contestants.bare(mode, https, ca.hashed, calls, attendees) end
end

local function module(flavour, attendees, kind, options)
  return function(calls) return contestants.module(flavour, https, ca.hashed, calls, attendees, kind, options) end
end

-- Whom to compare for this number of attendees: name, how to start, calls a round.
local function runners(attendees, calls)
  local list = {
    { "bare libcurl, handle kept", bare("kept", attendees), calls },
    { "bare libcurl, handle kept, URL in one piece", bare("plain", attendees), calls },
    { "module, Lua 5.4, strings", module("lua5.4", attendees, "strings"), calls },
    { "module, LuaJIT, strings", module("luajit", attendees, "strings"), calls },
  }
  if attendees == 1 then
    list[5] = { "module, Lua 5.4, options and a hook", module("lua5.4", 1, "strings", "options"), calls }
    list[6] = { "module, Lua 5.4, with a rate limiter", module("lua5.4", 1, "strings", "limiter"), calls }
    list[7] = { "module, LuaJIT, with a rate limiter", module("luajit", 1, "strings", "limiter"), calls }
  else
    table.insert(list, 4, { "module, Lua 5.4, tables", module("lua5.4", attendees, "tables"), calls })
    table.insert(list, 5, { "module, Lua 5.4, tables with isOptional", module("lua5.4", attendees, "optional"), calls })
  end
  return list
end

local function others(attendees, calls)
  local few = math.max(calls // 20, 5)
  return {
    { "bare libcurl, a handle a call, CA bundle", function(n)
      return contestants.bare("fresh", https, ca.bundle, n, attendees)
    end, few },
    { "Node SDK (HTTP/1.1)", function(n) return contestants.node(https, n, attendees, 1) end, calls },
    { "lua-http, connection kept by hand", function(n)
      return contestants.lua_http("kept", https, ca.alone, n, attendees)
    end, calls // 4 },
    { "lua-http, request object", function(n)
      return contestants.lua_http("request", https, ca.alone, n, attendees)
    end, few },
    { "luasocket + luasec + lua-cjson", function(n)
      return contestants.luasec(https, ca.alone, n, attendees)
    end, few },
  }
end

local function count_instructions(attendees, turns, limits)
  report.section(("Warm call, %d attendee%s: instructions"):format(attendees, attendees > 1 and "s" or ""))
  local base
  for _, row in ipairs(runners(attendees, turns)) do
    local name, start = row[1], row[2]
    local value = measuring.instructions(start, turns)
    base = base or value
    report.row(name, "instructions", value, base, LIMIT)
    if limits[name] then
      report.goal(("warm call, %d: instructions of %s, × bare"):format(attendees, name), value / base, limits[name])
    end
  end
end

local function time(attendees, calls, rounds, limits)
  report.section(("Warm call, %d attendee%s: CPU"):format(attendees, attendees > 1 and "s" or ""))
  local list = {}
  for _, source in ipairs { runners(attendees, calls), others(attendees, calls) } do
    for _, row in ipairs(source) do
      list[#list + 1] = { name = row[1], start = row[2](row[3]), per = row[3] }
    end
  end
  local samples = measuring.rounds(list, rounds)
  local base = samples[list[1].name].cpu
  for _, runner in ipairs(list) do
    local cpu = samples[runner.name].cpu
    report.row(runner.name, "s", cpu, base, LIMIT)
    if limits[runner.name] then
      report.goal(("warm call, %d: CPU of %s, × bare"):format(attendees, runner.name),
        (stats.ratio(cpu, base)), limits[runner.name])
    end
  end
end

return function(quick)
  local one = {
    ["module, Lua 5.4, strings"] = 1.30, ["module, Lua 5.4, options and a hook"] = 1.45,
    ["module, LuaJIT, strings"] = 1.20,
  }
  local many = { ["module, Lua 5.4, strings"] = 1.45 }
  count_instructions(1, quick and 300 or 1500, one)
  count_instructions(500, quick and 100 or 200, many)
  time(1, quick and 400 or 1500, quick and 3 or 9, {})
  time(500, quick and 100 or 300, quick and 3 or 9, {})
end
