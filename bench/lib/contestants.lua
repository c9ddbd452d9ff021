--- Who runs, and how each is started.

local shell = require "shell"

local contestants = {}

-- Set by bench/run.
local root = os.getenv("BENCH_ROOT")
local out = os.getenv("BENCH_OUT")
local workers = root .. "/bench/workers/"
local env = {}
for _, flavour in ipairs { "lua5.4", "luajit" } do
  local text = shell.output(shell.line { root .. "/tools/env", flavour })
  env[flavour] = {}
  for name, value in text:gmatch("export ([%w_]+)='([^\n]*)'\n") do
    env[flavour][name] = name:find("^LUA_PATH") and workers .. "?.lua;" .. value or value
  end
end

contestants.https = os.getenv("DINGTALK_BASE_URL")
contestants.http = os.getenv("DINGTALK_HTTP_URL")
contestants.ca = { -- the sandbox's own, alone, and among the system's
  alone = os.getenv("DINGTALK_CA_FILE"), bundle = out .. "/ca/bundle.pem", hashed = out .. "/ca/hashed",
}

local function lua(flavour, worker, ...)
  return { words = { flavour, workers .. worker .. ".lua", ... }, environment = env[flavour] }
end

function contestants.module(flavour, ...) return lua(flavour, "module", ...) end
function contestants.concurrent(flavour, ...) return lua(flavour, "concurrent", ...) end
function contestants.memory(flavour, ...) return lua(flavour, "memory", ...) end
function contestants.encode(flavour, ...) return lua(flavour, "encode", ...) end
function contestants.luasec(...) return lua("luajit", "luasec", ...) end
function contestants.lua_http(...) return lua("luajit", "lua_http", ...) end
function contestants.bare(...) return { words = { out .. "/bare", ... } } end

function contestants.node(...)
  return { words = { "node", workers .. "node_sdk.js", ... }, environment = {
    NODE_PATH = root .. "/spec/peer/node_modules", NODE_EXTRA_CA_CERTS = contestants.ca.alone,
  } }
end

--- The command line of a contestant.
function contestants.line(contestant)
  return shell.line(contestant.words, contestant.environment)
end

return contestants
