--- The people of a command: from its arguments, from files and from standard input. What cannot be
--- understood is refused with the file, the line and the columns found; nothing is passed over in silence.

local csv = require "dingtalk.cli.csv"
local json = require "dingtalk.json"
local texts = require "dingtalk.cli.text"

local people = {}

local trim = texts.trim

local MAX_DEPTH = 16 -- arrays and objects within each other: ours
local MAX_BYTES = 16777216 -- of one file: ours; 5,000 people take half a megabyte

-- What a column says, by its name without case, spaces and punctuation.
local meanings = {
  id = "id", unionid = "id", unionids = "id", ["用户unionid"] = "id", ["员工unionid"] = "id", ["钉钉unionid"] = "id",
  userid = "userid", staffid = "userid", ["员工userid"] = "userid", ["用户userid"] = "userid",
  ["钉钉userid"] = "userid", ["员工id"] = "userid", ["用户id"] = "userid",
  mobile = "mobile", mobilenumber = "mobile", mobilephone = "mobile", phone = "mobile", phonenumber = "mobile",
  ["手机"] = "mobile", ["手机号"] = "mobile", ["手机号码"] = "mobile",
  optional = "optional", isoptional = "optional", ["可选"] = "optional", ["是否可选"] = "optional",
  ["可选参加"] = "optional", ["是否可选参加"] = "optional",
  required = "required", isrequired = "required", mandatory = "required", ["必须"] = "required", ["必选"] = "required",
  ["是否必须"] = "required", ["是否必选"] = "required", ["必须参加"] = "required", ["是否必须参加"] = "required",
  event = "event", eventid = "event", ["日程"] = "event", ["日程id"] = "event",
}

-- Columns that say nothing of who is meant and how.
local remarks = {}
for name in ([[name displayname fullname nick nickname title position department dept company email mail note notes
  remark remarks comment comments no number index row responsestatus self error gender
  姓名 名字 名称 昵称 职位 职务 部门 公司 邮箱 电子邮箱 备注 说明 序号 编号 工号 性别]]):gmatch "%S+" do
  remarks[name] = true
end

local whos = { "id", "userid", "mobile" }
local is_who = { id = true, userid = true, mobile = true }

local truths = {}
for name in ("true yes y t 1 是 真 对 √ ✓ ✔"):gmatch "%S+" do truths[name] = true end
for name in ("false no n f 0 否 不是 假 错 × ✗"):gmatch "%S+" do truths[name] = false end
-- Whatever the column is called.
local words = {
  optional = true, ["可选"] = true, required = false, mandatory = false, ["必须"] = false, ["必选"] = false,
}

-- A name without what people write differently.
local function plain(name)
  return (trim(name):lower():gsub("[%s_%-.*]", ""):gsub("\u{3000}", ""):gsub("\u{A0}", ""))
end

local function list_of(names)
  local shown = {}
  for i, name in ipairs(names) do shown[i] = ("%q"):format(trim(name)) end
  return table.concat(shown, ", ")
end

local function found(message, names)
  return ("%s; columns found: %s"):format(message, list_of(names))
end

