-- A finalizer of the user's may run wherever Lua allocates: also inside the core, and close the very client that is
-- at work, or make another call with it. Run under the sanitizers too, which see what the core then still touches.
local calendar = require "dingtalk.calendar"
local collector = require "spec.support.collector"
local concurrently = require "spec.support.concurrently"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"

local IS_54, IS_55 = _VERSION == "Lua 5.4", _VERSION == "Lua 5.5"
local jit = rawget(_G, "jit")
local COLLECTIONS = 400 -- more than come during a call

-- Collects at nearly every allocation while `work` runs; calls `act` at the end of collection `number`.
local function collecting(number, act, work)
  local count, over = 0, false
  local function arm()
    local function finalize()
      count = count + 1
      if count == number then act() end
      if not over then arm() end
    end
    if rawget(_G, "newproxy") then
      getmetatable(newproxy(true)).__gc = finalize -- luacheck: ignore 113
    else
      setmetatable({}, { __gc = finalize })
    end
  end
  -- A trace of LuaJIT that begins with a step of the collector, as each does now, never gets any further: also not one
  -- compiled before.
  if jit then
    jit.off()
    jit.flush()
  end
  local pause, multiplier = collector.set("pause", 0), collector.set("stepmul", IS_54 and 1000 or 1e6)
  if IS_54 then collectgarbage("incremental", 0, 0, 30) end -- a step is a whole collection
  if IS_55 then collectgarbage "incremental" end -- lua5.5 begins with the generational collector
  local size = IS_55 and collector.set("stepsize", 0)
  collectgarbage()
  arm()
  local result, err = work()
  over = true
  if IS_54 then collectgarbage("incremental", 0, 0, 13) end
  if IS_55 then collector.set("stepsize", size) end
  collector.set("pause", pause)
  collector.set("stepmul", multiplier)
  if jit then jit.on() end
  collectgarbage()
  return result, err, count
end

local function arrived(id)
  for _, attendee in ipairs(sandbox.attendees(example.USER, "primary", example.EVENT)) do
    if attendee.id == id then return true end
  end
  return false
end

-- What was said must be true; a call that finds its client closed says so.
local function check(id, result, err)
  if result then
    assert.equal(1, result.added)
    assert.is_true(arrived(id))
  else
    assert.is_true(calendar.is_error(err), tostring(err))
    assert.truthy(err.code == "closed", tostring(err))
    if err.outcome == "not_sent" then assert.is_false(arrived(id)) end
  end
end

-- Tries with a finalizer in each of the collections in turn, until there are fewer. `try` gives whether it ran where it
-- should, and how many collections there were.
local function at_each_collection(least, try)
  local hits, last = 0, 0
  for number = 1, COLLECTIONS do
    local hit, count = try(number)
    hits, last = hits + (hit and 1 or 0), count
    if count < number then break end
  end
  assert.truthy(last < COLLECTIONS, "more collections than were tried")
  assert.truthy(hits >= least, "only " .. hits .. " times")
end

local ways = {
  { name = "without options", least = 3 },
  { name = "with options", least = 3, opts = { timeout = 10 } },
  { name = "to be refused", least = 3, fault = { fault = "answer", code = "systemError" },
    config = { max_attempts = 1 } },
}

describe("a finalizer that closes the client", function()
  before_each(sandbox.reset)

  for _, way in ipairs(ways) do
    it("harms no call " .. way.name, function()
      at_each_collection(way.least, function(number)
        local client = example.client(way.config)
        client:pollfd() -- its engine is made before
        if way.fault then sandbox.faults { clear = true, faults = { way.fault } } end
        local id = "person" .. number
        local result, err, count = collecting(number, function() client:close() end, function()
          return example.add(client, { id }, way.opts)
        end)
        if not (way.fault and err and err.code == "systemError") then check(id, result, err) end
        local was_closed = client.closed
        client:close()
        return was_closed, count
      end)
    end)
  end
end)

describe("a finalizer that makes a call of the same client", function()
  before_each(sandbox.reset)

  for _, way in ipairs(ways) do
    it("loses no answer, its own or that of the call at work, " .. way.name, function()
      local client = example.client(way.config)
      at_each_collection(3, function(number)
        sandbox.reset()
        if way.fault then sandbox.faults { fault = "answer", code = "systemError", rate = 1, seed = 1 } end
        local said, nested, nested_err = false, nil, nil
        local result, err, count = collecting(number, function()
          nested, nested_err = example.add(client, { "nested" .. number }, way.opts)
          said = true
        end, function()
          return example.add(client, { "outer" .. number }, way.opts)
        end)
        if way.fault then
          assert.equal("systemError", err.code)
          if said then assert.equal("systemError", nested_err.code) end
        else
          assert.equal(1, assert(result).added)
          assert.is_true(arrived("outer" .. number))
          if said then
            assert.equal(1, assert(nested).added)
            assert.is_true(arrived("nested" .. number))
          end
        end
        return said, count
      end)
      client:close()
    end)
  end
end)

-- Lua 5.1 and 5.2 do not say whether a function may yield.
local is_told = coroutine.isyieldable ~= nil

describe("a finalizer that makes a call where it cannot yield", function()
  before_each(sandbox.reset)

  it("makes it while the tasks of a group run", function()
    if not is_told then return pending "this Lua does not tell a task from a finalizer in it" end
    local client = example.client()
    at_each_collection(3, function(number)
      sandbox.reset()
      local nested, nested_err
      local list = example.people(1, 501)
      local result, err, count = collecting(number, function()
        nested, nested_err = example.add(client, { "nested" })
      end, function()
        return example.add(client, list, { concurrency = 2 })
      end)
      assert.equal(501, assert(result, err).added)
      if count >= number then
        assert.equal(1, assert(nested, nested_err).added)
        assert.is_true(arrived "nested")
      end
      return count >= number, count
    end)
    client:close()
  end)

  for _, host in ipairs { "manual", "luv", "cqueues", "copas" } do
    it("is refused under " .. host, function()
      if not is_told then return pending "this Lua does not tell where a function may yield" end
      if concurrently.missing[host] then return pending(concurrently.missing[host]) end
      local client, ok, result, err = example.client { loop = host }, nil, nil, nil
      concurrently[host](client, 1, function()
        local list = { 2, 1 }
        table.sort(list, function(a, b)
          ok, result, err = pcall(example.add, client, { "a" })
          return a < b
        end)
      end)
      client:close()
      assert.is_true(ok, tostring(result))
      assert.is_nil(result)
      assert.same({ "argument", "cannot_wait", "not_sent" }, { err.kind, err.code, err.outcome })
    end)
  end
end)
