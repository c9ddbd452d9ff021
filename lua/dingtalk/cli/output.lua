--- What the command line prints: rows for people and programs, JSON, errors in its own words, the progress
--- of a long call; and what its exit codes mean.

local json = require "dingtalk.json"
local errors = require "dingtalk.errors"
local shell = require "dingtalk.cli.shell"

local output = {}

local PREFIX = "dingtalk-calendar: "

--- The exit codes: the code, the error's kind or a name of ours, and when.
output.exits = {
  { 0, "done", "everything was done" },
  { 1, "failed", "something of this machine: a file, the output" },
  { 2, "argument", "the command or the input is wrong; nothing was sent" },
  { 3, "network", "no connection, or it broke" },
  { 4, "tls", "no trusted connection" },
  { 5, "timeout", "no answer within the time" },
  { 6, "auth", "the token, or the app's key and secret, were refused" },
  { 7, "permission", "the app or the user may not do this" },
  { 8, "not_found", "no such event, user or calendar" },
  { 9, "invalid", "the service refused a parameter" },
  { 10, "conflict", "the same x-client-token is in use" },
  { 11, "throttled", "too many calls" },
  { 12, "quota", "a quota of the organisation is spent" },
  { 13, "server", "the service failed" },
  { 14, "protocol", "an answer that is none of the known ones, or not confirmed" },
  { 15, "cancelled", "given up before it ended" },
  { 130, "interrupted", "Ctrl-C" },
}

local codes = {}
for _, row in ipairs(output.exits) do codes[row[2]] = row[1] end

--- The exit code of an error, or of a name of ours.
---@param what dingtalk.Error|string
---@return integer
function output.exit_code(what)
  return codes[errors.is_error(what) and what.kind or what] or codes.failed
end

-- Fields that are arrays also when they are empty.
local lists = {
  absent = true, attendees = true, batches = true, categories = true, done = true, events = true, jobs = true,
  meetingRooms = true, operations = true, present = true, reminders = true, requests = true, required_scopes = true,
  scheduleInformation = true, scheduleItems = true, unionids = true,
}

local MAX_DEPTH = 64 -- tables within tables: more than an answer can have
local REPLACEMENT = "\u{FFFD}"

