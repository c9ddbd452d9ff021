-- Coroutines that wait, and task groups: what `concurrency` of the calls does, in a plain script and in the frame loop.
local calendar = require "dingtalk.calendar"
local concurrently = require "spec.support.concurrently"
local scripted = require "spec.support.scripted"
local words = require "spec.faults.answers"

local TOKEN = "secret-token-1"
local OK = words.OK

setup(scripted.start)
teardown(scripted.stop)

local function people(count)
  local list = {}
  for i = 1, count do list[i] = ("p%04d"):format(i) end
  return list
end

-- Each in a batch or an event of its own, which waits for another's mark and then makes its own.
local function waits_for(other, own)
  local script = { words.send(words.text(200, "")), { "mark", own } }
  if other then table.insert(script, 1, { "await", other }) end
  return script
end

-- The same, where it is the caller who marks what has ended for it.
local function goes_on_after(other)
  local script = { words.send(words.text(200, "")) }
  if other then table.insert(script, 1, { "await", other }) end
  return script
end

local function jobs(names, list)
  local all = {}
  for i, name in ipairs(names) do all[i] = { user = "user", event = name, list = list or { "a" } } end
  return all
end

for _, loop in ipairs { "blocking", "manual" } do
local function sorted(list)
  local copy = { (table.unpack or unpack)(list) }
  table.sort(copy)
  return copy
end

  describe("a task group of the loop " .. loop, function()
    local service, client

    -- Serves by `row` and does `work` as the host does. A first call shows that the service speaks HTTP/1.1: until then
    -- all others would wait for one connection.
    local function with(row, config, work)
      row.listen = "plain"
      table.insert(row.requests, 1, OK)
      service = scripted.service(row)
      local all = { base_url = service.base_url, allow_http = true, proxy = "", loop = loop,
        max_connections = 10 }
      for name, value in pairs(config) do all[name] = value end
      client = assert(calendar.new(all))
      local function all_work()
        assert(client:add_attendees(TOKEN, "user", nil, "event", { "first" }))
        work()
      end
      if loop == "blocking" then all_work() else concurrently.manual(client, 1, all_work) end
      local seen = service:seen()
      return #seen.requests - 1, seen.most
    end

    after_each(function()
      client:close()
      service:close()
    end)

    it("runs as many at a time as it is allowed, and no more", function()
      -- The first three are answered when three have begun, and so on.
      local requests = {}
      for i = 1, 9 do
        requests[i] = { "read", { "begun", 1 + 3 * math.ceil(i / 3) }, words.send(words.text(200, "")) }
      end
      local requests_seen, most = with({ requests = requests }, {}, function()
        local result = assert(client:add_attendees(TOKEN, "user", nil, "event", people(4500), { concurrency = 3 }))
        assert.same({ 4500, 9 }, { result.added, #result.batches })
      end)
      assert.same({ 9, 3 }, { requests_seen, most })
    end)

    it("runs one at a time where nothing else is said, none and one", function()
      local requests_seen, most = with({ requests = { OK } }, {}, function()
        assert.equal(1500, assert(client:add_attendees(TOKEN, "user", nil, "event", people(1500))).added)
        assert.equal(1, assert(client:add_attendees(TOKEN, "user", nil, "event", { "a" }, { concurrency = 3 })).added)
        local summary = assert(client:add_attendees_each(TOKEN, {}, { concurrency = 3 }))
        assert.same({ 0, 0 }, { summary.succeeded, summary.failed })
      end)
      assert.same({ 4, 1 }, { requests_seen, most })
    end)

    -- For the batches of one call and the calls of a bulk run: each is answered only when the one before it in this
    -- order has been, so that whoever waits for the first in the list never ends. (Of answers that have come together
    -- any may be read first.)
    for width, order in pairs { [3] = { 2, 3, 1 }, [2] = { 2, 3, 4, 1 } } do
      it(("goes on with the batches that are done, whatever their order, width %d"):format(width), function()
        local choices, ended = {}, {}
        for i, number in ipairs(order) do
          choices[i] = { ("p%04d"):format(number * 500), goes_on_after(order[i - 1]) }
        end
        with({ requests = { { "read", { "choose", choices } } } }, {}, function()
          local list = people(500 * #order)
          local result = assert(client:add_attendees(TOKEN, "user", nil, "event", list, { concurrency = width,
            on_batch = function(info)
              ended[#ended + 1] = info.batch
              service:mark(info.batch)
            end }))
          assert.equal(#list, result.added)
        end)
        table.sort(ended)
        assert.same(sorted(order), ended)
      end)

      it(("goes on with the jobs that are done, whatever their order, width %d"):format(width), function()
        local choices, names, ended, expected = {}, {}, {}, {}
        for i, number in ipairs(order) do
          names[i], expected[i] = "event" .. i, "event" .. number
          choices[i] = { "event" .. number, goes_on_after(order[i - 1]) }
        end
        with({ requests = { { "read", { "choose", choices } } } }, {}, function()
          assert.equal(#order, assert(client:add_attendees_each(TOKEN, jobs(names), { concurrency = width, rate = false,
            on_result = function(job)
              ended[#ended + 1] = job.event
              service:mark(tonumber(job.event:match "%d+"))
            end })).succeeded)
        end)
        table.sort(ended)
        assert.same(sorted(expected), ended)
      end)
    end

    it("runs tasks that never wait", function()
      local told = {}
      local requests_seen = with({ requests = { OK } }, {}, function()
        local summary = assert(client:add_attendees_each(TOKEN, jobs({ "a", "b", "c", "d" }, {}), { concurrency = 2,
          rate = false, on_result = function(job, _, err) told[#told + 1] = job.event .. " " .. err.code end }))
        assert.equal(4, summary.failed)
      end)
      assert.same({ "a no_attendees", "b no_attendees", "c no_attendees", "d no_attendees" }, told)
      assert.equal(0, requests_seen)
    end)

    it("raises what the caller's own function raised, when the other tasks have ended", function()
      local is_51 = _VERSION == "Lua 5.1" and not jit
      if loop == "manual" and is_51 then return pending "Lua 5.1 cannot yield across pcall" end
      -- The batch with p0500 is throttled, for which the wait is drawn; the others are answered only after that.
      local raised = { "mine" }
      local choices = {
        { "p0500", { words.send(words.refusal(403, "system.busy")[2][2]), { "mark", "refused" } } },
        { "p1000", waits_for("refused", "second") }, { "p1500", waits_for("second", "third") },
      }
      local ok, message, again
      with({ requests = { { "read", { "choose", choices } } } },
        { random = function() if not ok then error(raised, 0) end return 0 end }, function()
          ok, message = pcall(client.add_attendees, client, TOKEN, "user", nil, "event", people(1500),
            { concurrency = 3 })
          again = client:add_attendees(TOKEN, "user", nil, "event", { "p1000" })
        end)
      assert.is_false(ok)
      assert.equal(raised, message)
      assert.same({ 1, true }, { again.added, client:is_idle() })
    end)

    it("may be part of another", function()
      local requests_seen = with({ requests = { OK } }, {}, function()
        local list = jobs({ "one", "two" }, people(1201))
        for _, job in ipairs(list) do job.opts = { concurrency = 2 } end
        local summary = assert(client:add_attendees_each(TOKEN, list, { rate = false, concurrency = 2 }))
        assert.same({ 2, 2402, 6 }, { summary.succeeded, summary.added, summary.attempts })
      end)
      assert.equal(6, requests_seen)
    end)
  end)
end
