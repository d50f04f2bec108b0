# Sourced: a virtio-serial port without moult: `cat` in the guest, and whoever reads the socket on the host.
# shellcheck shell=bash

raw_port=org.moult.bench bulk=/var/tmp/bench-bulk

# make_bulk DOMAIN MIB: a file in the guest that cannot be compressed, in its memory.
make_bulk() { in_guest "$1" sh -c "head -c $2M /dev/urandom >$bulk; cat $bulk >/dev/null"; }

# raw_channel_us DOMAIN MIB: microseconds a MiB from guest to host, from the first byte to the last.
raw_channel_us() {
  local socket=$case_dir/raw.sock
  echo "<channel type='unix'><source mode='bind' path='$socket'/><target type='virtio' name='$raw_port'/></channel>" >"$case_dir/raw.xml"
  virsh --quiet attach-device "$1" "$case_dir/raw.xml" --live
  eventually 10 test -S "$socket"
  eventually 10 in_guest "$1" test -e "/dev/virtio-ports/$raw_port"
  python3 "$bench/read_all.py" "$socket" $(($2 << 20)) >"$case_dir/raw.us" &
  in_guest "$1" sh -c "cat $bulk >/dev/virtio-ports/$raw_port"
  wait $! || wrong "not all bytes came through the port"
  virsh --quiet detach-device "$1" "$case_dir/raw.xml" --live
  awk -v mib="$2" '{printf "%.1f\n", $1 / mib}' "$case_dir/raw.us"
}
