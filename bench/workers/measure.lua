--- What a worker says of itself: one line of name=value, in seconds and KiB.

local socket = require "socket"

local measure = {}

--- A line of /proc/self/status in KiB.
---@param field "VmRSS"|"VmHWM"
function measure.kib(field)
  for line in io.lines("/proc/self/status") do
    local value = line:match("^" .. field .. ":%s+(%d+)")
    if value then return tonumber(value) end
  end
end

--- Whether a path is a directory: a file has no entries.
function measure.is_directory(path)
  local file = io.open(path .. "/.")
  if file then file:close() end
  return file ~= nil
end

--- The CA of a client: a file or a hashed directory.
---@return string? file
---@return string? directory
function measure.authorities(ca)
  if ca == "-" then return nil end
  if measure.is_directory(ca) then return nil, ca end
  return ca
end

--- Runs the function and prints what it cost.
function measure.run(work)
  local cpu, wall = os.clock(), socket.gettime()
  work()
  cpu, wall = os.clock() - cpu, socket.gettime() - wall
  print(("cpu=%.9f wall=%.9f resident=%d peak=%d"):format(cpu, wall, measure.kib("VmRSS"), measure.kib("VmHWM")))
end

return measure
