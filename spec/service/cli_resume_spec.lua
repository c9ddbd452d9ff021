-- Long calls of the command line: progress, --resume, several events, Ctrl-C.
if _VERSION ~= "Lua 5.4" then return pending "the command line runs Lua 5.4 only" end

local cjson = require "cjson"
local example = require "spec.support.example"
local sandbox = require "spec.support.sandbox"
local tool = require "spec.support.command_line"

local TOKEN, USER, EVENT, people = example.TOKEN, example.USER, example.EVENT, example.people
local capture, quote, write, read, line, run = tool.capture, tool.quote, tool.write, tool.read, tool.line, tool.run
local lines_of, added_times, output_of = tool.lines_of, tool.added_times, tool.output_of
local wait_until, is_running, start = tool.wait_until, tool.is_running, tool.start

describe("dingtalk-calendar #slow", function()
  setup(tool.setup)
  before_each(sandbox.reset)
  teardown(tool.teardown)

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
      local inner = "stty cols 120; tty >terminal; "
        .. line("add --file p"):gsub("&& env", "&& sh -c 'echo $$ >pid; exec \"$@\"' - env") .. "; true"
      os.execute(("cd %s && rm -f terminal pid && script -qec %s shown </dev/null >/dev/null 2>&1 &"):format(
        quote(tool.dir), quote(inner)))
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
      os.remove(tool.dir .. "/state")
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
      -- The first run waits for a file that does not end.
      os.execute(("mkfifo %s/held"):format(quote(tool.dir)))
      local pid = start "add --file held --resume state"
      wait_until(function() return (read "state.lock/owner" or "") ~= "" end)
      local refusals = {}
      for i, path in ipairs { "state", "./state", tool.dir .. "/state" } do
        refusals[i] = { run("add --file p --resume " .. path) }
      end
      os.execute(("cd %s && cat p >held"):format(quote(tool.dir)))
      wait_until(function() return not is_running(pid) end)
      for _, refusal in ipairs(refusals) do
        local code, out, err = refusal[1], refusal[2], refusal[3]
        assert.same({ 1, "", true }, { code, out, err:find("process " .. pid, 1, true) ~= nil }, err)
      end
      assert.equal("added 1200 people in 3 requests\n", read "out")
      assert.equal(1, added_times())
      assert.equal("", capture(("ls %s | grep state"):format(quote(tool.dir))))
    end)

    it("takes over from a run that is no more, also where its number is another's", function()
      for _, owner in ipairs { "999999999 1 " .. capture("uname -n"), "1 1 " .. capture("uname -n"), "" } do
        os.execute(("mkdir %s/state.lock"):format(quote(tool.dir)))
        write("state.lock/owner", owner)
        write("state.lock/new", "half a st")
        assert.equal(0, (run "add --resume state a"))
        assert.equal("", capture(("ls %s | grep state"):format(quote(tool.dir))))
      end
    end)

    it("leaves to another machine what is its own", function()
      os.execute(("mkdir %s/state.lock"):format(quote(tool.dir)))
      write("state.lock/owner", "77 1 elsewhere\n")
      local code, _, err = run "add --resume state a"
      assert.same({ 1, true }, { code, err:find("process 77 on elsewhere", 1, true) ~= nil }, err)
      os.execute(("rm -r %s/state.lock"):format(quote(tool.dir)))
    end)

    it("sends nothing that it cannot write down: a full disk", function()
      -- Files of at most 512 bytes: enough for one token of this length, not for three.
      local limited = "trap '' XFSZ; ulimit -f 1; "
      local token = ("t"):rep(180)
      local code, _, err = run("add --file p --resume state --concurrency 3 --client-token " .. token, nil, limited)
      assert.equal(1, code, err)
      assert.truthy(err:find("could not save", 1, true), err)
      assert.truthy(#sandbox.ledger() < 3)
      goes_on("add --file p --resume state --client-token " .. token,
        ("added %d people in %d requests\n"):format(1200 - 500 * #sandbox.ledger(), 3 - #sandbox.ledger()))
    end)

    it("takes a file and nothing else", function()
      os.execute(("cd %s && mkdir -p folder && mkfifo fifo"):format(quote(tool.dir)))
      for _, name in ipairs { "/dev/full", "/dev/null", "folder", "fifo", "" } do
        local code, _, err = run("add a --resume " .. quote(name))
        assert.equal(1, code)
        assert.truthy(err:find("is no file", 1, true), err)
      end
      assert.equal(0, #sandbox.ledger())
    end)

    it("takes Ctrl-C at any time: 130, the state saved, no other file left", function()
      write("p", lines_of(people(1, 2000)))
      local interrupted = 0
      for round = 1, 6 do
        sandbox.reset()
        sandbox.settings { latency_ms = 40 }
        os.remove(tool.dir .. "/state")
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
        assert.equal("", capture(("ls %s | grep state.lock"):format(quote(tool.dir))))
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
        assert.equal("600", capture(("stat -c %%a %s/state"):format(quote(tool.dir))):gsub("\n", ""))
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
      assert.equal("", capture(("ls %s | grep state"):format(quote(tool.dir))))
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
      assert.truthy(err:find("cannot write next to nowhere/state", 1, true))
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
        local code, out, err = run("add --file events.csv --resume state",
          { DINGTALK_TOKEN = TOKEN, DINGTALK_USER = USER })
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
        sandbox.faults { fault = "answer", code = "systemError", next = 99, match = { path = "e2" } }
        sandbox.faults { fault = "close", after = true, next = 99, match = { body = '"isOptional"' } }
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

      for _, signal in ipairs { "KILL", "INT", "TERM" } do
        it(("goes on after SIG%s, and adds nobody twice"):format(signal), function()
          local rows = { "event,id" }
          for i = 1, 25 do
            sandbox.event(USER, "primary", "m" .. i)
            rows[#rows + 1] = ("m%d,a"):format(i)
          end
          write("events.csv", lines_of(rows))
          sandbox.settings { latency_ms = 50 }
          local pid = start "add --file events.csv --resume state"
          wait_until(function() return #sandbox.ledger() >= 5 end)
          os.execute(("kill -%s %s"):format(signal, pid))
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
      end

      it("keeps away from a file of other people", function()
        sandbox.faults { fault = "answer", code = "itemNotFound", match = { path = "e2" } }
        run "add --file events.csv --resume state"
        write("events.csv", both .. "e3,c,\n")
        local code, _, err = run "add --file events.csv --resume state"
        assert.same({ 2, true }, { code, err:find("other people", 1, true) ~= nil }, err)
      end)

      it("tries again what was refused, once that is mended", function()
        for _ = 1, 2 do -- also where the file was read before
          sandbox.faults { fault = "answer", code = "itemNotFound", match = { path = "e2" } }
          local code, _, err = run "add --file events.csv --resume state"
          assert.same({ 8, true }, { code, err:find("1 of 2 events failed", 1, true) ~= nil }, err)
        end
        local code, out = run "add --file events.csv --resume state"
        assert.same({ 0, "e2\tadded\t2\nadded 2 people in 1 event\n" }, { code, out })
        assert.is_nil(read "state")
      end)

      it("ends where no event could succeed, and says how many were not started", function()
        sandbox.event(USER, "primary", "e3")
        write("events.csv", both .. "e3,c,\n")
        sandbox.faults { fault = "answer", code = "Forbidden.AccessDenied.ApiCountLimitForOrg", next = 99 }
        local code, _, err = run "add --file events.csv --resume state --concurrency 1"
        assert.equal(12, code)
        assert.truthy(err:find("1 of 3 events failed, 2 not started; to go on", 1, true), err)
        assert.equal(1, sandbox.counters().calls)
        sandbox.faults { clear = true }
        assert.same({ 0, true }, { (run "add --file events.csv --resume state"), read "state" == nil })
        for _, event in ipairs { EVENT, "e2", "e3" } do
          assert.truthy(#sandbox.attendees(USER, "primary", event) > 0)
        end
      end)

      it("is refused where it cannot be meant", function()
        write("some.csv", "event,id\ne2,a\n,b\n")
        for arguments, refusal in pairs {
          ["remove --file events.csv"] = "is for the command add",
          ["add --event x --file events.csv"] = "one of them",
          ["add --file some.csv"] = "some.csv: line 3: no event",
          ["add --file events.csv b"] = "the arguments: no event",
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
