-- Page and sync tokens: a number, wrapped so that nobody is tempted to count.
local json = require "sandbox.json"
local settings = require("sandbox.settings").values

local pages = {}

---@param number integer|nil nil after the last page
---@return any token in the form the settings ask for
function pages.token(number)
  if number then return ngx.encode_base64("after:" .. number) end
  if settings.last_page_token == "null" then return json.null end
  if settings.last_page_token == "empty" then return "" end
  return nil
end

---@param token string|nil
---@return integer|nil number 0 for the first page, nil for a token that is none of ours
function pages.number(token)
  if not token or token == "" then return 0 end
  local text = ngx.decode_base64(token)
  local digits = text and text:match("^after:(%d+)$")
  return digits and tonumber(digits)
end

return pages
