# Sourced by matrices over one machine: who serves, and how a run is brought to its end.
# shellcheck shell=bash

run_state() { { "$MOULT" --state "$state" runs -o json 2>/dev/null || echo '[]'; } | jq -r 'max_by(.created).state // empty'; }
over() { case $(run_state) in '' | finished | rolled-back | aborted) ;; *) return 1 ;; esac }

# Clients reach one side: never both sides' NICs are on the production bridge.
one_side_at_most() {
  local there=0 domain
  for domain in $(virsh --quiet list --name | grep '^notes-app'); do
    ! virsh --quiet domiflist "$domain" | grep -qw prod0 || there=$((there + 1))
  done
  [ "$there" -le 1 ] || wrong "both sides are on the production network"
}

# The run comes to its end, whatever it takes: where there is no way back, the clone is kept. One that awaits its confirmation goes
# back at once, and one that awaits its cutover is aborted, for whoever resumes them waits as well.
end_run() {
  over && return
  case $(run_state) in confirming | ready) ;; *) moult resume "$(latest_run)" ;; esac
  [ "$(run_state)" != confirming ] || moult rollback "$(latest_run)"
  [ "$(run_state)" != confirming ] || moult finish "$(latest_run)"
  over || moult abort "$(latest_run)"
  over
}
