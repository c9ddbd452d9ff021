require "spec.support.fault_rows" "transport"
