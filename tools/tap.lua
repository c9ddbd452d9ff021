-- TAP for busted, as tools/test counts it: the name of a spec before it runs (a spec
-- that hangs or crashes is the last one named), one line when it has run, what went
-- wrong in full below that (busted's own handler raises on a file that does not load),
-- and the slowest specs in the end.
local SLOWEST = 5

local function commented(text)
  return "# " .. tostring(text):gsub("\n", "\n# ")
end

local function place(element)
  local trace = element.trace
  return trace and trace.short_src and ("%s:%s"):format(trace.short_src, trace.currentline or "?") or "?"
end

return function()
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()
  local pretty = require "pl.pretty"
  local count, durations = 0, {}

  local function report(verdict, name)
    count = count + 1
    io.write(("%s %d - %s\n"):format(verdict, count, (name:gsub("\n", " "))))
    io.flush()
  end

  local function failed(failure)
    report("not ok", failure.name or "?")
    local message = failure.message
    if type(message) ~= "string" then message = pretty.write(message) end
    local trace = failure.trace or {}
    io.write(commented(place(failure.element)), "\n", commented(message), "\n")
    if trace.traceback then io.write(commented(trace.traceback:gsub("^\n", "")), "\n") end
  end

  function handler.testStart(element)
    io.write("# runs: ", (handler.getFullName(element):gsub("\n", " ")), "\n")
    io.flush()
    return nil, true
  end

  function handler.testEnd(element, _, status)
    local name = handler.getFullName(element)
    durations[#durations + 1] = { name = name, seconds = element.duration or 0 }
    if status == "success" then
      report("ok", name)
    elseif status == "pending" then
      local pending = handler.pendings[#handler.pendings]
      report("ok", "# SKIP " .. (pending.message or name))
    elseif status == "failure" then
      failed(handler.failures[#handler.failures])
    elseif status == "error" then
      failed(handler.errors[#handler.errors])
    end
    return nil, true
  end

  -- Outside a spec: a file that does not load, a setup that fails.
  function handler.error(element)
    if element.descriptor ~= "it" then failed(handler.errors[#handler.errors]) end
    return nil, true
  end

  function handler.suiteEnd()
    table.sort(durations, function(a, b) return a.seconds > b.seconds end)
    for i = 1, math.min(SLOWEST, #durations) do
      io.write(("# slow: %.2f s %s\n"):format(durations[i].seconds, durations[i].name))
    end
    io.write(("1..%d\n"):format(count))
    io.flush()
    return nil, true
  end

  busted.subscribe({ "suite", "end" }, handler.suiteEnd)
  busted.subscribe({ "test", "start" }, handler.testStart, { predicate = handler.cancelOnPending })
  busted.subscribe({ "test", "end" }, handler.testEnd, { predicate = handler.cancelOnPending })
  busted.subscribe({ "error" }, handler.error)
  busted.subscribe({ "failure" }, handler.error)
  return handler
end
