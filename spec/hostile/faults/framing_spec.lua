require "spec.support.fault_rows" "framing"
