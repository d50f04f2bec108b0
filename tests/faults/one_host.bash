# Sourced: the world of the faults on one host. The appliance is `notes-app` alone (places.bash).
# shellcheck shell=bash

# Disks and the state directory have file systems of their own, so that they can be full.
small_place() { # DIRECTORY SIZE
  mkdir -p "$1"
  truncate -s "$2" "$case_dir/${1##*/}.img"
  mkfs.ext4 -q -m 0 "$case_dir/${1##*/}.img"
  mount -o loop "$case_dir/${1##*/}.img" "$1"
  rm -rf "$1/lost+found"
}

set_up_world() {
  small_place "$disks" 3G
  small_place "$state" 24M
  fresh_appliance
}
fresh_appliance() { reset_appliance; haproxy_to_each_machine; }
take_down_world() { umount -l "$state" "$disks"; }
world_inventory() { inventory; }

place_limit=120  # seconds until a run has come to its place
# When clients begin to write, and when they ended: on one host, looking where it matters is enough (one_side_at_most).
watch_sides() { :; }
judge_sides() { :; }

# The run is ended by what docs/recovery.md names, whatever the last message said.
follow_remedy() { :; }
