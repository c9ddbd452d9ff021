-- Compares what a row expects with what the calls said and the server saw.
local cjson = require "cjson"

local TOKENS = { "faults-first-secret-4d1c", "faults-second-secret-9be7" }
-- So much of a token betrays it, as when a message was cut in the middle of one.
local SECRET_PART = 12
-- Seconds by which libcurl's timer may end a call early, and by which a call may be late.
local EARLY, LATE = 0.01, 0.1
local UUID_V4 = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

local function add(problems, ...) problems[#problems + 1] = (...):format(select(2, ...)) end

local function check_error(row, said, problems)
  local expect = row.expect
  for _, field in ipairs { "kind", "code", "outcome", "retryable", "attempts", "status", "request_id" } do
    if expect[field] ~= nil and said[field] ~= expect[field] then
      add(problems, "%s is %s, not %s", field, tostring(said[field]), tostring(expect[field]))
    end
  end
  local seconds, slack = expect.retry_after, expect.retry_after_slack or 0
  if seconds and math.abs((said.retry_after or math.huge) - seconds) > slack then
    add(problems, "retry_after is %s, not %d", tostring(said.retry_after), seconds)
  end
  if type(said.message) ~= "string" or said.message == "" then add(problems, "no message") end
  if #problems > 0 then add(problems, "it says: %s", said.text) end
end

local function check_success(row, said, problems)
  if not said.ok then return add(problems, "failed: %s", said.text) end
  if said.added ~= (row.people or 1) then add(problems, "added is %s", tostring(said.added)) end
  local attempts = row.expect.attempts
  if attempts and said.attempts ~= attempts then
    add(problems, "attempts is %s, not %d", tostring(said.attempts), attempts)
  end
end

-- A byte with which a terminal or a log could be led astray.
local function check_controls(value, name, problems)
  if type(value) == "table" then
    for key, field in pairs(value) do check_controls(field, name .. "." .. tostring(key), problems) end
  elseif type(value) == "string" and value:find("[%c\127]") then
    add(problems, "%s holds control bytes: %q", name, value)
  end
end

local function check_answer(row, said, problems)
  if row.expect.ok then check_success(row, said, problems)
  elseif said.ok then add(problems, "reported success")
  else check_error(row, said, problems) end
  local client_token = tostring(said.client_token)
  if not row.batches and not client_token:find(UUID_V4) then add(problems, "client_token is %s", client_token) end
  check_controls(said, "what it says", problems)
  local everything = cjson.encode(said)
  for _, secret in ipairs(TOKENS) do
    if everything:find(secret:sub(1, SECRET_PART), 1, true) then add(problems, "the access token shows") end
  end
end

-- The hook hears of every attempt.
local function check_hook(said, problems)
  if not said.heard then return end
  local heard = #said.heard
  if said.attempts and heard ~= said.attempts then add(problems, "on_attempt was called %d times", heard) end
end

-- How late a call may be is asked only where nothing else kept the processor from it: no result depends on the load.
local function check_time(row, said, problems)
  local limit = row.expect.kind == "timeout" and not row.config and row.opts and row.opts.timeout
  local least = row.at_least or limit and limit - EARLY or 0
  if said.took < least then add(problems, "took only %.3f s of %.3f", said.took, least) end
  if limit and said.undisturbed and said.took > limit + LATE then
    add(problems, "overran its %.3f s by %.3f", limit, said.took - limit)
  end
end

--- The requests of the last call: one token and one body over all of them; the calls before sent one each.
local function check_requests(row, said, seen, problems)
  if row.batches then return end
  local first = row.calls or 1
  for i, request in ipairs(seen.requests) do
    if (request.client_token == said.client_token) ~= (i >= first) then
      add(problems, "request %d carried x-client-token %s", i, tostring(request.client_token))
    end
    if request.sha256 ~= seen.requests[1].sha256 then add(problems, "request %d had another body", i) end
    local token = row.tokens and TOKENS[math.min(i, #TOKENS)] or TOKENS[1]
    if request.token ~= token then add(problems, "request %d carried another access token", i) end
    local version = row.listen == "h2" and 2 or 1
    if request.version ~= version then add(problems, "request %d was HTTP/%d", i, request.version) end
  end
end

local function check_count(what, is, should, problems)
  if should and is ~= should then add(problems, "%s: %s, not %d", what, tostring(is), should) end
end

local function check_beside(row, seen, problems)
  if row.aside then
    check_count("connections to the redirect's target", seen.aside.connections, 0, problems)
  end
  for _, connect in ipairs(seen.proxy and seen.proxy.connects or {}) do
    for name, value in pairs(connect.headers) do
      if name:find("dingtalk") or name == "x-client-token" or value:find(TOKENS[1], 1, true) then
        add(problems, "the proxy was shown %s", name)
      end
    end
  end
  local last = row.proxy_authorization and seen.proxy.connects[#seen.proxy.connects]
  if last and not tostring(last.headers["proxy-authorization"]):find(row.proxy_authorization) then
    add(problems, "the proxy was shown %s", tostring(last.headers["proxy-authorization"]))
  end
  if row.connects then check_count("CONNECTs", seen.proxy and #seen.proxy.connects, row.connects, problems) end
end

local function check_server(row, said, seen, problems)
  if seen.fault then add(problems, "the fault server itself failed: %s", seen.fault) end
  check_count("requests", #seen.requests, row.seen, problems)
  check_count("connections", seen.connections, row.connections, problems)
  local left_open = seen.open - seen.stalled
  if left_open > 0 then add(problems, "%d connections still open after close()", left_open) end
  if seen.flooded > (row.flood_max or math.huge) then add(problems, "it took %d bytes of a flood", seen.flooded) end
  if row.dns and row.dns ~= "slow" and seen.queries == 0 then add(problems, "the resolver was never asked") end
  check_requests(row, said, seen, problems)
  if said.outcome == "not_sent" then
    check_count("requests of a call that was not sent", #seen.requests, (row.calls or 1) - 1, problems)
  end
  check_beside(row, seen, problems)
end

--- What disagrees between a row and what was said and seen; an empty list when nothing does.
local function problems(row, said, seen)
  local found = {}
  for i = 1, #said - 1 do
    if not said[i].ok then add(found, "call %d failed: %s", i, said[i].text) end
  end
  local last = said[#said]
  check_answer(row, last, found)
  check_hook(last, found)
  check_time(row, last, found)
  check_server(row, last, seen, found)
  return found
end

return { TOKENS = TOKENS, problems = problems }
