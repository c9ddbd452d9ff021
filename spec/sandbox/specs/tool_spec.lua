local api = require "spec.sandbox.specs.api"
local sandbox = require "spec.support.sandbox"
local socket = require "socket"

describe("tools/sandbox", function()
  local dir

  local function run(arguments)
    local text = api.output_of("tools/sandbox " .. arguments .. " --dir '" .. dir .. "' 2>'" .. dir .. "/err'; echo $?")
    local output, status = text:match("^(.-)(%d+)\n$")
    return tonumber(status), output
  end

  before_each(function()
    dir = api.output_of("mktemp -d"):match("%S+")
  end)

  after_each(function()
    run "stop"
    os.execute("rm -rf '" .. dir .. "'")
  end)

  it("starts, starts again, shows and stops", function()
    local status, output = run "start"
    assert.equal(0, status)
    local pattern = "^DINGTALK_BASE_URL=https://127%.0%.0%.1:%d+\nDINGTALK_CA_FILE=/[^\n]+/certs/ca%.pem\n"
      .. "DINGTALK_HTTP_URL=http://127%.0%.0%.1:%d+\n$"
    assert.truthy(output:find(pattern))
    assert.same({ 0, output }, { run "start" })
    assert.same({ 0, output }, { run "status" })
    assert.equal(0, (run "stop"))
    assert.equal(0, (run "stop"))
    assert.same({ 1, "" }, { run "status" })
  end)

  it("fits one next to another", function()
    local _, output = run "start"
    assert.not_equal(sandbox.start().http_url, output:match("DINGTALK_HTTP_URL=(%S+)"))
  end)

  it("ends with the process it belongs to", function()
    local pid = api.output_of("sleep 600 >/dev/null & echo $!"):match("%d+")
    assert.equal(0, (run("start --parent " .. pid)))
    assert.equal(0, (run "status"))
    os.execute("kill " .. pid)
    for _ = 1, 600 do
      if run "status" == 1 then return end
      socket.sleep(0.1)
    end
    error "it did not end"
  end)
end)
