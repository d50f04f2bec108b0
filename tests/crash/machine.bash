# Sourced: one line of the crash matrix, on a run of one machine that goes on from line to line.
# shellcheck shell=bash

# The appliance is one machine, whose clone boots soonest, with a data set that both sides write.
one=$(appliance_of app)
quick=$(notes_by '{command: [sh, -c, "echo 2 >/etc/notes/e2e-level"]}' ', conflict: keep-original')
sed -i 's|^    update:|    hooks: {activate: ["true"], stop: ["true"], start: ["true"]}\n    update:|' "$quick"
# The same with the notes' disk, which changes hands: what uses it is stopped and started, and listens before clients are let go.
handed=$case_dir/handed.yaml
sed -e 's|{files: [^}]*}|{handover: {disk: vdb, mount: /var/lib/notes}}|' \
  -e 's|^    hooks: .*|    check: {tcp: {port: 8080}}\n    hooks: {stop: [systemctl, stop, notes-api], start: [systemctl, start, notes-api]}|' "$quick" >"$handed"

# met FAILPOINT: the last process came by it.
met() { grep -qxF "failpoint $1" "$case_dir/err"; }

# process WORD [FAILPOINT...]: one process of moult, which must come by each of them, and die where the last one says so.
process() {
  local word=$1 points=("${@:2}") point
  MOULT_FAILPOINT=$(IFS=,; echo "${points[*]}")
  export MOULT_FAILPOINT
  case $word in
    upgrade) moult upgrade --yes "$one" "$quick" ;;
    upgrade-throttled) moult upgrade --yes --throttle 1GiB/s "$one" "$quick" ;;
    upgrade-disk) moult upgrade --yes --max-stall 20s "$one" "$handed" ;;
    *) moult "$word" "$(latest_run)" ;;
  esac
  unset MOULT_FAILPOINT
  for point in "${points[@]}"; do met "$point" || wrong "it did not come by $point:" "$(tail -n 3 "$case_dir/err")"; done
  case ${points[*]: -1} in
    *=die-*) [ "$code" -eq 137 ] || wrong "it did not die, but ended with $code:" "$(tail -n 3 "$case_dir/err")" ;;
    '') succeeded ;;
    *) [ "$code" -ne 137 ] || wrong "it died" ;;
  esac
  one_side_at_most
}
