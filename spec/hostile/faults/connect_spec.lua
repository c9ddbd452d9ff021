require "spec.support.fault_rows" "connect"