-- Refuses two columns of which one would be used without a word.
local function add_column(columns, meaning, position, names)
  local group = meaning == "required" and "optional" or meaning
  local other = columns.by_group[group]
  if other then
    return found(("the columns %d and %d, %q and %q, say the same: keep one, or --ignore the other"):format(
      other, position, trim(names[other]), trim(names[position])), names)
  end
  columns.by_group[group] = position
  columns[#columns + 1] = { position = position, meaning = meaning }
end

-- A column "id" may number the rows where another says who is meant.
local function check_whos(columns, names)
  local who = columns.by_group
  if who.id and plain(names[who.id]) == "id" and (who.userid or who.mobile) then
    return found(('the column "id" may be a unionId or anything: call it unionId, or --ignore %s'):format(
      trim(names[who.id])), names)
  end
  if not (who.id or who.userid or who.mobile) then
    return found("no column is called id, unionId, userid or mobile", names)
  end
end

-- What each column says; or nil and why not.
local function columns_of(names, ignored)
  local columns = { by_group = {}, names = names }
  for position, name in ipairs(names) do
    local short = plain(name)
    local message
    if ignored[short] or remarks[short] then
      message = nil
    elseif meanings[short] then
      message = add_column(columns, meanings[short], position, names)
    elseif short == "" then
      columns[#columns + 1] = { position = position, meaning = "nothing" }
    else
      message = found(("the column %q is not known: rename it, or --ignore it"):format(trim(name)), names)
    end
    if message then return nil, message end
  end
  local message = check_whos(columns, names)
  if message then return nil, message end
  return columns
end

-- Whether a text can be an id of this kind; or nil and what is wrong.
local function check_who(kind, text)
  local name = kind == "id" and "unionId" or kind
  local shown = ("%q"):format(text)
  if kind == "mobile" then
    if text:find "^%+?%d[%d%- ]+%d$" then return true end
    return nil, shown .. " is no mobile number"
  end
  local stranger = text:find "^[\33-\126]*[%c ]" and "a space" or text:find "[\128-\255]" and "other than ASCII"
    or text:match "[\"'`,;|<>%[%]{}()\\^*?&#]" or not text:find "%w" and "neither letters nor digits"
    or kind == "id" and (text:match "[:%%!@]" or text:match "(=)[^=]")
  if stranger then return nil, ("%s is no %s: it holds %s"):format(shown, name, stranger) end
  if kind == "userid" then return true end
  if text:find "^%+?8?6?%-?1[3-9]%d%d%d%d%d%d%d%d%d$" then
    return nil, shown .. " is a mobile number, not a unionId: call the column mobile"
  end
  return true
end

local function truth_of(column, name, text)
  local word = text:lower()
  if words[word] ~= nil then return words[word] end
  local value = truths[word]
  if value == nil then return nil, ("%s is %q, neither yes nor no"):format(trim(name), text) end
  if column.meaning == "required" then return not value end
  return value
end

-- Takes one value into a person. Returns what is wrong.
local function take(person, column, name, text)
  local meaning = column.meaning
  if text == "" then return nil end
  if meaning == "nothing" then return ("%q stands in a column without a name"):format(text) end
  if is_who[meaning] then
    local usable, message = check_who(meaning, text)
    if not usable then return message end
    -- People group the digits of a number.
    if meaning == "mobile" then text = text:gsub(text:find "^%+" and " " or "[ %-]", "") end
    person[meaning] = text
  elseif meaning == "event" then
    person.event = text
  else
    local value, message = truth_of(column, name, text)
    if value == nil then return message end
    person.isOptional = value
  end
end

-- Who is named in more than one way is known by the first: the others need a look-up.
local function settle(person)
  for position, kind in ipairs(whos) do
    if person[kind] then
      for other = position + 1, #whos do person[whos[other]] = nil end
      return person
    end
  end
  return nil, "no id"
end

local function person_of(columns, values)
  local person = {}
  for _, column in ipairs(columns) do
    local position = column.position
    local message = take(person, column, columns.names[position], trim(values[position] or ""))
    if message then return nil, message end
  end
  local settled, message = settle(person)
  if settled and columns.by_group.event and not person.event then return nil, "no event" end
  return settled, message
end

local function is_blank(row)
  for _, cell in ipairs(row) do
    if trim(cell) ~= "" then return false end
  end
  return true
end

-- Whether a text is the name of a column, as in the middle of two tables joined.
local function is_name(text)
  local name = plain(text)
  return meanings[name] ~= nil or remarks[name] ~= nil
end

local function plain_line(row, context)
  local text = trim(row[1])
  local usable, message = check_who(context.kind, text)
  return usable and { [context.kind] = text, line = row.line }, message
end

local function too_many(row, columns)
  for position = #columns.names + 1, #row do
    local text = trim(row[position])
    if text ~= "" then
      return found(("%q stands behind the last column"):format(text), columns.names)
    end
  end
end

-- Whether a row is the line of names once more; or what is wrong where it is another one.
local function repeats_names(row, columns)
  local named, same = false, #row == #columns.names
  for position, cell in ipairs(row) do
    same = same and plain(cell) == plain(columns.names[position])
  end
  if same then return true end
  for _, column in ipairs(columns) do
    named = named or is_who[column.meaning] and is_name(row[column.position] or "")
  end
  return false, named and found("a second line of names", row)
end

local function table_person(row, columns)
  local message = too_many(row, columns)
  if message then return nil, message end
  local person
  person, message = person_of(columns, row)
  if not person then return nil, found(message, columns.names) end
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

-- Rows below a line of names; or, where it may be a plain list, ids without one.
local function read_table(text, context, may_be_lines, separator)
  local rows, line, message = csv.parse(text, separator)
  if not rows then return nil, message, line end
  while rows[1] and is_blank(rows[1]) do table.remove(rows, 1) end
  local first = rows[1]
  if not first then return {} end
  if may_be_lines and #first == 1 and not is_name(first[1]) then
    return each_row(rows, function(row)
      if #row == 1 and not is_name(row[1]) then return plain_line(row, context) end
      return nil, found("one id a line is wanted, or a first line of names", row)
    end)
  end
  local columns
  columns, message = columns_of(first, context.ignored)
  if not columns then return nil, message, first.line end
  table.remove(rows, 1)
  return each_row(rows, function(row)
    local repeats, problem = repeats_names(row, columns)
    if repeats or problem then return nil, problem or nil end
    return table_person(row, columns)
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

-- JSON with the line of each value and the names of each object in order, which lua-cjson does not tell:
-- { line, items } for an array, { line, names, values } for an object, { line, value } for all else.
local read_json

local function json_fault(state, message)
  error({ line = state.line, message = message }, 0)
end

local function next_char(state)
  local start, stop = state.text:find("^%s*", state.at)
  state.line = state.line + select(2, state.text:sub(start, stop):gsub("\n", ""))
  state.at = stop + 1
  return state.text:sub(state.at, state.at)
end

local function read_scalar(state)
  local pattern = '^[%w+%-.]+'
  local stop = select(2, state.text:find(pattern, state.at))
  if state.text:sub(state.at, state.at) == '"' then
    stop = state.at
    repeat
      stop = state.text:find('["\\]', stop + 1)
      local escaped = stop and state.text:sub(stop, stop) == "\\"
      if escaped then stop = stop + 1 end
    until not escaped
  end
  local value = stop and json.decode("[" .. state.text:sub(state.at, stop) .. "]")
  if not value or value[1] == nil then json_fault(state, "no JSON") end
  state.at = stop + 1
  return { line = state.line, value = value[1] }
end

-- What stands between an opening bracket and its closing one, commas between.
local function read_members(state, closing, read_member)
  state.at = state.at + 1
  if next_char(state) == closing then
    state.at = state.at + 1
    return
  end
  repeat
    read_member()
    local char = next_char(state)
    if char ~= "," and char ~= closing then json_fault(state, ("no JSON: a comma or %s is missing"):format(closing)) end
    state.at = state.at + 1
  until char == closing
end

local function read_object(state, depth)
  local object = { line = state.line, names = {}, values = {} }
  read_members(state, "}", function()
    if next_char(state) ~= '"' then json_fault(state, "no JSON: a name is missing") end
    local name = read_scalar(state).value
    if next_char(state) ~= ":" then json_fault(state, "no JSON: a colon is missing") end
    state.at = state.at + 1
    object.names[#object.names + 1] = name
    object.values[#object.names] = read_json(state, depth)
  end)
  return object
end

function read_json(state, depth)
  local char = next_char(state)
  if depth > MAX_DEPTH then json_fault(state, "nested too deeply") end
  if char == "{" then return read_object(state, depth + 1) end
  if char ~= "[" then return read_scalar(state) end
  local array = { line = state.line, items = {} }
  read_members(state, "]", function() array.items[#array.items + 1] = read_json(state, depth + 1) end)
  return array
end

-- All values of a text: one, or those of JSON lines.
local function read_values(text)
  local state, values = { text = text, at = 1, line = 1 }, {}
  local ok, fault = pcall(function()
    while next_char(state) ~= "" do values[#values + 1] = read_json(state, 0) end
  end)
  if ok then return values end
  if type(fault) ~= "table" then error(fault, 0) end
  return nil, fault.message, fault.line
end

-- The arrays that this program's own --json and the API name so.
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
  local columns, message = columns_of(object.names, context.ignored)
  if not columns then return nil, message end
  local values = {}
  for _, column in ipairs(columns) do
    local node = object.values[column.position]
    local text = value_text(node.value)
    if text == nil or node.items or node.names then
      return nil, ("%s must be a text"):format(object.names[column.position])
    end
    values[column.position] = text
  end
  return person_of(columns, values)
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
  local nodes, message, line = read_values(text)
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

-- Appends the people of one file, each with where it stands.
local function read_file(path, args, stdin, list, kind)
  local shown = path == "-" and "standard input" or path
  local bytes, message = people.read_bytes(path, stdin)
  if not bytes then return message end
  local context = { ignored = {}, kind = kind, extension = (path:match "%.(%w+)$" or ""):lower() }
  for _, name in ipairs(args.ignore or {}) do context.ignored[plain(name)] = true end
  local text, entries, line
  text, message = texts.decode(bytes, context.extension)
  if not text then return ("%s: %s"):format(shown, message) end
  entries, message, line = formats[args.format or format_of(context.extension, text)](text, context)
  if not entries then return ("%s: line %d: %s"):format(shown, line, message) end
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

-- What stands among the arguments: ids; the names of files where the shell has expanded --file *.csv.
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
      local usable, message = check_who("id", word)
      if not usable then return nil, nil, message end
      ids[#ids + 1] = word
    end
  end
  return files, ids
end

-- A person who is named twice must be meant in the same way.
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
    if path == "-" and has_stdin then return "standard input can be read once: --file - stands twice" end
    has_stdin = has_stdin or path == "-"
    local message = read_file(path, args, stdin, list, kind)
    if message then return message end
  end
end

---@class dingtalk.cli.Person
---@field id string? unionId; or
---@field userid string? staff id; or
---@field mobile string?
---@field isOptional boolean? where something says so
---@field event string? of a file with such a column
---@field where string file and line

--- Reads the people of a command.
---@param args table people, file, format, ignore
---@param stdin file*
---@param kind "id"|"userid"|nil what a line without a column is; a unionId by default
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
