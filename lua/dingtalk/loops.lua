--- The hosts: how a coroutine waits under each loop. An adapter is a table made by `new(client)`, with the functions
--- of dingtalk.Loop in types.lua; those that it leaves out are taken from `loops.base`. Ours may also say that it
--- `blocks`: suspend() does nothing but step the engine, so that a request may be waited for in the core.

local errors = require "dingtalk.errors"
local scheduler = require "dingtalk.scheduler"

local loops = {}

--- The functions that an adapter may leave out.
loops.base = { name = "custom" }

function loops.base.check() return true end
function loops.base.watch() end
function loops.base.close() end
--- After a fork: the descriptor is the parent's; watch the new one.
function loops.base.forget() end
--- Raises, at the end of a step, what a resumed coroutine raised.
function loops.base.rethrow() end
--- Whether the coroutine that waits has died.
function loops.base.is_dead(_, waiter)
  local suspended = scheduler.outermost(waiter).coroutine
  return suspended ~= nil and coroutine.status(suspended) == "dead"
end

--- The loops by name.
loops.names = { blocking = true, nginx = true, cqueues = true, luv = true, copas = true, manual = true }

local function unknown(name)
  return nil, errors.argument("config.loop", "unknown_loop",
    ("there is no loop %q"):format(errors.one_line(name)),
    'Use "blocking", "nginx", "cqueues", "luv", "copas", "manual" or an adapter table.')
end

local function default_name()
  local ngx = rawget(_G, "ngx")
  return type(ngx) == "table" and ngx.get_phase and "nginx" or "blocking"
end

--- The adapter of a client.
---@param loop string|table|nil
---@param client table
---@return table? adapter
---@return dingtalk.Error? err
function loops.new(loop, client)
  if loop == nil then loop = default_name() end
  local definition = loop
  if type(loop) == "string" then
    if not loops.names[loop] then return unknown(loop) end
    local found
    found, definition = pcall(require, "dingtalk.loops." .. loop)
    if not found then
      return nil, errors.argument("config.loop", "loop_unavailable",
        ("the loop %q cannot be loaded: %s"):format(loop, tostring(definition):match("^[^\n]*")))
    end
  end
  if type(definition) ~= "table" or type(definition.new) ~= "function" then
    return nil, errors.argument("config.loop", "bad_loop", "config.loop is no adapter: it has no new(client)")
  end
  local adapter = definition.new(client)
  for name, method in pairs(loops.base) do
    if adapter[name] == nil then adapter[name] = method end
  end
  return adapter
end

return loops
