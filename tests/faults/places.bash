# Sourced: the places of a run at which a fault strikes. begin_PLACE brings a process of moult there; it stands still (or waits
# for a word) while the fault strikes.
# shellcheck shell=bash

# The appliance is one machine, whose clone boots soonest, with a data set that both sides write.
one=$(appliance_of app)
quick=$(notes_by '{command: [sh, -c, "echo 2 >/etc/notes/e2e-level"]}' ', conflict: keep-original')
sed -i 's|^    update:|    hooks: {activate: ["true"], stop: ["true"], start: ["true"]}\n    update:|' "$quick"

stands_still() { grep -q '^State:.T' "/proc/$pid/status"; }
go_on() { kill -CONT "$pid"; }

# until_stopped STEP WORD ARGUMENT...: a process that stands still at that step.
until_stopped() {
  local step=$1; shift
  MOULT_FAILPOINT=$step=stop start_moult "$@"
  eventually "$place_limit" stands_still
  name_clone
}
name_clone() { clone=$original-moult-$(latest_run); }

begin_cloning() { until_stopped snapshot upgrade --yes "$one" "$quick"; }
begin_booting() { until_stopped clone.boot upgrade --yes "$one" "$quick"; }
begin_upgrading() { until_stopped update upgrade --yes "$one" "$quick"; }
begin_ready() {
  start_moult upgrade --yes --cutover manual "$one" "$quick"
  eventually "$place_limit" in_state ready
  name_clone
}
begin_cutting-over() { until_stopped cutover.last-round upgrade --yes --max-stall 10s "$one" "$quick"; }
begin_switching() { until_stopped switch/cutover upgrade --yes --max-stall 10s "$one" "$quick"; }
begin_settling() { until_stopped original.stop upgrade --yes "$one" "$quick"; }
# A run in confirming, on which a process waits for the confirmation.
begin_confirming() {
  start_moult upgrade --yes --confirm-within 10m "$one" "$quick"
  eventually "$place_limit" in_state confirming
  name_clone
}
cut_over_first() {
  local preload=${LD_PRELOAD:-}
  unset LD_PRELOAD
  moult upgrade --yes "$one" "$quick"
  succeeded
  [ -z "$preload" ] || export LD_PRELOAD=$preload
}
begin_rolling-back() { cut_over_first; until_stopped rollback.last-round rollback "$(latest_run)"; }
begin_switching-back() { cut_over_first; until_stopped switch/rollback rollback "$(latest_run)"; }
