-- What the reference is written from and the checks look at: the files of the tree, the modules. A spec
-- makes one with something missing.
local annotations = require "tools.reference.annotations"
local public = require "tools.reference.public"
local rows = require "tools.reference.rows"

local world = {}

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local function list(command)
  local pipe, found = assert(io.popen(command)), {}
  for path in pipe:lines() do found[#found + 1] = path end
  pipe:close()
  return found
end

local function load_modules()
  local loaded = {}
  for _, name in ipairs { "calendar", "client", "limits", "operations", "options", "codes" } do
    loaded[name] = require("dingtalk." .. name)
  end
  loaded.kinds = require "dingtalk.auth.applications"
  for _, row in ipairs(public.modules) do loaded[row.name] = require(row.require) end
  return loaded
end

-- The names of a file's `local schema`, for what is no table of dingtalk.options.
local function local_schema(text)
  local names = {}
  for line in text:match("\nlocal schema = {\n(.-)\n}"):gmatch("[^\n]+") do
    for name in line:gmatch("([%a_][%w_]*) = ") do names[name] = { "any" } end
  end
  return names
end

--- The tree as it is, or with some files and modules replaced.
---@param replaced {files: table<string, string>?, modules: table<string, any>?}?
---@return table
function world.new(replaced)
  replaced = replaced or {}
  local files, modules = replaced.files or {}, load_modules()
  for name, value in pairs(replaced.modules or {}) do modules[name] = value end
  local self = { modules = modules, all = annotations.new() }
  function self.read(path)
    if files[path] ~= nil then return files[path] end
    return read(path)
  end
  function self.schema(path) return local_schema(self.read(path)) end
  self.sources = list "find lua -name '*.lua' -not -path '*/cli/*' | LC_ALL=C sort"
  self.pages = list("ls README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md spec/sandbox/README.md "
    .. "bench/README.md examples/README.md docs/*.md")
  for _, path in ipairs(self.sources) do
    if path ~= rows.path then annotations.read(self.all, path, self.read(path)) end
  end
  -- As the rows say it now: the check compares the file.
  local annotated = {}
  for _, found in ipairs(self.all.functions) do
    if found.class == "dingtalk.Client" then annotated[found.name] = found end
  end
  self.rows_text = rows.text(modules.operations, annotated)
  self.names_text = rows.names_text(modules.operations)
  annotations.read(self.all, rows.path, files[rows.path] or self.rows_text)
  return self
end

return world
