-- Modules of the client that the sandbox shares: the table of operations, its check of fields, JSON. The C core,
-- which checks texts, is built for another Lua and not needed for them.
local function nothing() end

package.preload["dingtalk.core"] = package.preload["dingtalk.core"] or function()
  return { limits = {}, check_utf8 = nothing, check_id = nothing, check_visible = nothing }
end

return {
  json = require "dingtalk.json",
  operations = require "dingtalk.operation_rows",
  options = require "dingtalk.options",
}
