-- luv, kept to the end of the process: busted forgets modules between files, and luv frees its loop
-- with the module's table but gives the same loop to whoever loads it again.
local registry = debug.getregistry()
local luv = require "luv"
registry["spec.support.luv"] = registry["spec.support.luv"] or luv

return luv
