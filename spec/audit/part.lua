-- One part of the audit, as a process: PROTOCOL SEED CALLS. Prints, as JSON, what spec.audit.run found and saw.
local cjson = require "cjson"
local faults = require "spec.support.faults"
local run = require "spec.audit.run"

local protocol, seed, calls = arg[1], tonumber(arg[2]), tonumber(arg[3])
local server = faults.start()
local found, seen = run(server, protocol, seed, calls)
print(cjson.encode { found = found, seen = seen })
assert(server:stop(), "the fault server outlived its audit")
