# Sourced: what an administrator does without moult, and does well: scripts of virt-clone, rsync, virsh and HAProxy's runtime API.
# shellcheck shell=bash

original=notes-app copy=notes-app-copy original_address=10.77.0.12 copy_address=10.77.0.22

mac_of() { virsh --quiet domiflist "$1" | awk '$2 == "bridge" {print $5}'; }

# virt_clone DOMAIN NAME: a copy by virt-clone, off, of a machine that runs. virt-clone refuses a paused domain, and QEMU keeps the disks
# of one locked: so they are snapshot, and the copy is made from below. merge_back DOMAIN: as before.
virt_clone() {
  local target path specs=()
  virsh --quiet dumpxml --inactive "$1" >"$case_dir/$1.original.xml"
  while read -r target path; do specs+=(--diskspec "$target,file=$path.aside"); done < <(virsh --quiet domblklist "$1")
  virsh --quiet snapshot-create-as "$1" --disk-only --atomic --quiesce --no-metadata "${specs[@]}" >&2 || wrong "no snapshot of $1"
  virt-clone --quiet --original-xml "$case_dir/$1.original.xml" --name "$2" --auto-clone >&2 || wrong "virt-clone failed"
}
merge_back() {
  local target path
  while read -r target path; do  # shallow: else all of it would go into the image that every lab is over
    virsh --quiet blockcommit "$1" "$target" --shallow --active --pivot >&2 || wrong "the snapshot of $1 stays"
    rm "$path"
  done < <(virsh --quiet domblklist "$1")
}

drop_copy() {
  local disk
  virsh --quiet domblklist "$copy" | awk '{print $2}' >"$case_dir/copied"
  virsh --quiet destroy "$copy" || true
  virsh --quiet undefine "$copy"
  while read -r disk; do rm -f "$disk"; done <"$case_dir/copied"
}

# The guests have no rsync: this host's, with what it needs.
give_rsync() {
  local file needed
  mapfile -t needed < <(echo /usr/bin/rsync; ldd /usr/bin/rsync | awk '$3 ~ /^\// {print $3}')
  in_guest "$1" sh -c 'for file; do [ -e "$file" ] || echo "$file"; done' sh "${needed[@]}" >"$case_dir/needed"
  while read -r file; do "$lab_dir_of_scripts/put" "$1" "$(realpath "$file")" "$file"; done <"$case_dir/needed"
  in_guest "$1" chmod 755 /usr/bin/rsync
}

# A daemon on the production network, for it costs less than ssh.
serve_data() {
  give_rsync "$original"
  in_guest "$original" sh -ec 'printf "use chroot = no\nuid = root\ngid = root\n[notes]\npath = /var/lib/notes\n" >/run/rsyncd.conf
    [ -e /run/rsyncd.pid ] || rsync --daemon --config=/run/rsyncd.conf --dparam=pidfile=/run/rsyncd.pid >/dev/null 2>&1'
}
# What rsync brings stays in its old form beside the service's data, so that it brings nothing twice; what it brought, and only
# that, is copied from there and brought to the new form. The load deletes no note, so deletions are left out.
fetch_data="mkdir -p /var/lib/notes.form1
rsync -aHAX --delete --exclude='*.tmp' --exclude=lost+found --out-format=%n rsync://$original_address/notes/ /var/lib/notes.form1/ >/run/changed
grep '[.]json\$' /run/changed >/run/brought || exit 0
cd /var/lib/notes.form1
xargs cp -p -t /var/lib/notes </run/brought
tr '\\n' '\\0' </run/brought | notes-migrate --to 2"

# start_copy: with an address of its own, its service stopped.
start_copy() {
  virsh --quiet domif-setlink "$copy" "$(mac_of "$copy")" down --config
  virsh --quiet start "$copy"
  eventually 120 agent_answers "$copy"
  in_guest "$copy" sh -ec 'systemctl stop notes-api
    sed -i "s/$1/$2/" /etc/systemd/network/10-prod.network
    systemctl restart systemd-networkd' sh "$original_address" "$copy_address"
  virsh --quiet domif-setlink "$copy" "$(mac_of "$copy")" up
}

# prepare_copy: upgraded, with the data as it is now.
prepare_copy() {
  virt_clone "$original" "$copy"
  merge_back "$original"
  start_copy
  "$lab_dir_of_scripts/put" "$copy" "$sample/payload/notes-api_2.0.0_amd64.deb" /root/notes-api.deb
  "$lab_dir_of_scripts/put" "$copy" "$sample/payload/schema-2.json" /root/schema-2.json
  in_guest "$copy" sh -ec 'cd /root; notes-schema install schema-2.json; dpkg --install notes-api.deb; systemctl stop notes-api' >&2
  serve_data
  give_rsync "$copy"
  for ((time = 0; time < 3; ++time)); do in_guest "$copy" sh -ec "$fetch_data"; done
}

# cut_over_to_copy: what clients wait for.
cut_over_to_copy() {
  in_guest "$original" systemctl stop notes-api
  in_guest "$copy" sh -ec "($fetch_data); systemctl start notes-api"
  until curl -fsS --max-time 1 "http://$copy_address:8080/health" >/dev/null 2>&1; do sleep 0.02; done
  haproxy_says "set server app/app addr $copy_address port 8080"
}

# serve_as_before: the original, as if there had been no copy.
serve_as_before() {
  in_guest "$original" systemctl start notes-api
  haproxy_says "set server app/app addr $original_address port 8080"
  eventually 30 curl -fsS --max-time 1 "$entry_url/notes/1"
  drop_copy
}
