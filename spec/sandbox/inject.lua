-- What a fault does to a call.
local answers = require "sandbox.answers"
local cjson = require "cjson"
local service = require "sandbox.service"
local settings = require("sandbox.settings").values
local state = require "sandbox.state"

local inject = {}

local function wait(ms)
  if ms > 0 then ngx.sleep(ms / 1000) end
end

-- No answer at all: the connection is closed under HTTP/1.1, the stream reset under HTTP/2.
local function close(ctx)
  if ctx.record then ctx.record.status = 0 end
  ctx.status = 0
  return ngx.exit(444)
end

local function given_answer(ctx, fault)
  if fault.code then
    local answer = answers.error(ctx, fault.code, fault.message, nil, fault.status)
    answer.headers = fault.headers
    return answer
  end
  local body = fault.body
  if type(body) == "table" then body = cjson.encode(body) end
  return { status = fault.status, headers = fault.headers, body = body and tostring(body) }
end

local function binary()
  local bytes = {}
  for i = 0, 255 do bytes[i + 1] = string.char(i) end
  return table.concat(bytes)
end

local garbage = {
  html = function(status) return answers.html(status) end,
  truncated = function(status) return { status = status, body = '{"code":"unknownErr', promised = 400 } end,
  string = function(status) return { status = status, body = '"error"' } end,
  array = function(status) return { status = status, body = "[]" } end,
  text = function(status) return { status = status, body = "upstream connect error or disconnect/reset" } end,
  binary = function(status) return { status = status, body = binary() } end,
  errcode = function() return { status = 200, body = '{"errcode":404,"errmsg":"请求的URI地址不存在"}' } end,
  redirect = function()
    return { status = 302, headers = { Location = "http://127.0.0.1:1/elsewhere", ["Content-Type"] = "text/html" } }
  end,
  huge = function(status) return { status = status, body = ("x"):rep(8 * 1024 * 1024) } end,
}

-- Fewer bytes than the header promised, then the end.
local function send_truncated(ctx, answer)
  answers.send_head(ctx, answer, answer.promised)
  ngx.print(answer.body)
  ngx.flush(true)
  return ngx.exit(ngx.ERROR)
end

local PIECES = 20

local function send_slowly(ctx, answer, ms)
  local body = answer.body or ""
  if body == "" then
    wait(ms)
    return answers.send(ctx, answer)
  end
  answers.send_head(ctx, answer, #body)
  local size = math.ceil(#body / PIECES)
  local pieces = math.ceil(#body / size)
  for from = 1, #body, size do
    wait(ms / pieces)
    ngx.print(body:sub(from, from + size - 1))
    ngx.flush(true)
  end
end

-- The work goes on in the background; whatever happens to this request, it ends after `ms`.
local function work_behind(ctx, ms)
  local generation = state.generation
  assert(ngx.timer.at(ms / 1000, function()
    -- A reset in between wiped what this call belongs to.
    if generation == state.generation then ctx.answer = service.carry_out(ctx, 0) end
    ctx.done = true
  end))
end

local function processing(ctx, fault)
  local early = service.admit(ctx)
  if early then return answers.send(ctx, early) end
  work_behind(ctx, fault.ms)
  if fault.first == "error" then return answers.send(ctx, answers.error(ctx, "service.timeout")) end
  if fault.first ~= "wait" then return close(ctx) end
  wait(fault.ms)
  while not ctx.done do ngx.sleep(0.001) end
  if not ctx.answer then return close(ctx) end
  return answers.send(ctx, ctx.answer)
end

local acts = {
  answer = function(ctx, fault) return answers.send(ctx, given_answer(ctx, fault)) end,
  close = close,
  garbage = function(ctx, fault)
    local answer = garbage[fault.kind or "html"](fault.status or 502)
    if answer.promised then return send_truncated(ctx, answer) end
    return answers.send(ctx, answer)
  end,
}

---@param fault table|nil nil for the latency of the settings alone
function inject.serve(ctx, fault)
  local kind = fault and fault.fault
  if kind == "processing" then return processing(ctx, fault) end
  local ms = settings.latency_ms + (kind ~= "slow" and fault and fault.ms or 0)
  local act = acts[kind]
  local answer
  -- The work is done at once and counts as running until the answer is due: a
  -- client that goes away in between cannot undo it.
  if not act or fault.after then answer = service.perform(ctx, ms) end
  wait(ms)
  if act then return act(ctx, fault) end
  if kind == "slow" then return send_slowly(ctx, answer, fault.ms) end
  return answers.send(ctx, answer)
end

return inject
