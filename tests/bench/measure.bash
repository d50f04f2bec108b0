# Sourced by what measures rows: finding a row, running its file, keeping what it says.
# shellcheck shell=bash

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rows=${MOULT_BENCH_ROWS:-$bench/rows}
. "$bench/figures.bash"

# A row runs in a lab of real machines, unless a line of its file says that it needs none.
needs_machines() { ! grep -q '^# Needs no machine' "$rows/$1"; }

# With --quick such a row comes behind the others, by a line of its file.
takes_minutes() { grep -q '^# Takes minutes' "$rows/$1"; }

# The last words of a log, as one line.
last_words() { tail -n 2 "$1" 2>/dev/null | tr -s '\n ' ' '; }

# Are the lines of this file rows, and is there one?
are_rows() { jq -es 'length > 0 and all(type == "object" and has("name") and has("holds"))' "$1" >/dev/null 2>&1; }

show() {
  jq -r 'if .measured == false then "\(.name)\tnot measured: \(.why)" else
    "\(.name)\t\(.ours) \(.unit) : \(.against) \(.unit) = \(.ratio), aim \(.aim) \(if .holds then "holds" else "MISSED" end), spread \(.spread), against \(.against_what)"
    end' "$1" | while IFS=$'\t' read -r name text; do printf '%-18s %s\n' "$name" "$text"; done
}

# run_row NAME: what its file prints becomes $out/NAME.new; what it says beside that, $out/NAME.log.
run_row() {
  # shellcheck source=/dev/null
  . "$rows/$1" >"$out/$1.new" 2>"$out/$1.log"
}

# in_time COMMAND...: in a subshell, until $ends_at (seconds since 1970) where that is set; then its process group is ended, and 124 is
# returned. Whoever sources this calls end_timed when it ends itself.
in_time() {
  local left code=0
  [ -n "${ends_at:-}" ] || { ("$@"); return; }
  left=$((ends_at - $(date +%s)))
  [ "$left" -gt 0 ] || return 124
  set -m  # each in a process group of its own
  ("$@") </dev/null &
  timed_row=$!
  (sleep "$left"; kill -TERM -- -"$timed_row"; sleep 20; kill -KILL -- -"$timed_row") </dev/null &
  timed_watch=$!
  set +m
  wait "$timed_row" || code=$?
  end_timed
  [ "$code" -eq 0 ] || [ "$(date +%s)" -lt "$ends_at" ] || code=124
  return "$code"
}
end_timed() {
  local group
  for group in ${timed_watch:-} ${timed_row:-}; do kill -TERM -- -"$group" 2>/dev/null || true; done
  [ -z "${timed_watch:-}" ] || wait "$timed_watch" 2>/dev/null || true
  timed_row='' timed_watch=''
}

# measure NAME: what its file prints, one JSON object a line, becomes $out/NAME.rows.
measure() {
  local name=$1 code=0 why
  say "measuring $name"
  in_time run_row "$name" || code=$?
  touch "$out/$name.new" "$out/$name.log"
  if [ "$code" -ne 0 ] || ! are_rows "$out/$name.new"; then
    are_rows "$out/$name.new" || : >"$out/$name.new"
    why="it ended with $code: $(last_words "$out/$name.log")"
    [ "$code" -ne 124 ] || [ -z "${ends_at:-}" ] || why="the $quick_seconds s of --quick were over; by its name it has its time: tests/bench/run --quick $name"
    not_measured "$name" "$why" >>"$out/$name.new"
  fi
  mv "$out/$name.new" "$out/$name.rows"
  show "$out/$name.rows"
}
