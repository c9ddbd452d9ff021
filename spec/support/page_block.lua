-- Runs a block of a page. Until the functions of the module read DINGTALK_BASE_URL and DINGTALK_CA_FILE by
-- themselves, their client is made here.
local client = require "dingtalk.client"

local default
function client.default()
  default = default or client.new { base_url = os.getenv "DINGTALK_BASE_URL", ca_file = os.getenv "DINGTALK_CA_FILE" }
  return default
end

dofile((...))
