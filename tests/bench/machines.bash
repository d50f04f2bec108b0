# Sourced by the rows that measure on machines: what clients saw, and what every row of this kind needs.
# shellcheck shell=bash

# not_measured NAME WHY: a row that says why it has no figures.
not_measured() { jq -cn --arg name "$1" --arg why "$2" '{$name, measured: false, holds: false, $why}'; }

# with KEY VALUE: the row on standard input with one more fact, a JSON value.
with() { jq -c --arg key "$1" --argjson value "$2" '.[$key] = $value'; }

now_us() { echo $(($(date +%s%N) / 1000)); }
us_of() { echo $(($(date --date "$1" +%s%N) / 1000)); }

# The stall as clients see it, the same for all that is compared: the longest that one waited for its answer, or that none had a
# write acknowledged, from the beginning of what is measured until two seconds after its end, so that what the first requests on the
# other side cost is in it. In ms; how many requests failed meanwhile is in $case_dir/failed.
settle_us=2000000
longest_wait() { # FROM-US TO-US
  load_report --from "$1" --to $(($2 + settle_us))
  jq .requests_failed "$case_dir/load.json" >"$case_dir/failed"
  jq '[.longest_ms, .longest_without_write_ms] | max | . * 10 | round / 10' "$case_dir/load.json"
}

# under_load COMMAND...: the command while clients write and read; prints the longest wait. What it prints goes to the log.
under_load() {
  local began ended
  start_load "${load_options[@]}" >&2
  sleep 2
  began=$(now_us)
  "$@" >&2
  ended=$(now_us)
  sleep 3
  stop_load
  longest_wait "$began" "$ended"
}
load_options=(--seconds 3600)

# audit_rows RUN: the run's audit log, a JSON object a line, with `facts` read.
audit_rows() { "$MOULT" --state "$state" audit export "$1" | jq -c 'select(.event) | .facts |= (if type == "string" then fromjson else . end)'; }

# cutover_of RUN: when the last cutover began and ended, in microseconds.
cutover_of() {
  local times
  times=$(audit_rows "$1" | jq -rs '([.[] | select(.event == "run.state" and .facts.to == "cutting-over")][-1].utc),
    ([.[] | select(.facts.stall_ms)][-1].utc)')
  while read -r utc; do us_of "$utc"; done <<<"$times"
}

# The sample's maintenance of one machine alone: package, schema and data of `app`; pages and help of `web`.
app_maintenance() { a_variant -e '/^  notes-ui:/,/^payload:/{/^payload:/!d}' -e '/^  notes-(ui|help).*sha256/d'; }
web_maintenance() {
  a_variant -e '/^  notes-tools:/,/^  notes-ui:/{/^  notes-ui:/!d}' -e '/^    after: .notes-api.$/d' -e '/^  (notes-(api|tools)|schema).*sha256/d'
}

in_guest() { "$lab_dir_of_scripts/guest" "$@" </dev/null; }
agent_answers() { virsh --quiet qemu-agent-command "$1" '{"execute":"guest-ping"}' --timeout 5; }
haproxy_says() { socat - /run/haproxy/admin.sock <<<"$1"; }

# Rows whose rounds take minutes have one with --quick.
long_rounds=$((rounds > 2 ? rounds : 1))

# stall_through_clone APPLIANCE MAINTENANCE: an upgrade as far as `ready`, then its cutover under load; the longest wait of that cutover.
# It is taken back by go_back.
stall_through_clone() {
  local run times
  start_moult upgrade --yes --cutover manual --max-stall 20s "$@" 1>&2  # what it takes is measured, not judged
  until in_state ready; do
    kill -0 "$pid" 2>/dev/null || { await_moult; wrong "no clone was made ready:" "$(tail -n 3 "$case_dir/err")"; }
    sleep 0.2
  done
  run=$(latest_run)
  under_load cut_over "$run" >"$case_dir/whole" || exit 1
  await_moult
  succeeded
  mapfile -t times < <(cutover_of "$run")
  longest_wait "${times[@]}"
}
cut_over() { moult cutover "$1"; succeeded; }
go_back() { moult rollback "$(latest_run)"; succeeded; }

# add NAME COMMAND...: what the command prints is one more figure in the array NAME; a command that fails ends the row.
add() {
  local -n figures=$1
  local figure
  figure=$("${@:2}") || exit 1
  figures+=("$figure")
  echo "  $1: $figure" >&2
}

# Of the latest run's cutover: its parts in ms, as an object, and the bytes of the round under the fence.
stall_parts() { "$MOULT" --state "$state" status "$(latest_run)" -o json | jq -c .stall_parts_ms; }
last_round_bytes() {
  audit_rows "$(latest_run)" | jq -s '(map(.event == "run.state" and .facts.to == "cutting-over") | rindex(true)) as $begun |
    (map(.facts | has("stall_ms")) | rindex(true)) as $over | [.[$begun:$over][] | select(.event == "data.round") | .facts.bytes] | add // 0'
}
# median_parts PARTS...: the objects' values, each the median of all.
median_parts() {
  printf '%s\n' "$@" | jq -cs '[.[] | to_entries[]] | group_by(.key) | map({key: .[0].key, value: (map(.value) | sort | .[length / 2 | floor] * 10 | round / 10)}) | from_entries'
}
