--- The commands call and operations: any call of the table of operations, its arguments and its body from the command
--- line.

local json = require "dingtalk.json"
local operations = require "dingtalk.operation_rows"
local options = require "dingtalk.options"
local output = require "dingtalk.cli.output"
local people = require "dingtalk.cli.people"

local call = {}

local refuse, show = output.refuse, output.result

--- Lists the calls.
---@param ctx table
---@return integer exit_code
function call.list(ctx)
  local stdout, rows = ctx.world.stdout, {}
  for i, row in ipairs(operations.rows) do
    rows[i] = { name = row.name, permission = row.scope, method = row.method, path = row.path }
  end
  if ctx.args.json then
    output.json(stdout, { operations = rows })
  else
    for _, row in ipairs(rows) do output.row(stdout, row.name, row.permission, row.method, row.path) end
  end
  return output.exit_code "done"
end

local function row_of(name)
  local row = operations.by_name[name]
  if row then return row end
  local meant = options.did_you_mean(name, operations.by_name)
  return nil, ("there is no operation %q%s The command operations lists them."):format(name,
    meant and ": " .. meant or ".")
end

-- NAME=VALUE of an option that may be given several times, as a table; or nil and what is wrong.
local function pairs_of(option, list)
  local values = {}
  for _, text in ipairs(list) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then return nil, ("%s %s: write it as NAME=VALUE"):format(option, text) end
    if values[name] then return nil, ("%s %s is given twice"):format(option, name) end
    values[name] = value
  end
  return values
end

local own_options = { user = "user", cal = "calendar", calendar = "calendar", event = "event" }

local function place_of(args, row)
  local given, message = pairs_of("--path", args.path)
  if not given then return nil, message end
  local place = {}
  for i, name in ipairs(row.arguments) do
    local own = own_options[name]
    place[i] = given[name] or own and args[own]
    if not place[i] and name ~= "cal" then
      return nil, ("no %s: give %s"):format(name, own and "--" .. own or ("--path %s=VALUE"):format(name))
    end
    given[name] = nil
  end
  local stranger = next(given)
  if stranger then return nil, ("--path %s: the path of %s has no such part"):format(stranger, row.name) end
  return place
end

local function typed(text, schema)
  local kind = schema[1]
  if kind == "boolean" then
    if text == "true" or text == "false" then return text == "true" end
    return nil, "must be true or false"
  elseif kind == "integer" or kind == "number" then
    local value = tonumber(text)
    if value then return value end
    return nil, "must be a number"
  end
  return text
end

-- The names of the query's parameters, in order and as keys.
local function parameters_of(row)
  local names, known = {}, {}
  for i, entry in ipairs(row.query or {}) do
    names[i], known[entry[1]] = entry[1], true
  end
  return names, known
end

local function query_of(ctx, row)
  local given, message = pairs_of("--query", ctx.args.query)
  if not given then return nil, message end
  local opts, names, known = ctx.limits(), parameters_of(row)
  for name, text in pairs(given) do
    if not known[name] then
      return nil, ("--query %s: %s takes %s"):format(name, row.name,
        #names > 0 and table.concat(names, ", ") or "no query")
    end
    opts[name], message = typed(text, row.options[name])
    if message then return nil, ("--query %s %s"):format(name, message) end
  end
  if row.items and not ctx.args.all_pages then opts.max_pages = 1 end
  return opts
end

local function read_body(ctx)
  local path = ctx.args.body
  local text, message = people.read_bytes(path, ctx.world.stdin)
  if not text then return nil, message end
  local value = json.decode((text:gsub("^\u{FEFF}", "")))
  if type(value) ~= "table" then return nil, ("%s: no JSON object"):format(path) end
  return value
end

-- The list of a call that takes one, whose other fields are options of ours.
local function split_list(row, value, opts)
  local name = row.removing and "attendeesToRemove" or "attendeesToAdd"
  if value[1] ~= nil or next(value) == nil then return value end
  for field, entry in pairs(value) do
    if field ~= name then opts[field] = entry end
  end
  return value[name]
end

-- The argument after those of the path, from --body; or nil and what is wrong.
local function body_of(ctx, row, opts)
  local takes = row.body or row.counted
  if not ctx.args.body then
    return nil, takes and ("%s takes a body: give --body FILE, or --body - for standard input"):format(row.name) or nil
  end
  if not takes then return nil, ("%s takes no body"):format(row.name) end
  local value, message = read_body(ctx)
  if not value then return nil, message end
  value = json.plain(value)
  if row.counted then return split_list(row, value, opts) end
  local field = row.body.field -- where the body is an object of this field alone
  if field then return value[field] end
  return value
end

-- The fields of a result that are not the answer's.
local ours = {
  status = true, request_id = true, attempts = true, client_token = true, elapsed = true, hook_error = true,
  pages = true, batches = true, added = true, removed = true,
}

local function answer_of(row, result)
  if row.answer_as then return result[row.answer_as] end
  local answer = {}
  for field, value in pairs(result) do
    if not ours[field] then answer[field] = value end
  end
  return next(answer) ~= nil and answer or nil
end

local function print_answer(ctx, row, result)
  local stdout = ctx.world.stdout
  if row.items then
    for _, item in ipairs(result[row.items]) do output.json(stdout, item) end
    if result.nextToken then
      output.warn(ctx, "there is more: --all-pages, or --query nextToken=" .. result.nextToken)
    end
    return
  end
  local answer = answer_of(row, result)
  if answer then
    output.json(stdout, answer)
  elseif not ctx.args.quiet then
    stdout:write("done\n")
  end
end

--- Makes a call.
---@param ctx table
---@return integer exit_code
function call.run(ctx)
  local args = ctx.args
  local row, message = row_of(args.operation)
  if not row then return refuse(ctx, message) end
  if args.all_pages and not row.items then return refuse(ctx, ("--all-pages: %s has no pages"):format(row.name)) end
  local place, opts, body
  place, message = place_of(args, row)
  if not place then return refuse(ctx, message) end
  opts, message = query_of(ctx, row)
  if not opts then return refuse(ctx, message) end
  body, message = body_of(ctx, row, opts)
  if message then return refuse(ctx, message) end
  local count = #row.arguments
  if row.body or row.counted then
    count = count + 1
    place[count] = body
  end
  place[count + 1] = opts
  local result, err = ctx.client[row.name](ctx.client, ctx.token, table.unpack(place, 1, count + 1))
  return show(ctx, result, err, function() print_answer(ctx, row, result) end)
end

return call
