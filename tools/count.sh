# shellcheck shell=bash
# Running and counting steps, for tools/test. Source it; it keeps in `passed`,
# `failed` and `broken` what came out, and each step's output in the directory $logs.

passed=0 failed=0 broken=()

# result STEP PASSED FAILED [REMARK]: adds to the count and prints the step's line.
result() {
  passed=$((passed + $2)) failed=$((failed + $3))
  local verdict=ok
  if [ "$3" -gt 0 ]; then
    verdict=FAILED
    broken+=("$1")
  fi
  printf '%-28s %-6s %5d ok %4d failed %4d s%s\n' "$1" "$verdict" "$2" "$3" "$took" "${4:+  ($4)}"
}

# run STEP SECONDS COMMAND...: sets log, status and took; never ends the script.
run() {
  local limit=$2 started=$SECONDS
  # shellcheck disable=SC2154 # the script that sources this sets logs
  log=$logs/${1//[ \/]/-}.log
  shift 2
  # In the background, so that Ctrl-C reaches us at once: end_run then ends all of it.
  timeout -k 10 "$limit" "$@" </dev/null >"$log" 2>&1 &
  running=$! status=0
  wait "$running" || status=$?
  running=
  [ "$status" -ne 124 ] || echo "not done within $limit seconds" >>"$log"
  took=$((SECONDS - started))
}

# end_run: for a trap; ends what run is waiting for, with all of its children.
end_run() { [ -z "${running:-}" ] || kill "$running" 2>/dev/null || true; }

show() { sed 's/^/    /' "$@"; }

# check STEP SECONDS COMMAND...: counts as one test.
check() {
  run "$@"
  if [ "$status" -eq 0 ]; then
    result "$1" 1 0
  else
    result "$1" 0 1 "exit status $status"
    show "$log"
  fi
}

# count_tap STEP SECONDS COMMAND...: sets good, bad, skipped, and broke_off where the run did: that must
# not pass for the part that it did.
count_tap() {
  run "$@"
  bad=$(grep -cE '^not ok [0-9]+ - ' "$log" || true)
  skipped=$(grep -cE '^ok [0-9]+ - # SKIP' "$log" || true)
  good=$(($(grep -cE '^ok [0-9]+ - ' "$log" || true) - skipped))
  broke_off=
  if ! grep -qE '^1\.\.[0-9]+$' "$log" || [ "$good" -eq 0 ] || [ $((status > 0)) -ne $((bad > 0)) ]; then
    bad=$((bad + 1)) broke_off="the run broke off, exit status $status"
  fi
}

show_failures() {
  if [ -n "$broke_off" ]; then show <(tail -n 60 "$log"); fi
  show <(awk '/^not ok /{p=1} /^(ok|# runs:|# slow:) /{p=0} p' "$log")
}

# tap STEP SECONDS COMMAND...: each line of TAP counts. Much of what is tested is waiting, and a machine
# that does other work meanwhile can fail it: under CI a step that failed is run once more, and what
# failed the first time is shown and said.
tap() {
  local good bad skipped broke_off remark=
  count_tap "$@"
  if [ "$bad" -gt 0 ] && [ -n "${CI:-}" ]; then
    printf '%s: %d failed, run once more; the first run:\n' "$1" "$bad"
    show_failures
    remark="the second run; $bad failed in the first"
    mv "$log" "${log%.log}.first.log"
    count_tap "$@"
  fi
  result "$1" "$good" "$bad" "${broke_off:-$remark}"
  show <(sed -n 's/^ok [0-9]* - # SKIP/skipped:/p' "$log")
  if [ "$bad" -gt 0 ]; then show_failures; fi
}

# c_tests PRESET: each program counts.
c_tests() {
  local total bad counts
  run "C tests $1" 900 ctest --preset "$1" -L '^c$' --no-tests=error
  counts=$(sed -n 's/.* \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' "$log")
  read -r bad total <<<"${counts:-0 0}"
  if [ "$total" -eq 0 ] || [ $((status > 0)) -ne $((bad > 0)) ]; then
    result "C tests $1" 0 1 "exit status $status"
  else
    result "C tests $1" $((total - bad)) "$bad"
  fi
  [ "$status" -eq 0 ] || show "$log"
}
