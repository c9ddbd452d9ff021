-- People into many events from CSV on standard input: one line "event,unionId" each, those of an event together.
-- Reads the environment: DINGTALK_TOKEN, DINGTALK_USER.
local calendar = require "dingtalk.calendar"

local client = assert(calendar.new {
  base_url = os.getenv "DINGTALK_BASE_URL", -- nil: the real service
  ca_file = os.getenv "DINGTALK_CA_FILE",
})

-- One job at a time, so that the file may be of any length; `ahead` is the first line of the next.
local lines, ahead = io.lines(), nil
local function next_job()
  local job = { user = os.getenv "DINGTALK_USER", list = {} }
  local line = ahead or lines()
  ahead = nil
  while line do
    local event, id = line:match("^([^,]+),(.+)$")
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

local summary = assert(client:add_attendees_each(os.getenv "DINGTALK_TOKEN", next_job, {
  on_result = function(job, result, err)
    print(result and ("%s: added %d"):format(job.event, result.added) or ("%s: %s"):format(job.event, tostring(err)))
  end,
}))
client:close()
io.stderr:write(("%d of %d events in %.1f s\n"):format(summary.succeeded, summary.jobs, summary.elapsed))
