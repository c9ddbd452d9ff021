-- The command line as a user meets it: a process of its own, run by Lua 5.4 whatever runs the specs.
if _VERSION ~= "Lua 5.4" then return end

local cjson = require "cjson"
local example = require "spec.support.example"
local codes = require "dingtalk.codes"
local sandbox = require "spec.support.sandbox"

local TOKEN, USER, EVENT, people = example.TOKEN, example.USER, example.EVENT, example.people

local function capture(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local here = capture("pwd"):gsub("\n", "")
local dir

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function write(name, text)
  local file = assert(io.open(dir .. "/" .. name, "w"))
  file:write(text)
  file:close()
  return dir .. "/" .. name
end

local function read(name)
  local file = io.open(dir .. "/" .. name)
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local base = { DINGTALK_TOKEN = TOKEN, DINGTALK_USER = USER, DINGTALK_EVENT = EVENT }

-- The shell line that runs the tool with only these variables of ours.
local function line(arguments, variables)
  local service = sandbox.start()
  local set = { "env", "-i", 'PATH="$PATH"', "DINGTALK_BASE_URL=" .. service.base_url,
    "DINGTALK_CA_FILE=" .. service.ca_file }
  for name, value in pairs(variables or base) do set[#set + 1] = quote(name .. "=" .. value) end
  return ("cd %s && %s %s/bin/dingtalk-calendar %s"):format(quote(dir), table.concat(set, " "), here, arguments)
end

---@return integer code, string stdout, string stderr
local function run(arguments, variables, before)
  local out = capture((before or "") .. line(arguments, variables) .. " 2>err; echo $?")
  local text, code = out:match("^(.-)(%d+)\n$")
  return tonumber(code), text, read("err")
end

local function lines_of(list) return table.concat(list, "\n") .. "\n" end

local function added_times()
  local times, most = {}, 0
  for _, entry in ipairs(sandbox.ledger()) do
    for _, id in ipairs(entry.added) do
      times[id] = (times[id] or 0) + 1
      most = math.max(most, times[id])
    end
  end
  return most
end

local function output_of(arguments)
  local _, out = run(arguments)
  return out
end

-- Waits for what another process does, for as long as a busy machine may need.
local function wait_until(condition)
  local tries = 0
  repeat
    if condition() then return end
    os.execute "sleep 0.02"
    tries = tries + 1
  until tries > 1500
  error("waited in vain", 2)
end

local function is_running(pid) return os.execute(("kill -0 %s 2>/dev/null"):format(pid)) == true end

-- Starts the tool in a process group of its own, as a terminal does; returns its pid.
local function start(arguments, variables)
  local command = line(arguments, variables):gsub("&& env", "&& exec setsid env")
  return capture(("(%s >out 2>err & echo $!)"):format(command:gsub("^cd (%S+) && ", "cd %1 && ", 1))):match "%d+"
end

describe("dingtalk-calendar #slow", function()
  setup(function() dir = capture("mktemp -d"):gsub("\n", "") end)
  before_each(sandbox.reset)
  teardown(function()
    os.execute("rm -rf " .. quote(dir))
    sandbox.reset()
  end)

  describe("takes people", function()
    local function added(arguments)
      local code, out, err = run("add --dry-run --json " .. arguments)
      return code == 0 and cjson.decode(out).requests[1].body:match '^{"attendeesToAdd":(.*)}$' or err
    end

    for _, row in ipairs(require "spec.vectors.people") do
      it(("of %s: %s"):format(row[2], row[1]), function()
        write(row[2], row[3])
        local said = added(("%s --file %s"):format(row.options or "", row[2]))
        assert.equal(row.adds or ("dingtalk-calendar: %s\n"):format(row.refusal), said)
      end)
    end

    for arguments, expected in pairs {
      ["a b"] = '[{"id":"a"},{"id":"b"}]', ["--optional a"] = '[{"id":"a","isOptional":true}]',
      ["--file p c"] = '[{"id":"a"},{"id":"c"}]', ["--file p --file q"] = '[{"id":"a"},{"id":"b"}]',
      ["--file *.l"] = '[{"id":"a"},{"id":"b"}]', ["--file - <p"] = '[{"id":"a"}]',
      ["--optional --file f.csv"] = '[{"id":"a","isOptional":false},{"id":"b","isOptional":true}]',
    } do
      it("of " .. arguments, function()
        for name, text in pairs { p = "a\n", q = "b\n", ["1.l"] = "a\n", ["2.l"] = "b\n",
          ["f.csv"] = "id,optional\na,no\nb,\n" } do write(name, text) end
        assert.equal(expected, added(arguments))
      end)
    end

    for arguments, refusal in pairs {
      ["p.csv"] = 'is a file here: give it with --file', ["张三"] = "other than ASCII", ["a,b"] = "holds ,",
      [""] = "nobody is named", ["--file q.csv"] = "q.csv: holds nobody", ["--file nowhere"] = "nowhere: No such file",
      ["--file ."] = "directory", ["--file - --file - <p"] = "stands twice", ["--event A --event B a"] = "at most 1 time",
      ["--user A --user B a"] = "at most 1 time",
    } do
      it("but not of " .. arguments, function()
        write("p.csv", "id\na\n")
        write("q.csv", "\n")
        write("p", "a\n")
        local code, out, err = run("add " .. arguments)
        assert.same({ 2, "", true }, { code, out, err:find(refusal, 1, true) ~= nil }, err)
        assert.equal(0, sandbox.counters().calls)
      end)
    end

    it("without what only adding knows", function()
      write("p.csv", "id,isOptional\na,true\n")
      local _, out = run "remove --dry-run --json --file p.csv"
      assert.equal('{"attendeesToRemove":[{"id":"a"}]}', cjson.decode(out).requests[1].body)
    end)
  end)

  describe("prints", function()
    it("what was done", function()
      write("p", lines_of(people(1, 501)))
      local code, out, err = run "add --file p --confirm"
      assert.same({ 0, "added 501 people in 2 requests, confirmed\n", "" }, { code, out, err })
      local _, text = run "remove p1"
      assert.equal("removed 1 person in 1 request\n", text)
    end)

    it("results as JSON", function()
      local code, out = run "add a b --json --confirm"
      local result = cjson.decode(out)
      assert.same({ 0, 2, true }, { code, result.added, result.confirmed.all })
      assert.truthy(out:find('"absent":[]', 1, true))
    end)

    it("errors as JSON, too", function()
      local code, out, err = run("add a --json --event nope")
      local failure = cjson.decode(out).error
      assert.same({ 8, "not_found", "rejected" }, { code, failure.kind, failure.outcome })
      assert.truthy(err:find("not_found", 1, true))
      for _, arguments in ipairs { "add --json", "add --json --nope", "add --json --file /nowhere a", "nope --json" } do
        code, out, err = run(arguments)
        failure = cjson.decode(out).error
        assert.same({ 2, "argument" }, { code, failure.kind })
        assert.truthy(err:find(failure.message, 1, true))
      end
    end)

    it("JSON whatever the service or a file's name holds", function()
      for status, body in pairs {
        [200] = ('{"events":[{"id":"a\255b","x":%s1e999%s}]}'):format(("["):rep(20), ("]"):rep(20)),
        [400] = '{"code":"invalidParameter","message":"a\255b"}',
      } do
        sandbox.faults { fault = "answer", status = status, body = body }
        local code, out = run "events --json"
        assert.equal(status == 200 and 0 or 9, code)
        cjson.decode(out)
        assert.truthy(out:find("a\239\191\189b", 1, true))
      end
      local code, out = run "add --json --file '\255\254'"
      assert.equal(2, code)
      assert.truthy(cjson.decode(out).error.message:find "^\239\191\189\239\191\189: ")
    end)

    it("attendees and events", function()
      run "add --optional a"
      assert.equal("a\tneedsAction\toptional\ta\n", output_of "attendees")
      assert.equal("a", cjson.decode(output_of "attendees --json").attendees[1].id)
      assert.equal(EVENT .. "\t2030-01-15T10:00:00+08:00\t2030-01-15T11:00:00+08:00\tExample event\n",
        output_of "events --from 2030-01-01T00:00:00Z --to 2030-02-01T00:00:00Z")
      assert.equal("", output_of "events --from 2031-01-01T00:00:00Z")
    end)

    it("a token, and unionIds", function()
      local secret = write("secret", "sandbox-app-secret\n")
      local app = { DINGTALK_APP_KEY = "dingsandboxapp", DINGTALK_APP_SECRET_FILE = secret }
      local code, token = run("token", app)
      assert.same({ 0, true }, { code, #token > 20 })
      app.DINGTALK_USER = USER
      assert.equal(0, (run("events", app)))
      local found, out, err = run("unionid --staff staff1 --staff nobody --mobile 13900000002", app)
      assert.same({ 8, "staff1\tiiStaff1SgjrwPRKgiEiE\n" }, { found, out:match("^staff1[^\n]*\n") })
      assert.truthy(err:find("nobody", 1, true))
      assert.truthy(out:find("13900000002\tiiStaff2", 1, true))
    end)
  end)

  describe("looks up", function()
    it("staff ids and mobile numbers of a file", function()
      write("u.csv", "姓名,员工UserID,手机号,是否可选\nA,staff1,,是\nB,,13900000002,\nC,staff3,13900000001,否\n")
      assert.equal(0, (run "add --file u.csv"))
      local ids = {}
      for i, one in ipairs(sandbox.attendees(USER, "primary", EVENT)) do ids[i] = { one.id, one.isOptional } end
      assert.same({ { "iiStaff1SgjrwPRKgiEiE", true }, { "iiStaff2SgjrwPRKgiEiE", false },
        { "iiStaff3SgjrwPRKgiEiE", false } }, ids)
    end)

    it("all or nobody", function()
      write("u.csv", "userid\nstaff1\nnobody\n")
      local code, out, err = run "add --file u.csv"
      assert.same({ 8, "" }, { code, out })
      assert.truthy(err:find("u.csv: line 3: nobody: not_found", 1, true), err)
      assert.equal(0, #sandbox.ledger())
    end)

    it("nothing in a dry run", function()
      write("u.csv", "userid\nstaff1\nstaff2\n")
      local _, out = run "add --file u.csv --dry-run --json"
      local requests = cjson.decode(out).requests
      assert.equal('{"attendeesToAdd":[{"id":"(unionid of staff1)"},{"id":"(unionid of staff2)"}]}', requests[3].body)
      assert.equal(0, sandbox.counters().calls)
    end)

    it("a file of staff ids, for the command unionid", function()
      write("u", "staff1\nstaff2\n")
      assert.equal("staff1\tiiStaff1SgjrwPRKgiEiE\nstaff2\tiiStaff2SgjrwPRKgiEiE\n", output_of "unionid --file u")
      write("u.csv", "unionId\nabc\n")
      local code, _, err = run "unionid --file u.csv"
      assert.same({ 2, true }, { code, err:find('u.csv: line 2: "abc" is a unionId already', 1, true) ~= nil }, err)
    end)

    it("no longer than --timeout says, however many", function()
      local arguments = {}
      for i = 1, 60 do arguments[i] = "--staff staff" .. i end
      sandbox.settings { latency_ms = 300 }
      local code, _, err = run("unionid --timeout 1 " .. table.concat(arguments, " "))
      sandbox.settings { latency_ms = 0 }
      assert.equal(5, code)
      assert.truthy(err:find("staff60: timeout", 1, true), err)
      assert.truthy(sandbox.counters().calls < 40)
    end)
  end)

  describe("never shows a secret:", function()
    it("--dry-run hides the token and sends nothing", function()
      local code, out, err = run "add a b --confirm --dry-run"
      assert.equal(0, code)
      assert.is_nil((out .. err):find(TOKEN, 1, true))
      assert.truthy(out:find("POST " .. sandbox.start().base_url .. "/v1.0/calendar/users/", 1, true))
      assert.truthy(out:find('x-acs-dingtalk-access-token: (hidden)\n', 1, true))
      assert.truthy(out:find('{"attendeesToAdd":[{"id":"a"},{"id":"b"}]}', 1, true))
      assert.equal(0, sandbox.counters().calls)
    end)

    it("--dry-run of a token hides the app's secret", function()
      for _, secret in ipairs { "sandbox-app-secret", 'a/b\\c"d%' } do
        local _, out = run("token --dry-run", { DINGTALK_APP_KEY = "dingsandboxapp", DINGTALK_APP_SECRET = secret })
        assert.truthy(out:find('"appSecret":"(hidden)"', 1, true))
      end
      assert.equal(0, sandbox.counters().calls)
    end)

    it("an option for one does not exist", function()
      assert.equal(2, (run("events --token " .. TOKEN)))
    end)

    it("what is missing is named", function()
      for variables, word in pairs {
        [{}] = "DINGTALK_TOKEN", [{ DINGTALK_TOKEN_FILE = "/nowhere" }] = "DINGTALK_TOKEN_FILE",
        [{ DINGTALK_APP_KEY = "x" }] = "DINGTALK_APP_SECRET is not",
        [{ DINGTALK_TOKEN = "x" }] = "DINGTALK_USER",
      } do
        local code, _, err = run("events", variables)
        assert.equal(2, code)
        assert.truthy(err:find(word, 1, true), err)
      end
    end)
  end)

  describe("manages events:", function()
    local zone = { DINGTALK_TOKEN = TOKEN, DINGTALK_USER = USER, DINGTALK_EVENT = EVENT, TZ = "Asia/Shanghai" }

    -- The body that a command would send.
    local function body_of(arguments)
      local code, out, err = run(arguments .. " --dry-run --json", zone)
      if code ~= 0 then return err end
      return cjson.decode(cjson.decode(out).requests[1].body), err
    end

    it("creates one of an hour, in the zone of the machine, which it says", function()
      local body, err = body_of "create --title Review --start '2030-01-15 10:00' a"
      assert.same({ summary = "Review", attendees = { { id = "a" } },
        start = { dateTime = "2030-01-15T10:00:00+08:00", timeZone = "Asia/Shanghai" },
        ["end"] = { dateTime = "2030-01-15T11:00:00+08:00", timeZone = "Asia/Shanghai" } }, body)
      assert.truthy(err:find("2030-01-15 10:00 to 11:00, Asia/Shanghai (UTC+08:00)", 1, true), err)
    end)

    for arguments, times in pairs {
      ["--end '2030-01-15 12:30'"] = { "2030-01-15T10:00:00+08:00", "2030-01-15T12:30:00+08:00" },
      ["--duration 15"] = { "2030-01-15T10:00:00+08:00", "2030-01-15T10:15:00+08:00" },
      ["--end 2030-01-15T05:00:00Z"] = { "2030-01-15T10:00:00+08:00", "2030-01-15T13:00:00+08:00" },
    } do
      it("creates one with " .. arguments, function()
        local body = body_of("create --title T --start '2030-01-15 10:00' " .. arguments)
        assert.same(times, { body.start.dateTime, body["end"].dateTime })
      end)
    end

    it("creates one of whole days: the service's end is the day behind the last", function()
      local body = body_of "create --title T --all-day --start 2030-02-27 --end 2030-02-28"
      assert.same({ summary = "T", isAllDay = true, start = { date = "2030-02-27" }, ["end"] = { date = "2030-03-01" } }, body)
      assert.equal("2030-02-28", body_of("create --title T --all-day --start 2030-02-27")["end"].date)
    end)

    for arguments, refusal in pairs {
      ["create --start 10:00"] = "give --title", ["create --title T"] = "give --start",
      ["create --title T --start noon"] = '--start: "noon" is no time', ["create --title T --start '2030-02-30 1:00'"] = "no time",
      ["create --title T --start 10:00 --end 9:00"] = "--end is not after --start",
      ["create --title T --start 10:00 --end 11:00 --duration 5"] = "exclude each other",
      ["create --title T --all-day --start '2030-01-15 10:00'"] = "are days",
      ["create --title T --all-day --start 2030-01-15 --end 2030-01-14"] = "before --start",
      ["update"] = "nothing is changed", ["update --start 10:00"] = "give --end or --duration",
      ["update --end 10:00"] = "--start is missing", ["respond perhaps"] = "must be one of",
    } do
      it("refuses " .. arguments, function()
        local code, out, err = run(arguments, zone)
        assert.same({ 2, "", true }, { code, out, err:find(refusal, 1, true) ~= nil }, err)
        assert.equal(0, sandbox.counters().calls)
      end)
    end

    it("creates, shows, changes, lists and deletes", function()
      local code, out = run("create --quiet --title Review --start '2030-03-01 9:00' --location Room --reminder 5", zone)
      local id = out:match "^(%S+)\t2030%-03%-01T09:00:00%+08:00\t2030%-03%-01T10:00:00%+08:00\tReview\n$"
      assert.same({ 0, true }, { code, id ~= nil }, out)
      local about = output_of(("get --event '%s'"):format(id))
      assert.truthy(about:find("title\tReview\nstart\t2030-03-01T09:00:00+08:00\n", 1, true), about)
      assert.truthy(about:find("location\tRoom\n", 1, true), about)
      assert.equal(0, (run(("update --event '%s' --title Retrospective"):format(id))))
      assert.truthy(output_of("events --from '2030-02-28 0:00' --to '2030-03-02 0:00'"):find("Retrospective", 1, true))
      assert.equal(("deleted %s\n"):format(id), output_of(("delete --event '%s'"):format(id)))
      assert.equal("", output_of "events --from '2030-02-28 0:00' --to '2030-03-02 0:00'")
    end)

    it("answers", function()
      run(("add %s"):format(USER))
      assert.equal("answered accepted\n", output_of "respond accepted")
    end)
  end)

  describe("makes any call:", function()
    local operations = require "dingtalk.operations"

    it("lists them all", function()
      local out = output_of "operations"
      for _, row in ipairs(operations.rows) do
        assert.truthy(out:find(("\n%s\t%s\t%s\t/v1.0/"):format(row.name, row.scope or "", row.method), 1, true)
          or out:find(("%s\t%s\t%s\t/v1.0/"):format(row.name, row.scope or "", row.method), 1, true) == 1, row.name)
      end
      assert.equal(#operations.rows, #cjson.decode(output_of "operations --json").operations)
    end)

    it("with ids, query and body, a page or all", function()
      run "add a b c"
      assert.equal(3, select(2, output_of("call list_attendees --query maxResults=1 --all-pages"):gsub("\n", "")))
      local _, out, err = run "call list_attendees --query maxResults=1"
      assert.equal("a", cjson.decode(out).id)
      assert.truthy(err:find("there is more: --all-pages, or --query nextToken=", 1, true))
      write("body", '{"summary":"Made","start":{"date":"2030-05-01"},"end":{"date":"2030-05-02"},"isAllDay":true}')
      assert.equal("Made", cjson.decode(output_of "call create_event --body body").summary)
      assert.equal("Made", cjson.decode(output_of "call create_event --json --body - <body").event.summary)
      write("body", '{"attendeesToAdd":["d"],"pushNotification":true}')
      assert.equal("done\n", output_of "call add_attendees --body body")
      assert.equal(4, #example.attendees())
      assert.equal(EVENT, cjson.decode(output_of "call get_event --query maxAttendees=1").id)
    end)

    it("shows it in a dry run", function()
      local _, out = run "call delete_event --query pushNotification=false --dry-run"
      assert.truthy(out:find("^DELETE .*?pushNotification=false\n"), out)
      assert.equal(0, sandbox.counters().calls)
    end)

    for arguments, refusal in pairs {
      ["call"] = "missing argument 'operation'", ["call get_evnt"] = 'did you mean "get_event"?',
      ["call get_event --query maxAttendees=x"] = "--query maxAttendees must be a number",
      ["call get_event --query maxAttendees=0"] = "--query maxAttendees must be a whole number",
      ["call get_event --query max=1"] = "--query max: get_event takes maxAttendees",
      ["call get_event --query timeout=1"] = "--query timeout: get_event takes maxAttendees",
      ["call get_event --query maxAttendees"] = "write it as NAME=VALUE", ["call get_event --path x=1"] = "no such part",
      ["call get_event --query maxAttendees=1 --query maxAttendees=2"] = "given twice",
      ["call get_event --body -"] = "takes no body", ["call create_event"] = "takes a body",
      ["call get_event --all-pages"] = "has no pages", ["call create_event --body nowhere"] = "nowhere: No such file",
      ["call create_event --body - </dev/null"] = "no JSON object",
    } do
      it("refuses " .. arguments, function()
        local code, out, err = run(arguments)
        assert.same({ 2, "", true }, { code, out, err:find(refusal, 1, true) ~= nil }, err)
        assert.equal(0, sandbox.counters().calls)
      end)
    end

    it("names what is missing of the path", function()
      local code, _, err = run("call get_event", { DINGTALK_TOKEN = TOKEN, DINGTALK_USER = USER })
      assert.same({ 2, true }, { code, err:find("no event: give --event", 1, true) ~= nil }, err)
    end)
  end)

  describe("speaks in its own words:", function()
    for arguments, words in pairs {
      ["add --timeout x a"] = { "^Usage: dingtalk%-calendar add ", '%-%-timeout must be a number of seconds' },
      ["add --timeout 0 a"] = { "^Usage: dingtalk%-calendar add ", '%-%-timeout must be' },
      ["remove --max-attempts 1.5 a"] = { "^Usage: dingtalk%-calendar remove ", '%-%-max%-attempts must be a whole number' },
      ["events --tmeout 1"] = { "^Usage: dingtalk%-calendar events ", "did you mean '%-%-timeout'" },
      ["add --token x a"] = { "secrets come from the environment" },
      ["events --base-url nonsense"] = { "^dingtalk%-calendar: %-%-base%-url must be like" },
      ["add --client-token 'a b' a"] = { "^dingtalk%-calendar: %-%-client%-token holds" },
      ["events --region cn --base-url https://x.example"] = { "exclude each other" },
    } do
      it(arguments, function()
        local code, out, err = run(arguments)
        assert.same({ 2, "" }, { code, out })
        for _, word in ipairs(words) do assert.truthy(err:find(word), err) end
        assert.is_nil(err:find "config%." or err:find "opts%.")
        assert.equal(1, select(2, ("\n" .. err):gsub("\ndingtalk%-calendar: ", "")))
        assert.is_nil(err:find "dingtalk%-calendar: .*dingtalk: ")
      end)
    end

    it("a variable by its name", function()
      local _, _, err = run("events", { DINGTALK_TOKEN = TOKEN, DINGTALK_USER = USER, DINGTALK_BASE_URL = "nonsense" })
      assert.truthy(err:find("DINGTALK_BASE_URL must be like", 1, true), err)
    end)

    it("no number of a request where there is one", function()
      sandbox.faults { fault = "answer", code = "itemNotFound" }
      local _, _, err = run "add a"
      assert.is_nil(err:find("batch", 1, true))
      write("p", lines_of(people(1, 501)))
      sandbox.faults { fault = "answer", code = "itemNotFound" }
      local _, _, more = run "add --file p"
      assert.truthy(more:find("batch 1", 1, true), more)
    end)

    it("little with --quiet", function()
      for _, command in ipairs { "add --quiet a", "remove --quiet a", "delete --quiet" } do
        assert.same({ 0, "", "" }, { run(command) })
      end
    end)

    it("the region's address", function()
      for region, host in pairs { cn = "api.dingtalk.com", intl = "api.dingtalk.io" } do
        local _, out = run(("events --region %s --dry-run"):format(region))
        assert.truthy(out:find(("GET https://%s/"):format(host), 1, true), out)
      end
    end)
  end)

  describe("can be lived with:", function()
    it("runs through symbolic links, from anywhere", function()
      local link = dir .. "/dc"
      os.execute(("ln -sfn %s/bin %s/bindir && ln -sf bindir/dingtalk-calendar %s"):format(
        quote(here), quote(dir), quote(link)))
      for _, command in ipairs { link .. " --version", ("cd %s && ./dc --version"):format(quote(dir)),
        ("PATH=%s:$PATH; cd / && dc --version"):format(quote(dir)) } do
        assert.truthy(capture("unset LUA_PATH LUA_CPATH; " .. command):find "^dingtalk%-calendar %d", command)
      end
    end)

    it("runs, completes and has its manual page where it was installed, also through a link", function()
      local prefix = dir .. "/prefix"
      local log = capture(("DESTDIR= cmake --install build/lua5.4 --prefix %s 2>&1"):format(quote(prefix)))
      os.execute(("mkdir -p %s/elsewhere && ln -sf %s/bin/dingtalk-calendar %s/elsewhere/dingtalk-calendar"):format(
        quote(dir), quote(prefix), quote(dir)))
      local installed = ("unset LUA_PATH LUA_CPATH; cd /; PATH=%s/elsewhere:$PATH; "):format(quote(dir))
      assert.truthy(capture(installed .. "dingtalk-calendar --version 2>&1"):find "^dingtalk%-calendar %d", log)
      local words = capture(installed .. ([[bash -c 'source %s/share/bash-completion/completions/dingtalk-calendar
        COMP_WORDS=(dingtalk-calendar attend); COMP_CWORD=1; _dingtalk-calendar; echo "${COMPREPLY[@]}"' 2>&1]]):format(prefix))
      assert.equal("attendees\n", words)
      for _, name in ipairs { "zsh/site-functions/_dingtalk-calendar", "fish/vendor_completions.d/dingtalk-calendar.fish",
        "man/man1/dingtalk-calendar.1" } do
        local file = io.open(("%s/share/%s"):format(prefix, name))
        assert.truthy(file, name)
        file:close()
      end
    end)

    it("names what it does not find", function()
      os.execute(("mkdir -p %s/alone/bin && cp %s/bin/dingtalk-calendar %s/alone/bin"):format(
        quote(dir), quote(here), quote(dir)))
      local out = capture(("unset LUA_PATH LUA_CPATH; cd /; %s/alone/bin/dingtalk-calendar --version 2>&1"):format(quote(dir)))
      assert.truthy(out:find "^dingtalk%-calendar: its module for Lua 5.4 is not found", out)
      assert.is_nil(out:find("traceback", 1, true))
    end)

    for shell, check in pairs { bash = "bash -n", zsh = "zsh -n", fish = "fish -n" } do
      it("completes in " .. shell, function()
        local script = output_of("completion " .. shell)
        for _, word in ipairs { "attendees", "resume", "completion", "dingtalk-calendar" } do
          assert.truthy(script:find(word, 1, true), word)
        end
        write("completion", script)
        if capture("command -v " .. shell) ~= "" then
          assert.equal("", capture(("%s %s/completion 2>&1"):format(check, quote(dir))))
        end
      end)
    end

    it("completes an option as bash does it", function()
      write("completion", output_of "completion bash")
      local words = capture(([[bash -c 'source %s/completion; COMP_WORDS=(dingtalk-calendar add --res); COMP_CWORD=2
        _dingtalk-calendar; echo "${COMPREPLY[@]}"']]):format(dir))
      assert.equal("--resume\n", words)
    end)

    it("has a manual page of all commands", function()
      local page = output_of "manual"
      local file = assert(io.open "share/man/man1/dingtalk-calendar.1")
      assert.equal(file:read "a", page, "bin/dingtalk-calendar manual >share/man/man1/dingtalk-calendar.1 writes it anew")
      file:close()
      assert.truthy(page:find("^%.TH DINGTALK%-CALENDAR 1"))
      for name in output_of("completion fish"):gmatch "%-a '(%w+)' %-d" do
        assert.truthy(page:find(".SS " .. name, 1, true), name)
      end
      for text in ("\n" .. page):gmatch "\n(%.[^\n]*)" do
        assert.truthy(text:find "^%.[TS][HS] " or text:find "^%.nf$" or text:find "^%.fi$" or text:find "^%.[BI] ", text)
      end
    end)
  end)

  describe("exits", function()
    it("with a code for each kind of error", function()
      local help = output_of "--help"
      for _, row in ipairs(codes.kinds) do assert.truthy(help:find("%d  " .. row[1] .. " "), row[1]) end
    end)

    for code, name in pairs {
      [6] = "InvalidAuthentication", [7] = "Forbidden.AccessDenied.AccessTokenPermissionDenied", [8] = "itemNotFound",
      [9] = "invalidParameter", [11] = "system.busy", [13] = "systemError",
    } do
      it(("%d for %s"):format(code, name), function()
        sandbox.faults { fault = "answer", code = name }
        local exit, _, err = run "add a --max-attempts 1"
        assert.equal(code, exit)
        assert.truthy(err:find(name, 1, true))
      end)
    end

    for _, case in ipairs {
      { 2, "" }, { 2, "nonsense" }, { 2, "add --timeout x a" }, { 2, "add --timeout 0 a" }, { 2, "unionid" },
      { 2, "events --base-url http://127.0.0.1" }, { 3, "events --base-url https://127.0.0.1:1" },
      { 4, "events --ca-file /nowhere" }, { 0, "add --help" }, { 0, "--help" }, { 1, "attendees --json >/dev/full" },
    } do
      it(("%d for %q"):format(case[1], case[2]), function() assert.equal(case[1], (run(case[2]))) end)
    end
  end)

  describe("shows progress", function()
    -- script(1) of util-linux gives the tool a terminal.
    local has_script = os.execute("command -v script >/dev/null 2>&1")
    local it_with_terminal = (has_script == 0 or has_script == true) and it or pending

    it_with_terminal("on a terminal", function()
      write("p", lines_of(people(1, 1200)))
      local out = capture(("script -qec %s /dev/null </dev/null"):format(quote(line "add --file p")))
      for _, text in ipairs { "0 of 1200", "500 of 1200", "1000 of 1200", "1200 of 1200", "added 1200 people" } do
        assert.truthy(out:find(text, 1, true), text)
      end
    end)

    -- The lines that were drawn, without what clears them.
    local function drawn(out)
      local lines = {}
      for text in out:gmatch "\r\27%[K([^\r\n]*)" do lines[#lines + 1] = text end
      return lines
    end

    it_with_terminal("within the columns that there are", function()
      write("p", lines_of(people(1, 1200)))
      for _, columns in ipairs { 40, 20 } do
        local out = capture(("script -qec %s /dev/null </dev/null"):format(
          quote(("stty cols %d; "):format(columns) .. line "add --file p")))
        local lines = drawn(out)
        assert.truthy(#lines >= 4)
        for _, text in ipairs(lines) do assert.truthy(#text < columns, text) end
      end
    end)

    it_with_terminal("within those of a window that has changed", function()
      write("p", lines_of(people(1, 2500)))
      sandbox.reset()
      sandbox.settings { latency_ms = 300 }
      local inner = "stty cols 120; tty >terminal; " .. line("add --file p"):gsub("&& env", "&& sh -c 'echo $$ >pid; exec \"$@\"' - env") .. "; true"
      os.execute(("cd %s && rm -f terminal pid && script -qec %s shown </dev/null >/dev/null 2>&1 &"):format(
        quote(dir), quote(inner)))
      wait_until(function() return #sandbox.ledger() >= 1 end)
      local pid = read("pid"):match "%d+"
      os.execute("kill -STOP " .. pid)
      os.execute(("stty -F %s cols 40"):format((read("terminal"):gsub("%s", ""))))
      os.execute("kill -CONT " .. pid)
      wait_until(function() return (read("shown") or ""):find("added 2500", 1, true) end)
      sandbox.settings { latency_ms = 0 }
      local lines = drawn(read "shown")
      assert.truthy(#lines[1] > 40)
      assert.truthy(#lines[#lines] < 40)
    end)

    it_with_terminal("not with --quiet", function()
      assert.equal("", capture(("script -qec %s /dev/null </dev/null"):format(quote(line "add --quiet a"))))
    end)

    it("not in a pipe", function()
      write("p", lines_of(people(1, 1200)))
      assert.equal("", select(3, run "add --file p"))
    end)
  end)

  describe("with --resume", function()
    before_each(function()
      write("p", lines_of(people(1, 1200)))
      os.remove(dir .. "/state")
    end)

    local function goes_on(arguments, expected)
      local code, out = run(arguments or "add --file p --resume state")
      assert.same({ 0, expected }, { code, out })
      -- Requests that are sent together may arrive in any order.
      local all, found = people(1, 1200), example.attendees()
      table.sort(all)
      table.sort(found)
      assert.same({ all, 1 }, { found, added_times() })
      assert.is_nil(read "state")
    end

    -- Ends the tool once the sandbox has carried out `writes`, while the next is under way.
    local function cut_off(signal)
      sandbox.settings { latency_ms = 300 }
      local command = line("add --file p --resume state"):gsub("&& env", "&& exec env")
      local pid = capture(("(%s 2>err >/dev/null & echo $!)"):format(command)):match("%d+")
      local tries = 0
      repeat
        os.execute "sleep 0.02"
        tries = tries + 1
      until #sandbox.ledger() >= 2 or tries > 500
      os.execute(("kill -%s %s; while kill -0 %s 2>/dev/null; do sleep 0.02; done"):format(signal, pid, pid))
      sandbox.settings { latency_ms = 0 }
    end

    it("refuses a second run, and names the first", function()
      sandbox.settings { latency_ms = 300 }
      local pid = start "add --file p --resume state"
      wait_until(function() return #sandbox.ledger() >= 1 end)
      for _, path in ipairs { "state", "./state", dir .. "/state" } do
        local code, out, err = run("add --file p --resume " .. path)
        assert.same({ 1, "", true }, { code, out, err:find("process " .. pid, 1, true) ~= nil }, err)
      end
      wait_until(function() return not is_running(pid) end)
      sandbox.settings { latency_ms = 0 }
      assert.equal("added 1200 people in 3 requests\n", read "out")
      assert.equal(1, added_times())
      assert.equal("", capture(("ls %s | grep state"):format(quote(dir))))
    end)

    it("takes over from a run that is no more, also where its number is another's", function()
      for _, owner in ipairs { "999999999 1 " .. capture("uname -n"), "1 1 " .. capture("uname -n"), "" } do
        os.execute(("mkdir %s/state.lock"):format(quote(dir)))
        write("state.lock/owner", owner)
        write("state.lock/new", "half a st")
        assert.equal(0, (run "add --resume state a"))
        assert.equal("", capture(("ls %s | grep state"):format(quote(dir))))
      end
    end)

    it("leaves to another machine what is its own", function()
      os.execute(("mkdir %s/state.lock"):format(quote(dir)))
      write("state.lock/owner", "77 1 elsewhere\n")
      local code, _, err = run "add --resume state a"
      assert.same({ 1, true }, { code, err:find("process 77 on elsewhere", 1, true) ~= nil }, err)
      os.execute(("rm -r %s/state.lock"):format(quote(dir)))
    end)

    it("takes Ctrl-C at any time: 130, the state saved, no other file left", function()
      write("p", lines_of(people(1, 2000)))
      local interrupted = 0
      for round = 1, 6 do
        sandbox.reset()
        sandbox.settings { latency_ms = 40 }
        os.remove(dir .. "/state")
        local pid = start "add --file p --resume state"
        -- Each round somewhere else in the run.
        wait_until(function() return read "state.lock/owner" or not is_running(pid) end)
        wait_until(function() return #sandbox.ledger() >= (round - 1) % 4 or not is_running(pid) end)
        os.execute(("sleep 0.0%02d"):format(round * 17 % 40))
        os.execute(("kill -s INT -- -%s 2>/dev/null"):format(pid))
        wait_until(function() return not is_running(pid) end)
        sandbox.settings { latency_ms = 0 }
        local count = 0
        for _, entry in ipairs(sandbox.ledger()) do count = count + #entry.added end
        assert.equal("", capture(("ls %s | grep state.lock"):format(quote(dir))))
        if not read("out"):find "^added" then
          interrupted = interrupted + 1
          assert.truthy(read("err"):find("interrupted", 1, true), read "err")
          assert.truthy(count == 0 or read "state")
          assert.equal(0, (run "add --file p --resume state"))
          assert.same({ 2000, 1 }, { #example.attendees(), added_times() })
        end
      end
      assert.truthy(interrupted > 0)
    end)

    for _, signal in ipairs { "KILL", "INT", "TERM" } do
      it(("goes on after SIG%s, and adds nobody twice"):format(signal), function()
        cut_off(signal)
        local state = cjson.decode(read "state")
        assert.same({ 1 }, state.resume.done)
        assert.truthy(state.resume.client_tokens["2"])
        assert.equal("600", capture(("stat -c %%a %s/state"):format(quote(dir))):gsub("\n", ""))
        goes_on(nil, "added 700 people in 2 requests\n")
      end)
    end

    it("goes on after a failure", function()
      sandbox.faults { fault = "answer", code = "invalidParameter", match = { body = '"p501"' } }
      local code, _, err = run "add --file p --resume state"
      assert.equal(9, code)
      assert.truthy(err:find("to go on: the same command line again", 1, true))
      goes_on(nil, "added 700 people in 2 requests\n")
    end)

    it("goes on after an answer that was lost", function()
      sandbox.faults { fault = "close", after = true, next = 1, match = { body = '"p501"' } }
      assert.equal(3, (run "add --file p --resume state --max-attempts 1"))
      goes_on(nil, "added 700 people in 2 requests\n")
    end)

    it("leaves no file when all went well", function()
      goes_on("add --file p --resume state --concurrency 3", "added 1200 people in 3 requests\n")
      assert.equal("", capture(("ls %s | grep state"):format(quote(dir))))
    end)

    it("keeps away from a file that is not its own", function()
      sandbox.faults { fault = "answer", code = "invalidParameter", match = { body = '"p501"' } }
      run "add --file p --resume state"
      local state = read "state"
      for arguments, word in pairs {
        ["add --resume state x"] = "other people", ["remove --file p --resume state"] = "another command",
        ["add --event e --file p --resume state"] = "another event",
      } do
        local code, _, err = run(arguments)
        assert.equal(2, code)
        assert.truthy(err:find(word, 1, true), err)
        assert.equal(state, read "state")
      end
      for _, text in ipairs { "", "{}", "[]", '{"format":1}',
        '{"format":1,"operation":"add_attendees","saved_at":1,"resume":7}' } do
        write("state", text)
        local code, _, err = run "add --file p --resume state"
        assert.equal(2, code)
        assert.truthy(err:find("no file of --resume", 1, true), err)
      end
    end)

    it("sends nothing when the file cannot be written", function()
      local code, _, err = run "add --file p --resume nowhere/state"
      assert.equal(1, code)
      assert.truthy(err:find("cannot write beside nowhere/state", 1, true))
      assert.equal(0, sandbox.counters().calls)
    end)

    it("warns of what the service may have forgotten", function()
      sandbox.faults { fault = "close", next = 1, match = { body = '"p501"' } }
      run "add --file p --resume state --max-attempts 1"
      write("state", (read("state"):gsub('"saved_at":%d+', '"saved_at":1000000000')))
      -- Also where later runs have written the file again.
      for _ = 1, 2 do
        sandbox.faults { fault = "close", next = 1, match = { body = '"p501"' } }
        local _, _, err = run "add --file p --resume state --max-attempts 1"
        assert.truthy(err:find("more than a day ago", 1, true), err)
      end
      assert.equal(1000000000, cjson.decode(read "state").saved_at)
    end)

    describe("and a column event", function()
      local both = ("event,id,isOptional\n%s,a,yes\ne2,a,\ne2,b,\n%s,b,\n"):format(EVENT, EVENT)

      before_each(function()
        sandbox.event(USER, "primary", "e2")
        write("events.csv", both)
      end)

      it("adds people to each event", function()
        local code, out, err = run("add --file events.csv --resume state", { DINGTALK_TOKEN = TOKEN, DINGTALK_USER = USER })
        assert.same({ 0, "", nil }, { code, err, read "state" })
        assert.truthy(out:find(EVENT .. "\tadded\t2\n", 1, true))
        assert.truthy(out:find("added 4 people in 2 events\n", 1, true))
        assert.same({ { "a", true }, { "b", false } }, (function()
          local found = {}
          for i, one in ipairs(sandbox.attendees(USER, "primary", EVENT)) do found[i] = { one.id, one.isOptional } end
          return found
        end)())
        assert.equal(2, #sandbox.attendees(USER, "primary", "e2"))
      end)

      it("goes on with what failed, and with what may have been done", function()
        sandbox.faults { fault = "answer", code = "systemError", match = { path = "e2" } }
        sandbox.faults { fault = "close", after = true, next = 1, match = { body = '"isOptional"' } }
        local code, _, err = run "add --file events.csv --resume state --max-attempts 1 --concurrency 1"
        assert.same({ 3, true }, { code, err:find("to go on", 1, true) ~= nil }, err)
        sandbox.faults { clear = true }
        local more, out = run "add --file events.csv --resume state --json"
        local summary = cjson.decode(out)
        assert.same({ 0, 2, 2 }, { more, summary.succeeded, #summary.jobs })
        assert.is_nil(read "state")
        for _, event in ipairs { EVENT, "e2" } do
          assert.equal(2, #sandbox.attendees(USER, "primary", event))
        end
        local writes = {}
        for _, entry in ipairs(sandbox.ledger()) do writes[entry.event] = (writes[entry.event] or 0) + #entry.added end
        assert.same({ [EVENT] = 2, e2 = 2 }, writes)
      end)

      it("goes on after a kill, and adds nobody twice", function()
        local rows = { "event,id" }
        for i = 1, 25 do
          sandbox.event(USER, "primary", "m" .. i)
          rows[#rows + 1] = ("m%d,a"):format(i)
        end
        write("events.csv", lines_of(rows))
        sandbox.settings { latency_ms = 50 }
        local pid = start "add --file events.csv --resume state"
        wait_until(function() return #sandbox.ledger() >= 5 end)
        os.execute(("kill -KILL %s"):format(pid))
        wait_until(function() return not is_running(pid) end)
        sandbox.settings { latency_ms = 0 }
        assert.equal(0, (run "add --file events.csv --resume state"))
        local writes = {}
        for _, entry in ipairs(sandbox.ledger()) do
          assert.is_nil(writes[entry.event])
          writes[entry.event] = true
        end
        for i = 1, 25 do assert.truthy(writes["m" .. i]) end
      end)

      it("keeps away from a file of other people", function()
        sandbox.faults { fault = "answer", code = "itemNotFound", match = { path = "e2" } }
        run "add --file events.csv --resume state"
        write("events.csv", both .. "e3,c,\n")
        local code, _, err = run "add --file events.csv --resume state"
        assert.same({ 2, true }, { code, err:find("other people", 1, true) ~= nil }, err)
      end)

      it("is refused where it cannot be meant", function()
        write("some.csv", "event,id\ne2,a\n,b\n")
        for arguments, refusal in pairs {
          ["remove --file events.csv"] = "is for the command add", ["add --event x --file events.csv"] = "one of them",
          ["add --file some.csv"] = "some.csv: line 3: no event", ["add --file events.csv b"] = "the arguments: no event",
        } do
          local code, _, err = run(arguments)
          assert.same({ 2, true }, { code, err:find(refusal, 1, true) ~= nil }, err)
        end
        assert.equal(0, sandbox.counters().calls)
      end)
    end)

    it("shows what is left in a dry run, and keeps the file", function()
      sandbox.faults { fault = "answer", code = "invalidParameter", match = { body = '"p501"' } }
      run "add --file p --resume state"
      local state = read "state"
      assert.equal(2, #cjson.decode(output_of "add --file p --resume state --dry-run --json").requests)
      assert.equal(state, read "state")
    end)
  end)
end)
