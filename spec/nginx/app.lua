-- What the nginx of nginx_spec runs.
-- luacheck: read globals ngx service
local calendar = require "dingtalk.calendar"
local cjson = require "cjson"

local USER, EVENT = "U5KPwll3QjgiG", "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"
local TOKEN = "dd43888e26953deead8cba556389b063"

local app = {}

local shared

local function new_client()
  return assert(calendar.new { base_url = service.base_url, ca_file = service.ca_file, proxy = "" })
end

local function client()
  shared = shared or new_client()
  return shared
end

-- What a call came to, in one line.
local function describe(result, err)
  if result then return "ok " .. result.added end
  return ("%s %s %s: %s"):format(err.kind, err.code, err.outcome, err.message)
end

local function add_one(with)
  return (with or client()):add_attendees(TOKEN, USER, nil, EVENT, { "n" .. math.random(1e9) })
end

--- Where there is nothing to write an engine's waker into, nginx polls.
local function without_waker()
  local engine = client():open_engine()
  getmetatable(engine).__index.waker = function() end
end

--- Called in init_worker: a client made here serves all requests of the worker.
function app.start_worker(variant)
  math.randomseed(ngx.worker.pid() + ngx.now())
  app.note("init_worker")
  shared = new_client()
  if variant == "polling" then without_waker() end
end

function app.note(phase, with)
  if with then _G.service = with end
  ngx.shared.said:set(phase, describe(add_one()))
end

function app.in_timer()
  ngx.timer.at(0, function() app.note("timer") end)
  ngx.exit(204)
end

function app.add()
  ngx.say(describe(add_one()))
end

--- Keeps a timer running until `/hog?end`.
function app.hog()
  if ngx.var.args == "end" then
    app.hogging = false
  else
    app.hogging = true
    assert(ngx.timer.at(0, function()
      while app.hogging do ngx.sleep(0.01) end
    end))
  end
  ngx.say "ok"
end

--- The hooks wait by nginx's own means, and meanwhile other requests use the same client.
function app.bulk()
  local told = 0
  local token = { get = function()
    ngx.sleep(0.002)
    return TOKEN
  end, invalidate = function() end }
  local at = 0
  local function next_job()
    at = at + 1
    if at <= 20 then return { user = USER, event = EVENT, list = { "b" .. at, "c" .. at } } end
  end
  local summary = assert(client():add_attendees_each(token, next_job, {
    rate = false, concurrency = 5,
    on_result = function()
      ngx.sleep(0.002)
      told = told + 1
    end,
  }))
  ngx.say(summary.succeeded, " ", summary.added, " ", told)
end

--- Many clients in one worker.
function app.many()
  local clients, threads, good = {}, {}, 0
  for i = 1, 20 do
    clients[i] = new_client()
    threads[i] = ngx.thread.spawn(function()
      if add_one(clients[i]) then good = good + 1 end
    end)
  end
  for i = 1, 20 do
    ngx.thread.wait(threads[i])
    clients[i]:close()
  end
  ngx.say(good)
end

--- A client closed with calls in flight.
function app.closing()
  local own = new_client()
  local threads, said = {}, {}
  for i = 1, 3 do
    threads[i] = ngx.thread.spawn(function()
      local _, err = add_one(own)
      said[i] = err and err.kind .. " " .. err.outcome
    end)
  end
  ngx.sleep(2) -- until all are sent
  own:close()
  for i = 1, 3 do ngx.thread.wait(threads[i]) end
  ngx.say(table.concat(said, ", "))
end

local function lines_of(command)
  local pipe = io.popen(command)
  local text = pipe:read("*a")
  pipe:close()
  return text
end

--- What the worker holds: calls, descriptors, memory.
function app.state()
  collectgarbage()
  collectgarbage()
  local fds = select(2, lines_of(("ls /proc/%d/fd"):format(ngx.worker.pid())):gsub("\n", ""))
  local rss
  for line in io.lines("/proc/self/status") do rss = rss or line:match("^VmRSS:%s*(%d+)") end
  ngx.say(cjson.encode {
    pid = ngx.worker.pid(), idle = not shared or shared:is_idle(), fds = fds, rss_kb = tonumber(rss),
    timers = ngx.timer.running_count(),
  })
end

--- For lua_code_cache off: everything is made again in each request.
function app.fresh()
  _G.service = _G.service or { base_url = ngx.var.arg_base_url, ca_file = ngx.var.arg_ca_file }
  ngx.say(describe(add_one()))
end

--- Makes one of the calls of the table of operations, by its number.
function app.operation()
  local calls = require "spec.support.calls"
  ngx.req.read_body()
  local order = cjson.decode(ngx.req.get_body_data())
  local call = calls.all()[order.number]
  call.ids = order.ids
  for _, name in ipairs { "nextToken", "syncToken" } do call.opts[name] = nil end
  if call.row.name == "add_meeting_rooms" then call.value = { "room-2" } end
  local result, err = calls.make(client(), order.token, call)
  ngx.say(result and "ok" or tostring(err))
end

--- Makes the calls of a fault scenario in this worker.
function app.fault()
  local faults = require "spec.support.faults"
  local scenarios = require "spec.faults.scenarios"
  ngx.req.read_body()
  local order = cjson.decode(ngx.req.get_body_data())
  local host = { loop = "nginx", run = function(work) return work() end, sleep = ngx.sleep }
  local ok, said = pcall(faults.perform, scenarios.by_name[order.name], order.place, host)
  ngx.say(cjson.encode { ok = ok, said = said })
end

return app
