-- IPv6: addresses in URLs, names that have both, one version wanted, proxies.
local a = require "spec.faults.answers"
local fails, added = a.fails, a.added

local OK = { a.OK }
local H2_OK = { a.h2(200) }
local NOT_CONNECTED = fails("network", "connect_failed", "not_sent", true, 3)

-- Who alone answers a name that has both addresses.
local function only_ipv4(kind) return { kind = kind, address = "::1" } end
local function only_ipv6(kind) return { kind = kind, address = "127.0.0.1" } end

return {
  { name = "ipv6_tls", address = "::1", requests = OK, expect = added(1), seen = 1, connections = 1 },
  { name = "ipv6_h2", listen = "h2", address = "::1", requests = H2_OK, expect = added(1), seen = 1, connections = 1 },
  { name = "ipv6_http", listen = "plain", address = "::1", requests = OK, expect = added(1), seen = 1, connections = 1 },
  { name = "ipv6_written_out", address = "::1", host = "[0:0:0:0:0:0:0:1]", requests = OK, expect = added(1), seen = 1, connections = 1 },
  { name = "ipv6_with_a_zone", listen = "plain", address = "::1", host = "[::1%25lo]", requests = OK,
    expect = added(1), seen = 1, connections = 1 },
  { name = "ipv6_kept_connection", address = "::1", requests = OK, calls = 3, expect = added(1), seen = 3, connections = 1 },
  { name = "ipv6_refused", listen = "closed", address = "::1", expect = NOT_CONNECTED, seen = 0 },
  { name = "ipv6_never_answered", listen = "full", address = "::1", opts = { timeout = a.SHORT },
    expect = fails("timeout", "connect_timeout", "not_sent", true, 1), seen = 0 },
  { name = "ipv6_closed_after_the_request", address = "::1", requests = { { "read", "close" } },
    expect = fails("network", "connection_lost", "unknown", true, 3), seen = 3, connections = 3 },
  { name = "ipv6_certificate_of_another_host", listen = "wrong_host", address = "::1", requests = OK,
    expect = fails("tls", "certificate_invalid", "not_sent", false, 1), seen = 0, connections = 1 },

  { name = "of_both_ipv6_refuses", host = "localhost", twin = only_ipv4 "closed", requests = OK,
    expect = added(1), seen = 1, connections = 1 },
  { name = "of_both_ipv6_is_dead", host = "localhost", twin = only_ipv4 "full", requests = OK,
    expect = added(1), seen = 1, connections = 1 },
  { name = "of_both_ipv4_refuses", address = "::1", host = "localhost", twin = only_ipv6 "closed", requests = OK,
    expect = added(1), seen = 1, connections = 1 },
  { name = "of_both_ipv4_is_dead", address = "::1", host = "localhost", twin = only_ipv6 "full", requests = OK,
    expect = added(1), seen = 1, connections = 1 },
  { name = "of_both_none_answers", listen = "full", host = "localhost", twin = only_ipv4 "full", opts = { timeout = a.SHORT },
    expect = fails("timeout", "connect_timeout", "not_sent", true, 1), seen = 0 },

  { name = "ip_version_4_of_both", host = "localhost", twin = only_ipv4 "full", config = { ip_version = 4 }, requests = OK,
    expect = added(1), seen = 1, connections = 1 },
  { name = "ip_version_6_of_both", address = "::1", host = "localhost", twin = only_ipv6 "full", config = { ip_version = 6 },
    requests = OK, expect = added(1), seen = 1, connections = 1 },
  { name = "ip_version_4_where_ipv6_answers", address = "::1", host = "localhost", twin = only_ipv6 "closed",
    config = { ip_version = 4 }, requests = OK, expect = NOT_CONNECTED, seen = 0, connections = 0 },
  { name = "ip_version_6_where_ipv4_answers", host = "localhost", twin = only_ipv4 "closed",
    config = { ip_version = 6 }, requests = OK, expect = NOT_CONNECTED, seen = 0, connections = 0 },
  { name = "ip_version_4_of_an_ipv6_address", address = "::1", config = { ip_version = 4 }, requests = OK,
    expect = NOT_CONNECTED, seen = 0, connections = 0 },
  { name = "ip_version_6_of_an_ipv4_address", config = { ip_version = 6 }, requests = OK,
    expect = NOT_CONNECTED, seen = 0, connections = 0 },

  { name = "ipv6_proxy", requests = OK, proxy_address = "::1", proxy_user = "alice:s3cret", proxy = { { "connect", "tunnel" } },
    expect = added(1), seen = 1, connects = 1 },
  { name = "ipv6_through_a_proxy", address = "::1", requests = OK, proxy = { { "connect", "tunnel" } },
    expect = added(1), seen = 1, connects = 1 },
  { name = "ipv6_proxy_refused", requests = OK, proxy_address = "::1", proxy_user = "alice:s3cret", proxy = { closed = true },
    expect = NOT_CONNECTED, seen = 0 },
  { name = "ipv6_proxy_gone_in_connect", requests = OK, proxy_address = "::1", proxy = { { "connect", "close" } },
    expect = fails("network", "proxy_failed", "not_sent", true, 3), seen = 0, connects = 3 },
  { name = "ip_version_4_of_an_ipv6_proxy", requests = OK, proxy_address = "::1", config = { ip_version = 4 },
    proxy = { { "connect", "tunnel" } }, expect = NOT_CONNECTED, seen = 0, connects = 0 },
}
