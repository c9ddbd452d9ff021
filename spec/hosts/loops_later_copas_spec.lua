-- The loop copas with a later copas than Debian has. Each spec file has modules of its own.
package.loaded.copas = require "spec.loops.later_copas"

local rows = require "spec.loops.rows"
local sandbox = require "spec.support.sandbox"

teardown(sandbox.reset)

rows "later copas"
