-- The same answers with every libcurl: rows of spec/faults with a libcurl that lies about itself (spec/c/lying_curl.c),
-- and whose word is taken for a certificate. Each call in a process of its own.
local dingtalk = require "dingtalk.calendar"
local cjson = require "cjson"
local faults = require "spec.support.faults"
local processes = require "spec.support.processes"
local scenarios = require "spec.faults.scenarios"
local socket = require "socket"

local quote = processes.quote
local build = package.cpath:match "([^;]*)/lib/%?%.so"
local liar = build and build .. "/lying_curl.so"

local server, directory

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

local function sh(command, ...)
  local ok = os.execute(command:format(...))
  assert(ok == true or ok == 0, "failed: " .. command:format(...))
end

-- What the calls of a row said with that libcurl, and the row's problems.
local function run_row(name, lies, change)
  local host = { name = "blocking" }
  function host.perform(row, place)
    if change then change(place) end
    local command = ("LYING_CURL=%s LD_PRELOAD=%s %s spec/faults/run_row.lua %s blocking %s"):format(quote(lies),
      quote(lies ~= "" and liar or ""), quote(processes.interpreter()), row.name, quote(cjson.encode(place)))
    local out = processes.output_of(command)
    assert(out ~= "", "the process for the row ended without a word")
    return cjson.decode(out)
  end
  local problems, said, seen = faults.run(scenarios.by_name[name], server, host)
  return said[#said], problems, seen
end

local function check_row(name, lies, change)
  local said, problems = run_row(name, lies, change)
  assert(#problems == 0, name .. " with " .. lies .. ": " .. table.concat(problems, "\n"))
  return said
end

-- No sanitizer lets another library come first.
local function why_not()
  if not liar or not exists(liar) then return "this build has no lying_curl" end
  if processes.interpreter():find(build, 1, true) then return "the interpreter is a sanitizer's" end
end

setup(function()
  server = faults.start()
  directory = processes.directory()
end)

teardown(function()
  assert(server:stop(), "the fault server outlived its spec")
  os.execute("rm -rf " .. quote(directory))
end)

describe("a transfer that ends in other words", function()
  local ends = {
    "closed_after_the_request", "one_attempt_only", "reset_after_the_request", "chunk_cut_off",
    "chunks_without_the_last", "length_too_long_closed", "length_missing",
    "refusal_cut_off", "refusal_that_ends_with_the_connection",
    "token_refused_and_cut_off", "body_cut_without_close_notify", "kept_connection_closed_on_second_request",
    "h2_connection_closed", "h2_goaway_then_closed", "h2_connection_reset", "not_found", "success_empty",
  }
  for _, lies in ipairs {
    "code=18:56 code=52:56", "code=18:55 code=52:16", "code=18:16 code=52:55 code=56:55", "request_size=0",
    "code=18:56 code=52:56 request_size=0",
  } do
    it("is told in ours: " .. lies, function()
      if why_not() then return pending(why_not()) end
      for _, name in ipairs(ends) do check_row(name, lies) end
    end)
  end
end)

describe("a client's certificate that is unusable", function()
  it("is told in our words, too", function()
    if why_not() then return pending(why_not()) end
    check_row("client_certificate_unreadable", "")
    check_row("client_certificate_unreadable", "code=58:43")
  end)
end)

describe("a libcurl that lacks something", function()
  local PROTOCOLS_STR, QUICK_EXIT, PIPEWAIT, MAXAGE_CONN, UPLOAD_BUFFERSIZE, KEEPALIVE = 10318, 322, 237, 288, 280, 213

  it("is done without it", function()
    if why_not() then return pending(why_not()) end
    for _, option in ipairs { QUICK_EXIT, PIPEWAIT, MAXAGE_CONN, UPLOAD_BUFFERSIZE, KEEPALIVE } do
      check_row("success_empty", "refuse=" .. option)
    end
    check_row("success_empty", "refuse_multi=21")
  end)

  it("speaks HTTP/1.1 where it has no HTTP/2", function()
    if why_not() then return pending(why_not()) end
    check_row("success_empty", "no_http2")
    check_row("not_found", "no_http2")
  end)

  -- From 8.20 on libcurl would wait for its resolver's threads: 10 seconds here.
  it("does not wait for a look-up when it closes", function()
    local row, began = scenarios.by_name.resolver_silent, socket.gettime()
    local reason = faults.cannot_run(row)
    if reason then return pending(reason) end
    local problems = faults.run(row, server, faults.hosts.blocking)
    assert(#problems == 0, table.concat(problems, "\n"))
    assert.is_true(socket.gettime() - began < 5)
  end)

  it("is told by the option's name where nothing can be done without it", function()
    if why_not() then return pending(why_not()) end
    local said = run_row("success_empty", "refuse=" .. PROTOCOLS_STR)
    assert.same({ "network", "refused_by_libcurl", "not_sent" }, { said.kind, said.code, said.outcome })
    assert.truthy(said.text:find("CURLOPT_PROTOCOLS_STR", 1, true), said.text)
  end)

  it("is not blamed where the system has no timerfd", function()
    if why_not() then return pending(why_not()) end
    if not assert(dingtalk.new { loop = "manual" }):pollfd() then return pending "this build needs no timerfd" end
    local said = run_row("success_empty", "no_timerfd")
    assert.same({ "network", "no_poller", "not_sent" }, { said.kind, said.code, said.outcome })
  end)

  it("is told to have no time limit for a look-up, where a time-out may come of it", function()
    if why_not() then return pending(why_not()) end
    local said = check_row("connect_never_answered", "no_asynchdns")
    assert.truthy(said.text:find("AsynchDNS", 1, true), said.text)
    assert.falsy(check_row("connect_never_answered", "request_size=0").text:find "AsynchDNS")
  end)
end)

-- A firewall that has forgotten a connection shows only in that nothing comes back.
describe("a connection gone dead", function()
  local example = require "spec.support.example"
  local sandbox = require "spec.support.sandbox"

  teardown(function() sandbox.stop() end)

  it("is left by the next call", function()
    local place = server:ask { op = "open", name = "h2_connection_gone_dead" }
    local calendar = require "dingtalk.calendar"
    local client = assert(calendar.new {
      base_url = place.base_url, ca_file = place.ca_file, proxy = "", max_attempts = 1,
    })
    local said = {}
    for i = 1, 4 do
      local result, err = client:add_attendees("t", "u", nil, "e", { "a" }, { timeout = i == 2 and 0.4 or 5 })
      said[i] = result and "added" or err.code
    end
    client:close()
    server:ask { op = "close", id = place.id }
    assert.same({ "added", "timeout", "added", "added" }, said)
  end)

  it("goes on for who waits on it", function()
    local found, cqueues = pcall(require, "cqueues")
    if not found then return pending "no cqueues for this Lua" end
    sandbox.start()
    sandbox.reset()
    local client, loop, said = example.client { loop = "cqueues", max_attempts = 1 }, cqueues.new(), {}
    local function call(name, opts)
      local result, err = example.add(client, { name }, opts)
      said[name] = result and "added" or err.code
    end
    local function in_flight(count)
      while sandbox.counters().in_flight < count do cqueues.sleep(0.01) end
    end
    loop:wrap(function()
      call("first")
      sandbox.faults { fault = "delay", ms = 1500, next = 2 }
      loop:wrap(function() call("slow") end)
      in_flight(1)
      loop:wrap(function()
        call("late", { timeout = 0.5 })
        call("next")
        assert.is_nil(said.slow)
      end)
      in_flight(2)
    end)
    assert(loop:loop())
    client:close()
    assert.same({ first = "added", slow = "added", late = "timeout", next = "added" }, said)
    local requests = sandbox.requests()
    assert.equal(requests[1].connection, requests[2].connection)
    assert.not_equal(requests[1].connection, requests[4].connection)
  end)
end)

describe("an end of TLS in order", function()
  local nginx

  local CONF = [[
    daemon off; master_process off; pid %s/pid; error_log %s/error.log; worker_processes 1;
    events { worker_connections 64; }
    http {
      access_log off; client_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/fastcgi;
      uwsgi_temp_path %s/uwsgi; scgi_temp_path %s/scgi;
      server {
        listen 127.0.0.1:%d ssl;
        ssl_certificate %s/cert.pem; ssl_certificate_key %s/key.pem;
        location / { proxy_pass %s; chunked_transfer_encoding off; }
      }
    }
  ]]

  -- A server of TLS that says close_notify, in front of one that does not speak TLS.
  local function front(port, upstream)
    local d = directory
    local file = assert(io.open(d .. "/nginx.conf", "w"))
    file:write((CONF:format(d, d, d, d, d, d, d, port, d, d, upstream)))
    file:close()
    nginx = processes.start(("exec nginx -p %s -c %s/nginx.conf"):format(d, d))
    assert(processes.wait_until(function() return processes.answers(port) end), "nginx did not start")
  end

  setup(function()
    sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=front "
      .. "-addext subjectAltName=IP:127.0.0.1 -keyout %s/key.pem -out %s/cert.pem 2>/dev/null", directory, directory)
  end)

  after_each(function()
    if nginx then processes.stop(nginx) end
    nginx = nil
  end)

  local function through_front(place)
    local port = processes.free_port()
    front(port, place.base_url)
    place.base_url, place.ca_file = "https://127.0.0.1:" .. port, directory .. "/cert.pem"
  end

  it("ends an answer of unsaid length", function()
    local said = run_row("empty_200_that_ends_with_the_connection_http", "", through_front)
    assert.same({ true, 1 }, { said.ok, said.attempts }, said.text)
  end)

  it("is asked for each time", function()
    local said = run_row("two_empty_200_that_end_with_the_connection_http", "", through_front)
    assert.same({ true, 1 }, { said.ok, said.attempts }, said.text)
  end)
end)

describe("trusted", function()
  -- Two authorities: one that the server's certificate is of, and another.
  local known, other, place

  local function hashed(name, ...)
    local d = directory .. "/" .. name
    sh("mkdir -p %s", d)
    for _, file in ipairs { ... } do
      sh("cp %s %s/$(openssl x509 -in %s -noout -subject_hash).0", file, d, file)
    end
    return d
  end

  local function bundle(name, ...)
    local path = directory .. "/" .. name
    sh("cat %s >%s", table.concat({ ... }, " "), path)
    return path
  end

  setup(function()
    place = server:ask { op = "open", name = "success_empty" }
    known, other = place.ca_file, directory .. "/other.pem"
    sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=other "
      .. "-keyout /dev/null -out %s 2>/dev/null", other)
  end)

  teardown(function() server:ask { op = "close", id = place.id } end)

  local PROGRAM = [[
    local calendar = require "dingtalk.calendar"
    local client = assert(calendar.new { base_url = %q, ca_file = %s, ca_path = %s, proxy = "", max_attempts = 1 })
    for i = 1, 3 do
      local result, err = client:add_attendees("faults-first-secret-4d1c", "u", nil, "e", { "a" })
      io.write(result and "added" or err.code, i < 3 and " " or "")
    end
  ]]

  local function call(lies, config)
    local function text(path) return path and ("%q"):format(path) or "nil" end
    return processes.output_of(("LYING_CURL=%s LD_PRELOAD=%s %s -e %s"):format(quote(lies), quote(liar),
      quote(processes.interpreter()),
      quote(PROGRAM:format(place.base_url, text(config.ca_file), text(config.ca_path)))))
  end

  local TRUSTED, REFUSED = "added added added", "certificate_invalid certificate_invalid certificate_invalid"
  local VERSIONS = { "", "version=8.21.0 adds ", "version=8.23.0 " }

  local function each(expected, cainfo, capath, config)
    if why_not() then return pending(why_not()) end
    for _, version in ipairs(VERSIONS) do
      local lies = ("%scainfo=%s capath=%s"):format(version, cainfo, capath)
      assert.equal(expected, call(lies, config or {}), lies)
    end
  end

  it("is a company's authority appended to the system's bundle", function()
    each(TRUSTED, bundle("appended", other, known), hashed("appended.d", other))
  end)

  it("is what a complete bundle holds, next to one unrelated hashed file", function()
    each(TRUSTED, bundle("complete", known), hashed("unrelated.d", other))
  end)

  it("is what a bundle holds, next to a stray hashed file", function()
    local stray = hashed("stray.d")
    sh("echo nothing >%s/0a1b2c3d.0", stray)
    each(TRUSTED, bundle("beside_stray", known), stray)
    sh("cp %s %s/$(openssl x509 -in %s -noout -subject_hash).0", other, stray, known) -- under another's name
    each(TRUSTED, bundle("beside_stray", known), stray)
  end)

  it("is what the system's directory holds", function()
    each(TRUSTED, bundle("lacking", other), hashed("holding.d", known))
  end)

  it("is nothing that neither holds", function()
    each(REFUSED, bundle("neither", other), hashed("neither.d", other))
  end)

  it("is ca_file instead of the system's authorities", function()
    each(REFUSED, bundle("system", known), hashed("system.d", known), { ca_file = other })
    each(TRUSTED, bundle("system", other), hashed("system2.d", other), { ca_file = known })
  end)

  it("is ca_path instead of the system's authorities", function()
    each(REFUSED, bundle("system", known), hashed("system.d", known), { ca_path = hashed("own.d", other) })
    each(REFUSED, bundle("system", known), hashed("system.d", known), { ca_path = hashed("empty.d") })
    each(TRUSTED, bundle("system", other), hashed("system2.d", other), { ca_path = hashed("own2.d", known) })
  end)

  it("are ca_file and ca_path together", function()
    local system, systems = bundle("system", other), hashed("system2.d", other)
    each(TRUSTED, system, systems, { ca_file = other, ca_path = hashed("own2.d", known) })
    each(TRUSTED, system, systems, { ca_file = known, ca_path = hashed("own.d", other) })
    system, systems = bundle("system", known), hashed("system.d", known)
    each(REFUSED, system, systems, { ca_file = other, ca_path = hashed("own.d", other) })
  end)
end)

describe("a proxy's password", function()
  local PROGRAM = [[
    local calendar = require "dingtalk.calendar"
    local client, err = calendar.new { base_url = "https://127.0.0.1:1", proxy = %s, max_attempts = 1 }
    if client then
      local _
      _, err = client:add_attendees("t", "u", nil, "e", { "a" })
    end
    io.write(err.kind, " ", tostring(err))
  ]]

  it("stands in no error", function()
    for _, proxy in ipairs {
      "alice:p@ss@host:3128", "alice:s3cret@host:99999", "http://alice:s3cret@host:99999",
      "http://alice:p@s3cret@127.0.0.1:1", "alice:s3cret@127.0.0.1:1", "socks9://alice:s3cret@host",
      "http://alice:s3cret/x@host:1", "http://alice:s3cret#x@host:1",
      "http://alice:s3cret@[::1", "http://alice:s3cret@[::1]:1", "alice:s3cret@[::1]:1", "http://alice:s3cret@::1:1",
      "http://alice:s3cret@[::1%25lo]:1", "http://alice:s3cret@[::1]:99999",
      "alice:s3cret@ho st", "http://alice:%zzs3cret@127.0.0.1:1", "http://alice:s3cret@",
    } do
      for _, how in ipairs { "configured", "environment" } do
        local setting = how == "environment" and ("https_proxy=%s"):format(quote(proxy)) or ""
        local program = PROGRAM:format(how == "configured" and ("%q"):format(proxy) or "nil")
        local said = processes.output_of(("env -u no_proxy %s %s -e %s 2>&1"):format(setting,
          quote(processes.interpreter()), quote(program)))
        assert.truthy(said:find "^%a+ dingtalk: ", proxy .. ": " .. said)
        assert.falsy(said:find("s3cret", 1, true) or said:find("ss@", 1, true), said)
      end
    end
  end)
end)
