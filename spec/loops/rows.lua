-- The behaviour of one host as specs.
local busted = require "busted"
local behaviour = require "spec.loops.behaviour"
local hosts = require "spec.loops.hosts"
local sandbox = require "spec.support.sandbox"

local describe, it, pending = busted.describe, busted.it, busted.pending
local before_each, after_each = busted.before_each, busted.after_each

-- Of these nothing resumes a coroutine that was not made for them.
local particular = { cqueues = true, copas = true, ["later copas"] = true }

return function(name)
  local host = hosts[name]

  describe("the loop " .. name, function()
    local client

    if host.missing then
      it("runs here", function() pending(host.missing) end)
      return
    end

    before_each(function()
      sandbox.reset()
      client = behaviour.new_client(host, { random = function() return 0.999 end })
    end)

    after_each(function()
      if client then client:close() end
      client = nil
    end)

    for _, row in ipairs(behaviour) do
      local what, work, why_not = row[1], row[2], row[3]
      if not (row.plain and particular[name]) then
        it(what, function()
          if why_not then return pending(why_not) end
          work(host, client)
        end)
      end
    end
  end)
end
