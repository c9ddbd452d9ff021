-- Lists of people in request bodies, and the bodies themselves: the checks that
-- adding, removing and creating share.
local answers = require "sandbox.answers"
local contacts = require "sandbox.contacts"
local ids = require "sandbox.ids"
local json = require "sandbox.json"
local settings = require("sandbox.settings").values

local people = {}

---@return table|nil body, table|nil refused
function people.body(ctx)
  if ctx.body == "" then return nil, answers.error(ctx, "Missingbody") end
  local body = json.decode(ctx.body)
  if type(body) ~= "table" or body[1] ~= nil then
    return nil, answers.invalid(ctx, "The body is no JSON object.")
  end
  return body
end

---A staff id in a unionId's place, the commonest mistake, is refused where the staff is known.
---@return boolean
function people.is_union_id(value)
  return ids.is_union_id(value) and not contacts.is_staff_id(value)
end

local function person_of(entry)
  if type(entry) ~= "table" then return nil, "is no object" end
  if not people.is_union_id(entry.id) then return nil, "id is no unionId" end
  local optional = json.field(entry, "isOptional")
  if optional ~= nil and type(optional) ~= "boolean" then return nil, "isOptional is no boolean" end
  return { id = entry.id, optional = optional }
end

---@param name string the body's field
---@return table[]|nil list of { id, optional }, table|nil refused
function people.list(ctx, body, name)
  local given = json.field(body, name)
  if given == nil then return nil, answers.invalid(ctx, name .. " is required.") end
  if not json.is_list(given) or #given == 0 then return nil, answers.invalid(ctx, name .. " is no list of people.") end
  if #given > settings.max_attendees_per_call then
    return nil, answers.invalid(ctx, name .. " has more than " .. settings.max_attendees_per_call .. " people.")
  end
  local list = {}
  for i, entry in ipairs(given) do
    local person, problem = person_of(entry)
    if not person then return nil, answers.invalid(ctx, ("%s[%d]: %s."):format(name, i - 1, problem)) end
    list[i] = person
  end
  return list
end

---@return table|nil refused
function people.check_flags(ctx, body, ...)
  for _, name in ipairs { ... } do
    local value = json.field(body, name)
    if value ~= nil and type(value) ~= "boolean" then return answers.invalid(ctx, name .. " is no boolean.") end
  end
end

---The user in the path.
---@return table|nil refused
function people.check_user(ctx)
  if not people.is_union_id(ctx.params.userId) then return answers.invalid(ctx, "userId is no unionId.") end
end

---A whole number of the query, within bounds.
---@return integer|nil value, table|nil refused
function people.count(ctx, name, default, most)
  local text = ctx.query[name]
  if not text or text == "" then return default end
  local value = text:find("^%d+$") and tonumber(text)
  if not value or value < 1 or value > most then
    return nil, answers.invalid(ctx, ("%s is no number from 1 to %d."):format(name, most))
  end
  return value
end

return people
