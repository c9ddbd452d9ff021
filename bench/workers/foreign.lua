-- A program that keeps no limit of ours: 8 calls a second, for SECONDS. Started by bench/scale.
-- usage: foreign.lua SECONDS
local calendar = require "dingtalk.calendar"
local core = require "dingtalk.core"

local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", ca_file = os.getenv "DINGTALK_CA_FILE", loop = "manual",
})
local start, made = core.now(), 0

while core.now() - start < tonumber(arg[1]) or not client:is_idle() do
  if core.now() - start < tonumber(arg[1]) and core.now() - start >= made / 8 then
    made = made + 1
    coroutine.wrap(function()
      client:add_attendees("dd43888e26953deead8cba556389b063", "U5KPwll3QjgiG", nil,
        "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08", { "f" .. made }, { max_attempts = 1 })
    end)()
  end
  client:step()
  require("socket").sleep(0.005)
end