-- A text in which each byte that is no UTF-8 is replaced.
local function readable(text)
  local parts, at = {}, 1
  local length, bad = utf8.len(text)
  while not length do
    parts[#parts + 1] = text:sub(at, bad - 1) .. REPLACEMENT
    at = bad + 1
    length, bad = utf8.len(text, at)
  end
  return table.concat(parts) .. text:sub(at)
end

-- A copy, which JSON can hold, of a value from outside.
local function fit(value)
  if type(value) == "string" then return readable(value) end
  if type(value) == "number" and (value ~= value or value - value ~= 0) then return tostring(value) end
  if type(value) ~= "table" then return value end
  local copy = json.is_array(value) and json.array {} or {}
  for name, field in next, value do copy[fit(name)] = fit(field) end
  return copy
end

--- One JSON value on a line.
---@param stream file*
---@param value table
function output.json(stream, value)
  stream:write(json.write(fit(value), "output", lists, MAX_DEPTH), "\n")
end

--- Fields with tabs between them, fit for cut and awk.
---@param stream file*
---@param ... any
function output.row(stream, ...)
  local fields = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    fields[i] = value == nil and "" or errors.one_line(value)
  end
  stream:write(table.concat(fields, "\t"), "\n")
end

--- A remark for people, on standard error.
---@param ctx table
---@param text string
function output.warn(ctx, text)
  if not ctx.args.quiet then ctx.world.stderr:write(PREFIX, text, "\n") end
end

---------------------------------------------------------------------------------------------------
-- Errors

-- What an argument of the library is called here.
local own_names = {
  user = "--user", cal = "--calendar", event = "--event", token = "the access token",
  ["opts.timeMin"] = "--from", ["opts.timeMax"] = "--to",
}
-- What a field of an event is called.
local own_fields = { summary = "--title", reminders = "--reminder", attendees = "the people" }

local function own_name(ctx, argument)
  local position, field = argument:match "^list%[(%d+)%](.*)$"
  local person = ctx.list and ctx.list[tonumber(position)]
  if person and person.where then return person.where .. ": " .. (field == "" and person.id or field:sub(2)) end
  local body, rest = argument:match "^details%.(%w+)(.*)$"
  if body then
    return ctx.args.command == "call" and "--body: " .. body .. rest or (own_fields[body] or "--" .. body) .. rest
  end
  local name = not (ctx.args.command == "call" and argument:find "^opts") and own_names[argument]
  if name then return ctx.from and ctx.from[argument] or name end
  local option = argument:match "^config%.(.*)$" or argument:match "^opts%.(.*)$"
  if not option then return argument end
  if ctx.from and ctx.from[option] then return ctx.from[option] end
  local word = option:gsub("%u", function(letter) return "-" .. letter:lower() end):gsub("_", "-")
  return ctx.args.command == "call" and "--query " .. option or "--" .. word
end

--- An error with the names that this program's user has given.
---@param ctx table
---@param err dingtalk.Error
---@return dingtalk.Error
function output.own_words(ctx, err)
  err = errors.copy(err)
  if err.argument then
    local name = own_name(ctx, err.argument)
    err.message = err.message:gsub(err.argument:gsub("%p", "%%%0"), (name:gsub("%%", "%%%%")))
    err.argument = name
  end
  if err.resume and err.resume.batches == 1 then err.batch = nil end
  return err
end

local function text_of(err)
  if not errors.is_error(err) then return err end
  if err.kind == "argument" then return err.message .. (err.hint and ". " .. err.hint or "") end
  return (tostring(err):gsub("^dingtalk: ", ""))
end

--- Writes an error to standard error.
---@param ctx table
---@param err dingtalk.Error|string
---@param about string? what it is about
function output.complain(ctx, err, about)
  if errors.is_error(err) then err = output.own_words(ctx, err) end
  ctx.world.stderr:write(PREFIX, about and about .. ": " or "", text_of(err), "\n")
end

--- Reports an error: on standard error, with --json also on standard output. Returns its exit code.
---@param ctx table
---@param err dingtalk.Error|string
---@param kind string? the kind, where the error is a text
---@return integer exit_code
function output.failure(ctx, err, kind)
  -- After Ctrl-C only that is reported, not the call that it cut off.
  if ctx.interrupted and kind ~= "interrupted" then return output.exit_code "interrupted" end
  output.complain(ctx, err)
  if errors.is_error(err) then err = output.own_words(ctx, err) end
  if ctx.args.json then
    output.json(ctx.world.stdout, { error = errors.is_error(err) and err or { kind = kind, message = err } })
  end
  return output.exit_code(errors.is_error(err) and err or kind)
end

--- Refuses the command or its input. Returns the exit code.
---@param ctx table
---@param message string
---@return integer exit_code
function output.refuse(ctx, message)
  return output.failure(ctx, message, "argument")
end

--- A result, whole as JSON or line by line; or the error in its place. Returns the exit code.
---@param ctx table
---@param result table?
---@param err dingtalk.Error?
---@param print_lines fun(stdout: file*)
---@return integer exit_code
function output.result(ctx, result, err, print_lines)
  if not result then return output.failure(ctx, err) end
  if ctx.args.dry_run or ctx.interrupted then return output.exit_code "done" end
  if ctx.args.json then
    output.json(ctx.world.stdout, result)
  else
    print_lines(ctx.world.stdout)
  end
  return output.exit_code "done"
end

---------------------------------------------------------------------------------------------------
-- Progress: one line of a terminal, drawn again and again

local CLEAR = "\r\27[K"
local MAX_BAR = 30 -- characters
local USUAL_COLUMNS = 80

local bar_methods = {}
local bar_metatable = { __index = bar_methods }

-- Asked each time, since a window can change its size.
local function columns()
  local wide = tonumber(shell.read("stty size <&2 2>/dev/null"):match "^%d+ (%d+)")
  return wide and wide > 0 and wide or USUAL_COLUMNS
end

local function draw(self)
  local share = self.total > 0 and self.done / self.total or 0
  local count, note = ("%d of %d"):format(self.done, self.total), self.note and "  " .. self.note or ""
  -- The last column stays free: some terminals begin a new line after it.
  local room = columns() - 1
  local width = math.min(MAX_BAR, room - #self.label - #count - 4)
  local bar = ""
  if width >= 4 then
    local full = math.floor(share * width)
    bar = (" [%s%s]"):format(("#"):rep(full), ("-"):rep(width - full))
  end
  self.stream:write(CLEAR, (("%s%s %s%s"):format(self.label, bar, count, note):sub(1, math.max(room, 1))))
  self.stream:flush()
end

--- Says how much is done.
---@param done integer
---@param total integer
function bar_methods:show(done, total)
  self.done, self.total, self.note = math.min(done, total), total, nil
  if self.is_shown then draw(self) end
end

--- Notes the end of a request that failed.
---@param info dingtalk.Attempt
function bar_methods:on_attempt(info)
  if not self.is_shown or not info.kind then return end
  self.note = info.wait and ("%s, again in %.1f s"):format(info.kind, info.wait) or info.kind
  draw(self)
end

--- Ends the line.
function bar_methods:finish()
  if self.is_shown then self.stream:write("\n") end
  self.is_shown = false
end

--- A progress bar.
---@param stream file*
---@param is_shown boolean
---@param label string
function output.bar(stream, is_shown, label)
  return setmetatable({ stream = stream, is_shown = is_shown, label = label, done = 0, total = 0 }, bar_metatable)
end

return output
