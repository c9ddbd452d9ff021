-- A call that somebody else interrupts.
local example = require "spec.support.example"

example.add(example.client(), { "patient" })
