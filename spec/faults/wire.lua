-- One accepted connection: buffered reads, raw writes, and the ways to end it.
local cqueues = require "cqueues"
local luasocket = require "socket"

local READ_MAX = 65536
local WRITE_PATIENCE = 60
local DRAIN_PATIENCE = 1
local LEAVE_PATIENCE, LEAVE_POLL = 30, 0.01

local methods = {}
local metatable = { __name = "faults.wire", __index = methods }

local function new(sock)
  sock:setmode("bn", "bn")
  sock:onerror(function(_, _, why) return why end)
  return setmetatable({ sock = sock, buffer = "", alive = true }, metatable)
end

--- Reads whatever is there, at least one byte; false at the end of the stream.
function methods:fill(timeout)
  if not self.alive then return false end
  local bytes = self.sock:xread(-READ_MAX, "bn", timeout)
  if not bytes then return false end
  self.buffer = self.buffer .. bytes
  return true
end

--- The next n bytes, or nil when the stream ends before.
function methods:take(n)
  while #self.buffer < n do
    if not self:fill() then return nil end
  end
  local bytes = self.buffer:sub(1, n)
  self.buffer = self.buffer:sub(n + 1)
  return bytes
end

--- Everything up to and including the separator, or nil.
function methods:take_until(separator)
  local from = 1
  while true do
    local _, last = self.buffer:find(separator, from, true)
    if last then return self:take(last) end
    from = math.max(1, #self.buffer - #separator + 2)
    if not self:fill() then return nil end
  end
end

function methods:write(bytes)
  if not self.alive then return false end
  return self.sock:xwrite(bytes, "bn", WRITE_PATIENCE) and true or false
end

--- One byte at a time, `every` seconds apart.
function methods:dribble(bytes, every)
  for i = 1, #bytes do
    if not self:write(bytes:sub(i, i)) then return false end
    cqueues.sleep(every)
  end
  return true
end

--- Waits, answering nothing, until the peer has gone.
function methods:hang()
  while self:fill() do self.buffer = "" end
end

--- Closes at once; with bytes unread the kernel makes it a reset. cqueues sends no close_notify, here and in finish.
function methods:close()
  if not self.alive then return end
  self.alive = false
  self.sock:close()
end

--- Sends a FIN after all that was written, then reads on, so that no reset overtakes it.
function methods:finish()
  if not self.alive then return end
  self.sock:shutdown("w")
  while self:fill(DRAIN_PATIENCE) do self.buffer = "" end
  self:close()
end

-- LuaSocket reads from a descriptor of another's only as a client that was connected once.
local function reader_of_others()
  local listening = assert(luasocket.bind("127.0.0.1", 0))
  local host, port = listening:getsockname()
  local reader = assert(luasocket.connect(host, port))
  reader:close()
  listening:close()
  reader:settimeout(0)
  return reader
end

local reader

--- After a handshake that failed: FIN behind the alert, then reading on, past TLS, so that no reset overtakes it.
function methods:leave()
  reader = reader or reader_of_others()
  self.sock:shutdown("w")
  local deadline, why = cqueues.monotime() + LEAVE_PATIENCE
  repeat
    cqueues.sleep(LEAVE_POLL)
    reader:setfd(self.sock:pollfd())
    why = select(2, reader:receive(READ_MAX))
    reader:setfd(-1)
  until why == "closed" or cqueues.monotime() > deadline
  self:close()
end

--- Ends with RST. cqueues has no SO_LINGER, so LuaSocket borrows the descriptor.
function methods:reset()
  if not self.alive then return end
  local borrowed = luasocket.tcp()
  borrowed:setfd(self.sock:pollfd())
  borrowed:setoption("linger", { on = true, timeout = 0 })
  borrowed:setfd(-1)
  self:close()
end

return { new = new }
