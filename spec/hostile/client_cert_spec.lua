-- config.client_cert and config.client_key, with an nginx that asks for a certificate of an authority of its own.
local calendar = require "dingtalk.calendar"
local processes = require "spec.support.processes"

local quote = processes.quote

local CONF = [[
  daemon off; master_process off; pid pid; error_log error.log; worker_processes 1;
  events { worker_connections 64; }
  http {
    access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    ssl_certificate server.pem; ssl_certificate_key server.key;
    ssl_client_certificate authority.pem; ssl_verify_client on;
    server { listen 127.0.0.1:@1 ssl; ssl_protocols TLSv1.2; location / { return 200; } }
    server { listen 127.0.0.1:@2 ssl; ssl_protocols TLSv1.3; location / { return 200; } }
  }
]]

-- An authority, what it signed for the application, what another signed, and a key that only a password opens.
local MAKE = [[
  set -e
  cd %s
  ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
  openssl req -x509 $ec -days 2 -subj /CN=authority -keyout authority.key -out authority.pem
  openssl req -x509 $ec -days 2 -subj /CN=server -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.pem
  openssl req -x509 $ec -days 2 -subj /CN=stranger -keyout stranger.key -out stranger.pem
  openssl req $ec -subj /CN=app -keyout app.key -out app.csr
  openssl x509 -req -in app.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -out app.pem
  openssl ec -in app.key -aes128 -passout pass:secret -out locked.key
  cat app.pem app.key >both.pem
  echo nothing >garbage.pem
]]

describe("a client certificate", function()
  local directory, nginx, ports

  local function file(name) return directory .. "/" .. name end

  local function start_nginx()
    ports = { processes.free_port(), processes.free_port() }
    local conf = assert(io.open(file "nginx.conf", "w"))
    conf:write((CONF:gsub("@(%d)", function(i) return ("%d"):format(ports[tonumber(i)]) end)))
    conf:close()
    nginx = processes.start(("exec nginx -e %s/start.log -p %s/ -c nginx.conf"):format(directory, directory))
    assert(processes.wait_until(function() return processes.answers(ports[2]) end), "nginx did not start")
  end

  setup(function()
    directory = processes.directory()
    local made = os.execute("(" .. MAKE:format(quote(directory)) .. ") >/dev/null 2>&1")
    assert(made == true or made == 0, "openssl did not make the certificates")
    start_nginx()
  end)

  teardown(function()
    if nginx then processes.stop(nginx) end
    os.execute("rm -rf " .. quote(directory))
  end)

  local function call(port, cert, key)
    local client = assert(calendar.new {
      base_url = "https://127.0.0.1:" .. ports[port], ca_file = file "server.pem", proxy = "",
      client_cert = cert and file(cert), client_key = key and file(key),
    })
    local result, err = client:add_attendees("t", "u", nil, "e", { "a" })
    client:close()
    return result, err
  end

  for port, version in ipairs { "TLS 1.2", "TLS 1.3" } do
    it("is accepted, its key in a file of its own or in the same, over " .. version, function()
      assert.equal(1, assert(call(port, "app.pem", "app.key")).added)
      assert.equal(1, assert(call(port, "both.pem")).added)
    end)

    for _, row in ipairs { { "missing" }, { "of another authority", "stranger.pem", "stranger.key" } } do
      it(row[1] .. " is told as what it is over " .. version, function()
        local _, err = call(port, row[2], row[3])
        assert.same({ "tls", "client_cert_refused", "rejected", false, 1, 400 },
          { err.kind, err.code, err.outcome, err.retryable, err.attempts, err.status })
        assert.truthy(err.hint:find("config.client_cert", 1, true))
      end)
    end
  end

  for name, files in pairs {
    ["without its key"] = { "app.pem" },
    ["with the key of another"] = { "app.pem", "stranger.key" },
    ["with a key that is none"] = { "app.pem", "garbage.pem" },
    ["with a key that is not there"] = { "app.pem", "gone.key" },
    ["with an encrypted key"] = { "app.pem", "locked.key" },
    ["in a file that is not there"] = { "gone.pem", "app.key" },
    ["in a file that is a directory"] = { ".", "app.key" },
    ["in a file that holds none"] = { "garbage.pem", "app.key" },
    ["with key and certificate exchanged"] = { "app.key", "app.pem" },
  } do
    it(name .. " is refused before anything is sent", function()
      local _, err = call(2, files[1], files[2])
      assert.same({ "tls", "client_cert_unusable", "not_sent", false, 1 },
        { err.kind, err.code, err.outcome, err.retryable, err.attempts })
      assert.truthy(err.hint:find("config.client_key", 1, true))
    end)
  end

  -- In a process of its own, run by the command `under`.
  local function said_by_process(under, cert, key)
    local program = ([[
      local client = assert(require "dingtalk.calendar".new {
        base_url = "https://127.0.0.1:%d", ca_file = %q, client_cert = %q, client_key = %s, proxy = "" })
      local _, err = client:add_attendees("t", "u", nil, "e", { "a" })
      io.write(err and err.code or "added")
    ]]):format(ports[2], file "server.pem", file(cert), key and ("%q"):format(file(key)) or "nil")
    return processes.output_of(("echo secret | %s %s -e %s 2>&1"):format(under, quote(processes.interpreter()),
      quote(program)))
  end

  it("in a file that may not be read is refused before anything is sent", function()
    os.execute(("cd %s && chmod 755 . && cp both.pem hidden.pem && chmod 0 hidden.pem"):format(quote(directory)))
    -- root may read everything.
    local under = processes.output_of "id -u" == "0\n" and "setpriv --reuid=65534 --clear-groups" or ""
    if said_by_process(under, "gone.pem") ~= "client_cert_unusable" then
      return pending "nobody may not read this clone"
    end
    assert.equal("client_cert_unusable", said_by_process(under, "hidden.pem"))
  end)

  -- OpenSSL asks the terminal, or without one the standard input: setsid takes the terminal away.
  it("with an encrypted key never asks for its password", function()
    assert.equal("client_cert_unusable", said_by_process("setsid -w", "app.pem", "locked.key"))
  end)
end)
