--- What the command line prints: lines for people, or one JSON object.

local json = require "dingtalk.json"
local errors = require "dingtalk.errors"

local output = {}

-- Empty ones are arrays, too.
local lists = {
  absent = true, attendees = true, batches = true, done = true, events = true, present = true, requests = true,
  required_scopes = true, unionids = true,
}

local MAX_DEPTH = 64 -- tables within tables: more than an answer can have
local REPLACEMENT = "\239\191\189" -- U+FFFD

-- Each byte that is no UTF-8 replaced.
local function readable(text)
  local parts, at = {}, 1
  local length, bad = utf8.len(text)
  while not length do
    parts[#parts + 1] = text:sub(at, bad - 1) .. REPLACEMENT
    at = bad + 1
    length, bad = utf8.len(text, at)
  end
  return table.concat(parts) .. text:sub(at)
end

-- A copy of what came from outside that JSON can hold.
local function fit(value)
  if type(value) == "string" then return readable(value) end
  if type(value) == "number" and (value ~= value or value - value ~= 0) then return tostring(value) end
  if type(value) ~= "table" then return value end
  local copy = json.is_array(value) and json.array {} or {}
  for name, field in next, value do copy[fit(name)] = fit(field) end
  return copy
end

--- One JSON object on a line.
---@param stream file*
---@param value table
function output.json(stream, value)
  stream:write(json.write(fit(value), "output", lists, MAX_DEPTH), "\n")
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
---@param kind string? of an error that is a text: a name of dingtalk.cli.exits
function output.failure(world, args, err, kind)
  if args.json then
    output.json(world.stdout, { error = errors.is_error(err) and err or { kind = kind, message = err } })
  end
  world.stderr:write("dingtalk-calendar: ", (tostring(err):gsub("^dingtalk: ", "")), "\n")
end

return output
