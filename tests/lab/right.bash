# Sourced, inside a lab: a second host beside the lab's own, `right`, in namespaces of its own (network, mounts) with a libvirtd
# of its own. Two links lead there: `mgmt0`, on which moult speaks with its libvirt, and the production network's.
# shellcheck shell=bash

right_uri=qemu+tcp://10.78.0.2/system
right_first=  # its first process

# on_right COMMAND...: runs COMMAND there, whatever has become of the links.
on_right() { nsenter --target "$right_first" --net --mount --wd="$PWD" "$@"; }

start_right() {
  mkdir -p "$MOULT_LAB_DIR/right"
  unshare --net --mount --propagation private "$lab_dir_of_scripts/right" &
  right_first=$!
  wait_for 10 "the second host's places" test -e "$MOULT_LAB_DIR/right/is-made"
  link_right
  # Not by on_right: a function in the background is a shell that keeps its caller's output open for as long as it runs.
  nsenter --target "$right_first" --net --mount setsid libvirtd --listen --config /etc/libvirt/libvirtd.conf \
    >"$MOULT_LAB_DIR/right/libvirtd.log" 2>&1 </dev/null &
  wait_for 60 "the second host's libvirtd" virsh --quiet -c "$right_uri" version
}

# A host of a distribution with systemd filters by reverse path; moult relies on it where it is not itself.
link_right() {
  ip link add mgmt0 type veth peer name mgmt0 netns "$right_first"
  ip addr add 10.78.0.1/24 dev mgmt0
  ip link set mgmt0 up
  ip link add to-right type veth peer name to-left netns "$right_first"
  ip link set to-right master prod0 up
  on_right sh -c '
    echo 2 >/proc/sys/net/ipv4/conf/all/rp_filter
    ip addr add 10.78.0.2/24 dev mgmt0
    ip link set mgmt0 up
    ip link add prod0 type bridge stp_state 0 forward_delay 0
    ip link set to-left master prod0 up
    ip link set prod0 up'
}

# move_to_right DOMAIN: with its memory, its disks and its place on the production network.
move_to_right() {
  local domain=$1 there=$MOULT_LAB_DIR/right/var/lib/libvirt/images
  mkdir -p "$there"
  virsh --quiet save "$domain" "$there/$domain.memory" >&2
  virsh --quiet undefine "$domain"
  mv "$disks/$domain"[.-]*qcow2 "$there/"
  rm -f "$disks/$domain.console"
  on_right virsh --quiet define "$MOULT_LAB_DIR/$domain.xml" >&2
  on_right virsh --quiet restore "$disks/$domain.memory" >&2
  rm "$there/$domain.memory"
  on_right "$lab_dir_of_scripts/guest" "$domain" date --set "@$(date +%s.%N)" </dev/null >/dev/null
}
