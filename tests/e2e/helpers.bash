# Sourced: what befalls helpers.
# shellcheck shell=bash

# kill_helper DOMAIN: the worker, not the parent that cleans up after it.
kill_helper() {
  "$repo/tests/lab/guest" "$1" sh -c 'for p in /proc/[0-9]*; do case $(readlink $p/exe) in *moult*) echo ${p#/proc/} ;; esac; done |
    sort -n | tail -n 1 | xargs kill -9' </dev/null
}
