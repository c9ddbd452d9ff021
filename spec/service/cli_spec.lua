-- The command line as a user meets it.
if _VERSION ~= "Lua 5.4" then return pending "the command line runs Lua 5.4 only" end

local cjson = require "cjson"
local codes = require "dingtalk.codes"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"
local tool = require "spec.support.command_line"

local TOKEN, USER, EVENT, people = example.TOKEN, example.USER, example.EVENT, example.people
local capture, quote, write, run, lines_of, output_of =
  tool.capture, tool.quote, tool.write, tool.run, tool.lines_of, tool.output_of

describe("dingtalk-calendar #slow", function()
  setup(tool.setup)
  before_each(sandbox.reset)
  teardown(tool.teardown)

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
      [""] = "nobody is named", ["--file q.csv"] = "q.csv: holds nobody",
      ["--file nowhere"] = "nowhere: No such file",
      ["--file ."] = "directory", ["--file - --file - <p"] = "is given twice",
      ["--event A --event B a"] = "at most 1 time",
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
      assert.same({ summary = "T", isAllDay = true, start = { date = "2030-02-27" },
        ["end"] = { date = "2030-03-01" } },
        body)
      assert.equal("2030-02-28", body_of("create --title T --all-day --start 2030-02-27")["end"].date)
    end)

    for arguments, refusal in pairs {
      ["create --start 10:00"] = "give --title", ["create --title T"] = "give --start",
      ["create --title T --start noon"] = '--start: "noon" is no time',
      ["create --title T --start '2030-02-30 1:00'"] = "no time",
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
      local command = "create --quiet --title Review --start '2030-03-01 9:00' --location Room --reminder 5"
      local code, out = run(command, zone)
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

    if require("dingtalk.operations").get_schedule then
      it("says when people are busy", function()
        run "add a"
        assert.equal("a\t2030-01-15T10:00:00+08:00\t2030-01-15T11:00:00+08:00\tTENTATIVE\n",
          output_of "busy a --from 2030-01-15T00:00:00+08:00 --to 2030-01-16T00:00:00+08:00")
        local body = body_of "busy a b --from '2030-01-15 9:00'"
        assert.same({ userIds = { "a", "b" }, startTime = "2030-01-15T09:00:00+08:00",
          endTime = "2030-01-16T09:00:00+08:00" }, body)
      end)
    end

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
      ["call get_event --query maxAttendees"] = "write it as NAME=VALUE",
      ["call get_event --path x=1"] = "no such part",
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
      ["remove --max-attempts 1.5 a"] = { "^Usage: dingtalk%-calendar remove ",
        '%-%-max%-attempts must be a whole number' },
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
      local link = tool.dir .. "/dc"
      os.execute(("ln -sfn %s/bin %s/bindir && ln -sf bindir/dingtalk-calendar %s"):format(
        quote(tool.here), quote(tool.dir), quote(link)))
      for _, command in ipairs { link .. " --version", ("cd %s && ./dc --version"):format(quote(tool.dir)),
        ("PATH=%s:$PATH; cd / && dc --version"):format(quote(tool.dir)) } do
        assert.truthy(capture("unset LUA_PATH LUA_CPATH; " .. command):find "^dingtalk%-calendar %d", command)
      end
    end)

    it("runs, completes and has its manual page where it was installed, also through a link", function()
      local prefix = tool.dir .. "/prefix"
      local log = capture(("DESTDIR= cmake --install build/lua5.4 --prefix %s 2>&1"):format(quote(prefix)))
      os.execute(("mkdir -p %s/elsewhere && ln -sf %s/bin/dingtalk-calendar %s/elsewhere/dingtalk-calendar"):format(
        quote(tool.dir), quote(prefix), quote(tool.dir)))
      local installed = ("unset LUA_PATH LUA_CPATH; cd /; PATH=%s/elsewhere:$PATH; "):format(quote(tool.dir))
      assert.truthy(capture(installed .. "dingtalk-calendar --version 2>&1"):find "^dingtalk%-calendar %d", log)
      local words = capture(installed .. ([[bash -c 'source %s/share/bash-completion/completions/dingtalk-calendar
        COMP_WORDS=(dingtalk-calendar attend); COMP_CWORD=1
        _dingtalk-calendar; echo "${COMPREPLY[@]}"' 2>&1]]):format(prefix))
      assert.equal("attendees\n", words)
      for _, name in ipairs { "zsh/site-functions/_dingtalk-calendar",
        "fish/vendor_completions.d/dingtalk-calendar.fish",
        "man/man1/dingtalk-calendar.1" } do
        local file = io.open(("%s/share/%s"):format(prefix, name))
        assert.truthy(file, name)
        file:close()
      end
    end)

    it("names what it does not find", function()
      os.execute(("mkdir -p %s/alone/bin && cp %s/bin/dingtalk-calendar %s/alone/bin"):format(
        quote(tool.dir), quote(tool.here), quote(tool.dir)))
      local command = "unset LUA_PATH LUA_CPATH; cd /; %s/alone/bin/dingtalk-calendar --version 2>&1"
      local out = capture(command:format(quote(tool.dir)))
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
          assert.equal("", capture(("%s %s/completion 2>&1"):format(check, quote(tool.dir))))
        end
      end)
    end

    it("completes an option as bash does it", function()
      write("completion", output_of "completion bash")
      local words = capture(([[bash -c 'source %s/completion; COMP_WORDS=(dingtalk-calendar add --res); COMP_CWORD=2
        _dingtalk-calendar; echo "${COMPREPLY[@]}"']]):format(tool.dir))
      assert.equal("--resume\n", words)
    end)

    it("has a manual page of all commands", function()
      local page = output_of "manual"
      local file = assert(io.open "share/man/man1/dingtalk-calendar.1")
      assert.is_true(file:read "a" == page,
        "bin/dingtalk-calendar manual >share/man/man1/dingtalk-calendar.1 writes it again")
      file:close()
      assert.truthy(page:find("^%.TH DINGTALK%-CALENDAR 1"))
      for name in output_of("completion fish"):gmatch "%-a '(%w+)' %-d" do
        assert.truthy(page:find(".SS " .. name, 1, true), name)
      end
      for text in ("\n" .. page):gmatch "\n(%.[^\n]*)" do
        assert.truthy(text:find "^%.[TS][HS] " or text:find "^%.nf$" or text:find "^%.fi$" or text:find "^%.[BI] ",
          text)
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
end)
