-- What call.lua asks of a client, without I/O: answers by a script, a clock that only waits move.
local fake = {}

local OK = { curl = 0, status = 200, sent = true }
fake.OK = OK

---The fields a slot has after an answer with the service's error body.
function fake.refusal(status, code, fields)
  local body = ('{"code":"%s","message":"no","requestid":"r"}'):format(code)
  local answer = { curl = 0, status = status, sent = true, body = body }
  for name, value in pairs(fields or {}) do answer[name] = value end
  return answer
end

---A failure of the transport.
function fake.broken(curl, sent)
  return { curl = curl, status = 0, sent = sent, message = "" }
end

local methods = {}
local fields = { "curl", "status", "sent", "body", "request_id", "retry_after", "message", "overflow", "cancelled" }

function methods:now() return self.time end
function methods:random() return self.draw end
function methods:earn_retry() self.earned = self.earned + 1 end

function methods:spend_retry()
  self.budget = self.budget - 1
  return self.budget >= 0
end

function methods:pause(slot, seconds)
  self.waits[#self.waits + 1] = seconds
  self.time = self.time + seconds
  if self.cancel_in_pause then
    slot.cancelled, slot.sent = "closed", false
    return false
  end
  return true
end

function methods:exchange(slot, _, timeout)
  self.sent[#self.sent + 1] = { token = slot.token, client_token = slot.client_token, timeout = timeout }
  self.time = self.time + self.takes
  local answer = self.script[#self.sent] or self.script[#self.script]
  for _, name in ipairs(fields) do slot[name] = answer[name] end
end

---@param script table answers in order, the last again and again
---@param with table|nil fields of the client: draw, budget, takes, on_attempt, …
function fake.new(script, with)
  local client = { script = script, attempt_timeout = 86400, time = 1000, draw = 0, budget = 100, earned = 0, takes = 0, waits = {}, sent = {} }
  for name, value in pairs(with or {}) do client[name] = value end
  function client.clock() return client.time end
  client.retries_left, client.retry_budget = 0, 1 -- so that each success is told of
  return setmetatable(client, { __index = methods })
end

---A token source that hands out `tokens` one after the other, and how often it was asked.
function fake.source(tokens)
  local source = { at = 1, gets = 0, invalidated = {} }
  function source:get()
    self.gets = self.gets + 1
    return tokens[self.at]
  end
  function source:invalidate(token)
    self.invalidated[#self.invalidated + 1] = token
    if token == tokens[self.at] then self.at = self.at + 1 end
  end
  return source
end

return fake
