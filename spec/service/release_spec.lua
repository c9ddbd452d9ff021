-- tools/release, in a clone of its own.
local processes = require "spec.support.processes"

-- It builds for Lua 5.4, whoever asks.
if _VERSION ~= "Lua 5.4" then return pending "a release is made once, with Lua 5.4" end

local quote, output_of = processes.quote, processes.output_of

local missing
for _, program in ipairs { "git", "luarocks", "cmake", "lua5.4" } do
  if not processes.has(program) then missing = missing or "no " .. program end
end
if output_of "git rev-parse HEAD 2>/dev/null" == "" then missing = "this is no clone" end

describe("tools/release #slow", function()
  local directory, clone

  setup(function()
    if missing then return end
    directory = processes.directory()
    clone = directory .. "/clone"
    output_of(("git clone -q . %s 2>&1"):format(clone))
  end)
  teardown(function() if directory then output_of("rm -rf " .. quote(directory)) end end)

  local function run(command)
    return output_of(("cd %s && { %s; } 2>&1"):format(clone, command))
  end

  local function read(path)
    local file = assert(io.open(clone .. "/" .. path))
    local text = file:read "*a"
    file:close()
    return text
  end

  local function try(name, body)
    it(name, function()
      if missing then return pending(missing) end
      body()
    end)
  end

  try("refuses what is no version", function()
    assert.truthy(run "tools/release 1.2":find('a version is wanted, such as 0.2.0, not "1.2"', 1, true))
  end)

  try("refuses a version that is tagged, and one that nothing is said of", function()
    run "git tag v7.7.7"
    assert.truthy(run "tools/release 7.7.7":find("the tag v7.7.7 is there already", 1, true))
    run [[sed -i '/^## .Unreleased/,/^## .0/{/^[^#]/d}' CHANGELOG.md]]
    run "git -c user.name=a -c user.email=a@b commit -qam x"
    assert.truthy(run "tools/release 7.7.8":find("says nothing under Unreleased", 1, true))
  end)

  try("makes a rockspec, the changelog's entry and an archive that builds; commits nothing", function()
    run [[sed -i 's/^## .Unreleased.$/&\n\n- new/' CHANGELOG.md; git -c user.name=a -c user.email=a@b commit -qam x]]
    local head = run "git rev-parse HEAD"
    local said = run "tools/release 7.8.9"
    assert.truthy(said:find("build/release/lua-dingtalk-7.8.9.tar.gz\n", 1, true), said)
    assert.equal(head, run "git rev-parse HEAD")
    local rockspec = read "rockspecs/dingtalk-7.8.9-1.rockspec"
    assert.truthy(rockspec:find('version = "7.8.9-1"', 1, true))
    assert.truthy(rockspec:find('tag = "v7.8.9"', 1, true))
    local changelog = read "CHANGELOG.md"
    assert.truthy(changelog:find "## %[Unreleased%]\n\n## %[7%.8%.9%] %- %d+%-%d+%-%d+\n\n%- new\n")
    assert.truthy(changelog:find("/compare/v7.8.9...HEAD\n[7.8.9]: https://", 1, true))
    local files = run "tar -tzf build/release/*.gz"
    assert.truthy(files:find("lua-dingtalk-7.8.9/rockspecs/dingtalk-7.8.9-1.rockspec\n", 1, true))
  end)
end)
