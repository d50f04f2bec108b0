# Sourced by `up`: the daemons of a lab and the sample appliance's machines.
# shellcheck shell=bash

# What direct kernel boot tells a guest: little on the console, no features that only cost under emulation.
guest_cmdline="root=/dev/vda rw console=ttyS0 quiet loglevel=3 net.ifnames=0 mitigations=off nowatchdog random.trust_cpu=on"
guest_cmdline+=" nokaslr 8250.nr_uarts=1 systemd.show_status=0"

# libvirt's probe of QEMU takes seconds and its result holds for as long as both stay as they are: kept in the cache.
start_libvirtd() {
  local kept
  kept=$moult_cache/libvirt-$(stat -c '%Y %s' /usr/sbin/libvirtd /usr/bin/qemu-system-x86_64 | sha256sum | cut -c1-8)
  [ ! -d "$kept" ] || cp -rp "$kept/." /var/cache/libvirt/
  setsid libvirtd --config /etc/libvirt/libvirtd.conf >/var/log/libvirt/libvirtd.log 2>&1 </dev/null &
  wait_for 60 libvirtd virsh --quiet version
  if [ ! -d "$kept" ]; then
    cp -rp /var/cache/libvirt "$kept.$$"
    mv -T "$kept.$$" "$kept" 2>/dev/null || rm -rf "$kept.$$"
  fi
}

disks=/var/lib/libvirt/images
domains=(notes-app notes-web)

# What lies in the cache belongs to every lab: who would write to it finds an error, instead of breaking the others' guests.
read_only() {
  mountpoint -q "$1" || { mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"; }
}

# overlays FROM PREFIX: fresh overlays of all three disks over files that nobody writes.
overlays() {
  local disk
  read_only "$1"
  mkdir -p "$disks"
  for disk in web app app-data; do
    rm -f "$disks/notes-$disk.qcow2"
    qemu-img create -q -f qcow2 -F qcow2 -b "$1/$2$disk.qcow2" "$disks/notes-$disk.qcow2"
  done
}

# define_appliance SAMPLE IMAGES: the domains, from the sample's templates.
define_appliance() {
  local domain
  for domain in "${domains[@]}"; do
    sed -e "s|@IMAGES@|$2|; s|@DISKS@|$disks|; s|@CMDLINE@|$guest_cmdline|" "$1/domains/$domain.xml" >"$MOULT_LAB_DIR/$domain.xml"
    virsh --quiet define "$MOULT_LAB_DIR/$domain.xml"
  done
}

# Booting under emulation takes tens of seconds of a processor, so the first lab that has booted keeps both machines, memory
# and disks, in the cache; the labs after it go on from there. MOULT_LAB_BOOT=1 boots all the same.
start_appliance() {
  local images=$1 kept
  kept=$moult_cache/booted-$( (basename "$images"; qemu-system-x86_64 --version; cat "$MOULT_LAB_DIR"/notes-*.xml) | sha256sum | cut -c1-16)
  if [ -n "${MOULT_LAB_BOOT:-}" ]; then boot "$images"; return; fi
  exec 8>"$moult_cache/booted.lock"
  flock 8
  if ! cached "$kept"; then
    boot "$images"
    keep_booted "$kept"
  fi
  flock -u 8
  exec 8>&-
  go_on_from "$kept"
}

boot() {
  local domain
  overlays "$1" ""
  for domain in "${domains[@]}"; do virsh --quiet start "$domain"; done
  wait_for 300 "the guest agents" agents_answer
  wait_for 120 "the service" curl -fsS --max-time 2 http://10.77.0.11/health
}

keep_booted() {
  local domain disk
  rm -rf "$1"
  mkdir -p "$1"
  for domain in "${domains[@]}"; do virsh --quiet save "$domain" "$1/$domain.memory" >&2; done
  for disk in web app app-data; do mv "$disks/notes-$disk.qcow2" "$1/"; done
  touch "$1/done"
}

go_on_from() {
  local domain restoring=()
  overlays "$1" notes-
  for domain in "${domains[@]}"; do
    virsh --quiet restore "$1/$domain.memory" >&2 &
    restoring+=($!)
  done
  wait "${restoring[@]}"
  wait_for 60 "the guest agents" agents_answer
  for domain in "${domains[@]}"; do wait_for 60 "the time of $domain" set_time "$domain"; done
}

# A machine that goes on where it was kept has the time of then. (guest-set-time would also run hwclock, for seconds.)
set_time() {
  "$lab_dir_of_scripts/guest" "$1" date --set "@$(date +%s.%N)" </dev/null
}

agents_answer() {
  virsh --quiet qemu-agent-command notes-web '{"execute":"guest-ping"}' --timeout 5 &&
    virsh --quiet qemu-agent-command notes-app '{"execute":"guest-ping"}' --timeout 5
}

start_haproxy() {
  : >/run/haproxy/moult-hold.map
  rm -f /run/haproxy/admin.sock  # one of before is no sign of life
  MOULT_LUA=${MOULT_LUA:-$repo/drivers/entry/haproxy/moult-hold.lua} \
    setsid haproxy -W -f "$1" -p /run/haproxy/pid >"$MOULT_LAB_DIR/haproxy.log" 2>&1 </dev/null &
  wait_for 10 HAProxy test -S /run/haproxy/admin.sock
}
