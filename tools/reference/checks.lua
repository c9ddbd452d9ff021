-- What is public and not documented, or documented and not so. Each check adds findings: one line each.
local markdown = require "tools.reference.markdown"
local page = require "tools.reference.page"
local public = require "tools.reference.public"
local rows_of = require "tools.reference.rows"
local summary = require "bench.lib.summary"

local checks = {}

local builtin = {}
local type_names = "string number integer boolean table nil any fun function userdata thread true false self file*"
for name in type_names:gmatch("%S+") do
  builtin[name] = true
end

--- Annotations that cannot be read, types that nothing declares.
function checks.annotations(world, find)
  local all = world.all
  for _, problem in ipairs(all.problems) do find(problem) end
  for _, used in ipairs(all.used) do
    if not (builtin[used.name] or all.classes[used.name] or all.aliases[used.name]) then
      find(("%s:%d: no type %s is declared"):format(used.path, used.line, used.name))
    end
  end
end

local function same(a, b)
  return table.concat(a, ",") == table.concat(b, ",")
end

local function check_function(found, title, find)
  if not found then return find(title .. " is not annotated") end
  local names = {}
  for _, param in ipairs(found.params) do names[#names + 1] = param.name end
  if found.text == "" then find(("%s:%d: %s has no description"):format(found.path, found.line, title)) end
  if not same(names, found.arguments) then
    find(("%s:%d: %s takes (%s), its annotation says (%s)"):format(found.path, found.line, title,
      table.concat(found.arguments, ", "), table.concat(names, ", ")))
  end
end

--- Public functions and methods without an annotation, or with another one.
function checks.functions(world, find)
  for _, row in ipairs(public.modules) do
    for name, value in pairs(world.modules[row.name]) do
      local found = public.module_function(world.all, row, name)
      local is_call = row.name == "calendar" and public.method(world.all, name)
      if type(value) == "function" and not is_call then
        check_function(found, ("%s.%s"):format(row.require, name), find)
      end
    end
  end
  local listed = {}
  for _, group in ipairs(public.groups(world)) do
    for _, name in ipairs(group.names) do listed[name] = true end
  end
  for name in pairs(world.modules.client.methods) do
    if listed[name] then
      check_function(public.method(world.all, name), "client:" .. name, find)
    elseif not public.internal_methods[name] then
      find(("client:%s is neither in public.groups nor in public.internal_methods of tools/reference"):format(name))
    end
  end
end

local function join(list, part, separator)
  local texts = {}
  for _, one in ipairs(list) do texts[#texts + 1] = type(part) == "string" and one[part] or part(one) end
  return table.concat(texts, separator)
end

-- A method's annotation as the type of a function.
local function as_type(found)
  local function parameter(param) return param.name .. ": " .. param.type end
  return ("fun(%s): %s"):format(join(found.params, parameter, ", "), join(found.returns, "type", ", "))
end

--- The calls: of the table of operations, and as functions of the module.
function checks.calls(world, find)
  local fields = public.fields(world.all, "dingtalk.Calendar")
  for name in pairs(world.modules.calendar) do
    local method = public.method(world.all, name)
    local field = fields[name]
    if method and not field then
      find("dingtalk.Calendar has no field " .. name)
    elseif method and field.type ~= as_type(method) then
      find(("%s:%d: dingtalk.Calendar.%s is %s, the method is %s"):format(field.path, field.line, name, field.type,
        as_type(method)))
    end
  end
  for _, row in ipairs(world.modules.operations.rows) do
    local method = not row.counted and public.method(world.all, row.name)
    local names = { "token", (table.unpack or unpack)(row.arguments) }
    if row.body then names[#names + 1] = row.body.argument end
    names[#names + 1] = "opts"
    if method and not same(method.arguments, names) then
      find(("client:%s takes (%s), its annotation says (%s)"):format(row.name, table.concat(names, ", "),
        table.concat(method.arguments, ", ")))
    end
  end
end

-- Which annotated types fit the check of an option.
local fits = {
  string = "^string", boolean = "^boolean", integer = "^integer", number = "^number", ["function"] = "fun%(",
  table = "^[%w_%.{<]", list = "%[%]", loop = "^string|table", rate = "^number|false",
  rate_or_limiter = "^number|false", any = "",
  headers = "^table", text = "", object = "", map = "^table<",
}

--- Options that the code takes and the annotations do not name, and the other way round.
function checks.options(world, find)
  for _, row in ipairs(public.schemas(world)) do
    local fields = public.fields(world.all, row.class)
    for name, option in pairs(row.schema) do
      local field = fields[name]
      if not field then
        find(("option %s is not a field of %s"):format(name, row.class))
      elseif not option.one_of and not field.type:find(fits[option[1]] or "") then
        find(("%s.%s is %s, the code wants %s"):format(row.class, name, field.type, option[1]))
      end
    end
    for name in pairs(fields) do
      if not row.schema[name] then find(("%s.%s is no option that the code takes"):format(row.class, name)) end
    end
  end
end

-- Options whose default is a limit of another name.
local default_names = {
  ["dingtalk.BulkOptions"] = { concurrency = "bulk_concurrency", rate = "rate" },
  ["dingtalk.LookupOptions"] = { concurrency = "lookups" },
  ["dingtalk.SourceOptions"] = { timeout = "token_timeout" },
}

-- Options that take the client's default, which their text says.
local function is_of_client(row, name)
  return (name == "timeout" or name == "max_attempts") and row.class ~= "dingtalk.Config"
end

--- Options whose description does not name their default.
function checks.defaults(world, find)
  local defaults = world.modules.limits.defaults
  for _, row in ipairs(public.schemas(world)) do
    local fields, others = public.fields(world.all, row.class), default_names[row.class] or {}
    for name in pairs(row.schema) do
      local field, default = fields[name], defaults[others[name] or name]
      if field and default and (others[name] or not is_of_client(row, name))
        and not field.text:find(tostring(default), 1, true) then
        find(("%s:%d: %s.%s does not name its default, %s"):format(field.path, field.line, row.class, name,
          tostring(default)))
      end
    end
  end
end

-- The row of a table that holds a name, where there is exactly one.
local function find_row(path, rows, name, find)
  if not rows[name] then find(("%s: no table has a row for `%s`"):format(path, name)) end
  return rows[name]
end

-- The second cell of a row.
local function second(row)
  return row:match("^|.-[^\\]| (.-) |")
end

local function without_code(text)
  return (text:gsub("`", ""))
end

--- Kinds of errors that are missing from the annotations or the pages, or described otherwise there.
function checks.kinds(world, find)
  local whens, annotated = {}, {}
  for _, row in ipairs(world.modules.codes.kinds) do whens[row[1]] = row[2] end
  for _, row in ipairs(world.all.aliases["dingtalk.ErrorKind"].rows) do
    annotated[row.type:match('"(.*)"')] = row.text
  end
  local english, chinese = markdown.rows(world.read("docs/errors.md")), markdown.rows(world.read("docs/zh-CN.md"))
  for name, when in pairs(whens) do
    if not annotated[name] then
      find("dingtalk.ErrorKind lacks " .. name)
    elseif annotated[name] ~= without_code(when) then
      find(("dingtalk.ErrorKind says of %s %q, codes.kinds %q"):format(name, annotated[name], without_code(when)))
    end
    local row = find_row("docs/errors.md", english, name, find)
    if row and second(row) ~= when then
      find(("docs/errors.md says of `%s` %q, codes.kinds %q"):format(name, second(row), when))
    end
    find_row("docs/zh-CN.md", chinese, name, find)
  end
  for name in pairs(annotated) do
    if not whens[name] then find("dingtalk.ErrorKind has " .. name .. ", which codes.kinds lacks") end
  end
end

-- How our codes are written in the source.
local code_patterns = {
  'errors%.argument%([^,]+,%s*"([%l_]+)"', '%f[%w_]code = "([%l_]+%l)"', 'bad%("([%l_]+)"',
  'bad_person%([%w]+, "([%l_]+)"', 'cancelled, slot%.sent = "([%l_]+)"', 'fail%(enc, "([%l_]+)"',
  'fail_field%(enc, "([%l_]+)"',
}

local function codes_of_ours(world)
  local codes, paths = {}, { "csrc/ldt_attendees.c", "csrc/ldt_encode.c" }
  for _, path in ipairs(world.sources) do paths[#paths + 1] = path end
  for _, path in ipairs(paths) do
    local text = world.read(path)
    for _, pattern in ipairs(code_patterns) do
      for code in text:gmatch(pattern) do codes[code] = path end
    end
  end
  local faults = world.all.aliases["dingtalk.TextFault"].type
  for fault in faults:gmatch('"([%l_]+)"') do codes[fault] = "csrc/dt_text.h" end
  return codes
end

-- The rows of docs/errors.md by code: of the service, of the older API, by the beginning, by the status.
local function rules_of(tables)
  local rules = { ["1111"] = tables.ban, http_4xx = tables.bad_request, http_5xx = tables.server_fault }
  for name, rule in pairs(tables.service) do rules[name] = rule end
  for name, rule in pairs(tables.older) do rules[name] = rule end
  for _, rule in ipairs(tables.prefixes) do rules[rule.prefix .. "…"] = rule end
  for status, rule in pairs(tables.statuses) do rules["http_" .. status] = rule end
  return rules
end

--- Codes that docs/errors.md does not explain, or gives another kind.
function checks.codes(world, find)
  local tables, text = world.modules.codes, world.read("docs/errors.md")
  local codes, path_of_tables = codes_of_ours(world), "lua/dingtalk/codes.lua"
  for code in pairs(tables.transport) do codes[code] = path_of_tables end
  for _, row in pairs(tables) do
    if type(row) == "table" and row.kind and row.code then codes[row.code] = path_of_tables end
  end
  for code, path in pairs(codes) do
    if not text:find("`" .. code .. "`", 1, true) then
      find(("docs/errors.md: the code `%s` of %s is missing"):format(code, path))
    end
  end
  local rows = markdown.rows(text)
  for code, rule in pairs(rules_of(tables)) do
    local row = rows[code]
    if not row then
      find(("docs/errors.md: the code `%s` of %s is missing"):format(code, path_of_tables))
    elseif second(row) ~= "`" .. rule.kind .. "`" then
      find(("docs/errors.md: the code `%s` is of kind %s, the page says %s"):format(code, rule.kind, second(row)))
    end
  end
end

--- Limits that do not say what they count and whose they are.
function checks.limits(world, find)
  for _, row in ipairs(page.limits(world)) do
    if not row.comment then
      find(("the limit %s has no comment: its unit and where it comes from"):format(row.name))
    elseif not row.name:find("^defaults%.") and not row.comment:find("ours") and not row.comment:find("service") then
      find(("the limit %s does not say whether it is ours or the service's"):format(row.name))
    end
  end
end

--- Types and names of the calls that were not written again.
function checks.types(world, find)
  for path, text in pairs { [rows_of.path] = world.rows_text, [rows_of.names_path] = world.names_text } do
    if world.read(path) ~= text then
      find(path .. " is not what the table of operations says: run tools/docs write")
    end
  end
end

--- A reference that was not written again.
function checks.reference(world, find)
  if world.read("docs/reference.md") ~= page.text(world) then
    find("docs/reference.md is not what the annotations say: run tools/docs write")
  end
end

local README_WORDS = 1000

--- A README that has grown too long to be read. (The table that tools/distros writes is looked up, not read.)
function checks.readme(world, find)
  local text = world.read("README.md"):gsub("<!%-%- systems:.-<!%-%- /systems %-%->", "")
  local count = select(2, text:gsub("%S+", ""))
  if count > README_WORDS then find(("README.md has %d words, at most %d"):format(count, README_WORDS)) end
end

--- A picture of other figures than those that stand in bench.
function checks.picture(world, find)
  if world.read("bench/summary.svg") ~= summary.draw(world.read("bench/figures.md")) then
    find("bench/summary.svg does not show bench/figures.md: run bench/summary")
  end
end

--- Examples in the pages that are no Lua.
function checks.code(world, find)
  local compile = loadstring or load
  for _, path in ipairs(world.pages) do
    for _, block in ipairs(markdown.blocks(world.read(path), "lua")) do
      local chunk, message = compile(block.text, "=" .. path)
      if not chunk then find(("%s:%d: the example does not compile: %s"):format(path, block.line, message)) end
    end
  end
end

-- A link's target from the root of the tree, without ".." and ".".
local function resolve(path, target)
  local parts = {}
  for part in ((path:match("^(.*/)") or "") .. target):gmatch("[^/]+") do
    if part == ".." then
      table.remove(parts)
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end

local function exists(path)
  return os.rename(path, path) ~= nil
end

--- Links within the tree that lead nowhere.
function checks.links(world, find)
  for _, path in ipairs(world.pages) do
    for _, link in ipairs(markdown.links(world.read(path))) do
      local target, anchor = link.target:match("^([^#]*)#?(.*)$")
      local is_outside = target:find("^%a+:")
      local file = target == "" and path or resolve(path, target)
      if not is_outside and not (world.read(file) or exists(file)) then
        find(("%s:%d: there is no %s"):format(path, link.line, target))
      elseif not is_outside and anchor ~= "" and not markdown.anchors(world.read(file) or "")[anchor] then
        find(("%s:%d: %s has no heading #%s"):format(path, link.line, file, anchor))
      end
    end
  end
end

checks.names = {
  "annotations", "functions", "calls", "options", "defaults", "kinds", "codes", "limits", "types", "reference", "code",
  "readme", "picture", "links",
}

--- Runs all checks.
---@param world table
---@return string[] findings
function checks.run(world)
  local findings = {}
  for _, name in ipairs(checks.names) do
    local found = {}
    checks[name](world, function(finding) found[#found + 1] = finding end)
    table.sort(found)
    for _, finding in ipairs(found) do findings[#findings + 1] = name .. ": " .. finding end
  end
  return findings
end

return checks
