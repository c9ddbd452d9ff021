--- A list of attendees, checked and encoded by the C core in one pass, and what is wrong with one.

local core = require "dingtalk.core"
local lazy = require "dingtalk.lazy"
local options = require "dingtalk.options"

local errors = lazy.module "dingtalk.errors"

local list = {}

local entry_fields = { id = true, isOptional = true }

local messages = {
  no_attendees = "%s is empty: 1 to 5,000 attendees are needed",
  too_many_attendees = "%s has more than 5,000 attendees, as many as an event can have",
  missing_id = "%s is missing",
  hole = "%s is missing: the list has a hole",
}

local function type_message(name, field, detail)
  if field == "isOptional" then return ("%s must be a boolean, not a %s"):format(name, detail) end
  if field == "id" then return ("%s must be a string, not a %s"):format(name, detail) end
  return ("%s must be a unionId string or a table with id, not a %s"):format(name, detail)
end

-- The error of what core.attendees refused.
local function refusal(people, argument, code, position, field, detail)
  if code == "out_of_memory" then error("not enough memory", 0) end
  local shown = field ~= nil and errors.one_line(field) or nil
  local name = position and ("%s[%d]"):format(argument, position) or argument
  if code == "not_a_list" then
    return errors.argument(argument, code, ("%s has a key that is no position: %s"):format(argument, shown))
  elseif code == "conflicting_duplicate" then
    return errors.argument(name, code,
      ("%s repeats the id of %s[%d] with another isOptional"):format(name, argument, detail))
  elseif code == "unknown_field" then
    return errors.argument(name .. "." .. shown, code,
      ("%s has a field %q that is not known here"):format(name, shown),
      options.did_you_mean(field, entry_fields))
  end
  local in_table = code ~= "wrong_type" and code ~= "hole" and position and type(rawget(people, position)) == "table"
  if shown or in_table then name = name .. "." .. (shown or "id") end
  local message = code == "wrong_type" and type_message(name, shown, detail)
    or messages[code] and messages[code]:format(name)
    or name .. " " .. options.fault_text(code)
  return errors.argument(name, code, message)
end

--- Checks and encodes a list.
---@param people any
---@param argument string how the list is called, for the error's `argument`
---@param push boolean? pushNotification
---@param chat boolean? chatNotification
---@param removing boolean?
---@return userdata? body the bodies of its batches
---@return dingtalk.Error? err
function list.encode(people, argument, push, chat, removing)
  if type(people) ~= "table" then
    return nil, errors.argument(argument, "wrong_type",
      ("%s must be an array, not a %s"):format(argument, type(people)))
  end
  local body, code, position, field, detail = core.attendees(people, push, chat, removing)
  if body then return body end
  return nil, refusal(people, argument, code, position, field, detail)
end

--- The unionIds of a list that list.encode took, by position.
---@param people table
---@param last integer its last position
---@return string[]
function list.ids(people, last)
  local ids = {}
  for position = 1, last do
    local entry = rawget(people, position)
    ids[position] = type(entry) == "table" and rawget(entry, "id") or entry
  end
  return ids
end

return list
