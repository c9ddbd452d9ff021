local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local example = require "spec.support.example"
local responses = require "spec.vectors.responses"
local sandbox = require "spec.support.sandbox"

local FIELDS = { "kind", "code", "outcome", "retryable", "request_id", "required_scopes" }

-- The answer as the engine would give it: header names compared without case by the core itself.
local function answer_of(row)
  local headers = row.headers or {}
  local wait = headers["retry-after"]
  return {
    status = row.status, sent = true, body = row.body, request_id = headers["x-acs-request-id"],
    retry_after = wait and core.retry_after(wait, os.time()),
  }
end

local function assert_error(row, found)
  for _, name in ipairs(FIELDS) do assert.same(row[name], found[name], name) end
  assert.equal(row.status, found.status)
  assert.is_string(found.message)
  if row.message then assert.equal(row.message, found.message) end
  if row.hint then assert.truthy(found.hint:find(row.hint, 1, true), found.hint) end
end

describe("errors.judge", function()
  for _, row in ipairs(responses.rows) do
    it("knows " .. row.name, function()
      local found = errors.judge(answer_of(row))
      if row.ok then return assert.is_nil(found) end
      assert_error(row, assert(found, "judged a success"))
      assert.equal(row.retry_after, found.retry_after)
    end)
  end

  it("knows how a transfer fails", function()
    for _, row in ipairs(responses.failures) do
      local found = errors.judge {
        failure = row[1], sent = row[2], status = 0, message = "its words",
      }
      assert.same({ row[3], row[1], row[4], row[5] }, { found.kind, found.code, found.outcome, found.retryable })
      assert.is_nil(found.status)
      assert.truthy(found.message:find("its words", 1, true))
    end
  end)

  it("knows a call that was cancelled", function()
    for sent, outcome in pairs { [true] = "unknown", [false] = "not_sent" } do
      local found = errors.judge { cancelled = "closed", sent = sent }
      assert.same({ "cancelled", "closed", outcome, true }, { found.kind, found.code, found.outcome, found.retryable })
    end
  end)

  it("says of an answer for which there was no memory nothing that an earlier one said", function()
    local found = errors.judge { status = false, sent = true, request_id = "of the attempt before" }
    assert.same({ "out_of_memory", "unknown" }, { found.code, found.outcome })
    assert.is_nil(found.status)
    assert.is_nil(found.request_id)
  end)

  it("gives the object of a success that has a body", function()
    local found, object = errors.judge { status = 200, body = '{"a":1}' }
    assert.is_nil(found)
    assert.same({ a = 1 }, object)
  end)

  it("survives bytes of any kind as a body", function()
    for byte = 0, 255 do
      for _, status in ipairs { 200, 400, 500 } do
        local found = errors.judge { status = status, sent = true, body = string.char(byte):rep(3) }
        assert.is_nil(found.message:find("%c"))
      end
    end
  end)
end)

-- Waits take no time here: the clock is moved by what would be slept.
describe("an answer of the service", function()
  local client

  setup(function()
    local now = 0
    client = example.client {
      clock = function() return now end, sleep = function(seconds) now = now + seconds end,
      random = function() return 0 end, retry_budget = 1e9,
    }
  end)
  before_each(sandbox.reset)
  teardown(function()
    client:close()
    sandbox.reset()
  end)

  local function is_sendable(row)
    return row.status ~= 304 and row.status ~= 204 or not row.body
  end

  local attempts_of = { transient = 3, throttled = 3 }

  for _, row in ipairs(responses.rows) do
    if is_sendable(row) then
      it("arrives whole: " .. row.name, function()
        local headers = { ["x-acs-request-id"] = require("cjson").null }
        for name, value in pairs(row.headers or {}) do headers[name] = value end
        sandbox.faults { fault = "answer", status = row.status, body = row.body, headers = headers, next = 50 }
        local result, err = example.add(client, { "a" })
        if row.ok then
          assert.same({ 1, 200, row.request_id }, { result.added, result.status, result.request_id })
        else
          assert.is_nil(result)
          assert.is_true(errors.is_error(err))
          assert_error(row, err)
          local _, retry = errors.judge(answer_of(row))
          -- A day's wait fits into no deadline; waiting for another request lasts until ours.
          local waits = row.retry_after and row.retry_after > 10
          assert.equal(waits and 1 or retry == "processing" and 10 or attempts_of[retry] or 1, err.attempts)
          assert.equal(err.attempts, sandbox.counters().calls)
        end
      end)
    end
  end
end)

