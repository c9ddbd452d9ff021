--- Parts of the module that only some programs use: loaded at their first use, before anything is sent.

local codes = require "dingtalk.codes"
local errors = require "dingtalk.errors"

local require = require -- a program may take the global away

local parts = {}

-- Whether `require` says that a file of ours cannot be found or read. All else is raised again: want of memory, and
-- and what a debug hook raises, as Ctrl-C does.
local function is_unreadable(message)
  return type(message) == "string" and message:find("module 'dingtalk.", 1, true) ~= nil
end

--- Loads a part.
---@param name string such as "dingtalk.operations"
---@return table? part
---@return dingtalk.Error? err its files cannot be read: the root directory was changed, or no descriptor is left
function parts.load(name)
  local loaded, part = pcall(require, name)
  if loaded then return part end
  if not is_unreadable(part) then error(part, 0) end
  local rule = codes.part_unavailable
  return nil, errors.new {
    kind = rule.kind, code = rule.code, message = rule.message .. ": " .. errors.one_line(part:match "^[^\n]*"),
    outcome = "not_sent", retryable = true, hint = rule.hint:format(name),
  }
end

return parts
