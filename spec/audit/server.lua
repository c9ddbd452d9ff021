-- The audited service: two ports of HTTP/1.1 and two of HTTP/2, one of each over a bad link. Part of the fault
-- server, which asks it to
--   open    → { ca_file, http1 = { near, far }, http2 = { near, far } }, the base URLs
--   weather { seed } → from now on everything meets the fates of that seed; without a seed all goes well
--   quiet   → { open, pending }: connections that are open, work that is still to be done
--   ledger  → { writes, reads, faults }
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local certs = require "spec.faults.certs"
local fates = require "spec.audit.fates"
local http1 = require "spec.audit.http1"
local http2 = require "spec.audit.http2"
local prng = require "spec.chaos.prng"
local relay = require "spec.audit.relay"
local service = require "spec.audit.service"
local wire = require "spec.faults.wire"

local HANDSHAKE_PATIENCE = 10
local HANG_SECONDS = 3

local random -- nil: fair weather
local record = service.new()

local function listen(loop, accepted)
  local listening = socket.listen { host = "127.0.0.1", port = 0, nodelay = true }
  assert(listening:listen())
  loop:wrap(function()
    for sock in listening:clients { nodelay = true } do
      loop:wrap(function()
        record.open = record.open + 1
        local ok, why = xpcall(accepted, debug.traceback, sock)
        if not ok then table.insert(record.faults, why) end
        record.open = record.open - 1
      end)
    end
  end)
  local _, _, port = listening:localname()
  return port
end

local function converse(conn, context, protocol)
  local how = conn.nature.accept
  if how == "hang" then cqueues.sleep(HANG_SECONDS) end
  if how then return conn.wire[how == "hang" and "close" or how](conn.wire) end
  if not conn.wire.sock:starttls(context, HANDSHAKE_PATIENCE) then return end
  protocol.serve(conn)
end

local function open_port(loop, context, protocol)
  return listen(loop, function(sock)
    local conn = {
      wire = wire.new(sock), service = record, nature = fates.connection(random),
      next_fate = function() return fates.request(random) end,
    }
    converse(conn, context, protocol)
    conn.wire:close()
  end)
end

local function open_pair(loop, context, protocol)
  local near = open_port(loop, context, protocol)
  local far = listen(loop, function(sock) relay.serve(sock, near, fates.link(random)) end)
  return { near = "https://127.0.0.1:" .. near, far = "https://127.0.0.1:" .. far }
end

local orders = {}

function orders.open(_, loop, pair, ca_file)
  record = service.new()
  return {
    ca_file = ca_file,
    http1 = open_pair(loop, certs.server_context(pair), http1),
    http2 = open_pair(loop, certs.server_context(pair, nil, "h2"), http2),
  }
end

function orders.weather(order)
  random = order.seed and prng.new(order.seed)
  return {}
end

function orders.quiet() return { open = record.open, pending = record.pending } end

function orders.ledger() return { writes = record.writes, reads = record.reads, faults = record.faults } end

--- @param order table { audit = one of the above }
return function(order, ...) return orders[order.audit](order, ...) end
