--- The file of --resume: what a call has done, written before and after each request, so that the same
--- command line can go on after a failure or a crash.

local json = require "dingtalk.json"

local state = {}

local FORMAT = 1
local ENOENT = 2
-- Seconds for which the service knows an x-client-token: a day, less an hour for clocks that differ.
local TOKEN_SECONDS = 86400 - 3600

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- mktemp makes files that only their owner may read, which plain Lua cannot.
local function temporary(path)
  local pipe = io.popen("mktemp -- " .. quote(path .. ".XXXXXX") .. " 2>/dev/null")
  local name = pipe and pipe:read("l")
  if pipe then pipe:close() end
  return name
end

local function write(path, text)
  local file, message = io.open(path, "w")
  if not file then return nil, message end
  local written
  written, message = file:write(text)
  local closed, close_message = file:close()
  return written and closed and true, message or close_message
end

--- Writes the file as a whole or not at all.
---@param path string
---@param operation string
---@param left dingtalk.Resume?
---@param clock fun(): integer seconds since the epoch
---@return boolean? saved
---@return string? message
function state.save(path, operation, left, clock)
  local content = { format = FORMAT, operation = operation, saved_at = clock(), resume = left }
  local name = temporary(path)
  if not name then return nil, ("cannot write beside %s"):format(path) end
  local saved, message = write(name, json.write(content, "state", { done = true }) .. "\n")
  if saved then saved, message = os.rename(name, path) end
  if not saved then os.remove(name) end
  return saved, message
end

local function is_stale(content, clock)
  return next(content.resume.client_tokens) ~= nil and clock() - content.saved_at > TOKEN_SECONDS
end

--- Reads the file of an earlier run.
---@param path string
---@param operation string
---@param clock fun(): integer
---@return dingtalk.Resume? left nil where there is no file
---@return string? message what is wrong with it
---@return boolean? is_stale whether the service may have forgotten what was under way
function state.load(path, operation, clock)
  local file, problem, number = io.open(path, "r")
  if not file then return nil, number ~= ENOENT and problem or nil end
  local text = file:read("a")
  file:close()
  local content = text and json.plain(json.decode(text) or nil)
  if type(content) ~= "table" or content.format ~= FORMAT or type(content.saved_at) ~= "number"
    or type(content.resume) ~= "table" or type(content.resume.done) ~= "table"
    or type(content.resume.client_tokens) ~= "table" then
    return nil, path .. " is no file of --resume; remove it to begin anew"
  end
  if content.operation ~= operation then
    return nil, ("%s belongs to another command (%s)"):format(path, tostring(content.operation))
  end
  return content.resume, nil, is_stale(content, clock)
end

--- Removes the file: all is done.
---@param path string
function state.remove(path)
  os.remove(path)
end

return state
