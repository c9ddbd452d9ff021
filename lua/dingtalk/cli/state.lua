--- The file of --resume: what a run has done, written before and after each request, so that the same command line can
--- go on after a failure or a crash. While a run uses it, a directory FILE.lock next to it names the run, and holds the
--- new file until that is complete.

local json = require "dingtalk.json"
local shell = require "dingtalk.cli.shell"

local state = {}

local FORMAT = 1
local ENOENT = 2
local MAX_BYTES = 67108864 -- of one file: ours; a thousand events take a megabyte
-- Seconds for which the service knows an x-client-token: a day, less an hour for clocks that differ.
local TOKEN_SECONDS = 86400 - 3600

-- An owner is a process id, the time at which that process began, and the machine: the id alone may belong to another
-- process by now. By flock on the directory, one process at a time looks and takes; the system ends that lock with the
-- process.
local TAKE = [[
umask 077; exec 2>/dev/null
file=$(readlink -f -- %s) || file=%s
[ -n "$file" ] && { [ -f "$file" ] || [ ! -e "$file" ]; } || { echo "strange"; exit; }
lock=$file.lock
began() { stat=$(cat "/proc/$1/stat") && set -- ${stat##*)} && echo "${20}"; }
is_alive() {
  [ "$3" = "$(uname -n)" ] || return 0
  if [ -r /proc/self/stat ]; then [ "$(began "$1")" = "$2" ]; else kill -0 "$1"; fi
}
exec 9<"$(dirname -- "$file")" && flock -w 10 9
if ! mkdir -- "$lock"; then
  [ -d "$lock" ] || { echo "none"; exit; }
  owner=$(cat "$lock/owner")
  # Ours already if Ctrl-C cut off the answer; empty if its owner died while it took the file.
  case $owner in '' | "$PPID "*) ;; *) is_alive $owner && { echo "busy $owner"; exit; } ;; esac
fi
echo "$PPID $(began "$PPID" || echo -) $(uname -n)" >"$lock/owner" && echo "ours $file" || echo "none"
]]

--- Makes a file this run's own, until `release`.
---@param path string
---@return string? own the file's path without symbolic links
---@return string? message
function state.take(path)
  local word, rest = shell.read(TAKE:format(shell.quote(path), shell.quote(path))):match "^(%a+) ?(.-)\n$"
  if word == "ours" then return rest end
  if word == "strange" then return nil, ("%q is no file"):format(path) end
  if word ~= "busy" then return nil, ("cannot write next to %s"):format(path) end
  local pid, _, host = rest:match "^(%S+) (%S+) (%S+)$"
  return nil, ("%s is in use by another run, process %s on %s: wait for it, or end it; %s.lock says so"):format(
    path, pid, host, path)
end

--- Ends what `take` began.
---@param own string
function state.release(own)
  for _, name in ipairs { "/new", "/owner", "" } do os.remove(own .. ".lock" .. name) end
end

local function write(path, text)
  local file, message = io.open(path, "w")
  if not file then return nil, message end
  local written
  written, message = file:write(text)
  local closed, close_message = file:close()
  return written and closed and true, message or close_message
end

-- When each token was first saved, and when the oldest was: its day with the service begins then.
local function since(known, left, now)
  local tokens, oldest = {}, now
  for _, group in pairs(state.tokens(left)) do
    for _, token in pairs(group) do
      tokens[token] = known[token] or now
      oldest = math.min(oldest, tokens[token])
    end
  end
  return tokens, oldest
end

--- The x-client-tokens of requests that may have been done, a table for each call.
---@param left table dingtalk.Resume or dingtalk.BulkResume
---@return table<string, string>[]
function state.tokens(left)
  if left.client_tokens then return { left.client_tokens } end
  local groups = {}
  for _, open in pairs(left.open or {}) do groups[#groups + 1] = open ~= true and open.client_tokens or nil end
  return groups
end

--- Writes the file as a whole or not at all.
---@param own string of `take`
---@param content {operation: string, known: table<string, integer>} known: when each token was first saved
---@param left table
---@param now integer seconds since the epoch
---@return boolean? saved
---@return string? message
function state.save(own, content, left, now)
  local oldest
  content.known, oldest = since(content.known, left, now)
  local whole = { format = FORMAT, operation = content.operation, saved_at = oldest, resume = left }
  local text = json.write(whole, "state", { done = true })
  local name = own .. ".lock/new"
  -- Plain Lua cannot make a file that only its owner may read.
  shell.read("umask 077; exec 2>/dev/null; : >" .. shell.quote(name))
  local saved, message = write(name, text .. "\n")
  if saved then saved, message = os.rename(name, own) end
  return saved, message
end

local function is_left(left)
  if type(left) ~= "table" or type(left.done) ~= "table" then return false end
  if left.open == nil then return type(left.client_tokens) == "table" end
  for _, one in pairs(type(left.open) == "table" and left.open or { false }) do
    if one ~= true and (type(one) ~= "table" or type(one.client_tokens) ~= "table") then return false end
  end
  return true
end

--- Reads the file of an earlier run.
---@param path string
---@param operation string
---@param now integer seconds since the epoch
---@return table? content {operation, known, left}: left is nil where there is no file
---@return string? message what is wrong with it
---@return boolean? is_stale whether the service may have forgotten what was under way
function state.load(path, operation, now)
  local content = { operation = operation, known = {} }
  local file, problem, number = io.open(path, "r")
  if not file then return number == ENOENT and content or nil, problem end
  local text = file:read(MAX_BYTES)
  file:close()
  local saved = text and json.plain(json.decode(text) or nil)
  if type(saved) ~= "table" or saved.format ~= FORMAT or type(saved.saved_at) ~= "number"
    or not is_left(saved.resume) then
    return nil, path .. " is no file of --resume; remove it to start over"
  end
  if saved.operation ~= operation then
    return nil, ("%s belongs to another command (%s)"):format(path, tostring(saved.operation))
  end
  content.left = saved.resume
  local is_open = false
  for _, group in ipairs(state.tokens(saved.resume)) do
    for _, token in pairs(group) do content.known[token], is_open = saved.saved_at, true end
  end
  return content, nil, is_open and now - saved.saved_at > TOKEN_SECONDS
end

return state
