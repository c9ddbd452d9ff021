require "spec.support.fault_rows" "answers"
