# Sourced by the rows of a benchmark: what they share.
# shellcheck shell=bash

median() { printf '%s\n' "$@" | sort -g | awk '{all[NR] = $1} END {printf "%.6g\n", (NR % 2) ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2}'; }
spread() { printf '%s\n' "$@" | sort -g | awk 'NR == 1 {least = $1} {most = $1} END {printf "%.2f", (least > 0) ? most / least : 0}'; }
now_ms() { date +%s%3N; }

# row NAME UNIT AIM AGAINST-WHAT OURS... -- AGAINST...: the row as JSON. AIM: the ratio of the medians, at most. Less is better: a rate
# is given as the time that one takes.
row() {
  local name=$1 unit=$2 aim=$3 what=$4 ours=() against=() figure
  shift 4
  while [ "$1" != -- ]; do ours+=("$1"); shift; done
  shift
  against=("$@")
  for figure in "${ours[@]:-none}" "${against[@]:-none}"; do
    awk -v figure="$figure" 'BEGIN {exit !(figure ~ /^[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?$/ && figure > 0)}' ||
      { echo "$name: \"$figure\" is no figure above 0" >&2; exit 1; }
  done
  jq -cn --arg name "$name" --arg unit "$unit" --argjson aim "$aim" --arg against_what "$what" --argjson ours "$(median "${ours[@]}")" \
    --argjson against "$(median "${against[@]}")" --argjson spread "$(spread "${ours[@]}")" \
    --argjson against_spread "$(spread "${against[@]}")" --argjson rounds ${#ours[@]} --argjson quick "${quick:-false}" '
    {$name, $ours, $against, $against_what, $unit, ratio: ($ours / $against * 1000 | round / 1000), $aim, $spread, $against_spread, $rounds, $quick}
    | .holds = (.ratio <= .aim)' || exit 1
}

# not_measured NAME WHY: the row that says so.
not_measured() { jq -cn --arg name "$1" --arg why "$2" '{$name, holds: false, measured: false, $why}'; }

# with_points X-LABEL Y-LABEL X:Y...: the row on standard input with the points of a plot.
with_points() {
  local x=$1 y=$2
  shift 2
  jq -c --arg x "$x" --arg y "$y" '.plot = {$x, $y, points: [$ARGS.positional[] | split(":") | map(tonumber)]}' --args "$@"
}

# peer COMMAND: is what we are compared with there? run has tried to install it.
peer() { command -v "$1" >/dev/null; }


# measured ARGUMENTS...: what moult_bench, which lies beside the program, measures once, as JSON. The row ends without it.
measured() {
  local program
  program=$(dirname "$MOULT")/../tests/bench/moult_bench
  [ -x "$program" ] || { echo "there is no $program; build the target moult_bench" >&2; exit 1; }
  "$program" "$@" || exit 1
}
# figure KEY JSON: a figure of it.
figure() { jq -e ".$1" <<<"$2"; }

# The stall of the latest run's last cutover or rollback, in milliseconds.
last_stall() { "$MOULT" --state "$state" status "$(latest_run)" -o json | jq .stall_ms; }
