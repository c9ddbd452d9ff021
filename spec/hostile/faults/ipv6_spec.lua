require "spec.support.fault_rows" "ipv6"
