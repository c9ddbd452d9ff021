-- What can go wrong before a request: connecting, resolving, a proxy in between.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local OK = { a.OK }

return {
  { name = "refused", listen = "closed",
    expect = fails("network", "connect_failed", "not_sent", true, 3), seen = 0 },
  { name = "refused_http", listen = "closed", scheme = "http",
    expect = fails("network", "connect_failed", "not_sent", true, 3), seen = 0 },
  { name = "connect_never_answered", listen = "full", opts = { timeout = a.SHORT },
    expect = fails("timeout", "connect_timeout", "not_sent", true, 1), seen = 0 },
  { name = "connect_timeout_each_attempt", listen = "full", config = { connect_timeout = 0.2 }, opts = { timeout = 30 },
    expect = fails("timeout", "connect_timeout", "not_sent", true, 3), seen = 0, at_least = 0.6 },
  { name = "accepted_then_silent", listen = "plain", accept = { { "hang" } }, opts = { timeout = a.SHORT },
    expect = fails("timeout", "timeout", "unknown", true, 1), seen = 0, connections = 1 },
  { name = "accepted_never_read", listen = "plain", accept = { { "stall" } }, people = 500, opts = { timeout = a.SHORT },
    expect = fails("timeout", "timeout", "unknown", true, 1), seen = 0 },
  { name = "reset_at_first_bytes", listen = "plain", accept = { { "fill", "reset" } },
    expect = fails("network", "receive_failed", "unknown", true, 3), seen = 0, connections = 3 },
  { name = "reset_at_first_bytes_once", listen = "plain", accept = { { "fill", "reset" }, {} }, requests = OK,
    expect = added(2), seen = 1, connections = 2 },

  { name = "name_unknown", host = "nowhere.faults.test", dns = "nxdomain", requests = OK,
    expect = fails("network", "resolve_failed", "not_sent", true, 3), seen = 0 },
  { name = "resolver_failing", host = "nowhere.faults.test", dns = "servfail", requests = OK,
    expect = fails("network", "resolve_failed", "not_sent", true, 3), seen = 0 },
  { name = "resolver_silent", host = "nowhere.faults.test", dns = "hang", requests = OK, opts = { timeout = a.SHORT },
    expect = fails("timeout", "connect_timeout", "not_sent", true, 1), seen = 0 },
  { name = "resolver_slow", host = "here.faults.test", dns = "slow", requests = OK,
    expect = added(1), seen = 1, at_least = 0.2 },

  { name = "proxy_works", requests = OK, proxy = { { "connect", "tunnel" } },
    expect = added(1), seen = 1, connects = 1 },
  { name = "proxy_wants_password", requests = OK,
    proxy = { { "connect", a.send(a.text(407, "who are you", { 'Proxy-Authenticate: Basic realm="p"' })), "finish" } },
    expect = fails("network", "proxy_failed", "not_sent", true, 3), seen = 0, connects = 3 },
  { name = "proxy_bad_gateway", requests = OK, proxy = { { "connect", a.send(a.text(502, "")), "finish" } },
    expect = fails("network", "proxy_failed", "not_sent", true, 3), seen = 0, connects = 3 },
  { name = "proxy_bad_gateway_once", requests = OK,
    proxy = { { "connect", a.send(a.text(502, "")), "finish" }, { "connect", "tunnel" } },
    expect = added(2), seen = 1, connects = 2 },
  { name = "proxy_silent", requests = OK, proxy = { { "connect", "hang" } }, opts = { timeout = a.SHORT },
    expect = fails("timeout", "connect_timeout", "not_sent", true, 1), seen = 0, connects = 1 },
  { name = "proxy_gone_in_connect", requests = OK, proxy = { { "connect", "close" } },
    expect = fails("network", "receive_failed", "not_sent", true, 3), seen = 0, connects = 3 },
  { name = "proxy_refused", requests = OK, proxy = { closed = true },
    expect = fails("network", "connect_failed", "not_sent", true, 3), seen = 0 },
  { name = "proxy_name_unknown", requests = OK, dns = "nxdomain", config = { proxy = "http://proxy.faults.test:3128" },
    expect = fails("network", "resolve_proxy_failed", "not_sent", true, 3), seen = 0 },
}
