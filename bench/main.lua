-- Runs the sections and writes what they measured. Started by bench/run.
-- usage: main.lua [--quick] [SECTION…]
local report = require "report"
local shell = require "shell"
local svg = require "svg"

local names = { "warm", "cold", "encoding", "concurrency", "bulk", "memory", "nginx" }
local quick, wanted = false, {}
for _, argument in ipairs(arg) do
  if argument == "--quick" then quick = true else wanted[#wanted + 1] = argument end
end

local function first_line(command)
  return (shell.output(command .. " 2>&1"):match("^[^\n]*"))
end

local function about()
  return {
    "# Figures\n",
    ("Made by `bench/run%s`: %s cores, Linux %s, %s, %s, %s, Node %s, %s.\n"):format(
      quick and " --quick" or "", first_line("nproc"), first_line("uname -r"):match("^%d+%.%d+"),
      first_line("curl --version"):match("libcurl/[%d.]+ OpenSSL/[%d.]+"), first_line("lua5.4 -v"):match("^Lua [%d.]+"),
      first_line("luajit -v"):match("^LuaJIT [%d.]+"), first_line("node --version"),
      first_line("nginx -v"):match("nginx/[%d.]+")),
    "Medians of rounds in which the contestants took turns, with the quartiles; a ratio is the median of the"
      .. " ratios of the rounds. The module is called as users call it: `client:add_attendees`.",
  }
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

for _, name in ipairs(#wanted > 0 and wanted or names) do require(name)(quick) end

local out = os.getenv("BENCH_OUT")
local text = report.markdown(about())
write(out .. "/figures.md", text)
write(out .. "/figures.svg", svg.draw(report.sections, report.text))
print(text)
