-- A resolver on UDP port 53 of a loopback address of its own: silent, failing, or slow.
local cqueues = require "cqueues"
local luasocket = require "socket"

local PORT = 53
local SLOW_SECONDS = 0.2
local SERVFAIL, NXDOMAIN = 2, 3
local TYPE_A = 1

local function question(packet)
  local at = 13
  while packet:byte(at) and packet:byte(at) > 0 do at = at + packet:byte(at) + 1 end
  return packet:sub(13, at + 4), string.unpack(">I2", packet, at + 1)
end

local function reply(packet, rcode, answers, count)
  return packet:sub(1, 2) .. string.pack(">I2I2I2I2I2", 0x8180 | rcode, 1, count, 0, 0) .. question(packet) .. answers
end

local function localhost(packet)
  local _, kind = question(packet)
  if kind ~= TYPE_A then return reply(packet, 0, "", 0) end
  -- 0xc00c points back at the name in the question.
  return reply(packet, 0, string.pack(">I2I2I2I4s2", 0xc00c, TYPE_A, 1, 0, "\127\0\0\1"), 1)
end

local answer = {
  hang = function() end,
  nxdomain = function(packet) return reply(packet, NXDOMAIN, "", 0) end,
  servfail = function(packet) return reply(packet, SERVFAIL, "", 0) end,
  slow = function(packet)
    cqueues.sleep(SLOW_SECONDS)
    return localhost(packet)
  end,
}

local methods = {}
local metatable = { __name = "faults.dns", __index = methods }

function methods:run(loop)
  loop:wrap(function()
    while not self.closed do
      cqueues.poll(self, 0.1)
      local packet, host, port = self.udp:receivefrom()
      if packet and #packet > 16 then
        self.shared.queries = self.shared.queries + 1
        loop:wrap(function()
          local bytes = answer[self.how](packet)
          if bytes then self.udp:sendto(bytes, host, port) end
        end)
      end
    end
    -- cqueues must forget the descriptor before its number is used again.
    cqueues.cancel(self.pollfd)
    self.udp:close()
  end)
end

function methods:close() self.closed = true end

-- Resolvers of several servers at once must not meet.
local function own_address() return ("127.83.%d.%d"):format(math.random(254), math.random(254)) end

--- nil and a reason where port 53 may not be bound.
local function open(how, shared)
  local udp = luasocket.udp()
  udp:settimeout(0)
  local address = own_address()
  local ok, why = udp:setsockname(address, PORT)
  if not ok then return nil, why end
  shared.queries = 0
  return setmetatable({
    udp = udp, how = how, shared = shared, address = address, pollfd = math.tointeger(udp:getfd()), events = "r",
  }, metatable)
end

return { open = open }
