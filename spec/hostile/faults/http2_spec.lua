require "spec.support.fault_rows" "http2"
