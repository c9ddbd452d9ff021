-- A server that misbehaves on purpose: lua5.4 spec/faults/server.lua [--announce FILE | SCENARIO]
--
-- It announces itself as one JSON line: {"pid","control","ca_file"}, and with SCENARIO also that scenario's "base_url".
-- On stdout it lives until stdin closes; with --announce, as long as a control connection is open.
-- Control is one JSON object a line, each answered by one:
--   {"op":"open","name":…}  → {"id","base_url","ca_file","client_cert","aside_url","proxy_url","dns"}
--                             with "row" instead of "name": a scenario of its own, of what JSON can hold
--   {"op":"seen","id":…}    → what that scenario saw (seen.lua), with "aside" for its second port
--   {"op":"mark","id":…,"name":…} → {}: lets scripts go on that await the name
--   {"op":"close","id":…}   → {}
--   {"op":"audit","audit":…} → of the audited service: spec/audit/server.lua
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../../?.lua;" .. package.path

local cqueues = require "cqueues"
local cjson = require "cjson"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"
local audit = require "spec.audit.server"
local certs = require "spec.faults.certs"
local dns = require "spec.faults.dns"
local listener = require "spec.faults.listener"
local proxy = require "spec.faults.proxy"
local scenarios = require "spec.faults.scenarios"
local seen = require "spec.faults.seen"

local FIRST_HOLDER_SECONDS = 60
local CLIENTS = { "client", "stranger" }
local REPORTED = { "connections", "open", "begun", "flooded", "stalled", "most", "queries", "fault" }

local loop = cqueues.new()
local pairs_by_name = certs.make()
local running, next_id = {}, 0
local ca_file

local LOOPBACK, PORTS_TRIED = "127.0.0.1", 100

local function identity(bytes) return bytes end

local function literal(address) return address:find ":" and "[" .. address .. "]" or address end

local function url(row, port)
  local scheme = row.scheme or (row.listen == "plain" and "http") or "https"
  return ("%s://%s:%d"):format(scheme, row.host or literal(row.address or LOOPBACK), port)
end

local function start(run, thing)
  table.insert(run.parts, thing)
  if thing.run then thing:run(loop) end
  return thing
end

--- Second and third listeners of a row: a place to be lured to, a proxy, a resolver.
local function open_beside(run, row, described)
  if row.aside then
    run.aside = seen.new { requests = scenarios.aside_requests }
    local aside = start(run, listener.open(row.aside, pairs_by_name, run.aside, identity, LOOPBACK))
    described.aside_url = url({ listen = row.aside }, aside.port)
  end
  if row.proxy then
    run.proxy = seen.new(row)
    local kind = row.proxy.closed and "closed" or "plain"
    local address = row.proxy_address or LOOPBACK
    local between = start(run, listener.open(kind, pairs_by_name, run.proxy, identity, address, proxy.serve))
    described.proxy_url = ("http://%s%s:%d"):format(row.proxy_user and row.proxy_user .. "@" or "", literal(address),
      between.port)
  end
  if row.dns then
    local resolver, why = dns.open(row.dns, run.shared)
    if not resolver then return nil, why end
    described.dns = start(run, resolver).address
  end
  return true
end

local function close(run)
  for _, thing in ipairs(run.parts) do thing:close() end
end

local function http_date(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + seconds)
end

-- The listener of a row, on a port that is free at its twin's address, too.
local function open_main(run, row, expand)
  for _ = 1, PORTS_TRIED do
    local main = listener.open(row.listen or "tls", pairs_by_name, run.shared, expand, row.address or LOOPBACK)
    local twin = row.twin and listener.open_twin(row.twin.kind, row.twin.address, main.port)
    if twin or not row.twin then return main, twin end
    main:close_unused()
  end
  error "no port is free at both addresses"
end

local function open(name, given)
  local row = given or scenarios.by_name[name]
  if not row then return { error = "no scenario " .. tostring(name) } end
  next_id = next_id + 1
  local run = { parts = {}, shared = seen.new(row) }
  local described = { id = next_id, ca_file = ca_file, client_cert = row.shows and ca_file .. "." .. row.shows }
  local ok, why = open_beside(run, row, described)
  if not ok then
    close(run)
    return { error = why }
  end
  local function expand(bytes)
    bytes = bytes:gsub("{aside}", described.aside_url or "")
    return (bytes:gsub("{date%+(%d+)}", http_date))
  end
  local main, twin = open_main(run, row, expand)
  start(run, main)
  if twin then start(run, twin) end
  described.base_url = url(row, main.port)
  running[next_id] = run
  return described
