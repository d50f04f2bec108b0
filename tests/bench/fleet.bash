# Sourced: machines of little memory, as many as a row needs. The first one boots; the others go on from its memory.
# shellcheck shell=bash

# On a disk rather than in memory, where /var/tmp is one: $MOULT_BENCH_DISKS names another place.
fleet=$(mktemp -d "${MOULT_BENCH_DISKS:-/var/tmp}/moult-fleet.XXXXXX")
fleet_memory_mib=128
trap 'remove_fleet; rm -rf "$fleet"' EXIT

# Names, UUIDs and files differ in two digits alone, so that what libvirt kept of one machine becomes another's by replacing them.
fleet_name() { printf 'bench-%02d' "$1"; }
fleet_uuid() { printf '6e6f7465-7377-4562-8000-0000000010%02d' "$1"; }

fleet_xml() {
  local name; name=$(fleet_name "$1")
  cat <<XML
<domain type='qemu'>
  <name>$name</name>
  <uuid>$(fleet_uuid "$1")</uuid>
  <memory unit='MiB'>$fleet_memory_mib</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>$sample/vmlinuz</kernel>
    <initrd>$sample/initrd</initrd>
    <cmdline>$guest_cmdline</cmdline>
  </os>
  <features><acpi/><tcg><tb-cache unit='MiB'>64</tb-cache></tcg></features>
  <cpu mode='custom' match='exact'><model>Nehalem</model></cpu>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='$fleet/$name.qcow2'/><target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='$fleet/$name.data'/><target dev='vdb' bus='virtio'/>
    </disk>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='file'><source path='$fleet/$name.console'/></serial>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
XML
}

# fill FILE MIB: bytes that no copying leaves out.
fill() { openssl enc -aes-128-ctr -pass "pass:$1" -nosalt -in /dev/zero 2>/dev/null | head -c "$2M" >"$1"; }

# boot_first: the machine that the others begin as, which is off afterwards.
boot_first() {
  local name; name=$(fleet_name 0)
  qemu-img create -q -f qcow2 -F qcow2 -b "$sample/web.qcow2" "$fleet/$name.qcow2"
  fill "$fleet/$name.data" 1
  fleet_xml 0 >"$fleet/$name.xml"
  virsh --quiet define "$fleet/$name.xml"
  virsh --quiet start "$name"
  eventually 120 agent_answers "$name"
  eventually 120 in_guest "$name" systemctl is-active multi-user.target
  virsh --quiet save "$name" "$fleet/first.memory"
  virsh --quiet undefine "$name"
}

# add_machine NUMBER MIB: one more, running, with a data disk that is filled.
add_machine() {
  local name number header
  [ -e "$fleet/first.memory" ] || boot_first >&2
  name=$(fleet_name "$1") number=$(printf %02d "$1")
  qemu-img create -q -f qcow2 -F qcow2 -b "$fleet/$(fleet_name 0).qcow2" "$fleet/$name.qcow2"
  fill "$fleet/$name.data" "$2"
  fleet_xml "$1" >"$fleet/$name.xml"
  virsh --quiet define "$fleet/$name.xml"
  header=$((92 + $(od -An -tu4 -j20 -N4 "$fleet/first.memory")))  # libvirt's: 92 bytes, then its description
  { head -c "$header" "$fleet/first.memory" | LC_ALL=C sed "s/bench-00/$name/g; s/$(fleet_uuid 0)/$(fleet_uuid "$1")/g"
    tail -c "+$((header + 1))" "$fleet/first.memory"; } >"$fleet/memory"
  virsh --quiet restore "$fleet/memory" >&2
  rm "$fleet/memory"
  eventually 60 agent_answers "$name"
}

remove_fleet() {
  local name
  for name in $(virsh --quiet list --all --name | grep '^bench-'); do
    virsh --quiet destroy "$name" 2>/dev/null || true
    virsh --quiet undefine "$name"
  done
}

# fleet_appliance NUMBER...: an appliance of these machines; prints the file.
fleet_appliance() {
  local number file=$case_dir/fleet.yaml
  { printf 'moult: appliance/v1\nid: org.example.fleet\nhosts: {here: qemu:///system}\nmachines:\n'
    for number; do printf '  m%02d: {host: here, domain: %s}\n' "$number" "$(fleet_name "$number")"; done
    printf 'components:\n'
    for number; do printf '  ui-%02d: {machine: m%02d, detect: {deb: notes-ui}}\n' "$number" "$number"; done
    printf 'entry: none\n'; } >"$file"
  echo "$file"
}
