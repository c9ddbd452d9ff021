--- Modules that are read when they are first used: a plain call needs half of them, and reading the others
--- would take a script longer than anything else it does. What a failure needs is never among them.

local lazy = {}

local stand_ins = {} -- of what is not read yet, by its name

local function read(name)
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
    stand_ins[name] = setmetatable({}, { __index = function(_, field) return read(name)[field] end })
  end
  return stand_ins[name]
end

--- Reads what was left out: for hosts that run on, where no call should wait for a file, find another
--- version of it or, with another root or directory by then, none.
function lazy.read_all()
  local name = next(stand_ins)
  while name do
    read(name)
    name = next(stand_ins)
  end
end

return lazy
