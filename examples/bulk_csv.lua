-- People into many events from CSV on standard input: "event,unionId" on each line, the lines of one event together.
-- Environment: DINGTALK_TOKEN, DINGTALK_USER: unionId of the events' creator
local calendar = require "dingtalk.calendar"

local function must(value, err) return value or error(tostring(err), 0) end
local function env(name) return must(os.getenv(name), name .. " is not set: see the top of this file") end

local token, user = env "DINGTALK_TOKEN", env "DINGTALK_USER"

-- One job at a time, so that the file may be of any length; `ahead` is the first line of the next job.
local lines, ahead = io.lines(), nil
local function next_job()
  local job = { user = user, list = {} }
  local line = ahead or lines()
  ahead = nil
  while line do
    local event, id = line:match "^([^,]+),([^,%s]+)%s*$"
    if not event then error("not of the form event,unionId: " .. line, 0) end
    job.event = job.event or event
    if event ~= job.event then
      ahead = line
      return job
    end
    job.list[#job.list + 1] = id
    line = lines()
  end
  return job.event and job or nil
end

local summary = must(calendar.add_attendees_each(token, next_job, {
  on_result = function(job, result, err)
    print(("%s: %s"):format(job.event, result and "added " .. result.added or tostring(err)))
  end,
}))
io.stderr:write(("%d of %d events in %.1f s\n"):format(summary.succeeded, summary.jobs, summary.elapsed))
if summary.stopped then error(summary.stopped .. ": " .. tostring(summary.message), 0) end
