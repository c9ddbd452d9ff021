-- What specs share: the vendor page's own example, which a reset sandbox holds, and clients of the sandbox.
local calendar = require "dingtalk.calendar"
local sandbox = require "spec.support.sandbox"

local example = {
  USER = "U5KPwll3QjgiG",
  EVENT = "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08",
  TOKEN = "dd43888e26953deead8cba556389b063",
}

--- Whether Lua's own assert raises what it is given, as it is.
example.asserts_tables = type(select(2, pcall(_G.assert, nil, {}))) == "table"

---@param config table|nil on top of what it takes to reach the sandbox
function example.client(config)
  local service = sandbox.start()
  local all = { base_url = service.base_url, ca_file = service.ca_file, loop = "blocking" }
  for name, value in pairs(config or {}) do all[name] = value end
  return assert(calendar.new(all))
end

--- A client for the specs of the file or block that calls this; the sandbox is reset before each of them.
---@param config table|nil as of example.client
function example.client_of_specs(config)
  local busted = require "busted" -- here: programs outside of busted use this module, too
  local client = example.client(config)
  busted.before_each(sandbox.reset)
  busted.teardown(function()
    client:close()
    sandbox.reset()
  end)
  return client
end

---@return table result, table err of adding `list` to the example's event
function example.add(client, list, opts)
  return client:add_attendees(example.TOKEN, example.USER, nil, example.EVENT, list, opts)
end

---@return string[] ids "p1", "p2", …
function example.people(first, last)
  local list = {}
  for i = first, last do list[#list + 1] = "p" .. i end
  return list
end

---@return string[] ids of the example's attendees, as the sandbox has them
function example.attendees()
  local ids = {}
  for i, one in ipairs(sandbox.attendees(example.USER, "primary", example.EVENT)) do ids[i] = one.id end
  return ids
end

-- The same names under HTTP/1.1 and HTTP/2.
function example.lower_names(headers)
  local lower = {}
  for name, value in pairs(headers) do lower[name:lower()] = value end
  return lower
end

return example
