--- CSV as programs write it: RFC 4180 with any separator and any line end, and with the first line "sep=;" of some
--- spreadsheets.

local csv = {}

-- Tried in this order where no line names the separator.
local separators = { ",", ";", "\t", "|" }

-- The position of the quote that ends a quoted cell, or nil.
local function closing(text, at)
  repeat
    local quote = text:find('"', at, true)
    if not quote then return nil end
    if text:sub(quote + 1, quote + 1) ~= '"' then return quote end
    at = quote + 2
  until false
end

-- The cell at position `at`: its text and the position after it; or nil and what is wrong.
local function read_cell(text, at, separator)
  local start = text:match(separator == "\t" and "^ *()" or "^[ \t]*()", at)
  if text:sub(start, start) ~= '"' then
    local after = text:find("[\n%" .. separator .. "]", at) or #text + 1
    return text:sub(at, after - 1), after
  end
  local close = closing(text, start + 1)
  if not close then return nil, "a quote does not end" end
  local after = text:match("^ *()", close + 1)
  if after <= #text and not text:find("^[\n%" .. separator .. "]", after) then
    return nil, "a quote ends within a cell: quotes in a quoted cell are doubled"
  end
  return (text:sub(start + 1, close - 1):gsub('""', '"')), after
end

-- Rows from position `at`, which is on line `line`; at most `most` of them.
local function read_rows(text, separator, at, line, most)
  local rows = {}
  while at <= #text and #rows < most do
    local row, from = { line = line }, at
    repeat
      local cell, after = read_cell(text, at, separator)
      if not cell then return nil, line, after end
      row[#row + 1] = cell
      at = after + 1
    until text:sub(after, after) ~= separator
    rows[#rows + 1] = row
    line = line + select(2, text:sub(from, at - 1):gsub("\n", ""))
  end
  return rows
end

-- The separator that the first line names, and the position after that line; or nil.
local function named_separator(text)
  local separator, after = text:match('^"?sep=([,;|:\t ^~])"?[,;\t]*\n()')
  return separator, after
end

-- The usual separator that gives the first row with content the most cells.
local function likely_separator(text)
  local best, most = ",", 0
  local blank = text:match('^[,;|"%s]*\n()') or 1
  for _, separator in ipairs(separators) do
    local rows = read_rows(text, separator, blank, 1, 1)
    -- The row has a broken quote: reading the rows will report it.
    if not rows and text:match("^[^\n]*", blank):find(separator, 1, true) then return separator end
    if rows and rows[1] and #rows[1] > most then best, most = separator, #rows[1] end
  end
  return best
end

--- The rows of a text: arrays of cells, with the line on which each begins.
---@param text string UTF-8, with "\n", "\r\n" or "\r" at the ends of lines
---@param separator string? one byte; by default what the text shows
---@return {line: integer, [integer]: string}[]? rows
---@return integer? line where a cell cannot be read
---@return string? message what is wrong there
function csv.parse(text, separator)
  text = text:gsub("\r\n?", "\n")
  local named, start = named_separator(text)
  local at, line = start or 1, named and 2 or 1
  separator = named or separator or likely_separator(text)
  return read_rows(text, separator, at, line, math.huge)
end

return csv
