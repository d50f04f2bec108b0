# Sourced: a live migration between the lab's host and a second one (tests/lab/right.bash), with the disks on storage that both share.
# shellcheck shell=bash
. "$lab_dir_of_scripts/right.bash"

share_disks() { on_right mount --bind "$MOULT_LAB_DIR/root$disks" "$disks"; }

start_second_host() {
  [ -z "$right_first" ] || return 0
  start_right >&2
  on_right mkdir -p "$disks"
  share_disks
}

# Unsafe by libvirt's word: it cannot know that the storage is shared.
migrate_away() { virsh --quiet migrate --live --unsafe --persistent "$original" "$right_uri" tcp://10.78.0.2 || wrong "the live migration failed"; }

# migration_downtime: in ms, as libvirt tells it of the migration that came to the second host last.
migration_downtime() { on_right virsh --quiet domjobinfo "$original" --completed | awk '$1 == "Total" && $2 == "downtime:" {print $3}'; }

end_migrated() {
  on_right virsh --quiet destroy "$original"
  on_right virsh --quiet undefine "$original"
}
