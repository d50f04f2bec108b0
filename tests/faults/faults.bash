# Sourced: what strikes (strike_FAULT), and what an administrator does about it afterwards (mend_FAULT). `$original` and
# `$clone` are domains; a fault of the clone is tried only in places that have one.
# Each may be mended twice.
# shellcheck shell=bash

original=notes-app
in_guest() { "$lab_dir_of_scripts/guest" "$@" </dev/null; }

strike_libvirtd() { kill -9 "$(cat /run/libvirtd.pid)"; }
mend_libvirtd() {
  ! kill -0 "$(cat /run/libvirtd.pid)" 2>/dev/null || return 0
  rm -f /run/libvirtd.pid
  start_libvirtd
}

strike_helper-original() { kill_helper "$original"; }
strike_helper-clone() { kill_helper "$clone"; }

# It answers again by itself, for nobody could reach it to make it.
hang_agent() {
  in_guest "$1" sh -c 'pid=$(pidof qemu-ga); setsid sh -c "sleep 20; kill -CONT $pid" >/dev/null 2>&1 & setsid sh -c "sleep 1; kill -STOP $pid" >/dev/null 2>&1 &'
  sleep 1.5
}
strike_agent-original() { hang_agent "$original"; }
mend_agent-original() { wait_for 40 "the guest agent" virsh --quiet qemu-agent-command "$original" '{"execute":"guest-ping"}' --timeout 2; }
strike_agent-clone() { hang_agent "$clone"; }

strike_original-destroyed() { virsh --quiet destroy "$original"; }
mend_original-destroyed() { wake "$original"; }
strike_clone-destroyed() { virsh --quiet destroy "$clone"; }

# wake DOMAIN: somebody starts it again, and waits for its agent.
wake() {
  virsh --quiet list --name | grep -qx "$1" || virsh --quiet start "$1"
  wait_for 120 "the agent of $1" virsh --quiet qemu-agent-command "$1" '{"execute":"guest-ping"}' --timeout 5
}

strike_haproxy-restarted() { haproxy_to_each_machine; }
strike_haproxy-away() { stop_haproxy; }
mend_haproxy-away() { [ -s /run/haproxy/pid ] || haproxy_to_each_machine; }

strike_channel-cut() {
  virsh --quiet dumpxml "$original" | awk '/<channel/ {part = ""} {part = part $0 "\n"} /<\/channel>/ && part ~ /org.moult/ {printf "%s", part}' >"$case_dir/channel.xml"
  virsh --quiet detach-device "$original" "$case_dir/channel.xml" --live
}

# fill DIRECTORY: no room is left there; make_room: what filled it goes.
fill() { dd if=/dev/zero of="$1/filler" bs=1M 2>>"$case_dir/log" || true; sync; }
strike_host-full() { fill "$disks"; }
mend_host-full() {
  local domain
  rm -f "$disks/filler"
  for domain in $(virsh --quiet list --state-paused --name); do virsh --quiet resume "$domain"; done
}
strike_journal-full() { fill "$state"; }
mend_journal-full() { rm -f "$state/filler"; }
strike_clone-full() { in_guest "$clone" sh -c 'dd if=/dev/zero of=/var/lib/notes/filler.tmp bs=1M || true' >>"$case_dir/log" 2>&1; }
mend_clone-full() { in_guest "$clone" rm -f /var/lib/notes/filler.tmp >>"$case_dir/log" 2>&1 || true; }

# Of the process that runs already: libfiu and libfaketime were loaded into it.
# A process that stands still hears of it when it goes on. fiu-ctrl ends well whatever went wrong, and says nothing when all is well.
strike_journal-eio() {
  timeout 20 fiu-ctrl -f "$case_dir/fiu" -c 'enable name=posix/io/sync/fdatasync,failinfo=5' -c 'enable name=posix/io/sync/fsync,failinfo=5' "$pid" >"$case_dir/fiu-said" 2>&1 &
  fiu_ctrl=$!
}
mend_journal-eio() {
  [ -n "${fiu_ctrl:-}" ] || return 0
  wait "$fiu_ctrl" || wrong "libfiu did not take the fault"
  fiu_ctrl=
  [ ! -s "$case_dir/fiu-said" ] || wrong "libfiu did not take the fault: $(cat "$case_dir/fiu-said")"
}
strike_day-forward() { echo '+1d' >"$case_dir/clock"; grep -q libfaketime "/proc/$pid/maps"; }
strike_day-back() { echo '-1d' >"$case_dir/clock"; grep -q libfaketime "/proc/$pid/maps"; }

# What a fault needs to be there before the process begins.
prepare_journal-eio() {
  export LD_PRELOAD=/usr/lib/fiu/fiu_run_preload.so:/usr/lib/fiu/fiu_posix_preload.so FIU_CTRL_FIFO=$case_dir/fiu
}
prepare_day-forward() {
  echo '+0' >"$case_dir/clock"
  export LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE=$case_dir/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
}
prepare_day-back() { prepare_day-forward; }
