--- How contestants are measured: in turns, or by counting instructions.

local contestants = require "contestants"
local shell = require "shell"

local measure = {}

-- Set by bench/run.
local out = os.getenv("BENCH_OUT")

--- Runs each contestant once a round, in turns. A contestant is { name, start, per }: `start` as
--- contestants.* gives it, `per` what its seconds are divided by.
---@return table<string, table<string, number[]>> samples by contestant and quantity
function measure.rounds(runners, rounds)
  local samples = {}
  for _, runner in ipairs(runners) do samples[runner.name] = {} end
  for _ = 1, rounds do
    for _, runner in ipairs(runners) do
      local values = shell.values(contestants.line(runner.start))[1]
      for quantity, value in pairs(values) do
        local list = samples[runner.name][quantity] or {}
        samples[runner.name][quantity] = list
        local is_time = quantity == "cpu" or quantity == "wall"
        list[#list + 1] = is_time and value / runner.per or value
      end
    end
  end
  return samples
end

--- Runs whole programs in turns, from start to end.
---@return table<string, table<string, number[]>> samples by contestant and quantity
function measure.programs(runners, rounds)
  local line = { shell.quote(out .. "/spawn"), rounds }
  local samples = {}
  for _, runner in ipairs(runners) do
    samples[runner.name] = { cpu = {}, wall = {}, peak = {} }
    line[#line + 1] = "-- " .. contestants.line(runner.start)
  end
  for _, row in ipairs(shell.values(table.concat(line, " "))) do
    for quantity, list in pairs(samples[runners[row.command].name]) do list[#list + 1] = row[quantity] end
  end
  return samples
end

--- Instructions of a whole program, from its start to its end.
---@return number
function measure.program_instructions(contestant)
  local line = shell.line({ "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
    table.unpack(contestant.words) }, contestant.environment)
  local text = shell.output(line .. " 2>&1")
  return assert(tonumber(text:match("Collected : (%d+)")), text)
end

--- Instructions of one turn: a program that makes 2 N turns less one that makes N, so that its
--- start and its end cancel.
---@param start fun(turns: integer): table
---@param turns integer
---@return number
function measure.instructions(start, turns)
  local count = measure.program_instructions
  return (count(start(2 * turns)) - count(start(turns))) / turns
end

return measure
