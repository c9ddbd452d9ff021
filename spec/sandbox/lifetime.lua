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

local function has_proc()
  local file = io.open("/proc/self/stat")
  if file then file:close() end
  return file ~= nil
end

---@param pid string|nil process that the sandbox belongs to
function lifetime.watch(pid)
  local master = ffi.C.getppid()
  local owned = pid and pid:find("^%d+$") and has_proc()
  assert(ngx.timer.every(0.5, function()
    -- nginx's worker would outlive a master that was killed.
    if ffi.C.getppid() ~= master then ffi.C.kill(ngx.worker.pid(), SIGTERM) end
    if owned and not alive(pid) then ffi.C.kill(master, SIGTERM) end
  end))
end

return lifetime
