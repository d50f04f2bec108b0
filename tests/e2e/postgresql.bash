# Sourced by cases with the machine of samples/accounts: its clients, who write all the while, and what must be true of their data.
# shellcheck shell=bash

touch "$case_dir/used-up"  # there is another machine now
accounts=$repo/samples/accounts
images=$("$accounts/images") || wrong "the sample was not built"
export PGHOST=10.77.0.21 PGUSER=clients PGDATABASE=bench PGCONNECT_TIMEOUT=5
guest() { "$repo/tests/lab/guest" accounts-db "$@" </dev/null; }
superuser() { guest runuser -u postgres -- psql -XAtq -d bench -c "$1"; }
"$accounts/start" || wrong "the machine with PostgreSQL does not start"

# upgrade_until_ready MAINTENANCE SECONDS
upgrade_until_ready() {
  start_moult upgrade --yes --cutover manual --max-stall 30s "$images/appliance.yaml" "$1"
  upgrade=$pid
  eventually "$2" ready_or_ended
  in_state ready || wrong "no clone was made ready:" "$(tail -n 5 "$case_dir/err")"
  run=$(latest_run)
}
ready_or_ended() { in_state ready || ! kill -0 "$upgrade" 2>/dev/null; }
# cut_over SET
cut_over() {
  moult cutover "$run"
  succeeded
  wait "$upgrade" || wrong "the upgrade ended with $?" "$(tail -n 5 "$case_dir/err")"
  in_state confirming || wrong "the run is not confirming"
  audit_says "$run" "\"set\":\"$1\"" "\"verified\":\{\"$1\":\"[0-9a-f]{64}\"\}"
}
major() { psql -XAtq -c "SELECT current_setting('server_version_num')::int / 10000"; }
written() { wc -l <"$case_dir/acknowledged"; }
written_beyond() { [ "$(written)" -gt "$1" ]; }
more_is_written() { eventually 60 written_beyond $(($(written) + 20)); }
all_there() {
  touch "$case_dir/enough"
  wait "$clients" || wrong "the clients ended with $?"
  [ "$(written)" -gt 100 ] || wrong "there were too few writes to tell: $(written)"
  psql -XAtq -c 'SELECT n FROM commits' | sort >"$case_dir/present"
  cut -d' ' -f2 "$case_dir/acknowledged" | sort >"$case_dir/told"
  [ -z "$(uniq -d "$case_dir/told")" ] || wrong "numbers were given twice: $(uniq -d "$case_dir/told" | head -n 3)"
  lost=$(comm -23 "$case_dir/told" "$case_dir/present" | wc -l)
  [ "$lost" -eq 0 ] || wrong "$lost of $(written) acknowledged commits are lost"
  psql -XAtq -c 'SELECT (SELECT sum(abalance) FROM pgbench_accounts) = s AND (SELECT sum(bbalance) FROM pgbench_branches) = s AND
    (SELECT sum(tbalance) FROM pgbench_tellers) = s AND n > 100 FROM (SELECT coalesce(sum(delta), 0) AS s, count(*) AS n FROM pgbench_history) h' |
    grep -qx t || wrong "pgbench's sums do not agree"
}
no_trace() {
  [ "$(superuser "SELECT (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM
    pg_subscription), (SELECT count(*) FROM pg_roles WHERE rolname ~ '^moult'), (SELECT count(*) FROM pg_namespace WHERE nspname ~ '^moult')")" = '0|0|0|0|0' ] ||
    wrong "something of the run is left in PostgreSQL"
}

begin_clients() {
  "$accounts/clients" "$case_dir" 2>>"$case_dir/log" &
  clients=$!
  trap 'touch "$case_dir/enough"' EXIT
}
