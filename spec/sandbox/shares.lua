-- What others see of a user's calendars: calendars to subscribe to, and access control lists.
local answers = require "sandbox.answers"
local calendars = require "sandbox.calendars"
local ids = require "sandbox.ids"
local json = require "sandbox.json"
local ledger = require "sandbox.ledger"
local people = require "sandbox.people"

local shares = {}

local subscribed, order, acls

function shares.reset() subscribed, order, acls = {}, {}, {} end

local function refuse(ctx, status) return answers.error(ctx, "permissionDenied", nil, nil, status) end

local function is_in(list, id)
  for _, one in ipairs(list or {}) do
    if one == id then return true end
  end
  return false
end

-- Organisations and group chats hold everybody here.
local function may_subscribe(calendar, user)
  local scope = calendar.subscribeScope
  return user == calendar.author or #(scope.corpIds or {}) > 0 or #(scope.openConversationIds or {}) > 0
    or is_in(scope.unionIds, user)
end

local function own(ctx)
  local refused = people.check_user(ctx)
  if refused then return nil, refused end
  local calendar = subscribed[ctx.params.calendarId]
  if not calendar then return nil, answers.error(ctx, "itemNotFound") end
  if calendar.author ~= ctx.params.userId then return nil, refuse(ctx, 403) end
  return calendar
end

function shares.create(ctx)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local body, scope = ctx.json, ctx.json.subscribeScope
  if #(scope.corpIds or {}) == 0 and #(scope.openConversationIds or {}) == 0 then
    return answers.invalid(ctx, "current user must in range")
  end
  local id = ids.event_id()
  subscribed[id] = { calendarId = id, name = body.name, description = body.description, managers = body.managers,
    subscribeScope = scope, author = ctx.params.userId }
  order[#order + 1] = id
  ctx.event_id = id
  ledger.write(ctx, "calendar_created", {})
  return answers.json { calendarId = id }
end

local function without_subscribers(calendar)
  local shown = {}
  for name, value in pairs(calendar) do
    if name ~= "subscribers" then shown[name] = value end
  end
  return shown
end

function shares.get(ctx)
  local calendar, refused = own(ctx)
  return refused or answers.json(without_subscribers(calendar))
end

function shares.update(ctx)
  local calendar, refused = own(ctx)
  if refused then return refused end
  for name, value in pairs(ctx.json) do calendar[name] = value end
  ctx.event_id = calendar.calendarId
  ledger.write(ctx, "calendar_updated", {})
  return answers.json { result = true }
end

function shares.delete(ctx)
  local calendar, refused = own(ctx)
  if refused then return refused end
  subscribed[calendar.calendarId] = nil
  ctx.event_id = calendar.calendarId
  ledger.write(ctx, "calendar_deleted", {})
  return answers.json { result = true }
end

local function change_subscription(ctx, what, value)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local calendar, user = subscribed[ctx.params.calendarId], ctx.params.userId
  if not calendar then return answers.invalid(ctx, "calendar type invalid") end
  if not may_subscribe(calendar, user) then return refuse(ctx, 400) end
  calendar.subscribers = calendar.subscribers or {}
  calendar.subscribers[user] = value
  ctx.event_id = calendar.calendarId
  ledger.write(ctx, what, { user })
end

function shares.subscribe(ctx)
  return change_subscription(ctx, "subscribed", true) or answers.empty()
end

function shares.unsubscribe(ctx)
  return change_subscription(ctx, "unsubscribed", nil) or answers.json { result = true }
end

local function entry(id, summary, kind, privilege)
  return { id = id, summary = summary, type = kind, privilege = privilege, eTag = ngx.md5(id),
    timeZone = "Asia/Shanghai" }
end

function shares.calendars(ctx)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local user, list = ctx.params.userId, json.list { entry("primary", "primary", "primary", "owner") }
  local names = {}
  for id in pairs(calendars.of(user)) do names[#names + 1] = id end
  table.sort(names)
  for _, id in ipairs(names) do
    if id ~= "primary" then list[#list + 1] = entry(id, id, "unknown", "owner") end
  end
  for _, id in ipairs(order) do
    local calendar = subscribed[id]
    if calendar and calendar.subscribers and calendar.subscribers[user] then
      list[#list + 1] = entry(id, calendar.name, "subscribed", "reader")
    end
  end
  return answers.json { response = { calendars = list } }
end

local function list_of(ctx)
  local key = ctx.params.userId .. "\n" .. ctx.params.calendarId
  acls[key] = acls[key] or json.list {}
  return acls[key]
end

function shares.create_acl(ctx)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local body = ctx.json
  if not people.is_union_id(body.scope.userId) then return answers.invalid(ctx, "scope.userId is no unionId.") end
  local acl = { aclId = ids.hex32(), privilege = body.privilege, scope = body.scope }
  table.insert(list_of(ctx), acl)
  ctx.event_id = acl.aclId
  ledger.write(ctx, "acl_created", { body.scope.userId })
  return answers.json(acl)
end

function shares.list_acls(ctx)
  return people.check_user(ctx) or answers.json { acls = list_of(ctx) }
end

function shares.delete_acl(ctx)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local list = list_of(ctx)
  for i, acl in ipairs(list) do
    if acl.aclId == ctx.params.aclId then
      table.remove(list, i)
      ctx.event_id = acl.aclId
      ledger.write(ctx, "acl_deleted", {})
      return answers.empty()
    end
  end
  return answers.error(ctx, "itemNotFound")
end

shares.reset()

return shares
