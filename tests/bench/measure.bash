# Sourced by what measures rows: finding a row, running its file, keeping what it says.
# shellcheck shell=bash

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rows=${MOULT_BENCH_ROWS:-$bench/rows}
. "$bench/figures.bash"

# A row runs in a lab of real machines, unless a line of its file says that it needs none.
needs_machines() { ! grep -q '^# Needs no machine' "$rows/$1"; }

# The last words of a log, as one line.
last_words() { tail -n 2 "$1" 2>/dev/null | tr -s '\n ' ' '; }

# Are the lines of this file rows, and is there one?
are_rows() { jq -es 'length > 0 and all(type == "object" and has("name") and has("holds"))' "$1" >/dev/null 2>&1; }

show() {
  jq -r 'if .measured == false then "\(.name)\tnot measured: \(.why)" else
    "\(.name)\t\(.ours) \(.unit) : \(.against) \(.unit) = \(.ratio), aim \(.aim) \(if .holds then "holds" else "MISSED" end), spread \(.spread), against \(.against_what)"
    end' "$1" | while IFS=$'\t' read -r name text; do printf '%-18s %s\n' "$name" "$text"; done
}

# measure NAME: what its file prints, one JSON object a line, becomes $out/NAME.rows; what it says beside that, $out/NAME.log.
measure() {
  local name=$1 code=0
  say "measuring $name"
  # shellcheck source=/dev/null
  (. "$rows/$name") >"$out/$name.new" 2>"$out/$name.log" || code=$?
  if [ "$code" -ne 0 ] || ! are_rows "$out/$name.new"; then
    are_rows "$out/$name.new" || : >"$out/$name.new"
    not_measured "$name" "it ended with $code: $(last_words "$out/$name.log")" >>"$out/$name.new"
  fi
  mv "$out/$name.new" "$out/$name.rows"
  show "$out/$name.rows"
}
