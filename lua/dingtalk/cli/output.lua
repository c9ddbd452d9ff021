--- What the command line prints: lines for people, or one JSON object.

local details = require "dingtalk.details"
local errors = require "dingtalk.errors"

local output = {}

-- Empty ones are arrays, too.
local lists = {
  absent = true, attendees = true, batches = true, done = true, events = true, present = true, requests = true,
  required_scopes = true, unionids = true,
}

--- One JSON object on a line.
---@param stream file*
---@param value table
function output.json(stream, value)
  stream:write(details.json(value, "output", lists), "\n")
end

--- Fields with tabs between them, fit for cut and awk.
---@param stream file*
---@param ... any
function output.row(stream, ...)
  local fields = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    fields[i] = value == nil and "" or errors.one_line(value)
  end
  stream:write(table.concat(fields, "\t"), "\n")
end

--- An error, as the output's form wants it.
---@param world table
---@param args table
---@param err dingtalk.Error|string
function output.failure(world, args, err)
  if args.json then
    output.json(world.stdout, { error = errors.is_error(err) and err or { kind = "failed", message = err } })
  end
  world.stderr:write("dingtalk-calendar: ", (tostring(err):gsub("^dingtalk: ", "")), "\n")
end

return output
