-- A program under luv whose client is closed at the time its argument names.
local example = require "spec.support.example"
local uv = require "luv"

local when = ...
local client = example.client { loop = "luv" }

local function call(id)
  local result, err
  coroutine.wrap(function()
    result, err = example.add(client, { id })
    if when == "within" then client:close() end
  end)()
  return function() assert(result, tostring(err)) end
end

if when == "idle" then os.exit(0, true) end

local check = call "a"
if when == "before" then
  client:close()
  os.exit(0, true)
end
uv.run()
check()
if when == "after" then
  client:close()
elseif when == "collected" then
  client = nil
  collectgarbage()
  collectgarbage()
elseif when == "twice" then
  check = call "b"
  uv.run()
  check()
  client:close()
  client = example.client { loop = "luv" }
  check = call "c"
  uv.run()
  check()
end
