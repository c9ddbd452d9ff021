-- Faults armed for calls to come: which call meets which. README.md has the forms.
local json = require "sandbox.json"
local prng = require "sandbox.prng"

local faults = {}

local armed

function faults.reset() armed = {} end

local kinds = {
  delay = { ms = "number" },
  answer = { status = "number", headers = "table", body = "any", code = "string", message = "string", after = "boolean",
    ms = "number" },
  close = { after = "boolean", ms = "number" },
  garbage = { kind = "string", status = "number", after = "boolean", ms = "number" },
  slow = { ms = "number" },
  processing = { ms = "number", first = "string" },
}

local needed = { delay = "ms", slow = "ms", processing = "ms" }
local choices = {
  kind = { html = true, truncated = true, string = true, array = true, binary = true, text = true, errcode = true,
    redirect = true, huge = true },
  first = { close = true, wait = true, error = true },
}
-- When it happens rather than what happens.
local arming = { fault = "string", next = "number", skip = "number", rate = "number", seed = "number", match = "table",
  weight = "number", mix = "table", faults = "table", clear = "boolean" }
local match_fields = { operation = true, method = true, path = true, body = true }

local function arming_problem(spec)
  for name, value in pairs(spec) do
    if arming[name] and type(value) ~= arming[name] then return name .. " is no " .. arming[name] end
  end
  if spec.next and spec.next < 1 then return "next is at least 1" end
  for name, value in pairs(spec.match or {}) do
    if not match_fields[name] or type(value) ~= "string" then return "match: bad field " .. tostring(name) end
  end
end

local function problem_of(fault)
  if type(fault) ~= "table" then return "a fault is an object" end
  local fields = kinds[fault.fault]
  if not fields then return "no such fault: " .. tostring(fault.fault) end
  for name, value in pairs(fault) do
    local kind = fields[name]
    if not kind and not arming[name] then return fault.fault .. " has no field " .. tostring(name) end
    if kind and kind ~= "any" and type(value) ~= kind then return name .. " is no " .. kind end
    if kind and choices[name] and not choices[name][value] then return name .. ": no such choice: " .. value end
  end
  local name = needed[fault.fault]
  if name and fault[name] == nil then return fault.fault .. " needs " .. name end
  if fault.fault == "answer" and not fault.status and not fault.code then return "answer needs status or code" end
  return arming_problem(fault)
end

local function arm_mix(spec)
  local total, mix = 0, {}
  for i, fault in ipairs(spec.mix) do
    local problem = problem_of(fault)
    if problem then return problem end
    total = total + (fault.weight or 1)
    mix[i] = { fault = fault, upto = total }
  end
  if total <= 0 then return "mix is empty" end
  armed[#armed + 1] = { mix = mix, total = total, rate = spec.rate or 1, draw = prng.new(spec.seed or 1),
    left = spec.next or math.huge, skip = spec.skip or 0, match = spec.match or {}, fired = 0 }
end

local function arm_one(fault)
  local problem = problem_of(fault)
  if problem then return problem end
  if fault.rate then
    return arm_mix { mix = { fault }, rate = fault.rate, seed = fault.seed, next = fault.next, skip = fault.skip,
      match = fault.match }
  end
  armed[#armed + 1] = { fault = fault, left = fault.next or 1, skip = fault.skip or 0, match = fault.match or {},
    fired = 0 }
end

local function arm_what(spec)
  local problem = arming_problem(spec)
  if problem then return problem end
  if spec.mix then return arm_mix(spec) end
  if spec.fault then return arm_one(spec) end
  if not spec.faults then return not spec.clear and "fault, faults, mix or clear is required" or nil end
  for _, fault in ipairs(spec.faults) do
    problem = problem or arm_one(fault)
  end
  return problem
end

---All or nothing.
---@param spec table what the control call was given
---@return string|nil problem
function faults.arm(spec)
  local before = armed
  armed = {}
  for i, entry in ipairs(spec.clear and {} or before) do armed[i] = entry end
  local problem = arm_what(spec)
  if problem then armed = before end
  return problem
end

local function matches(match, ctx)
  if match.operation and match.operation ~= ctx.operation then return false end
  if match.method and match.method ~= ctx.method then return false end
  if match.path and not ctx.path:find(match.path, 1, true) then return false end
  if match.body and not ctx.body:find(match.body, 1, true) then return false end
  return true
end

local function chosen(entry)
  if not entry.mix then return entry.fault end
  if entry.draw() >= entry.rate then return nil end
  local at = entry.draw() * entry.total
  for _, one in ipairs(entry.mix) do
    if at < one.upto then return one.fault end
  end
end

-- The fault of this entry for this call, used up by it.
local function take(entry)
  if entry.skip > 0 then
    entry.skip = entry.skip - 1
    return nil
  end
  local fault = chosen(entry)
  if fault then
    entry.left = entry.left - 1
    entry.fired = entry.fired + 1
  end
  return fault
end

---@return table|nil fault the first armed one that fits
function faults.draw(ctx)
  for i = 1, #armed do
    local entry = armed[i]
    if matches(entry.match, ctx) then
      local fault = take(entry)
      if entry.left <= 0 then table.remove(armed, i) end
      if fault then return fault end
    end
  end
end

---@return table what is still armed
function faults.describe()
  local list = json.list {}
  for i, entry in ipairs(armed) do
    local names = json.list {}
    for j, one in ipairs(entry.mix or { entry }) do names[j] = one.fault.fault end
    list[i] = { faults = names, rate = entry.mix and entry.rate or json.null, fired = entry.fired,
      left = entry.left < math.huge and entry.left or json.null }
  end
  return { armed = list }
end

faults.reset()

return faults
