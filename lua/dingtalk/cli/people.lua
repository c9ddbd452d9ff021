--- The people of a command: from its arguments, from files and from standard input. What cannot be
--- understood is refused with the file, the line and the columns found; nothing is passed over in silence.

local columns = require "dingtalk.cli.columns"
local csv = require "dingtalk.cli.csv"
local errors = require "dingtalk.errors"
local json = require "dingtalk.json"
local json_nodes = require "dingtalk.cli.json_nodes"
local texts = require "dingtalk.cli.text"

local people = {}

local trim, found = texts.trim, columns.found

local MAX_BYTES = 16777216 -- of one file: ours; 5,000 people take half a megabyte

local function is_blank(row)
  for _, cell in ipairs(row) do
    if trim(cell) ~= "" then return false end
  end
  return true
end

local function plain_line(row, context)
  local text = trim(row[1])
  local usable, message = columns.check_who(context.kind, text)
  return usable and { [context.kind] = text, line = row.line }, message
end

local function too_many(row, header)
  for position = #header.names + 1, #row do
    local text = trim(row[position])
    if text ~= "" then
      return found(("%q is after the last column"):format(text), header.names)
    end
  end
end

-- Whether a row is the line of names once more; or what is wrong where it is another one.
local function repeats_names(row, header)
  local named, same = false, #row == #header.names
  for position, cell in ipairs(row) do
    same = same and columns.plain(cell) == columns.plain(header.names[position])
  end
  if same then return true end
  for _, column in ipairs(header) do
    named = named or columns.is_who[column.meaning] and columns.is_name(row[column.position] or "")
  end
  return false, named and found("a second line of names", row)
end

local function table_person(row, header)
  local message = too_many(row, header)
  if message then return nil, message end
  local person
  person, message = columns.person(header, row)
  if not person then return nil, found(message, header.names) end
  person.line = row.line
  return person
end

local formats = {}

