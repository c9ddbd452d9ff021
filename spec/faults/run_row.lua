-- Makes one scenario's calls in this process: run_row.lua NAME HOST PLACE, with PLACE as JSON; prints what they said.
-- For scenarios that need a process of their own, started by spec/support/faults.lua.
package.path = "./?.lua;" .. package.path

local cjson = require "cjson"
local faults = require "spec.support.faults"
local scenarios = require "spec.faults.scenarios"

local row = assert(scenarios.by_name[arg[1]], "no such scenario")
print(cjson.encode(faults.perform(row, cjson.decode(arg[3]), faults.hosts[arg[2]])))
