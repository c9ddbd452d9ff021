--- Runs cases of spec/process/cases.lua: process_ldt_host spec/process/run.lua CASE
local cases, run = dofile "spec/process/cases.lua"
local name = ...
run(name, assert(cases[name], "there is no such case"))
