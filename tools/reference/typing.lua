-- The type expressions of LuaLS annotations, parsed so that a misspelt one is found.
local typing = {}

local Parser = {}
Parser.__index = Parser

-- Moves past a token and the blanks before it, if it is there.
local function accept(self, pattern)
  local found, after = self.text:match("^%s*(" .. pattern .. ")()", self.at)
  if found then self.at = after end
  return found
end

local function expect(self, pattern, what)
  local found = accept(self, pattern)
  if not found then error(("%s expected at %q"):format(what, self.text:sub(self.at)), 0) end
  return found
end

local union

-- Of fun(…): names with or without a type.
local function parameters(self)
  while not accept(self, "%)") do
    local name = accept(self, "%.%.%.") or expect(self, "[%a_][%w_]*", "a parameter")
    local is_optional = accept(self, "%?") ~= nil
    self.parameters = self.parameters or {}
    local kind = accept(self, ":") and union(self) or nil
    self.found[#self.found + 1] = { name = name, optional = is_optional, type = kind }
    if not accept(self, ",") then
      expect(self, "%)", "a closing parenthesis")
      return
    end
  end
end

local function returns(self)
  if not accept(self, ":") then return end
  repeat
    union(self)
    -- A comma may belong to the sentence after the type: the next word is no type then.
    local before = self.at
    local goes_on = accept(self, ",") and self.text:match("^%s*[%w_%.%(%{\"|%[%]<>]+%?*", self.at)
    if not goes_on then
      self.at = before
      return
    end
  until false
end

local function fun(self)
  local outer = self.found
  self.found = {}
  if accept(self, "%(") then parameters(self) end
  returns(self)
  self.found = outer
end

local function fields(self)
  while not accept(self, "}") do
    expect(self, "[%a_][%w_]*", "a field")
    accept(self, "%?")
    expect(self, ":", "a colon")
    union(self)
    if not accept(self, ",") then
      expect(self, "}", "a closing brace")
      return
    end
  end
end

local function arguments(self)
  if not accept(self, "<") then return end
  repeat union(self) until not accept(self, ",")
  expect(self, ">", "a closing angle")
end

local function primary(self)
  if accept(self, "%(") then
    union(self)
    expect(self, "%)", "a closing parenthesis")
  elseif accept(self, "{") then
    fields(self)
  elseif not accept(self, '"[^"]*"') then
    local name = expect(self, "[%a_][%w_%.]*%*?", "a type")
    self.names[name] = true
    if name == "fun" then fun(self) end
    arguments(self)
  end
end

local function postfix(self)
  primary(self)
  -- A "[" after a space begins a sentence.
  while self.text:find("^%[%]", self.at) or self.text:find("^%?", self.at) do
    self.at = self.at + (self.text:find("^%?", self.at) and 1 or 2)
  end
end

function union(self)
  postfix(self)
  while self.text:find("^%s*|", self.at) do
    accept(self, "|")
    postfix(self)
  end
  return true
end

--- Parses the type at the beginning of a text.
---@param text string
---@return string? type
---@return string rest what follows, without a leading "#"; or what is wrong
---@return table<string, boolean>? names of the types it is made of
function typing.parse(text)
  local self = setmetatable({ text = text, at = 1, names = {}, found = {} }, Parser)
  local ok, message = pcall(union, self)
  if not ok then return nil, message end
  local rest = text:sub(self.at)
  if rest ~= "" and not rest:find("^%s") then
    return nil, ("a space expected at %q"):format(rest)
  end
  return text:sub(1, self.at - 1), (rest:gsub("^%s+", ""):gsub("^#%s*", "")), self.names
end

return typing
