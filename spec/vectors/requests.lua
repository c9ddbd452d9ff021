-- Arguments of add_attendees → the request they make. A row: what differs from the example (user, cal, event, list, opts),
-- and `path` and `body` as they must arrive, byte for byte; client_token where it is given.

local EXAMPLE_PATH = "/v1.0/calendar/users/U5KPwll3QjgiG/calendars/primary/events/cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08/attendees"

local rows = {
  { name = "the vendor page's example", list = { { id = "iiiP35sJadba8aBSgjrwPRKgiEiF", isOptional = false } },
    path = EXAMPLE_PATH, body = '{"attendeesToAdd":[{"id":"iiiP35sJadba8aBSgjrwPRKgiEiF","isOptional":false}]}' },
  { name = "the primary calendar by its name", cal = "primary", path = EXAMPLE_PATH, body = '{"attendeesToAdd":[{"id":"a"}]}' },
  { name = "a calendar", cal = "other", path = "/v1.0/calendar/users/U5KPwll3QjgiG/calendars/other/events/cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08/attendees",
    body = '{"attendeesToAdd":[{"id":"a"}]}' },
}

local function body(name, list, expected, opts)
  rows[#rows + 1] = { name = name, list = list, opts = opts, path = EXAMPLE_PATH, body = expected }
end

body("a text", { "a" }, '{"attendeesToAdd":[{"id":"a"}]}')
body("texts", { "a", "b", "c" }, '{"attendeesToAdd":[{"id":"a"},{"id":"b"},{"id":"c"}]}')
body("a table without isOptional", { { id = "a" } }, '{"attendeesToAdd":[{"id":"a"}]}')
body("an optional attendee", { { id = "a", isOptional = true } }, '{"attendeesToAdd":[{"id":"a","isOptional":true}]}')
body("a mix", { "a", { id = "b", isOptional = true }, { id = "c" }, "d", { id = "e", isOptional = false } },
  '{"attendeesToAdd":[{"id":"a"},{"id":"b","isOptional":true},{"id":"c"},{"id":"d"},{"id":"e","isOptional":false}]}')
body("a repeated id", { "a", "b", "a", { id = "a" }, { id = "b", isOptional = false } }, '{"attendeesToAdd":[{"id":"a"},{"id":"b"}]}')
body("a repeated optional id", { { id = "a", isOptional = true }, { id = "a", isOptional = true } },
  '{"attendeesToAdd":[{"id":"a","isOptional":true}]}')

-- All nine of the two switches: unsaid, false, true.
for _, push in ipairs { "unsaid", "false", "true" } do
  for _, chat in ipairs { "unsaid", "false", "true" } do
    local opts, tail = {}, ""
    if push ~= "unsaid" then opts.pushNotification, tail = push == "true", ',"pushNotification":' .. push end
    if chat ~= "unsaid" then opts.chatNotification, tail = chat == "true", tail .. ',"chatNotification":' .. chat end
    body(("push %s, chat %s"):format(push, chat), { "a" }, '{"attendeesToAdd":[{"id":"a"}]' .. tail .. "}", opts)
  end
end

-- Ids as JSON texts: the text of the id, then the text in the body.
for _, row in ipairs {
  { "a b" }, { "中文" }, { "ü" }, { "😀" }, { "\226\128\168" }, { "<&>'" }, { "/" }, { "a\\b", [[a\\b]] }, { 'say "x"', [[say \"x\"]] },
  { '"', [[\"]] }, { "\\", [[\\]] }, { ('"'):rep(20), ([[\"]]):rep(20) }, { "1234567" }, { "12345678" }, { "123456789" },
  { '1234567"', [[1234567\"]] }, { '12345678"', [[12345678\"]] }, { ("x"):rep(1024) }, { ("中"):rep(341) }, { ("\\"):rep(1024), ("\\"):rep(2048) },
  { "../../x?y#z" }, { "null" }, { "true" }, { "\\u0041", [[\\u0041]] },
} do
  body("the id " .. row[1]:sub(1, 24), { row[1] }, '{"attendeesToAdd":[{"id":"' .. (row[2] or row[1]) .. '"}]}')
end

-- Ids as parts of the path: the id, then its part.
local encoded = {
  { "abcXYZ019", "abcXYZ019" }, { "-._~", "-._~" }, { "a=", "a%3D" }, { "a+b", "a%2Bb" }, { "a/b", "a%2Fb" }, { "a?b", "a%3Fb" },
  { "a#b", "a%23b" }, { "100%", "100%25" }, { "%2e%2e", "%252e%252e" }, { "a b", "a%20b" }, { "中", "%E4%B8%AD" }, { "😀", "%F0%9F%98%80" },
  { "!$&'()*,;:@", "%21%24%26%27%28%29%2A%2C%3B%3A%40" }, { '"<>[]^`{|}', "%22%3C%3E%5B%5D%5E%60%7B%7C%7D" }, { "a\\b", "a%5Cb" },
  { "...", "..." }, { "..a", "..a" }, { "a..", "a.." }, { "a//b", "a%2F%2Fb" }, { "?", "%3F" }, { "#", "%23" }, { "/", "%2F" },
  { ("x"):rep(1024), ("x"):rep(1024) },
}
for _, row in ipairs(encoded) do
  rows[#rows + 1] = { name = "the event " .. row[1]:sub(1, 24), event = row[1], body = '{"attendeesToAdd":[{"id":"a"}]}',
    path = "/v1.0/calendar/users/U5KPwll3QjgiG/calendars/primary/events/" .. row[2] .. "/attendees" }
  rows[#rows + 1] = { name = "the user " .. row[1]:sub(1, 24), user = row[1], body = '{"attendeesToAdd":[{"id":"a"}]}',
    path = "/v1.0/calendar/users/" .. row[2] .. "/calendars/primary/events/cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08/attendees" }
  rows[#rows + 1] = { name = "the calendar " .. row[1]:sub(1, 24), cal = row[1], body = '{"attendeesToAdd":[{"id":"a"}]}',
    path = "/v1.0/calendar/users/U5KPwll3QjgiG/calendars/" .. row[2] .. "/events/cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08/attendees" }
end

return { rows = rows, encoded = encoded }
