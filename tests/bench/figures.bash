# Sourced by the rows of a benchmark: what they share.
# shellcheck shell=bash

median() { printf '%s\n' "$@" | sort -n | awk '{all[NR] = $1} END {print (NR % 2) ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2}'; }
spread() { printf '%s\n' "$@" | sort -n | awk 'NR == 1 {least = $1} {most = $1} END {printf "%.2f", (least > 0) ? most / least : 0}'; }
now_ms() { date +%s%3N; }

# row NAME UNIT AIM AGAINST-WHAT OURS... -- AGAINST...: the row as JSON. AIM: the ratio of the medians, at most.
row() {
  local name=$1 unit=$2 aim=$3 what=$4 ours=() against=()
  shift 4
  while [ "$1" != -- ]; do ours+=("$1"); shift; done
  shift
  against=("$@")
  jq -cn --arg name "$name" --arg unit "$unit" --argjson aim "$aim" --arg against_what "$what" --argjson ours "$(median "${ours[@]}")" \
    --argjson against "$(median "${against[@]}")" --argjson spread "$(spread "${ours[@]}")" --argjson rounds ${#ours[@]} '
    {$name, $ours, $against, $against_what, $unit, ratio: ($ours / $against * 1000 | round / 1000), $aim, $spread, $rounds}
    | .holds = (.ratio <= .aim)'
}

# The stall of the latest run's last cutover or rollback, in milliseconds.
last_stall() { "$MOULT" --state "$state" status "$(latest_run)" -o json | jq .stall_ms; }
