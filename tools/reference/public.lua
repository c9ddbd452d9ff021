-- The annotations that are for users, and the order in which the reference shows them.
local rows = require "tools.reference.rows"

local public = {}

--- The modules that scripts require.
public.modules = {
  { name = "calendar", require = "dingtalk.calendar", file = "lua/dingtalk/calendar.lua" },
  { name = "auth", require = "dingtalk.auth", file = "lua/dingtalk/auth.lua" },
  { name = "contact", require = "dingtalk.contact", file = "lua/dingtalk/contact.lua" },
  { name = "memory", require = "dingtalk.stores.memory", file = "lua/dingtalk/stores/memory.lua" },
  { name = "ngx_shared", require = "dingtalk.stores.ngx_shared", file = "lua/dingtalk/stores/ngx_shared.lua" },
  { name = "redis", require = "dingtalk.stores.redis", file = "lua/dingtalk/stores/redis.lua" },
}

--- The methods of a client by the headings of the reference, in order.
---@param world table
---@return {title: string, names: string[]}[]
function public.groups(world)
  local groups = rows.groups(world.modules.operations)
  groups[#groups + 1] = { title = "Any other call", names = { "request" } }
  groups[#groups + 1] = { title = "The client itself", names = {
    "close", "step", "pollfd", "events", "timeout", "is_idle", "remind", "now",
  } }
  return groups
end

--- Methods of a client that only the module's own files call.
public.internal_methods = {
  random = true, spend_retry = true, earn_retry = true, cut_off = true, pause = true, park = true, wake = true,
  wait_group = true, open_engine = true, exchange = true, await = true, turn = true,
}

--- Classes that users need not know. The prefix marks the C core's.
public.internal_classes = {
  ["dingtalk.Task"] = true, ["dingtalk.Slot"] = true, ["dingtalk.TokenEntry"] = true,
  ["dingtalk.Client"] = true, ["dingtalk.Calendar"] = true,
}

--- The options of a class, as the code checks them; and the documents that list them.
---@param world table
---@return {class: string, schema: table}[]
function public.schemas(world)
  local options, operations, kinds = world.modules.options, world.modules.operations, world.modules.kinds
  local found = {
    { class = "dingtalk.Config", schema = options.config },
    { class = "dingtalk.ReadOptions", schema = options.read },
    { class = "dingtalk.WriteOptions", schema = options.write },
    { class = "dingtalk.RemoveOptions", schema = options.batched },
    { class = "dingtalk.AddOptions", schema = options.add_attendees },
    { class = "dingtalk.BulkOptions", schema = options.add_attendees_each },
    { class = "dingtalk.PageOptions", schema = operations.list_attendees.options },
    { class = "dingtalk.LookupOptions", schema = options.lookup },
    { class = "dingtalk.RedisConfig", schema = world.schema("lua/dingtalk/stores/redis.lua") },
    { class = "dingtalk.SourceOptions", schema = kinds.common },
    { class = "dingtalk.InternalApp", schema = kinds.rows.internal_app.fields },
    { class = "dingtalk.EnterpriseApp", schema = kinds.rows.enterprise_app.fields },
    { class = "dingtalk.Corp", schema = kinds.rows.corp.fields },
    { class = "dingtalk.User", schema = kinds.rows.user.fields },
  }
  for _, row in ipairs(rows.schemas(operations)) do found[#found + 1] = row end
  return found
end

--- The fields of a class and of those it inherits from, by name.
---@param all table what annotations.read filled
---@param name string
---@return table<string, table>
function public.fields(all, name)
  local found, class = {}, all.classes[name]
  if not class then return found end
  for _, parent in ipairs(class.parents) do
    for field, row in pairs(public.fields(all, parent)) do found[field] = row end
  end
  for _, field in ipairs(class.fields) do found[field.name] = field end
  return found
end

--- The annotated function of a public name: of a module's variable, or a method of a class.
---@param all table
---@param match fun(found: table): boolean
---@return table?
function public.find(all, match)
  for _, found in ipairs(all.functions) do
    if match(found) then return found end
  end
end

--- The annotation of a client's method, in whatever file.
---@param all table
---@param name string
---@return table?
function public.method(all, name)
  return public.find(all, function(found)
    return found.class == "dingtalk.Client" and found.separator == ":" and found.name == name
  end)
end

--- The annotation of a module's function.
---@param all table
---@param row table of public.modules
---@param name string
---@return table?
function public.module_function(all, row, name)
  return public.find(all, function(found)
    return found.path == row.file and found.owner == row.name and found.separator == "." and found.name == name
  end)
end

return public
