-- Signing in at events and out of them.
local answers = require "sandbox.answers"
local contacts = require "sandbox.contacts"
local json = require "sandbox.json"
local ledger = require "sandbox.ledger"
local pages = require "sandbox.pages"
local people = require "sandbox.people"
local series = require "sandbox.series"

local sign_ins = {}

local function find(ctx)
  local refused = people.check_user(ctx)
  if refused then return nil, refused end
  local event = series.find_for(ctx.params.userId, ctx.params.calendarId, ctx.params.eventId)
  if not event then return nil, answers.error(ctx, "itemNotFound") end
  return event
end

local function sign(ctx, place, answer)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local user = ctx.params.userId
  local event = series.find_for(user, ctx.params.calendarId, ctx.params.eventId)
  if not event or not (event.organizer == user or event.attendees:find(user)) then
    return answers.error(ctx, "notInEvent")
  end
  event = series.store(event)
  event[place] = event[place] or {}
  event[place][user] = event[place][user] or math.floor(ngx.now() * 1000)
  ledger.write(ctx, place, { user })
  return answers.json { [answer] = event[place][user] }
end

function sign_ins.sign_in(ctx) return sign(ctx, "signed_in", "checkInTime") end

function sign_ins.sign_out(ctx) return sign(ctx, "signed_out", "checkOutTime") end

-- The attendees who have signed, or have not.
local function list(ctx, place, answer)
  local event, refused = find(ctx)
  if not event then return refused end
  local signed, wants_missing = event[place] or {}, ctx.query.type:find("^not_yet") ~= nil
  local found = {}
  for _, attendee in ipairs((event.attendees:page(0, math.huge))) do
    local at = signed[attendee.id]
    if (at == nil) == wants_missing then
      found[#found + 1] = { userId = attendee.id, displayName = contacts.display_name(attendee.id), [answer] = at }
    end
  end
  local after, size = pages.number(ctx.query.nextToken), tonumber(ctx.query.maxResults)
  if not after then return answers.invalid(ctx, "nextToken is none of ours.") end
  local page = json.list {}
  for i = after + 1, math.min(#found, after + size) do page[#page + 1] = found[i] end
  return answers.json { users = page, nextToken = pages.token(#found > after + size and after + size or nil) }
end

function sign_ins.list_in(ctx) return list(ctx, "signed_in", "checkInTime") end

function sign_ins.list_out(ctx) return list(ctx, "signed_out", "checkOutTime") end

local function link(ctx, name, path)
  local event, refused = find(ctx)
  if not event then return refused end
  if event.organizer ~= ctx.params.userId then
    return answers.error(ctx, "permissionDenied", "Request user has no permission to launch check in")
  end
  return answers.json { [name] = "https://calendar.dingtalk.example/" .. path .. "/" .. ngx.escape_uri(event.id) }
end

function sign_ins.link_in(ctx) return link(ctx, "signInLink", "signIn") end

function sign_ins.link_out(ctx) return link(ctx, "signOutLink", "signOut") end

return sign_ins
