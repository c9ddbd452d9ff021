-- ISO 8601 to epoch seconds and back.
local times = {}

-- Days since 1970-01-01 of a Gregorian date, without the C library's time zone.
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local era = math.floor(year / 400)
  local of_era = year - era * 400
  local of_year = math.floor((153 * (month - 3) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year - 719468
end

local function offset_of(zone)
  if zone == "" or zone == "Z" then return 0 end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
  if not sign then return nil end
  local seconds = tonumber(hours) * 3600 + tonumber(minutes) * 60
  return sign == "-" and -seconds or seconds
end

---@param text any "2030-01-15T10:00:00+08:00" or "2030-01-15"
---@return number|nil epoch seconds
function times.parse(text)
  if type(text) ~= "string" then return nil end
  local y, m, d, rest = text:match("^(%d%d%d%d)-(%d%d)-(%d%d)(.*)$")
  if not y then return nil end
  local base = days(tonumber(y), tonumber(m), tonumber(d)) * 86400
  if rest == "" then return base end
  local hour, minute, second, zone = rest:match("^[T ](%d%d):(%d%d):(%d%d)%.?%d*(.*)$")
  local offset = hour and offset_of(zone)
  if not offset then return nil end
  return base + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second) - offset
end

---An event's start or end: a moment or a whole day.
function times.of(field)
  if type(field) ~= "table" then return nil end
  return times.parse(field.dateTime) or times.parse(field.date)
end

---@param zone string|nil such as "+08:00"; UTC by default
function times.format(epoch, zone)
  zone = zone or "Z"
  return os.date("!%Y-%m-%dT%H:%M:%S", math.floor(epoch) + (offset_of(zone) or 0)) .. zone
end

---@return string zone of a time as it was written, number seconds that it is ahead of UTC
function times.zone(text)
  local zone = type(text) == "string" and text:match("T.-([+-]%d%d:?%d%d)$") or "Z"
  return zone, offset_of(zone)
end

return times
