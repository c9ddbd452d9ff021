# shellcheck shell=bash
# Running and counting steps, for tools/test. Source it; it keeps in `passed`,
# `failed` and `broken` what came out, and each step's output in the directory $logs.

passed=0 failed=0 broken=()
HANGS=14400 # seconds after which a step hangs: ten times what the slowest needs on a busy machine

begin_run() {
  cd "$DT_ROOT" || exit
  logs=build/test
  local other
  if other=$(cat "$logs/pid" 2>/dev/null) && kill -0 "$other" 2>/dev/null; then
    logs=build/test-$$
    say "another run ($other) uses build/test; the output of this one is in $logs"
  fi
  mkdir -p "$logs"
  rm -f "$logs"/*.log
  echo $$ >"$logs/pid"
  trap 'stop_step; rm -f "$logs/pid"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # Nothing in the caller's shell may lead the tests to the real service.
  for variable in "${!DINGTALK_@}"; do
    [ "$variable" = DINGTALK_NO_APT ] || unset "$variable"
  done
}

end_run() {
  [ "${#broken[@]}" -eq 0 ] || printf '\nfailed: %s\n' "$(IFS=,; echo "${broken[*]}")"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

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

# run STEP COMMAND...: sets log, status and took; never ends the script.
run() {
  local started=$SECONDS
  log=$logs/${1//[ \/]/-}.log
  shift
  # In the background, so that Ctrl-C reaches us at once: stop_step then ends all of it.
  timeout -k 10 "$HANGS" "$@" </dev/null >"$log" 2>&1 &
  running=$! status=0
  wait "$running" || status=$?
  running=
  [ "$status" -ne 124 ] || echo "not done within $HANGS seconds" >>"$log"
  took=$((SECONDS - started))
}

# stop_step: ends what run is waiting for, with all of its children.
stop_step() { [ -z "${running:-}" ] || kill "$running" 2>/dev/null || true; }

show() { sed 's/^/    /' "$@"; }

# check STEP COMMAND...: counts as one test.
check() {
  run "$@"
  if [ "$status" -eq 0 ]; then
    result "$1" 1 0
  else
    result "$1" 0 1 "exit status $status"
    show "$log"
  fi
}

# tap STEP COMMAND...: each line of TAP counts. A run that broke off must not pass for the part that it did.
tap() {
  run "$@"
  local good bad skipped broke_off=
  bad=$(grep -cE '^not ok [0-9]+ - ' "$log" || true)
  skipped=$(grep -cE '^ok [0-9]+ - # SKIP' "$log" || true)
  good=$(($(grep -cE '^ok [0-9]+ - ' "$log" || true) - skipped))
  if ! grep -qE '^1\.\.[0-9]+$' "$log" || [ "$good" -eq 0 ] || [ $((status > 0)) -ne $((bad > 0)) ]; then
    bad=$((bad + 1)) broke_off="the run broke off, exit status $status"
  fi
  result "$1" "$good" "$bad" "$broke_off"
  show <(sed -n 's/^ok [0-9]* - # SKIP/skipped:/p' "$log" | sort | uniq -c)
  [ -z "$broke_off" ] || show <(tail -n 60 "$log")
  [ "$bad" -eq 0 ] || show <(awk '/^not ok /{p=1} /^(ok|# runs:|# slow:) /{p=0} p' "$log")
}

# c_tests PRESET: each program counts.
c_tests() {
  local total bad counts
  run "C tests $1" ctest --preset "$1" -L '^c$' --no-tests=error
  counts=$(sed -n 's/.* \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' "$log")
  read -r bad total <<<"${counts:-0 0}"
  if [ "$total" -eq 0 ] || [ $((status > 0)) -ne $((bad > 0)) ]; then
    result "C tests $1" 0 1 "exit status $status"
  else
    result "C tests $1" $((total - bad)) "$bad"
  fi
  [ "$status" -eq 0 ] || show "$log"
}
