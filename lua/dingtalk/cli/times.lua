--- Times as people write them, in the zone of this machine.

local shell = require "dingtalk.cli.shell"

local times = {}

local HOUR, DAY = 3600, 86400

-- The epoch of a local date and time; nil for one that does not exist, such as 30 February or an hour that a change
-- of clocks leaves out.
local function epoch_of(year, month, day, hour, minute, second)
  local fields = { year = year, month = month, day = day, hour = hour, min = minute, sec = second or 0 }
  local ok, epoch = pcall(os.time, fields)
  if not ok then return nil end
  local wanted = ("%04d-%02d-%02d %02d:%02d:%02d"):format(year, month, day, hour, minute, second or 0)
  return os.date("%Y-%m-%d %H:%M:%S", epoch) == wanted and epoch or nil
end

local function number(text)
  return text and text ~= "" and math.tointeger(tonumber(text)) or nil
end

local words = { today = 0, tomorrow = 1, yesterday = -1 }

-- The date that a text begins with, by default today's; and what follows it.
local function date_of(text, now)
  local year, month, day, rest = text:match "^(%d%d%d%d)[-/](%d%d?)[-/](%d%d?)[ T]*(.*)$"
  if year then return number(year), number(month), number(day), rest end
  local word, behind = text:match "^(%a+) *(.*)$"
  local offset = words[(word or ""):lower()]
  if word and not offset then return nil end
  local today = os.date("*t", now)
  local noon = os.time { year = today.year, month = today.month, day = today.day + (offset or 0), hour = 12 }
  local date = os.date("*t", noon)
  return date.year, date.month, date.day, behind or text
end

-- Days since 1970-01-01 of a Gregorian date; nil for one that does not exist.
local function days_of(year, month, day)
  local y = month <= 2 and year - 1 or year
  local era, moved = y // 400, (month + 9) % 12
  local of_era = y - era * 400
  local days = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + (153 * moved + 2) // 5 + day - 1 - 719468
  return os.date("!%Y-%m-%d", days * DAY) == ("%04d-%02d-%02d"):format(year, month, day) and days or nil
end

-- The epoch of a time that names its zone; nil for any other text.
local function zoned_epoch(text)
  local year, month, day, hour, minute, second, zone = text:match
    "^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):?(%d?%d?)%.?%d* ?([Zz+-][%d:]*)$"
  local sign, hours, minutes = (zone or ""):match "^([+-])(%d%d):?(%d%d)$"
  if not year or not sign and zone:upper() ~= "Z" then return nil end
  local days = days_of(number(year), number(month), number(day))
  hour, minute, second = number(hour), number(minute), number(second) or 0
  if not days or hour > 23 or minute > 59 or second > 59 then return nil end
  local offset = sign and (number(hours) * HOUR + number(minutes) * 60) * (sign == "-" and -1 or 1) or 0
  return days * DAY + hour * HOUR + minute * 60 + second - offset
end

---@class dingtalk.cli.Moment
---@field epoch integer seconds since the epoch
---@field has_time boolean whether more than a date was given

--- A time from what was given on the command line.
---@param text string
---@param now integer seconds since the epoch
---@return dingtalk.cli.Moment? moment
---@return string? message
function times.parse(text, now)
  if text:lower() == "now" then return { epoch = now, has_time = true } end
  local epoch = zoned_epoch(text)
  if epoch then return { epoch = epoch, has_time = true } end
  local year, month, day, rest = date_of(text, now)
  local hour, minute, second = (rest or "?"):match "^(%d%d?):(%d%d):?(%d*)$"
  if year and rest == "" and text ~= "" then
    epoch = epoch_of(year, month, day, 0, 0, 0)
  elseif year and hour then
    epoch = epoch_of(year, month, day, number(hour), number(minute), number(second))
  end
  if epoch then return { epoch = epoch, has_time = rest ~= "" } end
  return nil, ("%q is no time: write it as 2030-01-15 10:00"):format(text)
end

--- A time as the service wants it: ISO 8601 with the zone.
---@param epoch integer
---@return string
function times.iso(epoch)
  return os.date("%Y-%m-%dT%H:%M:%S", epoch) .. times.offset(epoch)
end

--- The zone's difference to UTC at that time, like "+08:00".
---@param epoch integer
---@return string
function times.offset(epoch)
  return (os.date("%z", epoch):gsub("(%d%d)$", ":%1"))
end

--- The date, moved by whole days.
---@param epoch integer
---@param days integer?
---@return string like "2030-01-15"
function times.date(epoch, days)
  local date = os.date("*t", epoch)
  return os.date("%Y-%m-%d", os.time { year = date.year, month = date.month, day = date.day + (days or 0), hour = 12 })
end

-- The system takes a name that it does not know for UTC.
local function is_zone(name)
  if not name or not name:find "^%a[%w_+-]*/[%w_+%-/]+$" then return false end
  local file = io.open("/usr/share/zoneinfo/" .. name)
  if file then file:close() end
  return file ~= nil
end

--- The name of the zone in the time zone database.
---@param getenv fun(name: string): string?
---@param epoch integer
---@return string? name nil where the zone has none
function times.zone(getenv, epoch)
  local name = getenv "TZ"
  if name and name ~= "" then
    name = name:gsub("^:", "")
  else
    name = shell.read("readlink -f /etc/localtime 2>/dev/null"):match "/zoneinfo/(.*)\n$"
  end
  if is_zone(name) then return name end
  local sign, hours = times.offset(epoch):match "^([+-])(%d%d):00$"
  if hours == "00" then return "Etc/UTC" end
  -- In these names the sign is the other way round: Etc/GMT-8 is 8 hours ahead of UTC.
  return sign and ("Etc/GMT%s%d"):format(sign == "+" and "-" or "+", number(hours)) or nil
end

return times
