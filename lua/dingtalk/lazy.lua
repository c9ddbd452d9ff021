--- Modules that wait for their first use: to compile all of them takes a script longer than what it does.
--- What only other calls need is not even read before. What a failure needs is read at once, since the failure
--- may be that nothing can be read any more: its text is kept, and compiled when it is asked for.

local lazy = {}

local stand_ins = {} -- of what is not compiled yet, by its name

local function take(name)
  local module, stand_in = require(name), stand_ins[name]
  stand_ins[name] = nil
  if stand_in then setmetatable(stand_in, { __index = module }) end
  return module
end

--- A module, which is a table; or what stands for it until one of its fields is asked for.
---@param name string
---@return table
function lazy.module(name)
  local loaded = package.loaded[name]
  if type(loaded) == "table" then return loaded end
  if not stand_ins[name] then
    stand_ins[name] = setmetatable({}, { __index = function(_, field) return take(name)[field] end })
  end
  return stand_ins[name]
end

local load_text = rawget(_G, "loadstring") or rawget(_G, "load")

local function can_compile_late()
  return load_text and rawget(_G, "io") and (pcall(collectgarbage, "isrunning")) -- Lua 5.1 does not tell
end

-- Where this file lies, and the others with it; nil where a searcher of the host's own may find another, where what
-- it takes to compile late is missing, and under nginx, whose workers share what their master has compiled.
local function own_directory(path)
  if rawget(_G, "ngx") or not can_compile_late() then return nil end
  local searchers, search = package.searchers or package.loaders, package.searchpath -- luacheck: ignore 143
  if not search or #searchers ~= 4 then return nil end
  path = path or search("dingtalk.lazy", package.path)
  return type(path) == "string" and path:match("^(.*)lazy%.lua$") or nil
end

local directory = own_directory((select(2, ...)))

local MOST_BYTES = 32768 -- of a file, to be read in one piece: no file here is nearly as long

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read(MOST_BYTES)
  file:close()
  return text and #text < MOST_BYTES and text
end

local function run(name, text, path)
  return assert(load_text(text, "@" .. path))(name, path)
end

-- No finalizer should run meanwhile: one that makes a call would come upon a module of which there is half. One that
-- failed, for want of memory, can be tried again: to Lua 5.1 it would count as loaded.
local function compile(name, text, path)
  local collects = collectgarbage "isrunning"
  collectgarbage "stop"
  local ok, module = pcall(run, name, text, path)
  if collects then collectgarbage "restart" end
  if not ok then
    package.loaded[name] = nil
    error(module, 0)
  end
  package.preload[name] = nil
  local nested = package.loaded[name] -- where what a collection or a hook ran came upon half a module all the same
  return type(nested) == "table" and nested or module
end

-- Leaves the text where require looks first, whoever calls that. False where it is for require to find.
local function keep(name)
  if not directory or package.preload[name] then return false end
  local path = directory .. name:match("^dingtalk%.(.*)$"):gsub("%.", "/") .. ".lua"
  local text = read(path)
  if not text then return false end
  package.preload[name] = function() return compile(name, text, path) end
  return true
end

--- As lazy.module, for what a failure needs: read now, compiled when it is used. Both now where there is no telling
--- where the texts are.
---@param name string
---@param ... string modules that this one requires, to be read now with it
---@return table
function lazy.kept(name, ...)
  for i = 1, select("#", ...) do lazy.kept((select(i, ...))) end
  if not stand_ins[name] and not package.loaded[name] and not keep(name) then return require(name) end
  return lazy.module(name)
end

--- Gives a table functions that stand for those of a kept module's `methods`.
---@param methods table
---@param module table
---@param ... string their names
function lazy.forward(methods, module, ...)
  for i = 1, select("#", ...) do
    local name = select(i, ...)
    local function forward(...)
      local method = module.methods[name]
      if methods[name] == forward then methods[name] = method end -- else a wrapper calls this one
      return method(...)
    end
    methods[name] = forward
  end
end

--- Reads and compiles what was left out: for hosts that run on, where no call should wait for a file, find
--- another version of it or, with another root or directory by then, none.
function lazy.read_all()
  local name = next(stand_ins)
  while name do
    take(name)
    name = next(stand_ins)
  end
end

return lazy
