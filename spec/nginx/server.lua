-- An nginx for specs: its configuration from the template next to this file, its files in a directory
-- of its own, ended by its own pid.
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local MODULES = os.getenv "NGINX_MODULES" or "/usr/lib/nginx/modules"
local NOBODY = 65534

local quote, output_of = processes.quote, processes.output_of

local M = {}

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

--- Why nginx cannot be tried here, or nil.
function M.missing()
  if not processes.has "nginx" then return "nginx is not installed" end
  if not exists(MODULES .. "/ngx_http_lua_module.so") then return "nginx has no Lua module" end
end

local root = output_of("pwd"):match("^[^\n]+")

local function absolute(path)
  return (path:gsub("[^;]+", function(entry) return entry:match("^/") and entry or root .. "/" .. entry end))
end

local function core_library()
  for entry in absolute(package.cpath):gmatch "[^;]+" do
    local path = entry:gsub("%?", "dingtalk/core")
    if exists(path) then return path end
  end
end

-- As root the workers are nobody's, as in a real installation, where the files are readable for them.
local function user_line()
  if output_of("id -u") ~= "0\n" then return "" end
  local readable = output_of(("setpriv --reuid=%d --clear-groups test -r %s -a -r %s && echo yes"):format(
    NOBODY, quote(core_library()), quote(sandbox.start().ca_file)))
  return readable == "yes\n" and "user nobody nogroup;" or "user root;"
end

local Server = {}
Server.__index = Server

local function configuration(self, options)
  local file = assert(io.open "spec/nginx/nginx.conf.in")
  local text = file:read "*a"
  file:close()
  local service = sandbox.start()
  local values = {
    MODULES = MODULES, USER = user_line(), WORKERS = tostring(options.workers or 2),
    PORT = ("%d"):format(self.port), TLS_PORT = ("%d"):format(self.tls_port),
    LUA_PATH = absolute(package.path), LUA_CPATH = absolute(package.cpath),
    BASE_URL = service.base_url, CA_FILE = service.ca_file, CERTS = self.directory .. "/certs",
    CODE_CACHE = options.code_cache == false and "off" or "on",
    CODE_CACHE_IS_ON = tostring(options.code_cache ~= false), VARIANT = options.variant or "",
    RUNNING_TIMERS = tostring(options.running_timers or 256),
  }
  return (text:gsub("@([%u_]+)@", values))
end

---@param options table|nil workers (2), code_cache (true), variant ("polling")
function M.start(options)
  local self = setmetatable({
    port = processes.free_port(), tls_port = processes.free_port(), directory = processes.directory(),
  }, Server)
  os.execute(("chmod 755 %s && mkdir %s/certs && cp %s/server.* %s/certs"):format(self.directory, self.directory,
    quote((sandbox.start().ca_file:gsub("/[^/]*$", ""))), self.directory))
  local file = assert(io.open(self.directory .. "/nginx.conf", "w"))
  file:write(configuration(self, options or {}))
  file:close()
  self.log = self.directory .. "/error.log"
  self.pid = processes.start(("exec nginx -e %s -p %s/ -c nginx.conf"):format(self.log, self.directory),
    self.directory .. "/start.log")
  assert(processes.wait_until(function() return processes.answers(self.port) end), "nginx did not start")
  return self
end

function Server:log_text()
  local file = io.open(self.log)
  if not file then return "" end
  local text = file:read "*a"
  file:close()
  return text
end

--- Lines of the log that an administrator would have to look at.
function Server:errors()
  local list = {}
  for line in self:log_text():gmatch("[^\n]+") do
    local expected = line:find("%[notice%]") or line:find("%[warn%]") or line:find "lua_code_cache is off"
    if not expected then list[#list + 1] = line end
  end
  return list
end

function Server:url(path) return ("http://127.0.0.1:%d%s"):format(self.port, path) end

--- The body of one answer.
function Server:get(path, options)
  return output_of(("curl -s --noproxy '*' %s '%s'"):format(options or "", self:url(path)))
end

function Server:tls_get(path)
  return output_of(("curl -s -k --noproxy '*' -o /dev/null -w '%%{http_code}' 'https://127.0.0.1:%d%s'"):format(
    self.tls_port, path))
end

--- Bodies of `count` answers asked for at a time, each over a connection of its own.
function Server:get_many(path, count, options)
  return output_of(("curl -s --no-progress-meter --noproxy '*' -H 'Connection: close' %s -Z --parallel-immediate "
    .. "--parallel-max %d '%s?n=[1-%d]'"):format(options or "", math.min(count, 300), self:url(path), count))
end

function Server:signal(name) os.execute(("kill -%s %d"):format(name, self.pid)) end

local function is_running(pid)
  local file = io.open(("/proc/%d/cmdline"):format(pid))
  local command = file and file:read "*a"
  if file then file:close() end
  return command ~= nil and command ~= ""
end

--- Pids of the workers, those that are shutting down among them.
function Server:workers()
  local list = {}
  for pid in output_of(("ps -o pid= --ppid %d"):format(self.pid)):gmatch("%d+") do list[#list + 1] = tonumber(pid) end
  return list
end

--- Whether master and workers are gone in time.
function Server:has_ended(seconds)
  return processes.wait_until(function() return not is_running(self.pid) end, seconds)
end

function Server:stop()
  if is_running(self.pid) then processes.stop(self.pid) end
  os.execute("rm -rf " .. quote(self.directory))
end

return M
