--- The people of a command: from its arguments, a file or standard input.

local json = require "dingtalk.json"

local people = {}

local BOM = "^\239\187\191"
local truths = { ["true"] = true, yes = true, ["1"] = true, ["false"] = false, no = false, ["0"] = false }
local id_names = { id = true, unionid = true }

local function trim(text)
  return (text:gsub("^%s+", ""):gsub("%s+$", ""))
end

local function each_line(text)
  local number = 0
  local next_line = text:gmatch("([^\n]*)\n?")
  return function()
    number = number + 1
    local line = next_line()
    return line and number, line and trim(line)
  end
end

local formats = {}

function formats.lines(text)
  local list = {}
  for _, line in each_line(text) do
    if line ~= "" then list[#list + 1] = line end
  end
  return list
end

-- The fields of a line of CSV, as RFC 4180 quotes them; nil where a quote does not end, or not its field.
local function split(line)
  local fields, at = {}, 1
  repeat
    local value, after
    if line:sub(at, at) == '"' then
      local close = at
      repeat
        close = line:find('"', close + 1, true)
        local doubled = close and line:sub(close + 1, close + 1) == '"'
        if doubled then close = close + 1 end
      until not doubled
      if not close then return nil end
      value, after = line:sub(at + 1, close - 1):gsub('""', '"'), line:match("^%s*()", close + 1)
      if after <= #line and line:sub(after, after) ~= "," then return nil end
    else
      after = line:find(",", at, true) or #line + 1
      value = line:sub(at, after - 1)
    end
    fields[#fields + 1] = trim(value)
    at = after + 1
  until line:sub(after, after) ~= ","
  return fields
end

local function columns(fields)
  local id, optional
  for i, name in ipairs(fields) do
    name = name:lower()
    if id_names[name] then id = i end
    if name == "isoptional" then optional = i end
  end
  return id, optional
end

local function entry_of(fields, id, optional)
  local person = fields[id]
  if not person or person == "" then return nil, "no id" end
  local said = optional and fields[optional] or ""
  if said == "" then return person end
  local flag = truths[said:lower()]
  if flag == nil then return nil, ("isOptional is %q, neither true nor false"):format(said) end
  return { id = person, isOptional = flag }
end

function formats.csv(text)
  local list, id, optional = {}, nil, nil
  for number, line in each_line(text) do
    local fields = line ~= "" and split(line)
    if fields == nil then return nil, ("line %d: a quote does not end, or not its field"):format(number) end
    if fields and not id then
      id, optional = columns(fields)
      if not id then return nil, ("line %d: no column is called id"):format(number) end
    elseif fields then
      local entry, message = entry_of(fields, id, optional)
      if not entry then return nil, ("line %d: %s"):format(number, message) end
      list[#list + 1] = entry
    end
  end
  return list
end

function formats.json(text)
  local list = json.decode(text)
  if type(list) ~= "table" or json.is_object(text) then return nil, "no JSON array" end
  for position, entry in ipairs(list) do
    if type(entry) == "table" then list[position] = json.plain(entry) end
  end
  return list
end

local function format_of(path, text)
  local extension = path:match("%.(%a+)$")
  if extension == "csv" or extension == "json" then return extension end
  if text:find("^%s*%[") then return "json" end
  local first = split(trim(text:match("^%s*([^\n]*)"))) or {}
  return columns(first) and "csv" or "lines"
end

local function read_file(path, stdin)
  local file, problem = stdin, nil
  if path ~= "-" then file, problem = io.open(path, "rb") end
  if not file then return nil, problem end
  local text, message = file:read("a")
  if path ~= "-" then file:close() end
  return text and text:gsub(BOM, ""), message
end

-- Removing knows nothing of who was optional.
local function plain_ids(list)
  for _, entry in ipairs(list) do
    if type(entry) == "table" then entry.isOptional = nil end
  end
end

local function mark_optional(list)
  for position, entry in ipairs(list) do
    if type(entry) == "string" then
      list[position] = { id = entry, isOptional = true }
    elseif type(entry) == "table" and entry.isOptional == nil then
      entry.isOptional = true
    end
  end
end

--- Reads the people of a command.
---@param args table people, file, format, optional, command
---@param stdin file*
---@return table? list as add_attendees takes it
---@return string? message
function people.read(args, stdin)
  local list = {}
  if args.file then
    local text, message = read_file(args.file, stdin)
    if not text then return nil, message end
    list, message = formats[args.format or format_of(args.file, text)](text)
    if not list then return nil, ("%s: %s"):format(args.file, message) end
  end
  for _, id in ipairs(args.people) do list[#list + 1] = id end
  if args.command == "remove" then plain_ids(list) end
  if args.optional then mark_optional(list) end
  if #list == 0 then return nil, "nobody is named: give unionIds, or --file" end
  return list
end

return people
