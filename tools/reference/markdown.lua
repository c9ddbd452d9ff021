-- What the checks want to know of a page: code blocks, links, headings, tables.
local markdown = {}

local function each_line(text)
  local number = 0
  local lines = (text .. "\n"):gmatch("(.-)\n")
  return function()
    number = number + 1
    local line = lines()
    return line and number, line
  end
end

--- The code blocks, of one language or of all. `mark` is the text of the HTML comment on the line above the block:
--- "not run: REASON", "run: HOST" or "block: NAME".
---@param text string
---@param language string?
---@return {line: integer, language: string, mark: string?, text: string}[]
function markdown.blocks(text, language)
  local found, current, mark = {}, nil, nil
  for number, line in each_line(text) do
    local info = line:match("^```(.*)$")
    if info and not current then
      current = { line = number, language = info, mark = mark, lines = {} }
    elseif info then
      current.text, current.lines = table.concat(current.lines, "\n") .. "\n", nil
      if not language or current.language == language then found[#found + 1] = current end
      current = nil
    elseif current then
      table.insert(current.lines, line)
    end
    mark = line:match("^<!%-%- (.*) %-%->$")
  end
  return found
end

-- The lines outside of code blocks.
local function prose(text)
  local lines, fence = {}, false
  for number, line in each_line(text) do
    if line:find("^```") then
      fence = not fence
    elseif not fence then
      lines[#lines + 1] = { number = number, text = line }
    end
  end
  return lines
end

--- The targets of the page's links.
---@param text string
---@return {line: integer, target: string}[]
function markdown.links(text)
  local found = {}
  for _, line in ipairs(prose(text)) do
    local shown = line.text:gsub("`[^`]*`", "")
    for target in shown:gmatch("%]%(([^)%s]+)%)") do found[#found + 1] = { line = line.number, target = target } end
  end
  return found
end

--- The anchors of a page's headings, as code hosts make them.
---@param text string
---@return table<string, boolean>
function markdown.anchors(text)
  local found = {}
  for _, line in ipairs(prose(text)) do
    local title = line.text:match("^#+ +(.*)$")
    if title then found[(title:lower():gsub("[%z\1-\127]", function(byte)
      return byte:find("[%w_%-]") and byte or byte == " " and "-" or ""
    end))] = true end
  end
  return found
end

--- The texts in backticks in the first cells of all tables, with the whole row.
---@param text string
---@return table<string, string>
function markdown.rows(text)
  local found = {}
  for _, line in ipairs(prose(text)) do
    local first = line.text:match("^|(.-[^\\])|")
    for name in (first or ""):gmatch("`([^`]+)`") do found[name] = found[name] or line.text end
  end
  return found
end

return markdown