end

local function report(run)
  if not run then return nil end
  local out = { requests = run.requests, connects = run.connects }
  for _, field in ipairs(REPORTED) do out[field] = run[field] end
  return out
end

local ops = {}

function ops.open(order) return open(order.name, order.row) end

function ops.seen(order)
  local run = running[order.id]
  if not run then return { error = "not open" } end
  local out = report(run.shared)
  out.aside, out.proxy = report(run.aside), report(run.proxy)
  return out
end

function ops.mark(order)
  running[order.id].shared.marks[order.name] = true
  return {}
end

function ops.close(order)
  local run = running[order.id]
  if run then close(run) end
  running[order.id] = nil
  return { closed = run ~= nil }
end

function ops.audit(order) return audit(order, loop, pairs_by_name.good, ca_file) end

local function obey(line)
  local parsed, order = pcall(cjson.decode, line)
  local op = parsed and type(order) == "table" and ops[order.op]
  if not op then return { error = "not understood" } end
  local ok, answer = xpcall(op, debug.traceback, order)
  return ok and answer or { error = answer }
end

local function quit()
  os.remove(ca_file)
  for _, name in ipairs(CLIENTS) do os.remove(ca_file .. "." .. name) end
  os.exit(0)
end

local holders, held_once = 0, false

local function attend(sock, announced)
  holders, held_once = holders + 1, true
  sock:onerror(function(_, _, why) return why end)
  for line in sock:lines() do
    sock:write(cjson.encode(obey(line)), "\n")
    sock:flush()
  end
  sock:close()
  holders = holders - 1
  if announced and holders == 0 then quit() end
end

local function control(announced)
  local listening = socket.listen { host = "127.0.0.1", port = 0, nodelay = true }
  assert(listening:listen())
  loop:wrap(function()
    for sock in listening:clients() do
      loop:wrap(function() attend(sock, announced) end)
    end
  end)
  local _, _, port = listening:localname()
  return port
end

local function end_with_stdin()
  loop:wrap(function()
    repeat cqueues.poll { pollfd = 0, events = "r" } until not io.stdin:read(1)
    quit()
  end)
end

local function end_unless_held()
  loop:wrap(function()
    cqueues.sleep(FIRST_HOLDER_SECONDS)
    if not held_once then quit() end
  end)
end

local function end_on_signals()
  signal.ignore(signal.SIGPIPE)
  signal.block(signal.SIGTERM, signal.SIGINT)
  loop:wrap(function()
    signal.listen(signal.SIGTERM, signal.SIGINT):wait()
    quit()
  end)
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- The authority's certificate, and those of clients with their keys.
local function write_certificates(path)
  write(path, pairs_by_name.ca_pem)
  for _, name in ipairs(CLIENTS) do
    local pair = pairs_by_name[name]
    write(path .. "." .. name, pair.cert:toPEM() .. pair.key:toPEM "private")
  end
end

local function own_pid()
  local file = assert(io.open("/proc/self/stat"))
  local pid = file:read("n")
  file:close()
  return pid
end

-- Written to another file and renamed, so that a reader never sees half a line.
local function announce(line, path)
  if not path then
    io.stdout:write(line, "\n")
    return io.stdout:flush()
  end
  local file = assert(io.open(path .. ".new", "w"))
  file:write(line, "\n")
  file:close()
  assert(os.rename(path .. ".new", path))
end

local function main()
  local path = arg[1] == "--announce" and assert(arg[2], "--announce wants a file") or nil
  ca_file = path and path .. ".ca" or os.tmpname()
  write_certificates(ca_file)
  end_on_signals()
  local described = not path and arg[1] and open(arg[1]) or {}
  if described.error then error(described.error, 0) end
  described.pid, described.control, described.ca_file = own_pid(), control(path ~= nil), ca_file
  if path then end_unless_held() else end_with_stdin() end
  announce(cjson.encode(described), path)
  assert(loop:loop())
end

main()
