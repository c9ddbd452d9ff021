--- What is left of a batched call that failed or was cut off: plain data, fit for JSON, that the same call takes as
--- opts.resume to send exactly what is missing.

local core = require "dingtalk.core"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"

local resume = {}

---@class dingtalk.Resume
---@field digest string of the URL and the bodies: refused with other arguments
---@field batches integer how many there are in all
---@field done integer[] numbers of the batches that were accepted
---@field client_tokens table<string, string> by batch number: of those tried and not refused, to be sent again
---@field not_sent integer[]? numbers of the batches in client_tokens of which nothing reached the service

--- Describes what is left.
---@param batches table the batches of the call
---@param digest string
---@return dingtalk.Resume
function resume.make(batches, digest)
  local left = { digest = digest, batches = #batches, done = {}, client_tokens = {}, not_sent = {} }
  for number, batch in ipairs(batches) do
    if batch.accepted then
      left.done[#left.done + 1] = number
    elseif batch.sending or batch.outcome == "unknown" then
      left.client_tokens[tostring(number)] = batch.client_token
    elseif batch.outcome == "not_sent" then
      -- If the service did receive it, the same token prevents a second write.
      left.client_tokens[tostring(number)] = batch.client_token
      left.not_sent[#left.not_sent + 1] = number
    end
    -- Any other gets a new token: the service may answer the old one with the refusal it stored.
  end
  return left
end

local function bad(code, message)
  return errors.argument("opts.resume", code, message, "Pass err.resume as it was, with the same arguments.")
end

local function is_batch(number, count)
  return type(number) == "number" and number % 1 == 0 and number >= 1 and number <= count
end

-- An array of batch numbers as a set, or nil when it is none.
local function set_of(numbers, count)
  local set = {}
  for _, number in ipairs(numbers) do
    if not is_batch(number, count) then return nil end
    set[number] = true
  end
  return set
end

local function apply_tokens(left, batches, not_sent)
  for key, token in pairs(left.client_tokens) do
    local number = tonumber(key)
    -- "1" and "0x1" would be two tokens for one batch.
    if not is_batch(number, #batches) or ("%d"):format(number) ~= key or type(token) ~= "string"
      or core.check_visible(token, limits.max_client_token_bytes) then
      return false
    end
    batches[number].client_token = token
    -- A refusal now says nothing about an earlier attempt.
    batches[number].outcome = not_sent[number] and "not_sent" or "unknown"
  end
  return true
end

local function copy(from)
  local to = {}
  for key, value in pairs(from) do to[key] = value end
  return to
end

-- What the caller passed, as tables of our own; raises where that cannot be read.
local function read(left)
  return {
    digest = left.digest, batches = left.batches, done = copy(left.done), client_tokens = copy(left.client_tokens),
    not_sent = copy(left.not_sent or {}),
  }
end

--- Marks in the batches what was done before, and with which tokens the rest was tried.
---@param left any opts.resume
---@param batches table
---@param digest string
---@return dingtalk.Error? err
function resume.apply(left, batches, digest)
  local readable
  readable, left = pcall(read, left)
  if not readable or type(left.digest) ~= "string" then
    return bad("bad_resume", "opts.resume is not what an error gave")
  end
  if left.digest ~= digest or left.batches ~= #batches then
    return bad("resume_mismatch", "opts.resume belongs to a call with other arguments")
  end
  local done, not_sent = set_of(left.done, #batches), set_of(left.not_sent, #batches)
  if not (done and not_sent and apply_tokens(left, batches, not_sent)) then
    return bad("bad_resume", "opts.resume is not what an error gave")
  end
  for number in pairs(done) do batches[number].accepted, batches[number].before = true, true end
end

return resume
