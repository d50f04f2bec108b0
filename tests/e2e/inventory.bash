# Sourced: what there is on the host and in the guests, as text. What a run leaves behind, or changes on an original, shows.
# shellcheck shell=bash

# machine_inventory DOMAIN: its definition, its NICs, and each disk's chain with every link's form.
machine_inventory() {
  local domain=$1 disk
  echo "state $(virsh --quiet domstate "$domain"), autostart $(virsh --quiet dominfo "$domain" | sed -n 's/^Autostart: *//p')"
  echo "definition $(virsh --quiet dumpxml --inactive "$domain" | sha256sum | cut -c1-16)"
  virsh --quiet domiflist "$domain" | awk '{print "nic", $2, $3, $4, $5}'
  virsh --quiet dumpxml "$domain" | grep -oE "<(target type='virtio'|address type='pci') [^>]*(name|slot)='[^']*'" | sort | uniq -c
  virsh --quiet domblklist "$domain" | while read -r target disk; do
    echo "limits $target $({ virsh --quiet blkdeviotune "$domain" "$target" --live 2>/dev/null || true; } | awk '/_sec/ && $NF > 0 {print $1, $NF}' | tr -d '\n')"
    echo "disk $target $(qemu-img info -U --backing-chain --output json "$disk" | jq -c 'map([.filename, .format, ."virtual-size"])')"
  done
}

# What a guest has to do with moult, and the levels of its components. One command of few
# processes: under emulation each one costs.
guest_inventory() {
  "$lab_dir_of_scripts/guest" "$1" sh -c '
    ls -d /run/moult* /tmp/moult* /var/tmp/moult* /var/lib/*moult* /etc/*moult* /opt/*moult* /dev/virtio-ports/*moult* 2>/dev/null
    ls -l /proc/[0-9]*/exe 2>/dev/null | grep moult
    dpkg-query -W "notes-*"
    cat /opt/notes-help/VERSION 2>/dev/null
    echo "rcu_expedited $(cat /sys/kernel/rcu_expedited)"
    ip -o link show eth0 | grep -o "link/ether [^ ]*"
    cat /proc/sys/kernel/random/boot_id' </dev/null
}

# guest_traces DOMAIN: every file of any name with "moult" in it, and every process whose program is such a one.
guest_traces() {
  "$lab_dir_of_scripts/guest" "$1" sh -c '
    find / \( -path /proc -o -path /sys \) -prune -o -name "*moult*" -print 2>/dev/null
    ls -l /proc/[0-9]*/exe 2>/dev/null | grep moult
    true' </dev/null
}

# The firewall's rules, without counters. libvirt makes its chains with its first network, and keeps them, empty.
firewall() {
  local save
  for save in iptables-save ip6tables-save; do
    ! command -v "$save" >/dev/null || "$save" 2>/dev/null | grep -E '^-A|^:.* DROP' | grep -vE '^-A [A-Z]+ -j LIBVIRT_' |
      sed "s/ \[.*\]//; s/^/${save%-save} /" || true
  done
  nft list tables 2>/dev/null || true
}

host_inventory() {
  echo "== machines"; virsh --quiet list --all --name | sort
  echo "== networks"; virsh --quiet net-list --all --name | sort
  echo "== bridges"; ip -o link show type bridge | awk '{print $2}' | sort
  echo "== pools"; virsh --quiet pool-list --all --name | sort
  echo "== firewall"; firewall | sort
  echo "== images"; find /var/lib/libvirt/images /var/lib/libvirt/qemu -name '*moult*' -o -path '*/images/*' | sort
  echo "== programs"; for process in /proc/[0-9]*; do
    case $(readlink "$process/exe" || true) in "$MOULT"|*moult-helper) echo "$process is $(readlink "$process/exe")" ;; esac
  done
  echo "== entry"
  if [ -S /run/haproxy/admin.sock ]; then
    echo 'show map /run/haproxy/moult-hold.map' | socat - /run/haproxy/admin.sock | sed 's/^0x[0-9a-f]* //; /|seen /d'
    echo 'show servers state notes' | socat - /run/haproxy/admin.sock | awk 'NF > 6 && !/^#/ {print $4, $5, $6, $7}'
  fi
}

inventory() {
  local domain
  host_inventory
  for domain in $(virsh --quiet list --all --name | sort); do
    echo "== machine $domain"; machine_inventory "$domain"
    echo "== guest $domain"; guest_inventory "$domain"
  done
}

# What may not change when nothing is to change at all: names, sizes and times of files in a guest's places that matter.
guest_files() {
  "$lab_dir_of_scripts/guest" "$1" sh -c '
    find /run/* /etc /var/lib/notes -xdev \( -name "*.pid" -o -path /run/systemd/journal -o -path /run/log -o -path /run/udev \
      -o -path /run -o -name qga.state \) -prune -o -printf "%p %y %s %m %T@\n" 2>/dev/null | sort' </dev/null
}
