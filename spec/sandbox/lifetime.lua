-- A sandbox that belongs to a process ends with it, so that a killed test run
-- leaves nothing behind.
local ffi = require "ffi"

ffi.cdef "int kill(int pid, int sig); int getppid(void);"

local lifetime = {}

local SIGTERM = 15

local function alive(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  if not file then return false end
  local text = file:read("*a")
  file:close()
  -- A zombie has ended.
  return text:match("%) (%a)") ~= "Z"
end

---@param pid string|nil
function lifetime.watch(pid)
  if not pid or not pid:find("^%d+$") or not io.open("/proc/self/stat") then return end
  assert(ngx.timer.every(0.5, function()
    if not alive(pid) then ffi.C.kill(ffi.C.getppid(), SIGTERM) end
  end))
end

return lifetime
