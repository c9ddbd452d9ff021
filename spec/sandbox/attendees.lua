-- The calls on the attendees of an event.
local answers = require "sandbox.answers"
local calendars = require "sandbox.calendars"
local contacts = require "sandbox.contacts"
local json = require "sandbox.json"
local ledger = require "sandbox.ledger"
local pages = require "sandbox.pages"
local people = require "sandbox.people"
local series = require "sandbox.series"
local settings = require("sandbox.settings").values

local attendees = {}

-- Who is written down in the ledger, who of them was there before, how many are new.
local function sort_out(list, roster)
  local all, already, new, seen = {}, {}, 0, {}
  for i = 1, #list do
    local id = list[i].id
    all[i] = id
    if roster:find(id) or seen[id] then
      already[#already + 1] = id
    else
      new = new + 1
    end
    seen[id] = true
  end
  return all, already, new
end

local function apply(roster, list)
  for i = 1, #list do
    local person = list[i]
    local there = roster:find(person.id)
    if not there then
      roster:add(person.id, person.optional)
    elseif settings.duplicates == "update" and person.optional ~= nil then
      there.optional = person.optional
    end
  end
end

local function request_of(ctx, name)
  local body, refused = people.body(ctx)
  if not body then return nil, refused end
  local list
  list, refused = people.list(ctx, body, name)
  if not list then return nil, refused end
  refused = people.check_flags(ctx, body, "pushNotification", "chatNotification") or people.check_user(ctx)
  if refused then return nil, refused end
  local params = ctx.params
  local event, is_deleted = series.find(params.userId, params.calendarId, params.eventId)
  if not event then return nil, answers.error(ctx, is_deleted and "instanceNotExist" or "itemNotFound") end
  return list, nil, series.store(event)
end

function attendees.add(ctx)
  local list, refused, event = request_of(ctx, "attendeesToAdd")
  if not list then return refused end
  local all, already, new = sort_out(list, event.attendees)
  if #already > 0 and settings.duplicates == "error" then
    return answers.invalid(ctx, already[1] .. " is an attendee already.")
  end
  if event.attendees.count + new > settings.max_attendees_per_event then
    return answers.invalid(ctx, "The event would have more than " .. settings.max_attendees_per_event .. " attendees.")
  end
  apply(event.attendees, list)
  calendars.touch(event)
  ledger.write(ctx, "added", all, already)
  return answers.empty()
end

function attendees.remove(ctx)
  local list, refused, event = request_of(ctx, "attendeesToRemove")
  if not list then return refused end
  local removed = {}
  for i = 1, #list do
    if event.attendees:remove(list[i].id) then removed[#removed + 1] = list[i].id end
  end
  calendars.touch(event)
  ledger.write(ctx, "removed", removed)
  return answers.empty()
end

---@return table attendee as the service writes it
function attendees.describe(entry, user)
  return {
    id = entry.id,
    displayName = contacts.display_name(entry.id),
    responseStatus = entry.status,
    self = entry.id == user,
    isOptional = entry.optional,
  }
end

function attendees.list(ctx)
  local refused = people.check_user(ctx)
  if refused then return refused end
  local params = ctx.params
  local event = series.find_for(params.userId, params.calendarId, params.eventId)
  if not event then return answers.error(ctx, "itemNotFound") end
  local size, after
  size, refused = people.count(ctx, "maxResults", 100, 500)
  if not size then return refused end
  after = pages.number(ctx.query.nextToken)
  if not after then return answers.invalid(ctx, "nextToken is none of ours.") end
  local page, following = event.attendees:page(after, size)
  for i = 1, #page do page[i] = attendees.describe(page[i], params.userId) end
  return answers.json { attendees = json.list(page), nextToken = pages.token(following) }
end

local STATUSES = { needsAction = true, accepted = true, declined = true, tentative = true }

function attendees.respond(ctx)
  local body, refused = people.body(ctx)
  refused = refused or people.check_user(ctx)
  if refused then return refused end
  if not STATUSES[body.responseStatus] then return answers.invalid(ctx, "responseStatus is none of the known ones.") end
  local params = ctx.params
  local event = series.find(params.userId, params.calendarId, params.eventId)
    or calendars.find_anywhere(params.eventId)
  if not event then return answers.error(ctx, "itemNotFound") end
  event = series.store(event)
  local entry = event.attendees:find(params.userId)
  if not entry then return answers.error(ctx, "notInEvent") end
  entry.status = body.responseStatus
  calendars.touch(event)
  ledger.write(ctx, "responded", { params.userId })
  return answers.empty()
end

return attendees
