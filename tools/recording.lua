-- Runs commands in a terminal (script) and writes what it shows as an animated SVG: see tools/recording. The text is
-- real; the pauses between the lines are not.
local COLUMNS, LINE, CHAR, PAD = 92, 19, 7.83, 14
local TYPING, PAUSE, STEP = 0.9, 0.25, 0.35 -- seconds: a command, a line of output, a state of the progress bar

local commands = {
  "tail -n 3 people.csv",
  "dingtalk-calendar add --file people.csv --resume state --confirm",
  "dingtalk-calendar attendees | tail -n 2",
  "dingtalk-calendar add --event no-such-event iiP0001",
  "echo $?   # exit codes tell the kind of an error",
}

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local status = 0

-- What a terminal is sent by the command.
local function output_of(directory, command)
  local inner = ("stty cols %d; cd %s; (exit %d); %s"):format(COLUMNS, quote(directory), status, command)
  local pipe = assert(io.popen(("script -qec %s /dev/null </dev/null; echo $?"):format(quote(inner))))
  local text, code = pipe:read("a"):match "^(.-)(%d+)\n$"
  pipe:close()
  status = tonumber(code)
  return text
end

local frames, now, row, last = {}, 0, 0, 0

-- A line of the picture from now on; `ends` when another takes its place.
local function show(text, colour)
  frames[#frames + 1] = { text = text, at = now, row = row, colour = colour }
  last = math.max(last, row)
  return frames[#frames]
end

-- A line that was written over: its states after each carriage return.
local function show_states(line, colour)
  local states = {}
  for state in line:gsub("\27%[K", ""):gmatch "[^\r]+" do states[#states + 1] = state end
  local before
  for _, state in ipairs(states) do
    if before then before.ends = now end
    before = show(state, colour)
    now = now + (#states > 1 and STEP or PAUSE)
  end
  row = row + 1
end

-- A terminal would break words; this is to be read.
local function wrapped(line)
  local parts = {}
  while #line > COLUMNS and not line:find "\r." do
    local head = line:sub(1, COLUMNS):match "^(.*) " or line:sub(1, COLUMNS)
    parts[#parts + 1], line = head, line:sub(#head + 1):gsub("^ ", "")
  end
  parts[#parts + 1] = line
  return parts
end

for _, command in ipairs(commands) do
  show("$ " .. command, "#93c5fd")
  row, now = row + 1, now + TYPING
  for line in output_of(arg[1], command):gmatch "([^\n]*)\n" do
    local colour = line:find "^dingtalk" and "#fca5a5" or "#e5e7eb"
    for _, part in ipairs(wrapped((line:gsub("\r$", "")))) do show_states(part, colour) end
  end
end

local function escape(text) return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })) end

local total = now + 4
local width, height = math.ceil(COLUMNS * CHAR + 2 * PAD), (last + 1) * LINE + 2 * PAD
local out, styles = {}, {}
for i, frame in ipairs(frames) do
  -- A frame that is replaced is hidden in a viewer that does not animate.
  local from, to = frame.at / total * 100, frame.ends and frame.ends / total * 100
  styles[#styles + 1] = to
    and ("@keyframes f%d{0%%,%.2f%%{opacity:0}%.2f%%,%.2f%%{opacity:1}%.2f%%,100%%{opacity:0}}"):format(i, from,
      from + 0.01, to - 0.01, to)
    or ("@keyframes f%d{0%%,%.2f%%{opacity:0}%.2f%%,100%%{opacity:1}}"):format(i, from, from + 0.01)
  local element = '<text xml:space="preserve" x="%d" y="%d" fill="%s" style="animation:f%d %.1fs infinite%s">%s</text>'
  out[#out + 1] = element:format(PAD, PAD + frame.row * LINE + 13, frame.colour, i, total, to and ";opacity:0" or "",
    escape(frame.text))
end
io.write(([[
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">
<style>text{font:13px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}%s
@media(prefers-reduced-motion){text{animation:none!important}}</style>
<rect width="100%%" height="100%%" rx="6" fill="#111827"/>
%s
</svg>
]]):format(width, height, width, height, table.concat(styles), table.concat(out, "\n")))
