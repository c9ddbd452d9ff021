-- Prints each request as a span in the terms of OpenTelemetry, and hands its trace on in the header traceparent.
-- DINGTALK_TOKEN (dd43888e26953deead8cba556389b063), DINGTALK_USER (U5KPwll3QjgiG), DINGTALK_EVENT: as in start.md.
local calendar = require "dingtalk.calendar"
local function env(name) return os.getenv(name) or error(name .. " is not set: see the top of this file", 0) end
local function hex(bytes)
  local parts = {}
  for i = 1, bytes do parts[i] = ("%02x"):format(math.random(0, 255)) end
  return table.concat(parts)
end
local trace, spans = hex(16), {} -- a span each request, by its x-client-token
local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", ca_file = os.getenv "DINGTALK_CA_FILE",
  headers = function(request)
    spans[request.client_token] = hex(8)
    return { traceparent = ("00-%s-%s-01"):format(trace, spans[request.client_token]) }
  end,
  on_attempt = function(info)
    print(("span %s of %s: %s"):format(spans[info.client_token] or "?", trace, info.operation))
    print(("  http.request.method=%s server.address=%s http.response.status_code=%s error.type=%s"):format(
      info.method, info.host, tostring(info.status), tostring(info.code)))
    print(("  attempt %d, connection reused: %s, %.3f s"):format(info.attempt, tostring(info.reused), info.elapsed))
  end,
})
local user, event = env "DINGTALK_USER", env "DINGTALK_EVENT"
local result, err = client:add_attendees(env "DINGTALK_TOKEN", user, nil, event, { "alice", "bob" })
print(result and "added " .. result.added .. " people" or tostring(err))
