-- tools/docs: see there.
local checks = require "tools.reference.checks"
local page = require "tools.reference.page"
local markdown = require "tools.reference.markdown"
local rows = require "tools.reference.rows"
local world = require "tools.reference.world"

local PATH = "docs/reference.md"
local commands = {}

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

function commands.write()
  local current = world.new()
  write(rows.path, current.rows_text)
  write(rows.names_path, current.names_text)
  write(PATH, page.text(current))
end

function commands.check()
  local findings = checks.run(world.new())
  for _, finding in ipairs(findings) do io.stderr:write(finding, "\n") end
  if #findings > 0 then os.exit(1) end
end

function commands.example()
  io.write(markdown.blocks(world.new().read("README.md"), "lua")[1].text)
end

function commands.block(path, name)
  for _, block in ipairs(markdown.blocks(path and world.new().read(path) or "")) do
    if name and block.mark == "block: " .. name then
      io.write(block.text)
      return
    end
  end
  io.stderr:write(("tools/docs: %s has no block named %s\n"):format(tostring(path), tostring(name)))
  os.exit(1)
end

local command = commands[arg[1]]
if not command then
  io.stderr:write("usage: tools/docs write|check|example|block PAGE NAME\n")
  os.exit(2)
end
command(arg[2], arg[3])
