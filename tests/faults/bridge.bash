# Sourced: who is reached on a host's production network. Both sides of a machine have one address, so the taps of both have one,
# and a bridge that has two such ports leads to both.
# shellcheck shell=bash

bridge_leads_to_both() { ip -o link show master prod0 | grep -o 'fe:54:00:77[^ ]*' | sort | uniq -d | grep .; }

# look_while MARK OUT: for as long as the file MARK is there, several times a second: a line a look.
look_while() {
  while [ -e "$1" ]; do
    if bridge_leads_to_both >/dev/null; then echo "both at $(date +%T.%N)"; else echo one; fi
    sleep 0.2
  done >>"$2"
}
