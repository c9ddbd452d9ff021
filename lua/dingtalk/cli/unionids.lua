--- The people of a command with their unionIds: those who are given by a staff id or a mobile number are looked up.

local contact = require "dingtalk.contact"
local errors = require "dingtalk.errors"
local limits = require "dingtalk.limits"
local output = require "dingtalk.cli.output"
local people = require "dingtalk.cli.people"

local unionids = {}

local done = { add = "added", remove = "removed" }

-- The kinds of error that every other id would meet, too.
local ends_all = { auth = true, permission = true, quota = true, cancelled = true, timeout = true }

--- Looks up unionIds, all of them within the time of the command.
---@param ctx table
---@param list {userid: string?, mobile: string?}[]
---@return dingtalk.Lookups? found
---@return dingtalk.Error? err when nothing was tried
function unionids.look_up(ctx, list)
  local found, width = {}, limits.defaults.lookups
  for first = 1, #list, width do
    local asked = {}
    for i = first, math.min(first + width - 1, #list) do
      asked[#asked + 1] = { userid = list[i].userid, mobile = list[i].mobile }
    end
    -- No more than run at a time: the time limit of each look-up is then that of all of them.
    local some, err = contact.unionids(ctx.token, asked, {
      client = ctx.client, timeout = ctx.left(), max_attempts = ctx.args.max_attempts, concurrency = width,
    })
    if not some then return nil, err end
    for i = 1, #asked do found[first + i - 1] = some[i] end
    if some.error and ends_all[some.error.kind] then
      for i = first + #asked, #list do found[i] = { error = errors.copy(some.error) } end
      break
    end
  end
  return found
end

-- Replaces staff ids and mobile numbers by unionIds; returns the error of the first who is not found.
local function fill_in_unionids(ctx, list)
  local unknown = {}
  for _, person in ipairs(list) do
    if not person.id then unknown[#unknown + 1] = person end
  end
  if #unknown == 0 then return nil end
  local found, err = unionids.look_up(ctx, unknown)
  if not found then return err end
  for i, person in ipairs(unknown) do
    local name = person.userid or person.mobile
    if found[i].error then
      output.complain(ctx, found[i].error, ("%s: %s"):format(person.where, name))
      err = err or found[i].error
    end
    person.id = ctx.args.dry_run and ("(unionid of %s)"):format(name) or found[i].unionid
  end
  return err and errors.new {
    kind = err.kind, code = err.code, outcome = "not_sent", retryable = err.retryable,
    message = "not all unionIds were found; nobody was " .. (done[ctx.args.command] or "asked"),
  }
end

--- A person as the library takes it.
---@param person dingtalk.cli.Person
---@param args table
---@return dingtalk.AttendeeToAdd
function unionids.entry(person, args)
  local optional = person.isOptional
  if optional == nil and args.optional then optional = true end
  if optional == nil or args.command ~= "add" and args.command ~= "create" then return person.id end
  return { id = person.id, isOptional = optional }
end

--- People as the library takes them.
---@param list dingtalk.cli.Person[]
---@param args table
---@return dingtalk.AttendeeToAdd[]
function unionids.entries(list, args)
  local entries = {}
  for i, person in ipairs(list) do entries[i] = unionids.entry(person, args) end
  return entries
end

--- Reads the people of a command, who have unionIds then; `ctx.list` says where each is written.
---@param ctx table
---@param check fun(ctx: table, list: dingtalk.cli.Person[]): string? says what is wrong; nothing is looked up then
---@return dingtalk.cli.Person[]? list
---@return dingtalk.Error|string|nil err
function unionids.read(ctx, check)
  local list, err = people.read(ctx.args, ctx.world.stdin)
  if not list then return nil, err end
  err = check(ctx, list) or fill_in_unionids(ctx, list)
  if err then return nil, err end
  ctx.list = list
  return list
end

--- Refuses people of several events.
---@param list dingtalk.cli.Person[]
---@return string? message
function unionids.refuse_events(_, list)
  for _, person in ipairs(list) do
    if person.event then return person.where .. ": a column event is for the command add" end
  end
end

--- Reads the people of a command that is about one event, as the library takes them.
---@param ctx table
---@return dingtalk.AttendeeToAdd[]? entries
---@return dingtalk.Error|string|nil err
function unionids.people(ctx)
  local list, err = unionids.read(ctx, unionids.refuse_events)
  if not list then return nil, err end
  return unionids.entries(list, ctx.args)
end

return unionids
