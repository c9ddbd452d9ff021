-- Path segments to a route, by a tree: the cost does not grow with the rows.
local router = {}

local function place(root, route)
  local node = root
  for segment in route.path:gmatch("[^/]+") do
    local name = segment:match("^{(.+)}$")
    if name then
      node.parameter = node.parameter or { name = name, children = {}, methods = {} }
      node = node.parameter
    else
      node.children[segment] = node.children[segment] or { children = {}, methods = {} }
      node = node.children[segment]
    end
  end
  node.methods[route.method] = route
end

---@param routes table[]
---@return fun(method: string, segments: string[]): table|nil, table|nil
function router.new(routes)
  local root = { children = {}, methods = {} }
  for _, route in ipairs(routes) do place(root, route) end
  return function(method, segments)
    local node, params = root, {}
    for i = 1, #segments do
      local segment = segments[i]
      local child = node.children[segment]
      if not child then
        child = node.parameter
        if not child or segment == "" then return nil end
        params[child.name] = segment
      end
      node = child
    end
    return node.methods[method], params
  end
end

return router
