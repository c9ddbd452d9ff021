--- The sections as bars, one picture.

local svg = {}

local WIDTH, NAME, BAR, ROW = 900, 330, 380, 20
local OURS, OTHERS = "#2563eb", "#9ca3af"

local function escape(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

local function text(x, y, content, attributes)
  return ('<text x="%d" y="%d" %s>%s</text>'):format(x, y, attributes or "", escape(content))
end

-- Rows of one unit share a scale; the section's widest is the full bar.
local function widest(rows)
  local most = {}
  for _, row in ipairs(rows) do most[row.unit] = math.max(most[row.unit] or 0, row.value) end
  return most
end

local function draw_row(parts, row, y, most, format)
  local width = row.value / most[row.unit] * BAR
  parts[#parts + 1] = text(NAME - 8, y + 13, row.name, 'text-anchor="end"')
  parts[#parts + 1] = ('<rect x="%d" y="%d" width="%.1f" height="13" fill="%s"/>'):format(
    NAME, y + 3, math.max(width, 1), row.name:find("^module") and OURS or OTHERS)
  local label = format(row.value, row.unit)
  if row.ratio then label = ("%s, %.2f ×"):format(label, row.ratio) end
  parts[#parts + 1] = text(NAME + BAR + 8, y + 13, label)
end

--- The picture.
---@param sections table[] of dingtalk's bench report
---@param format fun(value: number, unit: string): string
---@return string
function svg.draw(sections, format)
  local parts, y = {}, 10
  for _, section in ipairs(sections) do
    parts[#parts + 1] = text(10, y + 18, section.title, 'font-weight="bold" font-size="15"')
    y = y + 28
    local most = widest(section.rows)
    for _, row in ipairs(section.rows) do
      draw_row(parts, row, y, most, format)
      y = y + ROW
    end
    y = y + 14
  end
  return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
    .. 'font-size="12">\n<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n'):format(
    WIDTH, y, table.concat(parts, "\n"))
end

return svg
