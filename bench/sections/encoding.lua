-- The request body alone, compared with lua-cjson.
local contestants = require "contestants"
local report = require "report"
local shell = require "shell"
local stats = require "stats"

local kinds = {
  { "strings", "plain strings", 6 },
  { "tables", "tables", 4 },
  { "optional", "tables with isOptional", 4 },
}

local function race(flavour, attendees, kind, text, rounds)
  local ours, theirs = {}, {}
  local start = contestants.encode(flavour, attendees, kind, text, rounds)
  for round, row in ipairs(shell.values(contestants.line(start))) do
    ours[round], theirs[round] = row.core, row.cjson
  end
  return ours, theirs
end

local function compare(flavour, attendees, kind, text, rounds)
  local ours, theirs = race(flavour, attendees, kind[1], text, rounds)
  local of = ("%s of %d, %s"):format(kind[2], attendees, text)
  report.row("lua-cjson, " .. of, "s", theirs)
  report.row("module, " .. of, "s", ours, theirs, "lua-cjson")
  return (stats.ratio(theirs, ours)), stats.median(ours)
end

local function flat(flavour, each)
  report.goal(("encoding, %s: cost of an attendee among 5,000, × among 500"):format(flavour),
    (each[5000] / 5000) / (each[500] / 500), 1.1)
end

return function(quick)
  local rounds = quick and 3 or 9
  for _, flavour in ipairs { "lua5.4", "luajit" } do
    report.section("Encoding, " .. flavour,
      "lua-cjson encodes tables made beforehand, also where the module is given plain strings.")
    local each = {}
    for _, kind in ipairs(kinds) do
      for _, attendees in ipairs { 1, 500, 5000 } do
        local speedup, seconds = compare(flavour, attendees, kind, "ascii", rounds)
        if kind[1] == "strings" then each[attendees] = seconds end
        if attendees == 500 then
          report.goal(("encoding, %s, %s: times as fast as lua-cjson"):format(flavour, kind[2]), speedup, kind[3], true)
        end
      end
    end
    compare(flavour, 500, kinds[1], "cjk", rounds)
    compare(flavour, 500, kinds[1], "escapes", rounds)
    flat(flavour, each)
  end
end
