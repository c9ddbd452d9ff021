--- Games and other hosts that run frame by frame: a call yields. client:step(), called each frame, does the I/O and
--- resumes each coroutine whose wait is over.

local coroutines = require "dingtalk.loops.coroutines"

local Manual = setmetatable({ name = "manual" }, { __index = coroutines })
Manual.__index = Manual

function Manual.new()
  return setmetatable({ failed = false, failure = false }, Manual)
end

return Manual
