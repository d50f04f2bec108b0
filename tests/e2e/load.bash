# Sourced by cases under load: the sample's clients, and their verdict.
# shellcheck shell=bash

load=$(find "$moult_cache"/programs-*/ -maxdepth 1 -name notes-load -type f | head -n 1)
[ -n "$load" ] || load=$("$repo/samples/notes/programs")/notes-load

# start_load [OPTION...]: through the entry, or where `--host` and `--port` say.
start_load() {
  "$load" run --log "$case_dir/load.log" --rate 60 --timeout 30 "$@" 2>>"$case_dir/log" &
  load_pid=$!
  trap 'kill "$load_pid" 2>/dev/null || true' EXIT
  sleep 1
}

stop_load() {
  kill -TERM "$load_pid"
  wait "$load_pid" || wrong "the load client failed"
  trap - EXIT
}

load_report() { "$load" report --log "$case_dir/load.log" "$@" >"$case_dir/load.json" || wrong "no report of the load"; }

no_request_failed() {
  load_report
  jq -e '.requests > 100 and .writes_acknowledged > 20 and .requests_failed == 0' "$case_dir/load.json" >/dev/null ||
    wrong "the clients' requests:" "$(cat "$case_dir/load.json")"
}

nothing_lost_or_doubled() {
  load_report --verify yes
  jq -e '.acknowledged_checked > 20 and .acknowledged_lost == 0 and .doubled == 0' "$case_dir/load.json" >/dev/null ||
    wrong "the acknowledged notes:" "$(cat "$case_dir/load.json")"
}

version_is() {
  curl -fsS --max-time 5 "$entry_url/health" | grep -qF "\"level\":\"$1\"" || wrong "the appliance is not at $1: $(curl -sS "$entry_url/health")"
}
