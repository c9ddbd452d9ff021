--- Coroutines that wait. A waiter is a table on which one coroutine waits until it is `done`: an attempt, a task
--- group, or a bare table for a pause. How the coroutine is suspended and resumed is the loop's part (dingtalk.loops).
---
--- A task group runs several tasks at a time in one coroutine of the host, under every loop: each task is a coroutine
--- of its own, and a task that waits yields to the group, which waits for whichever of its tasks can go on first.

local core = require "dingtalk.core"

local scheduler = {}

-- In PUC Lua 5.1, nothing can yield across pcall.
local IS_PUC_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

--- Calls in protected mode what may have to yield: where pcall lets nothing yield, what raises is not caught.
---@param f function
---@param ... any its arguments
---@return boolean ok
---@return any ... its results, or what it raised
scheduler.protect = not IS_PUC_51 and pcall or function(f, ...) return true, f(...) end

local REAP_INTERVAL = 0.1 -- seconds between two searches for coroutines that died while waiting

-- What a task yields to its group. Whatever else it yields is meant for the host's loop.
local WAITING, CALLING = {}, {}

-- The group of each task, by its coroutine.
local groups = setmetatable({}, { __mode = "kv" })

-- Nil in Lua 5.1 and 5.2. In all others the main thread cannot yield.
local can_yield = coroutine.isyieldable

--- The running coroutine; nil in the main thread, and where C stands between, such as in a finalizer.
---@return any
function scheduler.running()
  if can_yield and not can_yield() then return nil end
  local running, is_main = coroutine.running()
  return not is_main and running or nil
end

-- Programs for it use coxpcall instead, which runs the function in a coroutine of its own and passes on its yields:
-- the coroutine to resume is the caller.
if IS_PUC_51 then
  function scheduler.running()
    local running, coxpcall = coroutine.running(), package.loaded.coxpcall
    return running and coxpcall and coxpcall.running and coxpcall.running(running) or running
  end
end

--- The group that the running coroutine is a task of, or nil.
---@return table?
function scheduler.current_group()
  if not next(groups) then return nil end -- nearly always
  local running = scheduler.running()
  return running and groups[running]
end

--- Calls a hook or token source of the user's. In a task it is called in the host's coroutine, where it may wait by
--- the host's own means.
---@param f function
---@param ... any its arguments
---@return any ... its results
function scheduler.outside(f, ...)
  if scheduler.current_group() then return coroutine.yield(CALLING, f, ...) end
  return f(...)
end

-- Where a task waits, its group waits for it, unless another client's loop can suspend the whole chain of coroutines.
local function group_for(client)
  local group = scheduler.current_group()
  return group and (group.client == client or not client.loop.direct) and group or nil
end

local function is_for(inner, waiter)
  while inner and inner ~= waiter do inner = inner.group end
  return inner ~= nil
end

-- Gives up what a coroutine waited for that will not go on: a request, a pause, all that the tasks of a group wait for.
local function give_up(client, waiter)
  for inner in pairs(client.sleepers) do
    if is_for(inner, waiter) then client.sleepers[inner] = nil end
  end
  local engine = client.engine
  for _, attempt in ipairs(engine and engine:is_usable() and engine:attempts() or {}) do
    if is_for(attempt, waiter) then engine:cancel(attempt) end
  end
end

--- Calls a function that waits for the waiter. Where the loop blocks, a debug hook may raise an error meanwhile: in the
--- program lua, that is Ctrl-C. Then what it waited for is given up.
---@param client dingtalk.Client
---@param waiter table
---@param f function
---@param ... any its arguments
function scheduler.guarded(client, waiter, f, ...)
  if not client.loop.blocks or IS_PUC_51 and scheduler.current_group() then return f(...) end
  local ok, message = pcall(f, ...)
  if ok then return end
  give_up(client, waiter)
  error(message, 0)
end

--- Suspends the running coroutine until the waiter is done.
---@param client dingtalk.Client whose loop suspends it
---@param waiter table
function scheduler.wait(client, waiter)
  local group = not waiter.done and group_for(client)
  while not waiter.done do
    if group then
      -- All fields that scheduler.wake sets, so that waking takes no memory: who is not woken would wait forever.
      waiter.group, waiter.next_woken, waiter.done = group, false, false
      coroutine.yield(WAITING, waiter)
      waiter.group = nil
    else
      waiter.loop, waiter.done = client.loop, false
      client.loop:suspend(waiter)
      waiter.loop = nil
    end
  end
