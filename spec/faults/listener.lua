-- Listening sockets of a scenario, and what becomes of each connection accepted.
local luasocket = require "socket"
local socket = require "cqueues.socket"
local certs = require "spec.faults.certs"
local http1 = require "spec.faults.http1"
local http2 = require "spec.faults.http2"
local seen = require "spec.faults.seen"
local wire = require "spec.faults.wire"

local HANDSHAKE_PATIENCE = 60
local QUEUE_FILLERS = 4
local CLOSE_POLL_SECONDS = 0.1

local KINDS = {
  plain = {},
  tls = { cert = "good" },
  h2 = { cert = "good", alpn = "h2" },
  tls_1_2 = { cert = "good", versions = "1.2" },
  old_tls = { cert = "good", versions = "old" },
  expired = { cert = "expired" },
  not_yet = { cert = "not_yet" },
  wrong_host = { cert = "wrong_host" },
  self_signed = { cert = "self_signed" },
  unknown_ca = { cert = "unknown_ca" },
  client = { cert = "good", wants_client = true },
  client_h2 = { cert = "good", alpn = "h2", wants_client = true },
  client_1_2 = { cert = "good", versions = "1.2", wants_client = true },
}

local methods = {}
local metatable = { __name = "faults.listener", __index = methods }

local function handshake(self, conn)
  if not self.context then return true end
  local sock = conn.wire.sock
  if not sock:starttls(self.context, HANDSHAKE_PATIENCE) then
    conn.wire:leave()
    return false
  end
  if sock:checktls():getAlpnSelected() == "h2" then conn.version = 2 end
  return true
end

local function converse(self, conn)
  local row = conn.shared.row
  if row.accept and not http1.run(conn, seen.nth(row.accept, conn.number), http1.steps) then return end
  if not handshake(self, conn) then return end
  conn.greeting = row.greeting and seen.nth(row.greeting, conn.number)
  if self.serve then return self.serve(conn) end
  if conn.version == 2 and row.speak ~= "http1" then return http2.serve(conn) end
  if conn.greeting and not http1.run(conn, conn.greeting, http1.steps) then return end
  http1.serve(conn)
end

function methods:accepted(sock)
  local shared = self.shared
  shared.connections, shared.open = shared.connections + 1, shared.open + 1
  local conn = {
    wire = wire.new(sock), number = shared.connections, version = 1, shared = shared,
    requests = shared.row.requests, silent = shared.row.silent, expand = self.expand,
  }
  local ok, why = xpcall(converse, debug.traceback, self, conn)
  if not ok then shared.fault = why end
  conn.wire:close()
  shared.open = shared.open - 1
end

function methods:run(loop)
  loop:wrap(function()
    while not self.shared.closed do
      local sock = self.listening:accept({ nodelay = true }, CLOSE_POLL_SECONDS)
      if sock then loop:wrap(function() self:accepted(sock) end) end
    end
    self.listening:close()
  end)
end

-- The accepting coroutine closes the socket: under its feet, cqueues would raise.
function methods:close() self.shared.closed = true end

local function raw_socket(address) return assert(address:find ":" and luasocket.tcp6() or luasocket.tcp4()) end

--- Gives the port of a listener up that was never run.
function methods:close_unused() self.listening:close() end

--- Bound but not listening: no other program can get the port, and connections are refused until it is closed.
local function refusing(address, wanted)
  local held = raw_socket(address)
  if not held:bind(address, wanted) then
    held:close()
    return nil
  end
  local _, port = held:getsockname()
  local function close() held:close() end
  return { sock = held, port = math.tointeger(tonumber(port)), close = close, close_unused = close }
end

--- Listening with its queue full: the kernel drops each further SYN, so that connecting never ends.
local function full(address, wanted)
  local held = refusing(address, wanted)
  if not held then return nil end
  assert(held.sock:listen(0))
  local queued = {}
  for i = 1, QUEUE_FILLERS do
    queued[i] = raw_socket(address)
    queued[i]:settimeout(0)
    queued[i]:connect(address, held.port)
  end
  local function close()
    for _, sock in ipairs(queued) do sock:close() end
    held:close()
  end
  return { port = held.port, close = close, close_unused = close }
end

local SPECIAL = { closed = refusing, full = full }

--- @param kind string one of KINDS or SPECIAL
--- @param pairs_by_name table from certs.make
--- @param shared table from seen.new
--- @param expand function replaces placeholders in what scripts send
--- @param address string of loopback
--- @param serve function? speaks instead of HTTP
local function open(kind, pairs_by_name, shared, expand, address, serve)
  if SPECIAL[kind] then return SPECIAL[kind](address, 0) end
  local how = KINDS[kind] or error("unknown kind of listener " .. tostring(kind))
  local listening = socket.listen { host = address, port = 0, nodelay = true }
  assert(listening:listen())
  local _, _, port = listening:localname()
  local context = how.cert and certs.server_context(pairs_by_name[how.cert], how.versions, how.alpn,
    how.wants_client and pairs_by_name.ca)
  return setmetatable({
    listening = listening, port = port, context = context, shared = shared, expand = expand, serve = serve,
  }, metatable)
end

--- The same port once more, at another address where nobody answers: "closed" or "full". Nil where another program
--- has it.
local function open_twin(kind, address, port) return SPECIAL[kind](address, port) end

return { open = open, open_twin = open_twin }