-- The people of rows; a row that makes neither a person nor a message is passed over.
local function each_row(rows, make, ...)
  local list = {}
  for _, row in ipairs(rows) do
    if not is_blank(row) then
      local person, message = make(row, ...)
      if message then return nil, message, row.line end
      list[#list + 1] = person or nil
    end
  end
  return list
end

-- The people of rows below a line of names; where it may be a plain list, also of ids without such a line.
local function read_table(text, context, may_be_lines, separator)
  local rows, line, message = csv.parse(text, separator)
  if not rows then return nil, message, line end
  while rows[1] and is_blank(rows[1]) do table.remove(rows, 1) end
  local first = rows[1]
  if not first then return {} end
  if may_be_lines and #first == 1 and not columns.is_name(first[1]) then
    return each_row(rows, function(row)
      if #row == 1 and not columns.is_name(row[1]) then return plain_line(row, context) end
      return nil, found("one id a line is wanted, or a first line of names", row)
    end)
  end
  local header
  header, message = columns.read(first, context.ignored)
  if not header then return nil, message, first.line end
  table.remove(rows, 1)
  return each_row(rows, function(row)
    local repeats, problem = repeats_names(row, header)
    if repeats or problem then return nil, problem or nil end
    return table_person(row, header)
  end)
end

function formats.csv(text, context)
  return read_table(text, context, false, context.extension == "tsv" and "\t" or nil)
end

function formats.table(text, context)
  return read_table(text, context, true)
end

function formats.lines(text, context)
  local rows, number = {}, 0
  for line in text:gmatch "([^\n]*)\n?" do
    number = number + 1
    rows[number] = { line, line = number }
  end
  return each_row(rows, plain_line, context)
end

-- The names of such arrays in what this program prints with --json, and in the API.
local wrappers = { attendees = true, unionids = true, attendeesToAdd = true, attendeesToRemove = true }

local function unwrap(object)
  for position, name in ipairs(object.names) do
    local value = object.values[position]
    if wrappers[name] and value.items then return value.items end
  end
end

local function value_text(value)
  if value == nil or value == json.null then return "" end
  if type(value) == "number" then return nil end
  return tostring(value)
end

local function object_person(object, context)
  local header, message = columns.read(object.names, context.ignored)
  if not header then return nil, message end
  local values = {}
  for _, column in ipairs(header) do
    local node = object.values[column.position]
    local text = value_text(node.value)
    if text == nil or node.items or node.names then
      return nil, ("%s must be a text"):format(object.names[column.position])
    end
    values[column.position] = text
  end
  return columns.person(header, values)
end

local function json_person(node, context)
  local person, message
  if node.names then
    person, message = object_person(node, context)
  elseif type(node.value) == "string" then
    person, message = plain_line({ node.value }, context)
  else
    message = "a person is a text or an object, not " .. (node.items and "an array" or "a " .. type(node.value))
  end
  if person then person.line = node.line end
  return person, message
end

function formats.json(text, context)
  local nodes, message, line = json_nodes.read(text)
  if not nodes then return nil, message, line end
  local list = {}
  for _, node in ipairs(nodes) do
    local items = node.items or node.names and unwrap(node) or { node }
    for _, item in ipairs(items) do
      local person
      person, message = json_person(item, context)
      if not person then return nil, message, item.line end
      list[#list + 1] = person
    end
  end
  return list
end

local by_extension = { csv = "csv", tsv = "csv", json = "json", jsonl = "json", ndjson = "json" }

local function format_of(extension, text)
  if by_extension[extension] then return by_extension[extension] end
  return text:find "^%s*[%[{]" and "json" or "table"
end

--- The bytes of a file, or of standard input.
---@param path string "-" is standard input
---@param stdin file*
---@return string? bytes
---@return string? message
function people.read_bytes(path, stdin)
  local file, problem = stdin, nil
  if path ~= "-" then file, problem = io.open(path, "rb") end
  if not file then return nil, problem end
  local bytes, message = file:read(MAX_BYTES + 1)
  if path ~= "-" then file:close() end
  path = path == "-" and "standard input" or path
  if message then return nil, ("%s: %s"):format(path, message) end
  if bytes and #bytes > MAX_BYTES then return nil, ("%s: is larger than %d MiB"):format(path, MAX_BYTES // 1048576) end
  return bytes or ""
end

-- Appends the people of one file, each with its file and line.
local function read_file(path, args, stdin, list, kind)
  local shown = path == "-" and "standard input" or path
  local bytes, message = people.read_bytes(path, stdin)
  if not bytes then return message end
  local context = { ignored = {}, kind = kind, extension = (path:match "%.(%w+)$" or ""):lower() }
  for _, name in ipairs(args.ignore or {}) do context.ignored[columns.plain(name)] = true end
  local text, entries, line
  text, message = texts.decode(bytes, context.extension)
  if not text then return ("%s: %s"):format(shown, message) end
  entries, message, line = formats[args.format or format_of(context.extension, text)](text, context)
  if not entries then return ("%s: line %d: %s"):format(shown, line, errors.one_line(message)) end
  if #entries == 0 then return ("%s: holds nobody"):format(shown) end
  for _, entry in ipairs(entries) do
    entry.where = ("%s: line %d"):format(shown, entry.line)
    list[#list + 1] = entry
  end
end

local function is_file(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

-- The ids among the arguments, and the names of files, where the shell has expanded --file *.csv.
local function sort_arguments(args)
  local files, ids = {}, {}
  for _, path in ipairs(args.file or {}) do files[#files + 1] = path end
  local has_files = #files > 0
  for _, word in ipairs(args.people or {}) do
    local looks_like_a_file = word:find("[./]") ~= nil
    if looks_like_a_file and has_files and is_file(word) then
      files[#files + 1] = word
    elseif is_file(word) then
      return nil, nil, ("%q is a file here: give it with --file, or the unionId in a file"):format(word)
    else
      local usable, message = columns.check_who("id", word)
      if not usable then return nil, nil, message end
      ids[#ids + 1] = word
    end
  end
  return files, ids
end

-- Where a person is named twice, isOptional must be the same.
local function check_twice(list)
  local first = {}
  for _, entry in ipairs(list) do
    local key = table.concat({ entry.event or "", entry.id or "", entry.userid or "", entry.mobile or "" }, "\0")
    local other = first[key]
    if other and other.isOptional ~= entry.isOptional then
      return ("%s: %q is in %s, too, and there %s"):format(entry.where, entry.id or entry.userid or entry.mobile,
        other.where, other.isOptional == nil and "without a word on being optional"
          or other.isOptional and "optional" or "required")
    end
    first[key] = other or entry
  end
end

local function read_files(files, args, stdin, list, kind)
  local has_stdin = false
  for _, path in ipairs(files) do
    if path == "-" and has_stdin then return "standard input can be read only once: --file - is given twice" end
    has_stdin = has_stdin or path == "-"
    local message = read_file(path, args, stdin, list, kind)
    if message then return message end
  end
end

---@class dingtalk.cli.Person
---@field id string? unionId; or
---@field userid string? staff id; or
---@field mobile string?
---@field isOptional boolean? nil where the file does not say
---@field event string? where the file has such a column
---@field where string file and line

--- Reads the people of a command.
---@param args table people, file, format, ignore
---@param stdin file*
---@param kind "id"|"userid"|nil what a list without columns holds; unionIds by default
---@return dingtalk.cli.Person[]? list
---@return string? message
function people.read(args, stdin, kind)
  local files, ids, message = sort_arguments(args)
  if not files then return nil, message end
  local list = {}
  message = read_files(files, args, stdin, list, kind or "id")
  if message then return nil, message end
  for _, id in ipairs(ids) do list[#list + 1] = { id = id, where = "the arguments" } end
  message = check_twice(list)
  if message then return nil, message end
  if #list == 0 then return nil, "nobody is named: give unionIds, or --file" end
  return list
end

return people
