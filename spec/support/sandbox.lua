-- The sandbox for specs: starts one of its own, or uses the one whose addresses
-- are in the environment, if DINGTALK_SANDBOX_SHARED=1 says so.
local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"

local sandbox = {}

local running

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- On Lua 5.1, io.popen's close gives no exit status, so the shell writes it as the last line.
local function run(command)
  local pipe = assert(io.popen(command .. "; echo $?", "r"))
  local output = pipe:read("*a")
  pipe:close()
  local text, status = output:match("^(.-)(%d+)\n$")
  return text, tonumber(status)
end

local function root()
  local here = debug.getinfo(1, "S").source:match("^@(.*)spec/support/sandbox%.lua$")
  return here == "" and "." or here
end

local function own_pid()
  local file = io.open("/proc/self/stat")
  if not file then return nil end
  local pid = file:read("*n")
  file:close()
  return pid
end

local function parse(lines)
  local found = {}
  for name, value in lines:gmatch("DINGTALK_([%u_]+)=([^\n]+)") do found[name:lower()] = value end
  return found
end

local function shared()
  if os.getenv("DINGTALK_SANDBOX_SHARED") ~= "1" then return nil end
  local found = { base_url = os.getenv("DINGTALK_BASE_URL"), ca_file = os.getenv("DINGTALK_CA_FILE"),
    http_url = os.getenv("DINGTALK_HTTP_URL") }
  if found.base_url and found.ca_file and found.http_url then return found end
  error("DINGTALK_SANDBOX_SHARED=1 needs DINGTALK_BASE_URL, DINGTALK_CA_FILE and DINGTALK_HTTP_URL", 3)
end

local function end_private(dir, tool)
  run(quote(tool) .. " stop --dir " .. quote(dir) .. " && rm -rf " .. quote(dir))
end

-- The collector ends the sandbox when the process closes its Lua state. A process
-- that is killed before is seen by the sandbox itself, through --parent.
local function at_exit(action)
  if _VERSION == "Lua 5.1" then
    local proxy = newproxy(true) -- luacheck: ignore 113
    getmetatable(proxy).__gc = action
    return proxy
  end
  return setmetatable({}, { __gc = action })
end

local function start_private()
  local tool = root():gsub("/$", "") .. "/tools/sandbox"
  local dir = run("mktemp -d"):match("^[^\n]+")
  local pid = own_pid()
  local command = quote(tool) .. " start --dir " .. quote(dir) .. (pid and " --parent " .. ("%d"):format(pid) or "")
  local lines, status = run(command)
  if status ~= 0 then error("tools/sandbox start failed (" .. tostring(status) .. "); its words are on stderr", 3) end
  local found = parse(lines)
  found.dir, found.tool = dir, tool
  found.guard = at_exit(function() if running == found then end_private(dir, tool) end end)
  return found
end

---Starts it, once.
---@return table addresses base_url, ca_file, http_url
function sandbox.start()
  running = running or shared() or start_private()
  return running
end

---Ends a private one; leaves a shared one alone.
function sandbox.stop()
  local found = running
  running = nil
  if found and found.dir then end_private(found.dir, found.tool) end
end

---One HTTP request to the plain port.
---@param method string
---@param path string
---@param headers table|nil
---@param body string|nil
---@return table answer status, headers (lower-case names), body
function sandbox.request(method, path, headers, body)
  local chunks, sent = {}, {}
  for name, value in pairs(headers or {}) do sent[name] = value end
  if body then sent["content-length"] = #body end
  local ok, status, answered = http.request {
    method = method, url = sandbox.start().http_url .. path, headers = sent, redirect = false,
    source = body and ltn12.source.string(body) or nil, sink = ltn12.sink.table(chunks),
  }
  if not ok then return nil, status end
  return { status = status, headers = answered, body = table.concat(chunks) }
end

-- Lua's {} is both an empty list and an empty object; the control calls want an object.
local function control(method, name, body)
  local answer, problem = sandbox.request(method, "/_sandbox/" .. name, nil, body and cjson.encode(body))
  if not answer then error("the sandbox does not answer: " .. tostring(problem), 3) end
  local ok, value = pcall(cjson.decode, answer.body)
  if not ok then error("the sandbox answered no JSON: " .. answer.body, 3) end
  if answer.status ~= 200 then error("sandbox: " .. tostring(value.error or answer.body), 3) end
  return value
end

function sandbox.reset() return control("POST", "reset", {}) end

---An empty event of this id, in place of the one that was there.
function sandbox.event(user, calendar, id)
  return control("POST", "events", { user = user, calendar = calendar, id = id })
end

local function encode(text)
  return (text:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

---@return table[] attendees of the event: id, isOptional, responseStatus
function sandbox.attendees(user, calendar, id)
  local query = ("user=%s&calendar=%s&id=%s"):format(encode(user), encode(calendar), encode(id))
  return control("GET", "events?" .. query).attendees
end

---@return table[] writes
function sandbox.ledger() return control("GET", "ledger").writes end

---@param spec table as spec/sandbox/README.md says
function sandbox.faults(spec) return control("POST", "faults", spec) end

---@param changes table|nil nothing to read them only
function sandbox.settings(changes)
  if not changes then return control("GET", "settings") end
  return control("POST", "settings", changes)
end

---@return table[] the last API requests, oldest first
function sandbox.requests() return control("GET", "requests").requests end

function sandbox.counters() return control("GET", "counters") end

---@param spec table { token, seconds, scopes, … } or { expire = "all" }
function sandbox.tokens(spec) return control("POST", "tokens", spec) end

function sandbox.users(spec) return control("POST", "users", spec) end

function sandbox.credentials(spec) return control("POST", "credentials", spec) end

return sandbox
