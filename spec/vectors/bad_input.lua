-- Arguments that add_attendees refuses before anything is sent. A row: its name, the argument given and its value,
-- then the error's `argument` and `code`, and a text its hint contains.
-- NOTHING stands for nil.

local NOTHING = setmetatable({}, { __name = "nothing" })

local rows = {}

local function bad(given, name, value, argument, code, hint)
  rows[#rows + 1] = { name = given .. " " .. name, given = given, value = value, argument = argument, code = code, hint = hint }
end

local function nop() end

local function list_of(count)
  local list = {}
  for i = 1, count do list[i] = "p" .. i end
  return list
end

local function with(list, position, value)
  list[position] = value
  return list
end

bad("token", "missing", NOTHING, "token", "wrong_type")
bad("token", "a number", 7, "token", "wrong_type")
bad("token", "a boolean", true, "token", "wrong_type")
bad("token", "a function", nop, "token", "wrong_type")
bad("token", "an empty table", {}, "token", "wrong_type")
bad("token", "a source that only gets", { get = nop }, "token", "wrong_type")
bad("token", "a source that raises", setmetatable({}, { __index = error }), "token", "wrong_type")
bad("token", "empty", "", "token", "empty")
bad("token", "with a newline at its end", "secret-token-1\n", "token", "control_byte", "newline")
bad("token", "with CR LF", "secret-token-1\r\nx-other: 1", "token", "control_byte")
bad("token", "with NUL", "secret-token-1\0", "token", "control_byte")
bad("token", "with DEL", "secret-token-1\127", "token", "control_byte")
bad("token", "with a blank", "secret-token-1 x", "token", "not_visible_ascii")
bad("token", "with its scheme", "Bearer secret-token-1", "token", "not_visible_ascii", "raw token")
bad("token", "not ASCII", "secret-token-ü", "token", "not_visible_ascii")
bad("token", "invalid UTF-8", "secret-token-\255", "token", "not_visible_ascii")
bad("token", "too long", ("x"):rep(4097), "token", "too_long")

for _, given in ipairs { "user", "cal", "event" } do
  if given ~= "cal" then bad(given, "missing", NOTHING, given, "wrong_type") end
  bad(given, "false", false, given, "wrong_type")
  bad(given, "a number", 7, given, "wrong_type")
  bad(given, "a table", {}, given, "wrong_type")
  bad(given, "empty", "", given, "empty")
  bad(given, "with a newline", "a\nb", given, "control_byte")
  bad(given, "with NUL", "a\0b", given, "control_byte")
  bad(given, "with DEL", "a\127", given, "control_byte")
  bad(given, "invalid UTF-8", "a\255", given, "not_utf8")
  bad(given, "overlong UTF-8", "\192\128", given, "not_utf8")
  bad(given, "a surrogate", "\237\160\128", given, "not_utf8")
  bad(given, "UTF-8 cut off", "\228\184", given, "not_utf8")
  bad(given, "too long", ("x"):rep(1025), given, "too_long")
  for _, dots in ipairs { ".", "..", "../../x?y#z", "a/..", "a/../b", "./a", "a/.", "a\\..\\b", "..\\a" } do
    bad(given, dots, dots, given, "dot_segment")
  end
end

bad("list", "missing", NOTHING, "list", "wrong_type")
bad("list", "a text", "a", "list", "wrong_type")
bad("list", "a number", 7, "list", "wrong_type")
bad("list", "a function", nop, "list", "wrong_type")
bad("list", "empty", {}, "list", "no_attendees")
bad("list", "of too many", list_of(5001), "list", "too_many_attendees")
bad("list", "of far too many", list_of(100000), "list", "too_many_attendees")
bad("list", "that is one attendee", { id = "a" }, "list", "not_a_list")
bad("list", "with a name among its positions", { "a", name = "b" }, "list", "not_a_list")
bad("list", "with position 0", { [0] = "a", "b" }, "list", "not_a_list")
bad("list", "with a position below zero", { [-1] = "a", "b" }, "list", "not_a_list")
bad("list", "with a fractional position", { [1.5] = "a", "b" }, "list", "not_a_list")
bad("list", "with a boolean position", { [true] = "a" }, "list", "not_a_list")
bad("list", "with an infinite position", { [math.huge] = "a" }, "list", "not_a_list")
bad("list", "without the first", { nil, "b" }, "list[1]", "hole")
bad("list", "without the second", { "a", nil, "c" }, "list[2]", "hole")
bad("list", "with a hole and more behind", with({ "a", "b", "c", "d" }, 3, nil), "list[3]", "hole")
bad("list", "with two holes", with(with({ "a", "b", "c", "d" }, 3, nil), 6, "f"), "list[3]", "hole")
bad("list", "with one far away", { [1000000] = "a" }, "list[1]", "hole")
bad("list", "with one far behind", { "a", [1000000] = "b" }, "list[2]", "hole")

for _, position in ipairs { 1, 3, 501, 5000 } do
  local at = "list[" .. position .. "]"
  local function entry(name, value, argument, code, hint)
    bad("list", ("with %s at %d"):format(name, position), with(list_of(position - 1), position, value), argument, code, hint)
  end
  entry("a number", 7, at, "wrong_type")
  entry("a boolean", true, at, "wrong_type")
  entry("a function", nop, at, "wrong_type")
  entry("an empty text", "", at, "empty")
  entry("a control byte", "a\tb", at, "control_byte")
  entry("NUL", "aaaaaaaaaaaa\0", at, "control_byte")
  entry("DEL", "aaaaaaaaaaaa\127", at, "control_byte")
  entry("invalid UTF-8", "aaaaaaaaaaaa\255", at, "not_utf8")
  entry("a surrogate", "\237\160\128", at, "not_utf8")
  entry("too long an id", ("x"):rep(1025), at, "too_long")
  entry("an empty table", {}, at .. ".id", "missing_id")
  entry("no id", { isOptional = true }, at .. ".id", "missing_id")
  entry("an id that is a number", { id = 7 }, at .. ".id", "wrong_type")
  entry("an id that is a table", { id = {} }, at .. ".id", "wrong_type")
  entry("an empty id", { id = "" }, at .. ".id", "empty")
  entry("a control byte in an id", { id = "a\nb" }, at .. ".id", "control_byte")
  entry("invalid UTF-8 in an id", { id = "\255" }, at .. ".id", "not_utf8")
  entry("too long an id in a table", { id = ("x"):rep(1025) }, at .. ".id", "too_long")
  entry("a text for isOptional", { id = "x", isOptional = "true" }, at .. ".isOptional", "wrong_type")
  entry("a number for isOptional", { id = "x", isOptional = 1 }, at .. ".isOptional", "wrong_type")
  entry("isoptional", { id = "x", isoptional = true }, at .. ".isoptional", "unknown_field", 'did you mean "isOptional"?')
  entry("is_optional", { id = "x", is_optional = true }, at .. ".is_optional", "unknown_field", 'did you mean "isOptional"?')
  entry("ID", { ID = "x" }, at .. ".ID", "unknown_field", 'did you mean "id"?')
  entry("a field nobody knows", { id = "x", displayName = "X" }, at .. ".displayName", "unknown_field")
  entry("a list", { "x" }, at .. ".1", "unknown_field")
  entry("a field with a newline", { id = "x", ["a\nb"] = 1 }, at .. ".a b", "unknown_field")
end

bad("list", "with an id required and optional", { "a", { id = "a", isOptional = true } }, "list[2]", "conflicting_duplicate")
bad("list", "with an id optional and required", { { id = "a", isOptional = true }, "b", "a" }, "list[3]", "conflicting_duplicate")
bad("list", "with an id optional and not", { { id = "a", isOptional = true }, { id = "a", isOptional = false } }, "list[2]", "conflicting_duplicate")
bad("list", "with a conflict in the second batch", with(list_of(600), 600, { id = "p1", isOptional = true }), "list[600]", "conflicting_duplicate")

bad("opts", "a text", "x", "opts", "wrong_type")
bad("opts", "a number", 30, "opts", "wrong_type")
bad("opts", "false", false, "opts", "wrong_type")

local function option(name, what, value, code, hint)
  bad("opts", ("with %s %s"):format(tostring(name):gsub("%c", " "), what), { [name] = value }, "opts." .. tostring(name):gsub("%c", " "), code, hint)
end

local NAN = 0 / 0
for _, name in ipairs { "pushNotification", "chatNotification", "confirm" } do
  option(name, "a text", "true", "wrong_type")
  option(name, "a number", 1, "wrong_type")
end
option("client_token", "a number", 7, "wrong_type")
option("client_token", "empty", "", "bad_value")
option("client_token", "with CR LF", "a\r\nx: 1", "bad_value")
option("client_token", "with NUL", "a\0", "bad_value")
option("client_token", "with a blank", "a b", "bad_value")
option("client_token", "not ASCII", "ü", "bad_value")
option("client_token", "too long", ("x"):rep(249), "bad_value")
for _, name in ipairs { "timeout", "max_attempts", "concurrency" } do
  option(name, "a text", "5", "wrong_type")
  option(name, "a table", {}, "wrong_type")
  option(name, "NaN", NAN, "bad_value")
  option(name, "infinite", math.huge, "bad_value")
  option(name, "below all", -math.huge, "bad_value")
  option(name, "0", 0, "bad_value")
  option(name, "negative", -1, "bad_value")
  option(name, "huge", 1e18, "bad_value")
end
option("timeout", "more than a day", 86401, "bad_value")
option("max_attempts", "fractional", 1.5, "bad_value")
option("max_attempts", "101", 101, "bad_value")
option("concurrency", "fractional", 1.5, "bad_value")
option("on_batch", "a text", "print", "wrong_type")
option("on_batch", "a table", {}, "wrong_type")
option("resume", "a text", "x", "wrong_type")
option("resume", "true", true, "wrong_type")
option("resume", "empty", {}, nil)
rows[#rows].argument, rows[#rows].code = "opts.resume", "bad_resume"
option("push_notification", "not known", true, "unknown_option", 'did you mean "pushNotification"?')
option("pushnotification", "not known", true, "unknown_option", 'did you mean "pushNotification"?')
option("clientToken", "not known", "x", "unknown_option", 'did you mean "client_token"?')
option("timout", "not known", 5, "unknown_option", 'did you mean "timeout"?')
option("onBatch", "not known", nop, "unknown_option", 'did you mean "on_batch"?')
option("maxAttempts", "not known", 5, "unknown_option", 'did you mean "max_attempts"?')
option("zzzzzzzz", "not known", 5, "unknown_option")
option("a\nb", "not known", 5, "unknown_option")
option(1, "not known", 5, "unknown_option")
option(("x"):rep(600), "not known", 5, "unknown_option")
rows[#rows].argument = "opts." .. ("x"):rep(500) .. "…"
rows[#rows].name = "opts with too long a name"

return { rows = rows, NOTHING = NOTHING }
