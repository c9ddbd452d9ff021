--- Programs run from here, and what they say.

local shell = {}

function shell.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

--- A command line of words, for a shell or for bench/c/spawn.c.
---@param words any[]
---@param environment table<string, string>?
function shell.line(words, environment)
  local parts = {}
  for name, value in pairs(environment or {}) do parts[#parts + 1] = name .. "=" .. shell.quote(value) end
  for _, word in ipairs(words) do parts[#parts + 1] = shell.quote(word) end
  return table.concat(parts, " ")
end

--- What a command prints; raises when it fails.
---@param line string
---@return string
function shell.output(line)
  local pipe = assert(io.popen(line, "r"))
  local text = pipe:read("a")
  local ok, _, status = pipe:close()
  if not ok then error(("failed (%s): %s\n%s"):format(tostring(status), line, text), 0) end
  return text
end

--- The name=value pairs of each line a command prints.
---@return table<string, number>[]
function shell.values(line)
  local rows = {}
  for text in shell.output(line):gmatch("[^\n]+") do
    local row = {}
    for name, value in text:gmatch("([%w_]+)=([%d.eE+-]+)") do row[name] = tonumber(value) end
    rows[#rows + 1] = row
  end
  return rows
end

return shell
