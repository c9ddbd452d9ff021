--- A small picture for the README: three of the figures, this module among what users would take instead.

local summary = {}

local WIDTH, ROW, HEAD, PAD = 720, 22, 30, 16
local NAME, BAR = 230, 360 -- where the bars begin, and the longest of them
local OURS, OTHERS = "#2563eb", "#9ca3af"

-- The rows shown: as they are called in figures.md, and here.
local panels = {
  {
    title = "CPU of a call over a connection that is open", section = "Warm call, 1 attendee: CPU",
    rows = {
      { "module, Lua 5.4, strings", "lua-dingtalk" },
      { "lua-http, connection kept by hand", "lua-http, connection kept by hand" },
      { "Node SDK (HTTP/1.1)", "vendor's SDK, Node" },
      { "luasocket + luasec + lua-cjson", "luasocket, luasec, lua-cjson" },
    },
  },
  {
    title = "From the start of a process to the first answer", section = "Cold start to first answer: time",
    rows = {
      { "module, Lua 5.4", "lua-dingtalk" },
      { "luasocket + luasec + lua-cjson", "luasocket, luasec, lua-cjson" },
      { "lua-http", "lua-http" },
      { "Node SDK", "vendor's SDK, Node" },
    },
  },
  {
    title = "Memory at 100 calls in flight over HTTPS", section = "Concurrency over HTTPS",
    rows = {
      { "module, Lua 5.4, 100 in flight: peak of resident memory", "lua-dingtalk" },
      { "Node SDK, 100 in flight: peak of resident memory", "vendor's SDK, Node" },
    },
  },
}

local scales = { ns = 1e-9, ["µs"] = 1e-6, ms = 1e-3, s = 1, MiB = 1 }

-- The median of a row: its text, and a number to compare.
local function median(figures, section, name)
  local _, from = figures:find("\n## " .. section .. "\n", 1, true)
  if not from then error("figures.md has no section " .. section) end
  local rest = figures:sub(from, (figures:find("\n## ", from, true)))
  local _, after = rest:find("\n| " .. name .. " | ", 1, true)
  if not after then error(("section %q has no row %q"):format(section, name)) end
  local text = rest:match("^(.-) |", after + 1)
  local number, unit = text:match "^([%d.]+) (%S+)$"
  return text, tonumber(number) * scales[unit]
end

local function text_at(x, y, text, attributes)
  return ('<text x="%d" y="%d"%s>%s</text>'):format(x, y, attributes or "", (text:gsub("&", "&amp;")))
end

local function draw_panel(parts, figures, panel, y)
  parts[#parts + 1] = text_at(PAD, y + 18, panel.title, ' font-weight="bold"')
  y = y + HEAD
  local most, rows = 0, {}
  for _, row in ipairs(panel.rows) do
    local text, value = median(figures, panel.section, row[1])
    rows[#rows + 1] = { name = row[2], text = text, value = value }
    most = math.max(most, value)
  end
  for _, row in ipairs(rows) do
    local width = math.max(row.value / most * BAR, 1)
    parts[#parts + 1] = text_at(NAME - 8, y + 13, row.name, ' text-anchor="end"')
    parts[#parts + 1] = ('<rect x="%d" y="%d" width="%.1f" height="14" rx="2" fill="%s"/>'):format(NAME, y + 2, width,
      row.name == "lua-dingtalk" and OURS or OTHERS)
    parts[#parts + 1] = text_at(math.floor(NAME + width + 8), y + 13, row.text)
    y = y + ROW
  end
  return y + PAD
end

--- The picture.
---@param figures string the text of figures.md
---@return string
function summary.draw(figures)
  local parts, y = {}, PAD
  for _, panel in ipairs(panels) do y = draw_panel(parts, figures, panel, y) end
  return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
    .. 'font-family="sans-serif" font-size="12" fill="#111827">\n'
    .. '<rect width="100%%" height="100%%" fill="#ffffff"/>\n%s\n</svg>\n'):format(
    WIDTH, y, WIDTH, y, table.concat(parts, "\n"))
end

return summary
