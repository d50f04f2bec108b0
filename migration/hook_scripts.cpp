#include "migration/hook_scripts.hpp"

namespace moult::hook_script {

const char* const kPlain = R"(mkdir -p -m 700 "$MOULT_STATE" && exec "$@")";

// One that was left behind, by a helper or a moult that died, has the port of a tunnel that is no more: it would turn
// the application away from the new one. A number that another process has by now is left alone.
const char* const kFollow = R"(
pid=$MOULT_STATE/follow.pid
mkdir -p -m 700 "$MOULT_STATE" || exit 9
if last=$(cat "$pid" 2>/dev/null) && grep -qsz '^MOULT_HOOK=follow$' "/proc/$last/environ"; then kill -s KILL -- "-$last"; fi
echo $$ >"$pid" || exit 9
exec "$@"
)";

// A pipe into head bounds what a command prints, whatever it prints; a pipe's status is its last part's, so the
// command's own goes through a file.
const char* const kRound = R"(
spool=$1 limit=$2 small=$3; shift 3
(umask 077; mkdir -p "${spool%/*}" "$MOULT_STATE" && rm -f "$spool" "$spool.code" && : >"$spool" && : >"$spool.code") || exit 9
{ "$@" </dev/null; echo $? >"$spool.code"; } | head -c "$limit" >"$spool" || exit 9
code=$(cat "$spool.code") && size=$(stat -c %s "$spool") || exit 9
rm -f "$spool.code"
printf '%s %s\n' "$code" "$size"
[ "$size" -le "$small" ] || exit 0
cat "$spool" && rm -f "$spool"
)";

const char* const kReplay = R"(
spool=$1; shift
mkdir -p -m 700 "$MOULT_STATE" || exit 9
"$@" <"$spool"
code=$?
rm -f "$spool"
exit $code
)";

// The watcher is in a session of its own and without the mark by which the helper finds what a command started: it
// must outlive both. Whoever renames the token first has the say: the watcher, or the one that resumes in time. A
// `quiesce` that still runs when the time is over is killed first, so that it cannot stop the writers after that.
const char* const kQuiesce = R"(
token=$1 seconds=$2 n=$3; shift 3
mkdir -p -m 700 "$MOULT_STATE" && : >"$token" || exit 9
env -u MOULT_COMMAND MOULT_HOOK=resume setsid sh -c '
  token=$1 seconds=$2 n=$3 pid=$4; shift 4
  i=0 all=$#
  while [ $i -lt "$n" ]; do set -- "$@" "$1"; shift; i=$((i + 1)); done
  shift $((all - n))
  sleep "$seconds"
  mv "$token" "$token.over" || exit 0
  [ -e "$token.quiet" ] || kill -s KILL -- "-$pid"
  exec "$@"' moult-hook "$token" "$seconds" "$n" $$ "$@" </dev/null >/dev/null 2>&1 &
shift "$n"
"$@"
code=$?
: >"$token.quiet"
exit $code
)";

const char* const kResume = R"(
token=$1; shift
mkdir -p -m 700 "$MOULT_STATE" || exit 9
held=no
if mv "$token" "$token.done" 2>/dev/null || [ -e "$token.done" ]; then held=yes; fi
"$@" </dev/null >&2
code=$?
if [ $code -eq 3 ]; then held=no code=0; fi
echo $held
exit $code
)";

const char* const kEnd = R"(
state=$1 spool=$2; shift 2
code=0
if [ $# -gt 0 ]; then
  mkdir -p -m 700 "$MOULT_STATE" || exit 9
  "$@" </dev/null
  code=$?
fi
rm -rf "$state"
rm -f "$spool" "$spool.code"
rmdir "${spool%/*}" 2>/dev/null
exit $code
)";

}  // namespace moult::hook_script
