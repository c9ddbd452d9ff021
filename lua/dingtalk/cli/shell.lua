--- What the command line asks of the system's own programs. Ctrl-C is meant for this program, not for them; and
--- os.execute would be deaf to it meanwhile.

local shell = {}

--- A text as one word of a command.
---@param text string
---@return string
function shell.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs a command.
---@param command string
---@return string output what it wrote to standard output
---@return boolean? ok whether it succeeded
function shell.read(command)
  local pipe = io.popen("trap '' INT; " .. command)
  local output = pipe:read "a"
  return output, (pipe:close())
end

return shell
