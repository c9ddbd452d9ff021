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
  local set = { "env", "-u", "LUA_PATH", "-u", "LUA_CPATH", "DINGTALK_BASE_URL=" .. service.base_url,
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

describe("dingtalk-calendar #slow", function()
  setup(function() dir = capture("mktemp -d"):gsub("\n", "") end)
  before_each(sandbox.reset)
  teardown(function()
    os.execute("rm -rf " .. quote(dir))
    sandbox.reset()
  end)

  describe("takes people", function()
    local cases = {
      { "from its arguments", "a b", nil, '[{"id":"a"},{"id":"b"}]' },
      { "all optional", "--optional a", nil, '[{"id":"a","isOptional":true}]' },
      { "of lines", "--file p", " a \r\n\r\nb", '[{"id":"a"},{"id":"b"}]' },
      { "of lines and arguments", "--file p c", "a\n", '[{"id":"a"},{"id":"c"}]' },
      { "of CSV", "--file p", '\239\187\191name,ID,isOptional\r\n"Doe, ""J""",a,TRUE\nB,b,\nC,"c",0\n',
        '[{"id":"a","isOptional":true},{"id":"b"},{"id":"c","isOptional":false}]' },
      { "of CSV that says so by its name", "--file p.csv", "unionId\na\n", '[{"id":"a"}]', "p.csv" },
      { "of JSON", "--file p", '["a",{"id":"b","isOptional":false}]', '[{"id":"a"},{"id":"b","isOptional":false}]' },
      { "of lines that look otherwise", "--file p --format lines", "id\n[1]\n", '[{"id":"id"},{"id":"[1]"}]' },
      { "of standard input", "--file - <p", "a", '[{"id":"a"}]' },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        if case[3] then write(case[5] or "p", case[3]) end
        local code, out = run("add --dry-run --json " .. case[2])
        assert.equal(0, code)
        assert.equal(('{"attendeesToAdd":%s}'):format(case[4]), cjson.decode(out).requests[1].body)
      end)
    end

    it("without what only adding knows", function()
      write("p.csv", "id,isOptional\na,true\n")
      local _, out = run "remove --dry-run --json --file p.csv"
      assert.equal('{"attendeesToRemove":[{"id":"a"}]}', cjson.decode(out).requests[1].body)
    end)

    for text, message in pairs {
      ["name,x\na,b\n"] = "line 1: no column is called id",
      ["id,isOptional\na,perhaps\n"] = "line 2: isOptional is",
      ["id,isOptional\n,true\n"] = "line 2: no id",
      ['id\n"a\n'] = "line 2: a quote does not end",
      ['id,isOptional\n"a"b,true\n'] = "line 2: a quote does not end, or not its field",
    } do
      it("but not of CSV where " .. message, function()
        write("p.csv", text)
        local code, out, err = run "add --file p.csv"
        assert.same({ 2, "" }, { code, out })
        assert.truthy(err:find(message, 1, true))
        assert.equal(0, sandbox.counters().calls)
      end)
    end

    it("but not of JSON where an entry names nobody", function()
      write("p.json", '["a",{"isOptional":true}]')
      for _, command in ipairs { "add", "remove" } do
        local code, _, err = run(command .. " --dry-run --file p.json")
        assert.same({ 2, true }, { code, err:find("list[2].id is missing", 1, true) ~= nil })
      end
    end)

    it("but not of what is no JSON array", function()
      for _, text in ipairs { '{"id":"a"}', "[", "7" } do
        write("p.json", text)
        assert.equal(2, (run "add --file p.json"))
      end
    end)

    it("but not nobody", function()
      write("p", "\n")
      for _, arguments in ipairs { "add", "add --file p", "add --file nowhere" } do
        assert.equal(2, (run(arguments)))
      end
    end)
  end)

  describe("prints", function()
    it("what was done", function()
      write("p", lines_of(people(1, 501)))
      local code, out, err = run "add --file p --confirm"
      assert.same({ 0, "added 501 people in 2 requests, confirmed\n", "" }, { code, out, err })
      local _, text = run "remove p1"
      assert.equal("removed 1 people in 1 request\n", text)
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
      sandbox.settings { latency_ms = 1500 }
      local command = line("add --file p --resume state"):gsub("&& env", "&& exec env")
      local pid = capture(("(%s 2>err >/dev/null & echo $!)"):format(command)):match("%d+")
      local tries = 0
      repeat
        os.execute "sleep 0.02"
        tries = tries + 1
      until #sandbox.ledger() >= 2 or tries > 6000
      os.execute(("kill -%s %s; while kill -0 %s 2>/dev/null; do sleep 0.02; done"):format(signal, pid, pid))
      sandbox.settings { latency_ms = 0 }
    end

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
      assert.truthy(select(3, run "add --file p --resume state"):find("more than a day ago", 1, true))
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
