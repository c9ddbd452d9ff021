-- Every scenario, as data. A row holds
--   name          unique
--   listen        kind of port: "tls" (default), "plain", "h2", "closed", "full", or another of listener.lua
--   scheme, host  of the base URL where they are not what `listen` implies
--   address       of loopback, where it is not 127.0.0.1
--   twin          { kind = "closed" or "full", address }: who has the same port at another address
--   proxy_address the proxy's, where it is not 127.0.0.1
--   accept        scripts run on the 1st, 2nd, … connection before TLS and HTTP; {} goes on to serve
--   greeting      scripts run on the 1st, 2nd, … connection before the first request
--   requests      scripts that serve the 1st, 2nd, … request, counted over all connections
--   aside, proxy, dns, silent, speak   a second port, a proxy, a resolver; no SETTINGS; HTTP/1 whatever was agreed
--   proxy_user, proxy_authorization    name and password for the proxy; pattern of what the last CONNECT shows it
--   shows         what certificate the client has: "client" or, of an authority that is not trusted, "stranger";
--                any other name: a file that is not there
--   calls, pause  how many calls are made (all but the last must add), and the seconds between them
--   people        length of the list
--   batches       true: it is sent in several, each with a body and a token of its own
--   tokens        true: the token is a source that can replace what it gave
--   config, opts  for calendar.new and add_attendees
--   expect        fields of the error, or ok and attempts; what it leaves out is not asked
--   seen, connections, connects   requests the server read to their end, connections it accepted, CONNECTs at its proxy
--   at_least      seconds that the last call must take
--   flood_max     bytes the server may have been able to send
-- Of each list of scripts the last serves all that come after.
local answers = require "spec.faults.answers"

local PARTS = { "connect", "ipv6", "tls", "transport", "framing", "answers", "policy", "http2", "echo" }

local rows, by_name = {}, {}
for _, part in ipairs(PARTS) do
  for _, row in ipairs(require("spec.faults.rows." .. part)) do
    assert(not by_name[row.name], "two scenarios named " .. row.name)
    rows[#rows + 1], by_name[row.name] = row, row
  end
end

return { rows = rows, by_name = by_name, aside_requests = { answers.OK } }
