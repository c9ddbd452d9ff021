require "spec.support.fault_rows" "echo"
