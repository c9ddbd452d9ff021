require "spec.support.fault_rows" "tls"
