# Sourced by every case: what a case may say. A case runs in a lab that is up, in a directory of its own ($case_dir), with
# MOULT naming the program; it ends well or says what was not as it must be.
# shellcheck shell=bash
set -Eeuo pipefail
trap 'echo "    ${BASH_SOURCE[0]##*/}:$LINENO: ended with $?: $BASH_COMMAND" >&2' ERR

e2e=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$e2e/../lab/lib.bash"
. "$e2e/inventory.bash"
. "$e2e/descriptors.bash"

entry_url=http://10.77.0.1:8080
state=$case_dir/state
# How long one command of the program may take before the case fails.
command_limit=${E2E_LIMIT:-600}

wrong() { printf '    %s\n' "$@" >&2; exit 1; }

# moult ARGUMENTS...: output in $case_dir/out and err, exit code in $code. Never fails by itself. Both files are appended to, so
# that one in the background, which has them open too, overwrites nothing.
moult() {
  printf '    $ moult %s\n' "$*" >>"$case_dir/log"
  code=0
  truncate -s 0 "$case_dir/out" "$case_dir/err"
  timeout -k 90 "$command_limit" "$MOULT" --state "$state" "$@" >>"$case_dir/out" 2>>"$case_dir/err" </dev/null || code=$?
  { cat "$case_dir/out" "$case_dir/err"; echo "    exit code $code"; } >>"$case_dir/log"
}

# start_moult ARGUMENTS...: the same in the background; its process is $pid.
start_moult() {
  printf '    $ moult %s &\n' "$*" >>"$case_dir/log"
  truncate -s 0 "$case_dir/out" "$case_dir/err"
  "$MOULT" --state "$state" "$@" >>"$case_dir/out" 2>>"$case_dir/err" </dev/null &
  pid=$!
}

# await_moult: until the one in the background has ended.
await_moult() {
  code=0
  timeout "$command_limit" tail --pid="$pid" -f /dev/null || { kill -9 "$pid"; wrong "moult (pid $pid) did not end"; }
  wait "$pid" || code=$?
  { cat "$case_dir/out" "$case_dir/err"; echo "    exit code $code"; } >>"$case_dir/log"
}

succeeded() { [ "$code" -eq 0 ] || wrong "moult ended with $code:" "$(tail -n 5 "$case_dir/err")"; }

# failed_with CODE PATTERN...: one error of that code, with a remedy, and each pattern in what was said.
failed_with() {
  local wanted=$1 pattern
  shift
  [ "$code" -eq "$wanted" ] || wrong "exit code $code where $wanted is documented:" "$(tail -n 5 "$case_dir/err")"
  [ "$(grep -c '^moult: error: ' "$case_dir/err")" -eq 1 ] || wrong "not one error:" "$(cat "$case_dir/err")"
  [ "$(grep -c '^moult: remedy: ' "$case_dir/err")" -eq 1 ] || wrong "no remedy:" "$(cat "$case_dir/err")"
  for pattern in "$@"; do
    sed -n '/^moult: error: /,$p' "$case_dir/err" | grep -E -- "$pattern" >/dev/null || wrong "the error does not say /$pattern/:" "$(cat "$case_dir/err")"
  done
}

# beside FUNCTION...: all at the same time, each in a shell with logs and a state directory of its own; one machine each.
beside() {
  local lane lanes=() bad=
  for lane; do
    (case_dir=$case_dir/$lane; state=$case_dir/state; mkdir "$case_dir"; "$lane") &
    lanes+=($!)
  done
  for lane in "${lanes[@]}"; do wait "$lane" || bad=yes; done
  [ -z "$bad" ] || wrong "one of $* is not as it must be"
}

# The id of the latest run of this case.
latest_run() { "$MOULT" --state "$state" runs -o json | jq -r 'max_by(.created).run'; }

# audit_says RUN PATTERN...: the run's audit rows match, and the whole log holds.
audit_says() {
  local run=$1 pattern
  shift
  "$MOULT" --state "$state" audit show "$run" >"$case_dir/audit" || wrong "no audit rows of $run"
  for pattern in "$@"; do
    grep -Eq -- "$pattern" "$case_dir/audit" || wrong "no audit row says /$pattern/:" "$(tail -n 5 "$case_dir/audit")"
  done
  "$MOULT" --state "$state" audit verify "$run" | grep -qx good || wrong "the audit log does not verify"
}

# audit_has RUN PATTERN, nobody_holds RUN: for `eventually`.
audit_has() { "$MOULT" --state "$state" audit show "$1" | grep -Eq -- "$2"; }
nobody_holds() { "$MOULT" --state "$state" status "$1" | grep -qx '  held by: -'; }

# refusal_recorded PATTERN: a command that was refused before a run began left a row that matches.
refusal_recorded() {
  "$MOULT" --state "$state" audit show >"$case_dir/audit" || wrong "the refusal is not in the audit log"
  tail -n 1 "$case_dir/audit" | grep -Eq -- "run\.refused.*$1" || wrong "no row of the refusal says /$1/:" "$(tail -n 1 "$case_dir/audit")"
  "$MOULT" --state "$state" audit verify | grep -qx good || wrong "the audit log does not verify"
}

# aborted_with CODE PATTERN...: the run failed, said why, is in the audit log with its cause, and is over.
aborted_with() {
  local run
  failed_with "$@"
  run=$(latest_run)
  audit_says "$run" "run.failed.*$2" '"to":"aborted"'
}

serves() { curl -fsS --max-time 5 "$entry_url/health" >/dev/null || wrong "the appliance does not serve"; }

# eventually SECONDS COMMAND...: until it succeeds.
eventually() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || wrong "waited too long for: $*" "$(tail -n 3 "$case_dir/err")"
    sleep 0.2
  done
}

# entry_holds: HAProxy's requests wait now.
entry_holds() { echo 'show map /run/haproxy/moult-hold.map' | socat - /run/haproxy/admin.sock | grep -Eq ' notes [0-9]+$'; }

# held_request: asks through the entry in the background; waited_and_answered: it had an answer, and not before a second.
held_request() {
  curl -fsS --max-time 60 -o /dev/null -w '%{time_total}' "$entry_url/health" >"$case_dir/waited" 2>>"$case_dir/log" &
  request_pid=$!
}
waited_and_answered() {
  wait "$request_pid" || wrong "a request that waited at the entry failed"
  awk '{exit !($1 > 1)}' "$case_dir/waited" || wrong "the request did not wait at the entry: $(cat "$case_dir/waited") s"
}

in_state() { "$MOULT" --state "$state" runs -o json | jq -e --arg state "$1" 'any(.[]; .state == $state)' >/dev/null; }

remember_world() { inventory >"$case_dir/before"; }

# world_is_as_before: the same inventory, to the letter.
world_is_as_before() {
  serves
  inventory >"$case_dir/after"
  diff "$case_dir/before" "$case_dir/after" >"$case_dir/difference" ||
    wrong "the world is not as it was (< before, > after):" "$(cat "$case_dir/difference")"
}
