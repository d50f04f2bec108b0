# Sourced: one line of the crash matrix, on a run of one machine that goes on from line to line.
# shellcheck shell=bash

# The appliance is one machine, whose clone boots soonest, with a data set that both sides write.
one=$(appliance_of app)
quick=$(notes_by '{command: [sh, -c, "echo 2 >/etc/notes/e2e-level"]}' ', conflict: keep-original')
sed -i 's|^    update:|    hooks: {activate: ["true"], stop: ["true"], start: ["true"]}\n    update:|' "$quick"

run_state() { "$MOULT" --state "$state" runs -o json 2>/dev/null | jq -r 'max_by(.created).state // empty'; }
over() { case $(run_state) in '' | finished | rolled-back | aborted) ;; *) return 1 ;; esac }

# met FAILPOINT: the last process came by it.
met() { grep -qxF "failpoint $1" "$case_dir/err"; }

# process WORD [FAILPOINT...]: one process of moult, which must come by each of them, and die where the last one says so.
process() {
  local word=$1 points=("${@:2}") point
  MOULT_FAILPOINT=$(IFS=,; echo "${points[*]}")
  export MOULT_FAILPOINT
  if [ "$word" = upgrade ]; then moult upgrade --yes "$one" "$quick"; else moult "$word" "$(latest_run)"; fi
  unset MOULT_FAILPOINT
  for point in "${points[@]}"; do met "$point" || wrong "it did not come by $point:" "$(tail -n 3 "$case_dir/err")"; done
  case ${points[*]: -1} in
    *=die-*) [ "$code" -eq 137 ] || wrong "it did not die, but ended with $code:" "$(tail -n 3 "$case_dir/err")" ;;
    '') succeeded ;;
    *) [ "$code" -ne 137 ] || wrong "it died" ;;
  esac
  one_side_at_most
}

# Clients reach one side: never both sides' NICs are on the production bridge.
one_side_at_most() {
  local there=0 domain
  for domain in $(virsh --quiet list --name | grep '^notes-app'); do
    ! virsh --quiet domiflist "$domain" | grep -qw prod0 || there=$((there + 1))
  done
  [ "$there" -le 1 ] || wrong "both sides are on the production network"
}

# After a line that went wrong: the run comes to its end, whatever it takes.
end_run() {
  over && return
  moult resume "$(latest_run)"
  [ "$(run_state)" != confirming ] || moult rollback "$(latest_run)"
  over || moult abort "$(latest_run)"
  over
}
