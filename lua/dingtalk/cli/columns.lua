--- What the columns of a table of people say, in English and Chinese, and the person of a row.

local texts = require "dingtalk.cli.text"

local columns = {}

local trim = texts.trim

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

-- Columns that do not say who is meant, or whether they need not come.
local remarks = {}
for name in ([[name displayname fullname nick nickname title position department dept company email mail note notes
  remark remarks comment comments no number index row responsestatus self error gender
  姓名 名字 名称 昵称 职位 职务 部门 公司 邮箱 电子邮箱 备注 说明 序号 编号 工号 性别]]):gmatch "%S+" do
  remarks[name] = true
end

local whos = { "id", "userid", "mobile" }
columns.is_who = { id = true, userid = true, mobile = true }

local truths = {}
for name in ("true yes y t 1 是 真 对 √ ✓ ✔"):gmatch "%S+" do truths[name] = true end
for name in ("false no n f 0 否 不是 假 错 × ✗"):gmatch "%S+" do truths[name] = false end
-- Words that say it whatever the column is called.
local words = {
  optional = true, ["可选"] = true, required = false, mandatory = false, ["必须"] = false, ["必选"] = false,
}

--- A column's name without what people write differently.
---@param name string
---@return string
function columns.plain(name)
  return (trim(name):lower():gsub("[%s_%-.*]", ""):gsub("\u{3000}", ""):gsub("\u{A0}", ""))
end

local function list_of(names)
  local shown = {}
  for i, name in ipairs(names) do shown[i] = ("%q"):format(trim(name)) end
  return table.concat(shown, ", ")
end

--- A message with the columns that were found.
---@param message string
---@param names string[]
---@return string
function columns.found(message, names)
  return ("%s; columns found: %s"):format(message, list_of(names))
end

-- Refuses two columns with the same meaning, of which one would be passed over in silence.
local function add_column(header, meaning, position, names)
  local group = meaning == "required" and "optional" or meaning
  local other = header.by_group[group]
  if other then
    return columns.found(("the columns %d and %d, %q and %q, say the same: keep one, or --ignore the other"):format(
      other, position, trim(names[other]), trim(names[position])), names)
  end
  header.by_group[group] = position
  header[#header + 1] = { position = position, meaning = meaning }
end

-- Where another column says who is meant, a column "id" may just number the rows.
local function check_whos(header, names)
  local who = header.by_group
  if who.id and columns.plain(names[who.id]) == "id" and (who.userid or who.mobile) then
    return columns.found(('the column "id" may be a unionId or anything: call it unionId, or --ignore %s'):format(
      trim(names[who.id])), names)
  end
  if not (who.id or who.userid or who.mobile) then
    return columns.found("no column is called id, unionId, userid or mobile", names)
  end
end

---@class dingtalk.cli.Header an array of the columns that are read: `{ position = …, meaning = … }`
---@field names string[] all columns, as they are written
---@field by_group table<string, integer> position of the column by what it says

--- What each column says.
---@param names string[]
---@param ignored table<string, boolean> plain names of columns that are left out
---@return dingtalk.cli.Header? header
---@return string? message
function columns.read(names, ignored)
  local header = { by_group = {}, names = names }
  for position, name in ipairs(names) do
    local short = columns.plain(name)
    local message
    if ignored[short] or remarks[short] then
      message = nil
    elseif meanings[short] then
      message = add_column(header, meanings[short], position, names)
    elseif short == "" then
      header[#header + 1] = { position = position, meaning = "nothing" }
    else
      message = columns.found(("the column %q is not known: rename it, or --ignore it"):format(trim(name)), names)
    end
    if message then return nil, message end
  end
  local message = check_whos(header, names)
  if message then return nil, message end
  return header
end

--- Whether a text can be an id.
---@param kind "id"|"userid"|"mobile"
---@param text string
---@return boolean? usable
---@return string? message
function columns.check_who(kind, text)
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
  if meaning == "nothing" then return ("%q is in a column without a name"):format(text) end
  if columns.is_who[meaning] then
    local usable, message = columns.check_who(meaning, text)
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

-- Of several ids of one person, the first is used: the others need a look-up.
local function settle(person)
  for position, kind in ipairs(whos) do
    if person[kind] then
      for other = position + 1, #whos do person[whos[other]] = nil end
      return person
    end
  end
  return nil, "no id"
end

--- The person of a row.
---@param header dingtalk.cli.Header
---@param values string[] by the column's position
---@return table? person
---@return string? message
function columns.person(header, values)
  local person = {}
  for _, column in ipairs(header) do
    local position = column.position
    local message = take(person, column, header.names[position], trim(values[position] or ""))
    if message then return nil, message end
  end
  local settled, message = settle(person)
  if settled and header.by_group.event and not person.event then return nil, "no event" end
  return settled, message
end

--- Whether a text is the name of a column, as in the middle of two tables joined.
---@param text string
---@return boolean
function columns.is_name(text)
  local name = columns.plain(text)
  return meanings[name] ~= nil or remarks[name] ~= nil
end

return columns
