-- The query and the body of a call, checked by its row of the client's table of operations: types, required
-- fields, limits.
local answers = require "sandbox.answers"
local client = require "sandbox.client_modules"
local json = require "sandbox.json"
local people = require "sandbox.people"

local fields = {}

-- A parameter is text; what cannot be read stays one and is refused by its type.
local function value_of(text, row)
  if row[1] == "integer" or row[1] == "number" then return tonumber(text) or text end
  if row[1] == "boolean" and (text == "true" or text == "false") then return text == "true" end
  return text
end

local function check_query(ctx, row)
  for _, entry in ipairs(row.query or {}) do
    local name, text = entry[1], ctx.query[entry[1]]
    if text == "" then text = nil end
    local parameter = row.options[name]
    if text == nil and entry.required then return answers.invalid(ctx, name .. " must be provided.") end
    local err = text ~= nil and client.options.check_value(value_of(text, parameter), parameter, name)
    if err then return answers.invalid(ctx, err.message) end
  end
end

-- Fields that repeat an id of the path.
local function check_repeated(ctx, row, body)
  for field, argument in pairs(row.body.from or {}) do
    if body[field] ~= ctx.params[argument .. "Id"] then
      return answers.invalid(ctx, "Event id summary cannot be blank")
    end
  end
end

local function check_body(ctx, row)
  local body, refused = people.body(ctx)
  if not body then return refused end
  body = json.plain(body)
  local field = row.body.field
  local value = body
  if field then value = body[field] end
  if value == nil then return answers.invalid(ctx, field .. " must be provided.") end
  refused = check_repeated(ctx, row, body)
  local err = not refused and client.options.check_value(value, row.body.row, field or "body")
  if err then return answers.invalid(ctx, err.message) end
  ctx.json = body
  return refused
end

---@return table|nil refused; without, ctx.json is the body without nulls
function fields.check(ctx)
  local row = ctx.route.row
  if not row or row.counted then return nil end
  return check_query(ctx, row) or row.body and check_body(ctx, row) or nil
end

-- A value of the right type for what the sandbox does not model.
local function sample(row, name)
  local kind = row[1]
  if kind == "boolean" then return true end
  if kind == "integer" or kind == "number" then return 1 end
  if kind == "list" then return json.list { row.of and sample(row.of, name) or nil } end
  if kind == "map" then return {} end
  if kind ~= "object" then return next(row.one_of or {}) or name end
  local object = {}
  for field, entry in pairs(row.fields) do object[field] = sample(entry, field) end
  return object
end

---An answer by the row's schema.
function fields.answer(row)
  if not row.answer then return answers.empty() end
  local value = sample(row.answer, row.name)
  return answers.json(row.unwrap and { [row.unwrap] = value } or value)
end

return fields
