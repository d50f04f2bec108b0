# Sourced by every command of the lab: places, messages, waiting.
# shellcheck shell=bash

lab_dir_of_scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$lab_dir_of_scripts/../.." && pwd)
moult_cache=${MOULT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/moult}
labs_home=${MOULT_LABS:-/tmp/moult-labs-$(id -u)}

export LIBVIRT_DEFAULT_URI=qemu:///system
export LC_ALL=C.UTF-8

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

# The hash that names a cached result: of the files and directories given, by content and relative name.
hash_of() {
  local path
  for path in "$@"; do
    (cd "$(dirname "$path")" && find "$(basename "$path")" -type f -print0 | sort -z | xargs -0 sha256sum)
  done | sha256sum | cut -c1-16
}

# Is there a finished result in this directory of the cache? Using it keeps it; what nobody used for a week goes.
cached() {
  [ -e "$1/done" ] || return 1
  [ ! -w "$1/done" ] || touch "$1/done"
}
prune_cache() {
  local mark
  find "$moult_cache" -mindepth 2 -maxdepth 2 -name done -mtime +7 -print0 | while IFS= read -r -d '' mark; do
    rm -rf "${mark%/done}"
  done
}

# ext4_disk FROM FILE SIZE: a directory's content, with its owner, as an ext4 in a new qcow2. mke2fs makes no index of a large
# directory, in which every name is looked for from the beginning then (three times as slow with 2,000 files in it); e2fsck -D does,
# and ends with 1 because it did.
ext4_disk() {
  truncate -s "$3" "$2.raw"
  mke2fs -q -t ext4 -E "lazy_itable_init=0,lazy_journal_init=0,root_owner=$(stat -c %u:%g "$1")" -d "$1" "$2.raw"
  e2fsck -fyD "$2.raw" >/dev/null 2>&1 || [ $? -eq 1 ] || die "e2fsck found fault with $2"
  qemu-img convert -O qcow2 "$2.raw" "$2"
  rm "$2.raw"
}

# find_program [PRESET TARGET...]: puts the program to test into $MOULT: the one named there, else this tree's own, built for it.
find_program() {
  local preset=${1:-dev} targets=("${@:2}")
  [ ${#targets[@]} -gt 0 ] || targets=(moult moult-helper)
  if [ -z "${MOULT:-}" ]; then
    (cd "$repo" && cmake --preset "$preset" && cmake --build --preset "$preset" --target "${targets[@]}") >/dev/null || die "cannot build moult; see tests/run"
    MOULT=$repo/build/$preset/orchestrator/moult
  fi
  [ -x "$MOULT" ] || die "there is no program $MOULT; name one in \$MOULT, or leave that empty"
  MOULT=$(realpath "$MOULT")
  export MOULT
}

# wait_for SECONDS WHAT COMMAND...: until COMMAND succeeds; dies naming WHAT when the time is up.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || die "waited too long for $what"
    sleep 0.2
  done
}

# Dies unless called inside a lab, so that no command can touch the host's libvirt or network.
require_lab() {
  [ -n "${MOULT_LAB_DIR:-}" ] && [ -e /run/moult-lab ] || die "not inside a lab: use tests/lab/run or tests/lab/exec"
}
