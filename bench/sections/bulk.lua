-- Many attendees: what one costs, by how many a call adds.
local contestants = require "contestants"
local measuring = require "measuring"
local report = require "report"
local stats = require "stats"

local https, ca = contestants.https, contestants.ca

return function(quick)
  report.section("Bulk: CPU an attendee, by the attendees of a call",
    "5,000 are sent in ten requests, one after the other.")
  local list = {}
  for _, attendees in ipairs { 1, 10, 100, 500, 5000 } do
    local calls = math.max((quick and 20000 or 100000) // attendees, 10)
    if attendees < 100 then calls = calls // 20 end
    list[#list + 1] = {
      name = ("module, Lua 5.4, %d a call"):format(attendees), per = calls * attendees,
      start = contestants.module("lua5.4", https, ca.hashed, calls, attendees, "strings"),
    }
  end
  local samples = measuring.rounds(list, quick and 3 or 7)
  for _, runner in ipairs(list) do report.row(runner.name, "s", samples[runner.name].cpu) end
  local most = samples["module, Lua 5.4, 5000 a call"].cpu
  report.goal("CPU an attendee, 5,000 a call, × 500 a call",
    (stats.ratio(most, samples["module, Lua 5.4, 500 a call"].cpu)), 1.1)
end