end

--- Ends a wait. Who is not suspended at the moment sees by `done` that there is nothing to wait for.
---@param waiter table
function scheduler.wake(waiter)
  if waiter.done then return end
  local group = waiter.group
  waiter.done = true
  if group then
    if group.last_woken then group.last_woken.next_woken = waiter else group.first_woken = waiter end
    group.last_woken = waiter
    scheduler.wake(group)
  elseif waiter.loop then
    waiter.loop:resume(waiter)
  end
end

--- The waiter that the host's coroutine waits on: that of the outermost group.
---@param waiter table
---@return table
function scheduler.outermost(waiter)
  while waiter.group do waiter = waiter.group end
  return waiter
end

--- Makes the engine's alarm that of the first sleeper, or of the loop's reminder.
---@param client dingtalk.Client
function scheduler.set_alarm(client)
  local first = client.reminder
  for _, at in pairs(client.sleepers) do
    if not first or at < first then first = at end
  end
  client.next_alarm = first
  if client.engine then client.engine:alarm(first) end
end

local function alarm_by(client, at)
  if client.next_alarm and client.next_alarm <= at then return end
  client.next_alarm = at
  if client.engine then client.engine:alarm(at) end
end

local function wake_at(client, waiter, at)
  client.sleepers[waiter] = at
  alarm_by(client, at)
  client.loop:watch()
end

--- What errors.judge is told of an attempt for which nothing was started.
---@param attempt table
---@param code string
---@param message string?
function scheduler.not_started(attempt, code, message)
  attempt.failure, attempt.status, attempt.sent, attempt.body, attempt.request_id = code, 0, false, nil, nil
  attempt.message, attempt.retry_after, attempt.proxy_status = message, nil, nil
end

--- Ends all pauses of a client whose engine cannot be opened again.
---@param client dingtalk.Client
---@param code string why
function scheduler.end_pauses(client, code)
  local sleepers = client.sleepers
  client.sleepers = {}
  for waiter in pairs(sleepers) do
    scheduler.not_started(waiter, code)
    waiter.is_lost = true
    scheduler.wake(waiter)
  end
end

--- Whether the client is closed; then the waiter says so.
---@param client dingtalk.Client
---@param waiter table
---@return boolean
function scheduler.is_closed(client, waiter)
  if client.closed then waiter.cancelled, waiter.sent = "closed", false end
  return client.closed
end

--- Waits until scheduler.wake_soon(client, waiter), at most `seconds`.
---@param client dingtalk.Client
---@param waiter table
---@param seconds number
---@return boolean waited false when the client is closed, or there is no memory or descriptor for its engine
function scheduler.park(client, waiter, seconds)
  local engine, code = client:open_engine()
  if scheduler.is_closed(client, waiter) then return false end
  if not engine then
    scheduler.not_started(waiter, code)
    return false
  end
  waiter.done, waiter.is_lost = false, nil
  wake_at(client, waiter, core.now() + seconds)
  scheduler.guarded(client, waiter, scheduler.wait, client, waiter)
  client.sleepers[waiter] = nil
  return not waiter.cancelled and not waiter.is_lost
end

--- Waits for `seconds`, by config.sleep where there is one.
---@param client dingtalk.Client
---@param waiter table
---@param seconds number
---@return boolean waited false when the client is closed
function scheduler.pause(client, waiter, seconds)
  if not client.sleep then return scheduler.park(client, waiter, seconds) end
  client.sleep(seconds)
  return not scheduler.is_closed(client, waiter)
end

--- Ends a park at the next step: whoever waits must not go on inside the caller.
---@param client dingtalk.Client
---@param waiter table
function scheduler.wake_soon(client, waiter)
  if client.sleepers[waiter] then wake_at(client, waiter, core.now()) end
end

