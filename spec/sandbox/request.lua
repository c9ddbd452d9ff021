-- The request as the application sees it. Everything is read here once, so that
-- work may go on after the connection has gone.
local ids = require "sandbox.ids"

local request = {}

local find, sub, char = string.find, string.sub, string.char

local function decode(text)
  if not find(text, "%", 1, true) then return text end
  return (text:gsub("%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end))
end

-- Split before decoding: a %2F belongs to its segment.
local function segments_of(path)
  local segments, n, from = {}, 0, 2
  while true do
    local slash = find(path, "/", from, true)
    n = n + 1
    segments[n] = decode(sub(path, from, (slash or 0) - 1))
    if not slash then return segments end
    from = slash + 1
  end
end

local function query_of(text)
  local query = {}
  for name, value in (text or ""):gmatch("([^&=]+)=?([^&]*)") do
    query[decode(name)] = decode((value:gsub("%+", " ")))
  end
  return query
end

local function body_of()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then return body end
  local path = ngx.req.get_body_file()
  if not path then return "" end
  local file = assert(io.open(path, "rb"))
  body = file:read("*a")
  file:close()
  return body
end

---@return table ctx
function request.read()
  local uri = ngx.var.request_uri
  local target = uri:match("^[^#]*")
  local path, query = target, nil
  local mark = find(target, "?", 1, true)
  if mark then path, query = sub(target, 1, mark - 1), sub(target, mark + 1) end
  return {
    uri = uri,
    path = path,
    segments = segments_of(path),
    query = query_of(query),
    method = ngx.req.get_method(),
    body = body_of(),
    request_id = ids.request_id(),
    token = ngx.var.http_x_acs_dingtalk_access_token,
    client_token = ngx.var.http_x_client_token,
  }
end

return request
