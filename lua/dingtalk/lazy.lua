--- Modules that are read when they are first used: one call that succeeds needs a third of them, and
--- reading the others would take a script longer than the call does.

local lazy = {}

local unread = {} -- stand-ins by the name of their module

--- A module, or what stands for it until one of its fields is asked for.
---@param name string
---@return table
function lazy.module(name)
  local loaded = package.loaded[name]
  if type(loaded) == "table" then return loaded end
  local stand_in = unread[name]
  if stand_in then return stand_in end
  stand_in = setmetatable({}, {
    __index = function(self, field)
      local module = require(name)
      unread[name] = nil
      setmetatable(self, { __index = module })
      return module[field]
    end,
  })
  unread[name] = stand_in
  return stand_in
end

--- Reads what was left out: for hosts that run on, where no call should wait for a file, find another
--- version of it or, with another root or directory by then, none.
function lazy.read_all()
  local name, stand_in = next(unread)
  while name do
    local _ = stand_in.read_now
    name, stand_in = next(unread)
  end
end

return lazy
