-- Specs of the rows of spec/faults/rows/NAME.lua, through the public API, in the host named by DINGTALK_SPEC_LOOP.
local busted = require "busted"
local faults = require "spec.support.faults"

local describe, it, setup, teardown, pending = busted.describe, busted.it, busted.setup, busted.teardown, busted.pending

local loop = os.getenv("DINGTALK_SPEC_LOOP") or "blocking"

-- A time limit that passes while every instruction takes ten times as long says nothing.
local function title(row)
  local limited = row.expect.kind == "timeout" or row.config and row.config.connect_timeout
  return limited and row.name .. " #deadline" or row.name
end

return function(name)
  describe(("faults of %s (%s)"):format(name, loop), function()
    local host = assert(faults.hosts[loop], "no host called " .. loop)
    local server

    setup(function() server = faults.start() end)

    teardown(function()
      local errors = host.close and host.close() or {}
      assert(server:stop(), "the fault server outlived its spec")
      assert(#errors == 0, table.concat(errors, "\n"))
    end)

    for _, row in ipairs(require("spec.faults.rows." .. name)) do
      it(title(row), function()
        local why_not = faults.cannot_run(row, host)
        if why_not then return pending(why_not) end
        local problems = faults.run(row, server, host)
        assert(#problems == 0, table.concat(problems, "\n"))
      end)
    end
  end)
end
