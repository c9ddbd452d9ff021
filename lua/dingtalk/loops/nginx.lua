--- nginx and OpenResty: calls wait on semaphores. One light thread of each worker, started by a timer, steps the
--- engine: it reads from a cosocket, into which a system thread writes a byte when a step is due. Where there is no
--- such thread, it polls.

local limits = require "dingtalk.limits"
local scheduler = require "dingtalk.scheduler"
local semaphore = require "ngx.semaphore"

local ngx = ngx

local LINGER = 1 -- seconds the light thread stays when idle; it also delays the exit of a worker by that
local REST = 0.001 -- seconds between two steps while many requests are in flight
local FEW = 8      -- requests: above these they are many
local PATIENCE = 0.005 -- seconds without an answer after which the engine rests no more
local NO_TIMEOUT = 86400000 -- milliseconds; a cosocket's time-out would be written to the error log
local WAIT = 1 -- seconds that a call waits on its semaphore before it steps the engine itself

-- Phases in which ngx_lua can suspend the caller.
local can_yield = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true,
  preread = true, ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
}

local Nginx = { name = "nginx", direct = true }
Nginx.__index = Nginx

function Nginx.new(client)
  return setmetatable({
    client = client, idle_semaphores = {},
    driven = false,     -- the light thread runs, or nginx has accepted its timer
    is_running = false,
    idle_since = nil,
  }, Nginx)
end

function Nginx.check()
  local phase = ngx.get_phase()
  if can_yield[phase] then
    if scheduler.running() then return true end
    return nil, "the caller cannot yield: a finalizer, or a function that C calls, such as a comparison of table.sort"
  end
  return nil, ("nginx's phase %q cannot wait without blocking the worker: call from a function given to "
    .. "ngx.timer.at(0, …)"):format(phase)
end

local function poll(self)
  ngx.sleep(limits.poll_interval)
  if not self.client.closed then self.client:step() end
end

-- Until the light thread runs, the callers step the engine themselves: nginx may accept its timer and not run it while
-- the worker's timers or connections are at their limit.
function Nginx:suspend(waiter)
  if not self.is_running then return poll(self) end
  local pool = self.idle_semaphores
  local mine = table.remove(pool) or semaphore.new(0)
  waiter.semaphore = mine
  local was_woken = mine:wait(WAIT)
  waiter.semaphore = nil
  if mine:count() == 0 then pool[#pool + 1] = mine end
  if not was_woken and not self.client.closed then self.client:step() end
end

function Nginx.resume(_, waiter)
  local mine = waiter.semaphore
  if mine then mine:post(1) end
end

-- The cosocket into which the system thread writes; nil where there is none.
local function connect(engine)
  local path = engine:waker()
  if not path then return nil end
  local socket = ngx.socket.tcp()
  socket:settimeout(NO_TIMEOUT)
  if socket:connect("unix:" .. path) and engine:start_waker() then return socket end
  socket:close()
  engine:stop_waker()
end

local function is_due_to_end(self)
  local client = self.client
  if client.closed then return true end
  if not client:is_idle() then
    self.idle_since = nil
    return false
  end
  self.idle_since = self.idle_since or ngx.now()
  if ngx.worker.exiting() or ngx.now() - self.idle_since >= LINGER then return true end
  client:remind(self.idle_since + LINGER - ngx.now())
  return false
end

local function in_flight(engine)
  return engine:is_usable() and engine:in_flight() or 0
end

-- Waits until a step is due; false when the system thread has ended.
local function wait(engine, socket, is_busy)
  engine:rest(is_busy)
  if is_busy then
    ngx.sleep(REST)
  elseif socket then
    engine:rearm()
    return socket:receiveany(64)
  else
    ngx.sleep(limits.poll_interval)
  end
  return true
end

local function drive(self)
  local client = self.client
  local engine = client:open_engine()
  if not engine then return end
  local socket = connect(engine)
  local last_end = 0
  local is_busy = false
  while not is_due_to_end(self) and wait(engine, socket, is_busy) do
    local before = in_flight(engine)
    if not client.closed then client:step() end
    local after = in_flight(engine)
    if after < before then last_end = ngx.now() end
    -- While requests end, the worker serves others for a moment. The next step deals with all that has come meanwhile,
    -- and needs no wake-up.
    is_busy = after > FEW and ngx.now() - last_end < PATIENCE
  end
  if socket then socket:close() end
  if not client.closed then
    engine:rest(false)
    engine:stop_waker()
  end
end

local function run(_, self)
  self.is_running = true
  local ok, message = pcall(drive, self)
  self.driven, self.is_running, self.idle_since = false, false, nil
  if not ok then ngx.log(ngx.ERR, "dingtalk: ", message) end
  -- A call that came while the light thread was ending needs another.
  if not self.client.closed and not self.client:is_idle() then self:watch() end
end

--- Starts the light thread unless it runs. A worker that is exiting takes no more timers; in one that has no free
--- connections, ngx.timer.at raises.
function Nginx:watch()
  self.idle_since = nil
  if self.driven then return end
  local ok, accepted = pcall(ngx.timer.at, 0, run, self)
  self.driven = ok and accepted and true or false
end

return Nginx
