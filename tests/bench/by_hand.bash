# Sourced: what an administrator does without moult, and does well: scripts of virt-clone, rsync, virsh and HAProxy's runtime API.
# shellcheck shell=bash

original=notes-app copy=notes-app-copy original_address=10.77.0.12 copy_address=10.77.0.22

mac_of() { virsh --quiet domiflist "$1" | awk '$2 == "bridge" {print $5}'; }

# copy_machine [OPTION...]: a copy of the running machine by virt-clone, off; the machine stands still meanwhile.
copy_machine() {
  virsh --quiet suspend "$original"
  virt-clone --quiet --original "$original" --name "$copy" --auto-clone "$@" >&2 || wrong "virt-clone failed"
  virsh --quiet resume "$original"
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
fetch_data="rsync -aHAX --delete --exclude='*.tmp' --exclude=lost+found rsync://$original_address/notes/ /var/lib/notes/"

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

# prepare_copy: upgraded, with the data as it is now, in its old form: in the new one rsync would carry all of it again.
prepare_copy() {
  copy_machine
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
  in_guest "$copy" sh -ec "$fetch_data; notes-migrate --to 2 </dev/null; systemctl start notes-api"
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
