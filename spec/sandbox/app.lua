-- What nginx calls: one request in, one answer out.
local answers = require "sandbox.answers"
local control = require "sandbox.control"
local counters = require "sandbox.counters"
local faults = require "sandbox.faults"
local ids = require "sandbox.ids"
local inject = require "sandbox.inject"
local lifetime = require "sandbox.lifetime"
local limits = require "sandbox.limits"
local recorder = require "sandbox.recorder"
local request = require "sandbox.request"
local router = require "sandbox.router"
local service = require "sandbox.service"
local settings = require("sandbox.settings").values
local state = require "sandbox.state"

local app = {}

local find_route = router.new(require "sandbox.routes")
local NO_ROUTE = { operation = "unknown", kind = "open", handler = answers.wrong_path }

function app.start()
  ids.seed(math.floor(ngx.now() * 1000) % 4294967296 + ngx.worker.pid())
  state.reset()
  lifetime.watch(os.getenv("SANDBOX_PARENT"))
end

function app.handle()
  local ctx = request.read()
  if ctx.segments[1] == "_sandbox" then return control.handle(ctx) end
  local route, params = find_route(ctx.method, ctx.segments)
  ctx.route, ctx.params = route or NO_ROUTE, params
  ctx.operation = ctx.route.operation
  if settings.jitter_ms > 0 then ngx.sleep(settings.jitter_ms * math.random() / 1000) end
  ngx.ctx.sandbox = ctx
  counters.began(ctx)
  recorder.note(ctx)
  local banned = limits.check_address()
  if banned then return answers.send(ctx, banned) end
  local fault = faults.draw(ctx)
  if fault or settings.latency_ms > 0 then return inject.serve(ctx, fault) end
  return answers.send(ctx, service.perform(ctx, 0))
end

---Runs however the request ended.
function app.ended()
  local ctx = ngx.ctx.sandbox
  if ctx then counters.ended(ctx) end
end

return app
