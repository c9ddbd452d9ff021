--- Texts from outside, fit for a message.

local limits = require "dingtalk.limits"

-- What a hook raised may itself raise when it is asked for its text.
local function safe_text(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and text or "a " .. type(value)
end

--- A value from outside as a text on one line: no control bytes, of bounded length. Never raises.
---@param value any
---@return string
local function one_line(value)
  local text = type(value) == "string" and value or safe_text(value)
  text = text:gsub("[%c\127]+", " ")
  if #text <= limits.max_message_bytes then return text end
  -- Not in the middle of a character.
  return (text:sub(1, limits.max_message_bytes):gsub("[\192-\255][\128-\191]*$", "")) .. "…"
end

return one_line
