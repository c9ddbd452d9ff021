require "spec.support.fault_rows" "policy"
