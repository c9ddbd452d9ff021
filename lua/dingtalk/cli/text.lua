--- The text of a file, whatever program wrote it.

local shell = require "dingtalk.cli.shell"

local text = {}

-- Invisible characters that spreadsheets, web pages and chats put around a text: spaces of any width, marks of byte
-- order and of direction, joiners, the soft hyphen.
local blanks = {}
for first, last in pairs {
  [0x09] = 0x0D, [0x20] = 0x20, [0x85] = 0x85, [0xA0] = 0xA0, [0xAD] = 0xAD, [0x1680] = 0x1680, [0x180E] = 0x180E,
  [0x2000] = 0x200F, [0x2028] = 0x202F, [0x205F] = 0x206F, [0x3000] = 0x3000, [0xFE00] = 0xFE0F, [0xFEFF] = 0xFEFF,
} do
  for code = first, last do blanks[code] = true end
end

--- A text without blank and invisible characters at its ends.
---@param given string UTF-8
---@return string
function text.trim(given)
  local first, last = 1, #given
  while first <= last and blanks[utf8.codepoint(given, first)] do first = utf8.offset(given, 2, first) end
  while first <= last do
    local start = utf8.offset(given, -1, last + 1)
    if not blanks[utf8.codepoint(given, start)] then break end
    last = start - 1
  end
  return given:sub(first, last)
end

local function from_utf16(bytes, unit)
  local out, at = {}, 1
  if #bytes % 2 == 1 then return nil, "is UTF-16 with half a character at its end" end
  while at <= #bytes do
    local code = string.unpack(unit, bytes, at)
    at = at + 2
    local low = code >= 0xD800 and code < 0xDC00 and at < #bytes and string.unpack(unit, bytes, at) or 0
    if low >= 0xDC00 and low < 0xE000 then
      at, code = at + 2, 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)
    end
    out[#out + 1] = utf8.char(code)
  end
  local decoded = table.concat(out)
  if utf8.len(decoded) then return decoded end
  return nil, "is broken UTF-16"
end

local NOT_UTF8 = "is neither UTF-8 nor UTF-16; if it is GBK, save it as UTF-8 (spreadsheets: CSV UTF-8)"

-- Chinese spreadsheets write GBK. The system's iconv reads it as GB18030, which includes it.
local function from_gbk(bytes)
  local name = os.tmpname()
  local file = io.open(name, "wb")
  if not file then return nil, NOT_UTF8 end
  file:write(bytes)
  file:close()
  local converted, ok = shell.read("iconv -f GB18030 -t UTF-8 2>/dev/null " .. shell.quote(name))
  os.remove(name)
  if ok and utf8.len(converted) then return converted end
  return nil, NOT_UTF8
end

local function workbook(bytes, extension)
  local kinds = { ods = "an .ods spreadsheet", numbers = "a Numbers spreadsheet", docx = "a .docx document" }
  local kind = kinds[extension]
  if not kind and bytes:find("[Content_Types].xml", 1, true) or extension == "xlsx" then kind = "an .xlsx workbook" end
  return ("is %s, not text: save it as CSV UTF-8"):format(kind or "a zip archive, perhaps an .xlsx workbook")
end

local function decode(bytes)
  if bytes:find "^\xFF\xFE%z%z" or bytes:find "^%z%z\xFE\xFF" then
    return nil, "is UTF-32: save it as UTF-8"
  elseif bytes:find "^\xFF\xFE" or bytes:find "^[^%z]%z" then
    return from_utf16(bytes, "<I2")
  elseif bytes:find "^\xFE\xFF" or bytes:find "^%z[^%z]" then
    return from_utf16(bytes, ">I2")
  end
  return bytes
end

--- The text of a file's bytes: UTF-8 with "\n" at the ends of lines, without marks of byte order.
---@param bytes string
---@param extension string? of the file's name, in lower case
---@return string? text
---@return string? message what the bytes are instead
function text.decode(bytes, extension)
  if bytes:find "^PK[\3\5]" then return nil, workbook(bytes, extension) end
  if bytes:find "^\xD0\xCF\x11\xE0" then return nil, "is an .xls workbook, not text: save it as CSV UTF-8" end
  local decoded, message = decode(bytes)
  if decoded and not utf8.len(decoded) then decoded, message = from_gbk(bytes) end
  if not decoded then return nil, message end
  if decoded:find "[%z\1-\8\14-\31]" then return nil, "is no text: it holds control bytes" end
  if decoded:find "^%s*<" then return nil, "is HTML or XML: save it as CSV UTF-8" end
  return (decoded:gsub("\r\n?", "\n"):gsub("\n\u{FEFF}", "\n"):gsub("^\u{FEFF}", ""))
end

return text
