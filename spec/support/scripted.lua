-- A service that answers one attempt after the other by a script, and a client for which time passes only where it
-- waits: what is asked of attempts is asked through the public call, and no spec waits.
-- The service is a scenario of spec/faults, in a process of its own; each attempt makes a connection of its own.
local calendar = require "dingtalk.calendar"
local faults = require "spec.support.faults"
local words = require "spec.faults.answers"

local START = 1000 -- of the client's clock, in seconds

local scripted = { CLIENT_TOKEN = "ct", START = START }

local CLOSE = { "Connection: close" }

local function with_close(fields)
  local all = { "Connection: close" }
  for _, field in ipairs(fields or {}) do all[#all + 1] = field end
  return all
end

-- Answers: what the service does with one attempt.

---Accepted, with a body where one is given.
function scripted.ok(body, fields) return words.json(200, body or "", with_close(fields)) end

scripted.OK = scripted.ok()

---Status, body and header lines, as they are.
function scripted.answer(status, body, fields) return words.json(status, body, with_close(fields)) end

---The service's error body.
function scripted.refusal(status, code, fields)
  return scripted.answer(status, ('{"code":"%s","message":"no","requestid":"r"}'):format(code), fields)
end

---The handshake breaks off: nothing was sent.
scripted.UNREACHED = { unreached = true }

---The connection ends after the request was read.
scripted.CUT = { "read", "finish" }

---The answer breaks off.
scripted.TRUNCATED = { "read", words.send(words.head(200, CLOSE) .. "Content-Length: 50\r\n\r\n{}"), "finish" }

---Read, and never answered.
scripted.SILENT = { "read", "hang" }

---The handshake is never answered.
scripted.NO_HANDSHAKE = { unreached = true, "hang" }

-- The n-th connection is the n-th attempt: those that end in the handshake read no request.
local function row_of(script)
  local row = { listen = "tls", accept = {}, requests = {} }
  for i, answer in ipairs(script) do
    if not answer.unreached then
      row.accept[i] = {}
      row.requests[#row.requests + 1] = answer
    elseif #answer > 0 then
      row.accept[i] = { answer[1] }
    else
      row.accept[i] = { "fill", "reset" }
    end
  end
  return row
end

local held

---Starts the server; to be called in `setup`.
function scripted.start() held = faults.start() end

---To be called in `teardown`.
function scripted.stop() assert(held:stop(), "the scripted service outlived its spec") end

local Service = {}
Service.__index = Service

---What the service has seen: connections, begun, most, and requests with token, client_token, path, …
function Service:seen() return held:ask { op = "seen", id = self.id } end

---Lets scripts go on that await the name.
function Service:mark(name) held:ask { op = "mark", id = self.id, name = name } end

function Service:close() held:ask { op = "close", id = self.id } end

---A service by a row of spec/faults.
---@return table service base_url, ca_file
function scripted.service(row)
  return setmetatable(held:ask { op = "open", row = row }, Service)
end

---A client of a service that answers by `script`, the last again and again.
---@param script table[] answers
---@param with table|nil draw (what random gives), takes (seconds that each attempt takes), config
---@return table client
---@return table world slept: the waits; time(): seconds of the client's clock; service
function scripted.client(script, with)
  with = with or {}
  local world = { slept = {}, passed = 0, service = scripted.service(row_of(script)) }
  function world.time()
    local attempts = with.takes and world.service:seen().connections or 0
    return START + world.passed + attempts * (with.takes or 0)
  end
  local config = {
    base_url = world.service.base_url, ca_file = world.service.ca_file, proxy = "", loop = "blocking",
    retry_budget = 100, clock = world.time, random = function() return with.draw or 0 end,
    sleep = function(seconds)
      world.slept[#world.slept + 1], world.passed = seconds, world.passed + seconds
    end,
  }
  for name, value in pairs(with.config or {}) do config[name] = value or nil end
  return assert(calendar.new(config)), world
end

---A token source that hands out `tokens` one after the other, and remembers which it was asked to drop.
function scripted.source(tokens)
  local source = { at = 1, invalidated = {} }
  function source:get() return tokens[self.at] end
  function source:invalidate(token)
    self.invalidated[#self.invalidated + 1] = token
    if token == tokens[self.at] then self.at = self.at + 1 end
  end
  return source
end

return scripted
