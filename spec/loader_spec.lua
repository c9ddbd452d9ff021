-- csrc/ldt_loader.c: the file that Lua finds, and the core that lies beside it; each case in a process of its own.
local processes = require "spec.support.processes"

local quote = processes.quote

local function directory_of_the_core()
  for pattern in package.cpath:gmatch "[^;]+" do
    local path = pattern:gsub("%?", "dingtalk/core")
    local file = io.open(path)
    if file then
      file:close()
      return path:match "^(.*)core%.so$"
    end
  end
end

local built = assert(directory_of_the_core())
if not io.open(built .. "core_impl.so") then return end -- one file, where nothing can be bound late

-- What `code` prints after "core" was asked for in a fresh directory that `command` has filled, errors included.
local function output(command, cpath, code)
  local root, path = processes.directory(), os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(("package.cpath = %q\n"):format(cpath:gsub("ROOT", root)), code)
  file:close()
  local there = ("cd %s && mkdir dingtalk && %s && $l %s 2>&1"):format(quote(root), command, path)
  local text = processes.output_of(("l=$(command -v %s) && l=$(realpath $l) && b=$(realpath %s) && %s"):format(
    quote(processes.interpreter()), quote(built), there))
  os.remove(path)
  processes.output_of("rm -r " .. quote(root))
  return text
end

local ASK = 'io.write(type(require("dingtalk.core").uuid()))'

describe("the loader of the core", function()
  it("finds it beside itself", function()
    assert.equal("string", output("cp $b/*.so dingtalk", "ROOT/?.so", ASK))
    assert.equal("string", output("cp $b/*.so dingtalk", "./?.so", ASK))
  end)

  it("follows a link to itself", function()
    assert.equal("string", output("ln -s $b/core.so dingtalk/core.so", "ROOT/?.so", ASK))
    assert.equal("string", output("ln -s $b/*.so dingtalk", "ROOT/?.so", ASK))
  end)

  it("takes the core from a directory of links, too", function()
    local farm = "mkdir one two && cp $b/core.so one && cp $b/core_impl.so two && ln -s $PWD/*/*.so dingtalk"
    assert.equal("string", output(farm, "ROOT/?.so", ASK))
  end)

  it("says what it could not load, and can be asked again", function()
    local text = output("cp $b/core.so dingtalk", "ROOT/?.so", [[
      for _ = 1, 2 do
        local ok, message = pcall(require, "dingtalk.core")
        io.write(tostring(ok), " ", message, "\n")
      end]])
    local _, count = text:gsub("false dingtalk%.core cannot be loaded: [^\n]*/dingtalk/core_impl%.so[^\n]+", "")
    if _VERSION == "Lua 5.1" then
      assert.equal(1, count, text) -- which takes what failed for loaded
    else
      assert.equal(2, count, text)
    end
  end)
end)
