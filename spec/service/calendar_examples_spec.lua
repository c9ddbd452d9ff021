-- The examples of the calendar's calls, as their user starts them: each a process of its own, configured by the
-- environment.
local example = require "spec.support.example"
local processes = require "spec.support.processes"
local sandbox = require "spec.support.sandbox"

local USER, TOKEN = example.USER, example.TOKEN

local client = example.client_of_specs()

local function run(name, variables)
  local service = sandbox.start()
  local words = { "env" }
  local all = { BASE_URL = service.base_url, CA_FILE = service.ca_file, TOKEN = TOKEN, USER = USER }
  for key, value in pairs(variables) do all[key] = value end
  for key, value in pairs(all) do words[#words + 1] = "DINGTALK_" .. key .. "=" .. processes.quote(value) end
  words[#words + 1] = ("%s examples/%s.lua 2>&1"):format(processes.interpreter(), name)
  return processes.output_of(table.concat(words, " "))
end

local function event(from, to, more)
  local details = { summary = "e", start = { dateTime = from, timeZone = "Asia/Shanghai" },
    ["end"] = { dateTime = to, timeZone = "Asia/Shanghai" } }
  for name, value in pairs(more or {}) do details[name] = value end
  return details
end

describe("the example", function()
  for _, name in ipairs { "free_hour", "move_instance", "mirror", "any_call" } do
    it(name .. " has 30 lines at most, and says what is not set", function()
      local count = 0
      for _ in io.lines("examples/" .. name .. ".lua") do count = count + 1 end
      assert.is_true(count <= 30, count)
      assert.truthy(run(name, { TOKEN = "x", USER = "y" }):find("DINGTALK_%u+ is not set: see the top of this file"))
    end)
  end

  it("free_hour finds the first hour that suits all, and books it", function()
    local people = "alice bob carol dave"
    -- At 9 alice is busy, from 10 to 11:30 bob (in another zone), at 12 the room; who declined is free.
    assert(client:create_event(TOKEN, "alice", nil, event("2030-02-01T09:30:00+08:00", "2030-02-01T10:00:00+08:00")))
    assert(client:create_event(TOKEN, "someone", nil,
      event("2030-02-01T02:00:00Z", "2030-02-01T03:30:00Z", { attendees = { "bob" } })))
    local booked = assert(client:create_event(TOKEN, "someone", nil,
      event("2030-02-01T12:00:00+08:00", "2030-02-01T13:00:00+08:00"))).event.id
    assert(client:add_meeting_rooms(TOKEN, "someone", nil, booked, { "room-7" }))
    local declined = assert(client:create_event(TOKEN, "someone", nil,
      event("2030-02-01T13:00:00+08:00", "2030-02-01T14:00:00+08:00", { attendees = { "carol" } }))).event.id
    assert(client:respond(TOKEN, "carol", nil, declined, "declined"))
    local said = run("free_hour", { PEOPLE = people, ROOM = "room-7", DAY = "2030-02-01" })
    assert.equal("5 people meet in room-7 at 2030-02-01T13:00:00.000+08:00\n", said)
    assert.equal("5 people meet in room-7 at 2030-02-01T14:00:00.000+08:00\n",
      run("free_hour", { PEOPLE = people, ROOM = "room-7", DAY = "2030-02-01" }))
  end)

  it("move_instance moves one instance and no other", function()
    local series = assert(client:create_event(TOKEN, USER, nil, event("2030-02-01T10:00:00+08:00",
      "2030-02-01T11:00:00+08:00", { recurrence = { pattern = { type = "weekly", interval = 1, daysOfWeek = "friday" },
        range = { type = "numbered", numberOfOccurrences = 4 } } }))).event.id
    local said = run("move_instance", { SERIES = series, DAY = "2030-02-08" })
    assert.truthy(said:find("was at 2030-02-08T10:00:00+08:00, is at 2030-02-09T10:00:00+08:00", 1, true), said)
    local starts = {}
    for one, err in client:each_event_in_view(TOKEN, USER, nil,
      { timeMin = "2030-02-01T00:00:00Z", timeMax = "2030-03-01T00:00:00Z", maxResults = 3 }) do
      starts[#starts + 1] = assert(one, err).start.dateTime:sub(1, 10)
    end
    assert.same({ "2030-02-01", "2030-02-09", "2030-02-15", "2030-02-22" }, starts)
    assert.truthy(run("move_instance", { SERIES = series, DAY = "2030-02-09" }):find("2030-02-10", 1, true))
    assert.truthy(run("move_instance", { SERIES = series, DAY = "2030-02-10" }):find("2030-02-11", 1, true))
  end)

  it("mirror asks only for what has changed", function()
    local directory = processes.directory()
    local variables = { FILE = directory .. "/calendar.json" }
    assert.equal("1 changed, 0 gone\n", run("mirror", variables))
    assert.equal("0 changed, 0 gone\n", run("mirror", variables))
    local made = assert(client:create_event(TOKEN, USER, nil,
      event("2030-02-01T10:00:00+08:00", "2030-02-01T11:00:00+08:00"))).event.id
    assert(client:delete_event(TOKEN, USER, nil, example.EVENT))
    assert.equal("1 changed, 1 gone\n", run("mirror", variables))
    local file = assert(io.open(variables.FILE))
    local text = file:read "*a"
    file:close()
    processes.output_of("rm -r " .. directory)
    assert.truthy(text:find(made, 1, true))
    assert.is_nil(text:find(example.EVENT, 1, true))
  end)

  it("any_call reads both APIs", function()
    assert.equal("张三 has 1 calendars\n", run("any_call", { USERID = "zhangsan" }))
    assert.truthy(run("any_call", { USERID = "nobody" }):find("not_found (60121)", 1, true))
  end)
end)
