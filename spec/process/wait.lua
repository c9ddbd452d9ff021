-- A call that somebody else interrupts; from "ready" on, Lua itself deals with SIGINT.
local example = require "spec.support.example"

local client = example.client()
io.write "ready\n"
io.flush()
example.add(client, { "patient" })