--- Makes a step due in `seconds`, for a loop's own purposes. The latest reminder counts.
---@param client dingtalk.Client
---@param seconds number
function scheduler.remind(client, seconds)
  if not client:open_engine() then return end
  client.reminder = core.now() + seconds
  alarm_by(client, client.reminder)
end

--- Wakes those whose time has come.
---@param client dingtalk.Client
function scheduler.wake_sleepers(client)
  local now = core.now()
  if not client.next_alarm or now < client.next_alarm then return end
  local due = {}
  for waiter, at in pairs(client.sleepers) do
    if at <= now then due[#due + 1] = waiter end
  end
  for _, waiter in ipairs(due) do client.sleepers[waiter] = nil end
  if client.reminder and client.reminder <= now then client.reminder = nil end
  scheduler.set_alarm(client)
  for _, waiter in ipairs(due) do scheduler.wake(waiter) end
end

--- Gives up what coroutines waited for that have died.
---@param client dingtalk.Client
function scheduler.reap(client)
  local now = core.now()
  if not client.engine or now < client.next_reap then return end
  client.next_reap = now + REAP_INTERVAL
  for _, attempt in ipairs(client.engine:attempts()) do
    if client.loop:is_dead(attempt) then client.engine:cancel(attempt) end
  end
  for waiter in pairs(client.sleepers) do
    if client.loop:is_dead(waiter) then client.sleepers[waiter] = nil end
  end
end

local settle

local function resume(group, task, ...)
  return settle(group, task, coroutine.resume(task, ...))
end

-- Deals with what made a task come back: it waits, wants a call made outside, yields to the host's loop, has ended, or
-- has raised an error.
function settle(group, task, ok, reason, ...)
  if ok and coroutine.status(task) == "suspended" then
    if reason == WAITING then
      group.tasks[(...)] = task
      return
    elseif reason == CALLING then
      return resume(group, task, scheduler.outside(...))
    end
    return resume(group, task, coroutine.yield(reason, ...))
  end
  if not ok and not group.failure then group.failure = { reason } end
  groups[task] = nil
  group.running = group.running - 1
end

-- Starts tasks until the width is reached. Returns the seconds until there may be another, or nil.
local function start_tasks(group, width, next_task)
  while group.running < width and not group.failure and not group.exhausted do
    local work, delay = next_task()
    if not work then
      group.exhausted = not delay
      return delay
    end
    local task = coroutine.create(work)
    groups[task] = group
    group.running = group.running + 1
    resume(group, task)
  end
end

local function resume_woken(group)
  local waiter = group.first_woken
  group.first_woken, group.last_woken, group.done = false, false, false
  while waiter do
    local task, following = group.tasks[waiter], waiter.next_woken
    group.tasks[waiter] = nil
    if task then resume(group, task) end
    waiter = following
  end
end

-- Waits until a task can go on, or `delay` seconds have passed.
local function wait_for_task(client, group, delay)
  -- Closing the client has woken its waiters; a task may still wait for another client.
  if client.closed and (delay or client.loop.direct) then return end
  if not delay then return scheduler.wait(client, group) end
  if not client:open_engine() then return end
  wake_at(client, group, core.now() + delay)
  scheduler.wait(client, group)
  client.sleepers[group] = nil
end

local function run_tasks(client, group, width, next_task)
  repeat
    local delay = start_tasks(group, width, next_task)
    if not group.done and (group.running > 0 or delay) then wait_for_task(client, group, delay) end
    resume_woken(group)
  until group.running == 0 and (group.exhausted or group.failure)
end

--- Runs tasks until there are no more and all have ended. An error that a task raises is raised again once the
--- others have ended.
---@param client dingtalk.Client
---@param width integer how many at a time
---@param next_task fun(): function?, number? the next; nil for no more, or nil and the seconds until there may be one
function scheduler.run(client, width, next_task)
  local group = {
    client = client, running = 0, exhausted = false, failure = nil,
    tasks = {}, -- by the waiter that each waits on
    first_woken = false, last_woken = false, -- waiters whose tasks can go on, a list by their next_woken
    done = false, group = nil, loop = nil, -- the group is itself what the host's coroutine waits on
  }
  scheduler.guarded(client, group, run_tasks, client, group, width, next_task)
  if group.failure then error(group.failure[1], 0) end
end

return scheduler
