--- The same people for every contestant, as strings or as tables.

local people = {}

--- The place the calls go to, and the token: what a fresh sandbox holds.
people.token = "dd43888e26953deead8cba556389b063"
people.user = "U5KPwll3QjgiG"
people.event = "cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08"
people.path = "/v1.0/calendar/users/" .. people.user .. "/calendars/primary/events/" .. people.event .. "/attendees"

local forms = {
  ascii = "iiStaff%05dSgjrwPRKgiEiE",
  cjk = "员工%05d号钉钉日程",
  escapes = 'ii"Staff"\\%05d\\Sgjrw"iE',
}

--- A list of `count` attendees.
---@param count integer
---@param kind "strings"|"tables"|"optional" "optional": tables that say isOptional too
---@param text "ascii"|"cjk"|"escapes"|nil
function people.list(count, kind, text)
  local list = {}
  for i = 1, count do
    local id = forms[text or "ascii"]:format(i)
    if kind == "tables" then
      list[i] = { id = id }
    elseif kind == "optional" then
      list[i] = { id = id, isOptional = i % 2 == 0 }
    else
      list[i] = id
    end
  end
  return list
end

return people
