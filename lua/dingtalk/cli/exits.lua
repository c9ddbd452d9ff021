--- The exit codes of the command line: one table, read by the code and by --help.

local exits = {}

--- Each row: the code, the error's kind or a name of ours, and when.
exits.rows = {
  { 0, "done", "everything was done" },
  { 1, "failed", "something of this machine: a file, the output" },
  { 2, "argument", "the command or the input is wrong; nothing was sent" },
  { 3, "network", "no connection, or it broke" },
  { 4, "tls", "no trusted connection" },
  { 5, "timeout", "no answer within the time" },
  { 6, "auth", "the token, or the app's key and secret, were refused" },
  { 7, "permission", "the app or the user may not do this" },
  { 8, "not_found", "no such event, user or calendar" },
  { 9, "invalid", "the service refused a parameter" },
  { 10, "conflict", "the same x-client-token is in use" },
  { 11, "throttled", "too many calls" },
  { 12, "quota", "a quota of the organisation is spent" },
  { 13, "server", "the service failed" },
  { 14, "protocol", "an answer that is none of the known ones, or not confirmed" },
  { 15, "cancelled", "given up before it ended" },
  { 130, "interrupted", "Ctrl-C" },
}

local names = {}

for _, row in ipairs(exits.rows) do
  exits[row[2]], names[row[1]] = row[1], row[2]
end

--- What an exit code says.
---@param code integer
---@return string
function exits.name(code)
  return names[code]
end

--- The exit code of an error.
---@param err dingtalk.Error
---@return integer
function exits.of(err)
  return exits[err.kind] or exits.failed
end

--- The table, for --help.
---@return string
function exits.text()
  local lines = {}
  for _, row in ipairs(exits.rows) do lines[#lines + 1] = ("  %3d  %-11s  %s"):format(row[1], row[2], row[3]) end
  return table.concat(lines, "\n")
end

return exits
