--- What was measured, as a table of text and as a picture.

local stats = require "stats"

local report = { sections = {}, goals = {} }

local section

--- Begins a section.
---@param title string
---@param note string? a sentence under the title
function report.section(title, note)
  section = { title = title, note = note, rows = {} }
  report.sections[#report.sections + 1] = section
  io.stderr:write("  ", title, "\n")
end

local units = {
  { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "µs" }, { 1e-9, "ns" },
}

local function grouped(number)
  local text = ("%.0f"):format(number)
  repeat
    local count
    text, count = text:gsub("^(-?%d+)(%d%d%d)", "%1,%2")
  until count == 0
  return text
end

--- A number for people.
---@param value number
---@param unit "s"|"KiB"|"instructions"
function report.text(value, unit)
  if unit == "s" then
    for _, row in ipairs(units) do
      if value >= row[1] or row[2] == "ns" then return ("%.3g %s"):format(value / row[1], row[2]) end
    end
  elseif unit == "KiB" then
    return value >= 10240 and ("%.1f MiB"):format(value / 1024) or ("%.1f KiB"):format(value)
  end
  return grouped(value)
end

--- A line of the section: a contestant's figures, next to those of a base measured in the same rounds.
---@param name string
---@param unit "s"|"KiB"|"instructions"
---@param samples number|number[]
---@param base number|number[]|nil
---@param of string? what the base is called
---@return number? ratio
function report.row(name, unit, samples, base, of)
  samples = type(samples) == "table" and samples or { samples }
  base = type(base) == "number" and { base } or base
  local row = { name = name, unit = unit, of = of }
  row.value, row.low, row.high = stats.median(samples)
  if base then row.ratio, row.ratio_low, row.ratio_high = stats.ratio(samples, base) end
  section.rows[#section.rows + 1] = row
  return row.ratio
end

--- A goal and what came of it.
---@param text string
---@param value number
---@param limit number
---@param at_least boolean? met from the limit up, not down
function report.goal(text, value, limit, at_least)
  local met = at_least and value >= limit or not at_least and value <= limit
  report.goals[#report.goals + 1] = { text = text, value = value, limit = limit, at_least = at_least, met = met }
end

local function row_text(row)
  local spread = row.low == row.high and "" or
    ("%s … %s"):format(report.text(row.low, row.unit), report.text(row.high, row.unit))
  local ratio = ""
  if row.ratio then
    ratio = ("%.2f × %s"):format(row.ratio, row.of)
    if row.ratio_low ~= row.ratio_high then
      ratio = ratio .. (" (%.2f … %.2f)"):format(row.ratio_low, row.ratio_high)
    end
  end
  return ("| %s | %s | %s | %s |"):format(row.name, report.text(row.value, row.unit), spread, ratio)
end

local function goal_text(goal)
  return ("| %s | %s %.3g | %.3g | %s |"):format(
    goal.text, goal.at_least and "≥" or "≤", goal.limit, goal.value, goal.met and "met" or "missed")
end

--- All of it as tables in Markdown.
---@param about string[] lines on the machine
---@return string
function report.markdown(about)
  local lines = {}
  local function add(text) lines[#lines + 1] = text end
  for _, line in ipairs(about) do add(line) end
  for _, each in ipairs(report.sections) do
    add("\n## " .. each.title .. "\n")
    if each.note then add(each.note .. "\n") end
    add("| | median | quartiles | ratio |\n|---|---|---|---|")
    for _, row in ipairs(each.rows) do add(row_text(row)) end
  end
  add("\n## Goals\n\n| | goal | measured | |\n|---|---|---|---|")
  for _, goal in ipairs(report.goals) do add(goal_text(goal)) end
  return table.concat(lines, "\n") .. "\n"
end

return report
