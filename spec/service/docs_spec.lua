-- tools/docs: the pages are complete as they are, and each check finds what is missing.

-- tools/docs is a program of its own, run by Lua 5.4.
if _VERSION ~= "Lua 5.4" then return pending "the tools for the pages run Lua 5.4 only" end

local checks = require "tools.reference.checks"
local typing = require "tools.reference.typing"
local world = require "tools.reference.world"

local real = world.new()

-- What a check says of a tree in which one text is replaced by another.
local function findings(check, path, what, instead)
  local text = real.read(path)
  local from, to = text:find(what, 1, true)
  assert(from, ("%s does not hold %q"):format(path, what))
  local changed = world.new { files = { [path] = text:sub(1, from - 1) .. instead .. text:sub(to + 1) } }
  local found = {}
  checks[check](changed, function(finding) found[#found + 1] = finding end)
  return table.concat(found, "\n")
end

local function findings_with(check, module, changes)
  local copy = {}
  for name, value in pairs(real.modules[module]) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  local found = {}
  checks[check](world.new { modules = { [module] = copy } }, function(finding) found[#found + 1] = finding end)
  return table.concat(found, "\n")
end

local function with(map, name, value)
  local copy = { [name] = value }
  for key, other in pairs(map) do copy[key] = other end
  return copy
end

describe("the check of the docs #slow", function()
  it("finds nothing in the tree as it is", function()
    assert.same({}, checks.run(real))
  end)

  for _, row in ipairs {
    { "a misspelt type", "annotations", "lua/dingtalk/types.lua", "dingtalk.BatchInfo)", "dingtalk.BatchInof)",
      "no type dingtalk.BatchInof is declared" },
    { "a type that cannot be read", "annotations", "lua/dingtalk/types.lua", "table<string, integer>", "table<string, ",
      "types.lua:" },
    { "an unknown annotation", "annotations", "lua/dingtalk/auth.lua", "---@param config dingtalk.InternalApp",
      "---@parm config dingtalk.InternalApp", "an unknown annotation @parm" },
    { "a function without an annotation", "functions", "lua/dingtalk/auth.lua", "---@param config dingtalk.Corp\n", "",
      "dingtalk.auth.corp takes (config), its annotation says ()" },
    { "a function that is not there in the annotations", "functions", "lua/dingtalk/contact.lua",
      "function contact.unionids(", "contact['unionids'] = function(", "dingtalk.contact.unionids is not annotated" },
    { "a function without a word", "functions", "lua/dingtalk/calendar.lua",
      "--- Whether a value is an error of this module.\n", "", "dingtalk.calendar.is_error has no description" },
    { "a call that the module's type lacks", "calls", "lua/dingtalk/types/client.lua", "---@field respond",
      "---@field repsond", "dingtalk.Calendar has no field respond" },
    { "a call with other arguments in the module's type", "calls", "lua/dingtalk/types/client.lua",
      "---@field get_event fun(token", "---@field get_event fun(tokens", "dingtalk.Calendar.get_event is" },
    { "a call that is annotated with other arguments", "calls", "lua/dingtalk/types/client.lua",
      "client:respond(token, user, cal, event, responseStatus, opts)", "client:respond(token, user, cal, event, opts)",
      "client:respond takes (token, user, cal, event, responseStatus, opts)" },
    { "an option without an annotation", "options", "lua/dingtalk/types.lua", "---@field max_connections",
      "---@field max_connection", "option max_connections is not a field of dingtalk.Config" },
    { "an annotated option that is none", "options", "lua/dingtalk/types.lua", "---@field max_connections",
      "---@field max_conections", "dingtalk.Config.max_conections is no option" },
    { "an option of another type", "options", "lua/dingtalk/types.lua", "---@field max_attempts integer?",
      "---@field max_attempts string?", "max_attempts is string?, the code wants integer" },
    { "an option that does not name its default", "defaults", "lua/dingtalk/types.lua",
      "DNS, connecting and TLS together; 10", "DNS, connecting and TLS together",
      "dingtalk.Config.connect_timeout does not name its default" },
    { "a README that is too long", "readme", "README.md", "# lua-dingtalk", ("word "):rep(1000),
      "words, at most 1000" },
    { "a kind that the page on errors leaves out", "kinds", "docs/errors.md", "| `quota` |", "| |",
      "docs/errors.md: no table has a row for `quota`" },
    { "a kind that the page on errors describes otherwise", "kinds", "docs/errors.md",
      "| `throttled` | too many calls |", "| `throttled` | too many people |", "docs/errors.md says of `throttled`" },
    { "a kind that the page in Chinese leaves out", "kinds", "docs/zh-CN.md", "| `tls` |", "| |",
      "docs/zh-CN.md: no table has a row for `tls`" },
    { "a kind that the annotations describe otherwise", "kinds", "lua/dingtalk/types.lua",
      '---| "throttled" # too many calls', '---| "throttled" # too many people', "ErrorKind says of throttled" },
    { "a code of another kind", "codes", "docs/errors.md", "| `notInEvent` | `invalid` |",
      "| `notInEvent` | `server` |", "the code `notInEvent` is of kind invalid" },
    { "a kind without an annotation", "kinds", "lua/dingtalk/types.lua", '---| "quota"', '---| "quotas"',
      "dingtalk.ErrorKind lacks quota" },
    { "a code of the service that is not explained", "codes", "docs/errors.md", "| `itemNotFound` |", "| |",
      "the code `itemNotFound` of lua/dingtalk/codes.lua is missing" },
    { "a code of ours that is not explained", "codes", "docs/errors.md", "`bad_resume`", "",
      "the code `bad_resume` of lua/dingtalk/" },
    { "a code of the C core that is not explained", "codes", "docs/errors.md", "`missing_id`", "",
      "the code `missing_id` of csrc/ldt_encode.c is missing" },
    { "a limit without a comment", "limits", "lua/dingtalk/limits.lua", " -- of one request: ours", "",
      "the limit max_attempts has no comment" },
    { "a limit of nobody", "limits", "csrc/dt_limits.h", "attendees in one event: the service's limit", "attendees",
      "the limit max_attendees does not say whether it is ours or the service's" },
    { "a reference that was not written anew", "reference", "lua/dingtalk/types.lua", "requests made for one; 3",
      "requests made for one; 4", "run tools/docs write" },
    { "an example that is no Lua", "code", "docs/games.md", "coroutine.wrap(function()", "coroutine.wrap(function(",
      "the example does not compile" },
    { "a picture of other figures", "picture", "bench/figures.md",
      real.read("bench/figures.md"):match "| module, Lua 5.4, strings | %d+ µs", "| module, Lua 5.4, strings | 9 µs",
      "run bench/summary" },
    { "a link to no file", "links", "README.md", "(docs/start.md)", "(docs/begin.md)", "there is no docs/begin.md" },
    { "a link to no heading", "links", "docs/nginx.md", "install.md#nginx-and-openresty", "install.md#setup",
      "docs/install.md has no heading #setup" },
  } do
    local name, check, path, what, instead, expected = row[1], row[2], row[3], row[4], row[5], row[6]
    it("finds " .. name, function()
      local found = findings(check, path, what, instead)
      assert.truthy(found:find(expected, 1, true), found == "" and "nothing was found" or found)
    end)
  end

  it("finds options, kinds, codes, methods and limits that are new in the code", function()
    local options, codes, limits = real.modules.options, real.modules.codes, real.modules.limits
    local new_config = { config = with(options.config, "colour", { "string" }) }
    assert.truthy(findings_with("options", "options", new_config):find("option colour is not a field", 1, true))
    local kinds = with(codes.kinds, #codes.kinds + 1, { "weather", "rain", "wait" })
    assert.truthy(findings_with("kinds", "codes", { kinds = kinds }):find("dingtalk.ErrorKind lacks weather", 1, true))
    local service = with(codes.service, "newCode", { kind = "invalid" })
    assert.truthy(findings_with("codes", "codes", { service = service }):find("`newCode`", 1, true))
    local methods = with(real.modules.client.methods, "dance", function() end)
    assert.truthy(findings_with("functions", "client", { methods = methods }):find("client:dance is neither", 1, true))
    assert.truthy(findings_with("limits", "limits", with(limits, "max_colours", 7)):find("max_colours", 1, true))
  end)
end)

describe("a type of the annotations", function()
  for text, expected in pairs {
    ["string? the title"] = { "string?", "the title" },
    ["fun(self, key: string): string?, string? the value, or nil"] = { "fun(self, key: string): string?, string?",
      "the value, or nil" },
    ["(fun(): number)? seconds"] = { "(fun(): number)?", "seconds" },
    ['"a"|"b"|nil # one of them'] = { '"a"|"b"|nil', "one of them" },
    ["(string|{id: string, isOptional: boolean?})[]? up to 500"] = { "(string|{id: string, isOptional: boolean?})[]?",
      "up to 500" },
    ["table<string, integer> by kind"] = { "table<string, integer>", "by kind" },
  } do
    it("is told from its description: " .. text, function()
      local kind, rest = typing.parse(text)
      assert.same(expected, { kind, rest })
    end)
  end

  for _, text in ipairs { "", "fun(", "table<string", "{id string}", "string]", "(string" } do
    it("is refused: " .. text, function() assert.is_nil((typing.parse(text))) end)
  end
end)
