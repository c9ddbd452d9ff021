-- Every block of Lua and shell in the README and in docs/, in both languages, does against the sandbox what its page
-- says. A block that cannot run alone carries "<!-- not run: REASON -->" on the line above it.
local example = require "spec.support.example"
local markdown = require "tools.reference.markdown"
local nginx = require "spec.nginx.server"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local quote, output_of = processes.quote, processes.output_of
local ROOT = output_of("pwd"):match("^[^\n]+")

-- What a reader has set by the time; the proxy keeps a block from reaching anything but this machine.
local function environment()
  local service = sandbox.start()
  local variables = {
    DINGTALK_BASE_URL = service.base_url, DINGTALK_CA_FILE = service.ca_file, DINGTALK_TOKEN = example.TOKEN,
    DINGTALK_USER = example.USER, DINGTALK_EVENT = example.EVENT, DINGTALK_ATTENDEES = "alice bob",
    DINGTALK_APP_KEY = "dingsandboxapp", DINGTALK_APP_SECRET = "sandbox-app-secret",
    DINGTALK_CLIENT_ID = "dingsandboxuser", DINGTALK_CLIENT_SECRET = "sandbox-user-secret",
    DINGTALK_CODE = "sandbox-code", DINGTALK_SUITE_KEY = "suitesandbox",
    DINGTALK_SUITE_SECRET = "sandbox-suite-secret", DINGTALK_SUITE_TICKET = "sandbox-suite-ticket",
    DINGTALK_CORP_ID = "dingcorpsandbox", https_proxy = "http://127.0.0.1:1", no_proxy = "127.0.0.1",
  }
  local words = { "env" }
  for name, value in pairs(variables) do words[#words + 1] = name .. "=" .. quote(value) end
  return table.concat(words, " ")
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- The words after "-->" are what the block prints.
local function expected_output(block)
  local lines = {}
  for said in block.text:gmatch "%-%->%s*([^\n]*)" do lines[#lines + 1] = said .. "\n" end
  return #lines > 0 and table.concat(lines) or nil
end

-- Of the libraries that a block needs, the first that this Lua does not have.
local function missing(block)
  for name in block.text:gmatch 'require "([%w_.]+)"' do
    if not name:find "^dingtalk%." and not processes.can_load(name) then return name end
  end
end

-- Paths that still hold where the block's directory is another.
local function absolute(paths)
  return (paths:gsub("[^;]+", function(entry) return entry:find "^%./" and ROOT .. entry:sub(2) or entry end))
end

local function run(words, directory)
  local said = output_of(("cd %s && LUA_PATH=%s LUA_CPATH=%s PATH=%s/bin:$PATH %s %s 2>stderr; echo $?"):format(
    directory, quote(absolute(package.path)), quote(absolute(package.cpath)), quote(ROOT), environment(), words))
  local text, status = said:match "^(.-)(%d+)\n$"
  local file = assert(io.open(directory .. "/stderr"))
  local complaints = file:read "*a"
  file:close()
  assert.equal("0", status, complaints)
  return text, complaints
end

local runners = {}

function runners.lua(block, directory)
  write(directory .. "/block.lua", block.text)
  local text, complaints = run(processes.interpreter() .. " block.lua", directory)
  assert.equal("", complaints)
  assert.is_nil(text:find("dingtalk: network", 1, true), text) -- the service was not the sandbox
  local expected = expected_output(block)
  if expected then assert.equal(expected, text) end
end

function runners.sh(block, directory)
  write(directory .. "/block.sh", block.text)
  run("bash -euo pipefail block.sh", directory)
end

local CONFIGURATION = [[
daemon off;
pid nginx.pid;
error_log error.log warn;
load_module @MODULES@/ndk_http_module.so;
load_module @MODULES@/ngx_http_lua_module.so;
@USER@
@ENV@
events {}
http {
  access_log off;
  lua_package_path "@LUA_PATH@;;";
  lua_package_cpath "@LUA_CPATH@;;";
  lua_shared_dict dingtalk 1m;
  server {
    listen 127.0.0.1:@PORT@;
    location / { content_by_lua_file block.lua; }
  }
}
]]

local function env_lines()
  local lines = {}
  for name in environment():gmatch "([%u_]+)=" do lines[#lines + 1] = ("env %s;"):format(name) end
  return table.concat(lines, "\n")
end

function runners.nginx(block, directory)
  local port = processes.free_port()
  write(directory .. "/block.lua", block.text)
  local values = {
    MODULES = os.getenv "NGINX_MODULES" or "/usr/lib/nginx/modules", ENV = env_lines(), PORT = ("%d"):format(port),
    USER = output_of("id -u") == "0\n" and "user root;" or "", LUA_PATH = absolute(package.path),
    LUA_CPATH = absolute(package.cpath),
  }
  write(directory .. "/nginx.conf", (CONFIGURATION:gsub("@([%u_]+)@", values)))
  local pid = processes.start(("cd %s; exec %s nginx -e error.log -p %s/ -c nginx.conf"):format(directory,
    environment(), directory), directory .. "/start.log")
  assert.is_true(processes.wait_until(function() return processes.answers(port) end))
  local answer = output_of(("curl -s --noproxy '*' -w '%%{http_code}' http://127.0.0.1:%d/"):format(port))
  processes.stop(pid)
  assert.equal("200", answer:match "%d+$", answer .. output_of(("cat %s/error.log"):format(directory)))
  assert.equal("", output_of(("grep -v notice %s/error.log || true"):format(directory)))
end

local function try(block, runner)
  if runner == "nginx" and nginx.missing() then return pending(nginx.missing()) end
  local absent = block.language == "lua" and runner ~= "nginx" and missing(block)
  if absent then return pending("no " .. absent .. " for this Lua") end
  local directory = processes.directory()
  runners[runner](block, directory)
  output_of("rm -r " .. directory)
end

-- nginx's own Lua is LuaJIT, and the command's is 5.4.
local can_run = { lua = true, nginx = rawget(_G, "jit") ~= nil, sh = _VERSION == "Lua 5.4" }

-- What runs a block in this Lua, or nil. Named blocks of shell are those of docs/install.md, which change the system
-- they run on.
local function runner_of(block)
  local mark = block.mark or ""
  if mark:find "^not run: %a" or mark:find "^block: " then return nil end
  local runner = mark:match "^run: (%w+)$" or block.language
  return can_run[runner] and (block.language == "lua" or block.language == "sh") and runner or nil
end

local pages = {}
for path in output_of("ls README.md docs/*.md examples/README.md"):gmatch "[^\n]+" do pages[#pages + 1] = path end

for _, path in ipairs(pages) do
  local file = assert(io.open(path))
  local blocks = markdown.blocks(file:read "*a")
  file:close()
  describe("in " .. path .. " #slow", function()
    before_each(sandbox.reset)
    teardown(sandbox.reset)

    for _, block in ipairs(blocks) do
      local runner = runner_of(block)
      if runner then
        it(("the block at line %d runs"):format(block.line), function() try(block, runner) end)
      end
    end
  end)
end

it("a block that does not run says why", function()
  for _, path in ipairs(pages) do
    for line in io.lines(path) do
      if line:find "^<!%-%- not run" then
        assert.truthy(line:find "^<!%-%- not run: %a.+ %-%->$", path .. ": " .. line)
      end
    end
  end
end)
