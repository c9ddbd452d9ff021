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
---@field client_tokens table<string, string> by batch number: of those that may have been done, to be sent again

--- Describes what is left.
---@param plan table the batches of the call
---@param digest string
---@return dingtalk.Resume
function resume.make(plan, digest)
  local left = { digest = digest, batches = #plan, done = {}, client_tokens = {} }
  for number, batch in ipairs(plan) do
    if batch.accepted then
      left.done[#left.done + 1] = number
    elseif batch.outcome == "unknown" then
      -- Any other gets a new token: the service may answer the old one with the refusal it stored.
      left.client_tokens[tostring(number)] = batch.client_token
    end
  end
  return left
end

local function bad(code, message)
  return errors.argument("opts.resume", code, message, "Pass err.resume as it was, with the same arguments.")
end

local function is_batch(number, count)
  return type(number) == "number" and number % 1 == 0 and number >= 1 and number <= count
end

local function apply_done(left, plan)
  for _, number in ipairs(left.done) do
    if not is_batch(number, #plan) then return false end
    plan[number].accepted = true
    plan[number].before = true
  end
  return true
end

local function apply_tokens(left, plan)
  for key, token in pairs(left.client_tokens) do
    local number = tonumber(key)
    -- "1" and "0x1" would be two tokens for one batch.
    if not is_batch(number, #plan) or ("%d"):format(number) ~= key or type(token) ~= "string"
      or core.check_visible(token, limits.max_client_token_bytes) then
      return false
    end
    -- A refusal that comes now says nothing of what was sent before.
    plan[number].client_token, plan[number].outcome, plan[number].maybe_done = token, "unknown", true
  end
  return true
end

--- Marks in the plan what was done before, and with which tokens the rest was tried.
---@param left any opts.resume
---@param plan table
---@param digest string
---@return dingtalk.Error? err
function resume.apply(left, plan, digest)
  if type(left.digest) ~= "string" or type(left.done) ~= "table" or type(left.client_tokens) ~= "table" then
    return bad("bad_resume", "opts.resume is not what an error gave")
  end
  if left.digest ~= digest or left.batches ~= #plan then
    return bad("resume_mismatch", "opts.resume belongs to a call with other arguments")
  end
  if not (apply_done(left, plan) and apply_tokens(left, plan)) then
    return bad("bad_resume", "opts.resume is not what an error gave")
  end
end

return resume