describe("an error", function()
  local err = errors.new {
    kind = "server", code = "systemError", message = "系统错误", outcome = "unknown", retryable = true, status = 500,
    request_id = "R", attempts = 3, hint = "Try later.", batch = 3, added = 1000,
  }
  local TEXT = "dingtalk: server (systemError): 系统错误 [outcome unknown, HTTP 500, request R, 3 attempts,"
    .. " batch 3, 1000 added before] Try later."

  it("is one readable line", function()
    assert.equal(TEXT, tostring(err))
    assert.equal("dingtalk: argument (empty): list is empty [argument list]",
      tostring(errors.argument("list", "empty", "list is empty")))
  end)

  it("can be put together with text on either side", function()
    assert.equal("failed: " .. TEXT, "failed: " .. err)
    assert.equal(TEXT .. "!", err .. "!")
    assert.equal(TEXT .. TEXT, err .. err)
    assert.equal("1" .. TEXT, 1 .. err)
  end)

  it("is what assert raises", function()
    if not example.asserts_tables then return pending("assert of plain Lua 5.1 and 5.2 takes no table") end
    local ok, raised = pcall(_G.assert, nil, err)
    assert.is_false(ok)
    assert.is_true(rawequal(err, raised))
  end)

  it("is told from other tables", function()
    assert.is_true(errors.is_error(err))
    for _, value in ipairs { "x", 1, true, {}, { kind = "server" }, print, setmetatable({}, {}) } do
      assert.is_false(errors.is_error(value))
    end
    assert.is_false(errors.is_error(nil))
    assert.is_false((errors.is_error()))
  end)

  it("of an argument names it", function()
    local found = errors.argument("list[3].id", "wrong_type", "m", "h")
    assert.same({ kind = "argument", argument = "list[3].id", code = "wrong_type", message = "m", hint = "h",
      outcome = "not_sent", retryable = false }, found)
  end)
end)

describe("errors.one_line", function()
  local rows = {
    { "plain", "plain" }, { "", "" }, { "a\nb", "a b" }, { "a\r\n\t\0b\127", "a b " }, { "中文", "中文" },
    { ("x"):rep(500), ("x"):rep(500) }, { ("x"):rep(501), ("x"):rep(500) .. "…" },
    { ("x"):rep(499) .. "中", ("x"):rep(499) .. "…" }, { ("x"):rep(498) .. "中", ("x"):rep(498) .. "…" },
    { ("x"):rep(497) .. "中", ("x"):rep(497) .. "中" }, { ("x"):rep(497) .. "中中", ("x"):rep(497) .. "…" },
  }
  it("keeps a text from outside on one line and within a length", function()
    for _, row in ipairs(rows) do assert.equal(row[2], errors.one_line(row[1])) end
  end)
end)

describe("a value that cannot be told", function()
  it("is named by its type", function()
    local silent = setmetatable({}, { __tostring = function() error("no") end })
    local wrong = setmetatable({}, { __tostring = function() return nil end })
    assert.equal("a table", errors.one_line(silent))
    assert.equal("a table", errors.one_line(wrong))
  end)
end)

describe("the access token", function()
  local TOKEN = "dd43888e26953deead8cba556389b063"

  local function message_of(text)
    return errors.judge({ status = 400, token = TOKEN, body = require("cjson").encode {
      code = "c", message = text,
    } }).message
  end

  it("is not shown in pieces", function()
    for _, at in ipairs { 1, 4, 7, 8, 9, 15, 16, 24, 31 } do
      for _, between in ipairs { "\n", " ", "\0", "\r\n\t" } do
        local message = message_of("bad " .. TOKEN:sub(1, at) .. between .. TOKEN:sub(at + 1) .. " token")
        for from = 1, #TOKEN - 15 do
          assert.is_nil(message:gsub("[%c%s]", ""):find(TOKEN:sub(from, from + 15), 1, true), message)
        end
      end
    end
    assert.equal("no such event", message_of("no such event"))
    assert.equal("[token] and [token]!", message_of(TOKEN .. " and " .. TOKEN .. "!"))
  end)

  it("repeated without end is found in time that grows with the text", function()
    local message = message_of((TOKEN:sub(1, 8)):rep(200000))
    assert.equal("[token][token]", message:sub(1, 14))
  end)
end)

describe("libcurl's words", function()
  it("lose a proxy's password", function()
    local function judge(words)
      return errors.judge { failure = "resolve_proxy_failed", sent = false, message = words }
    end
    local found = judge "proxy 'http://name:pass@host:1' is odd"
    assert.truthy(found.message:find("http://host:1", 1, true))
    assert.is_nil(found.message:find("pass", 1, true))
    for _, quoted in ipairs { "alice:p@ss@host:3128", "al'ice:pass@host:99999", "http://a:p@ss@host:1", "pass@host" } do
      found = judge("Unsupported proxy syntax in '" .. quoted .. "'")
      assert.truthy(found.message:find("host", 1, true))
      for _, part in ipairs { "alice", "ice", "p@", "ss@", "pass" } do
        assert.is_nil(found.message:find(part, 1, true), found.message)
      end
    end
  end)
end)
