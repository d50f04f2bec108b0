# Sourced by the runner: the sample appliance as it was at the lab's start, whatever a case made of it.
# shellcheck shell=bash
. "$repo/tests/lab/appliance.bash"

# A case that failed may have left one at work.
end_programs() {
  local process
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/exe")" != "$MOULT" ] || kill -9 "${process#/proc/}"
  done
}

clear_host() {
  local name
  for name in $(virsh --quiet list --name); do virsh --quiet destroy "$name"; done
  for name in $(virsh --quiet list --all --name); do virsh --quiet undefine "$name" --snapshots-metadata --managed-save; done
  for name in $(virsh --quiet net-list --all --name); do
    [ "$name" != default ] || continue
    virsh --quiet net-destroy "$name" 2>/dev/null || true
    virsh --quiet net-undefine "$name" 2>/dev/null || true
  done
  rm -rf /var/lib/libvirt/images/*
}

stop_haproxy() {
  [ -s /run/haproxy/pid ] || return 0
  kill "$(cat /run/haproxy/pid)" 2>/dev/null || true
  wait_for 10 "HAProxy's end" sh -c '! kill -0 "$(cat /run/haproxy/pid)"'
  rm -f /run/haproxy/pid
}

reset_appliance() {
  local images
  images=$(sed -n 's|.*<kernel>\(.*\)/vmlinuz</kernel>.*|\1|p' "$MOULT_LAB_DIR/notes-web.xml")
  end_programs
  stop_haproxy
  clear_host
  define_appliance "$repo/samples/notes" "$images" >/dev/null
  start_appliance "$images" >/dev/null
  start_haproxy "$repo/samples/notes/haproxy.cfg"
  wait_for 60 "the appliance behind HAProxy" curl -fsS --max-time 2 http://10.77.0.1:8080/health
}

# For cases that switch one machine alone: HAProxy asks `app` itself for the notes. nginx on `web` keeps connections to `app`, and a
# switch of both is what closes them.
haproxy_to_each_machine() {
  { sed 's|^  default_backend|  use_backend app if { path_beg /notes }\n  default_backend|' "$repo/samples/notes/haproxy.cfg"
    printf '\nbackend app\n  option http-server-close\n  server app 10.77.0.12:8080\n'; } >"$MOULT_LAB_DIR/haproxy-each.cfg"
  stop_haproxy
  start_haproxy "$MOULT_LAB_DIR/haproxy-each.cfg"
}

haproxy_as_ever() {
  stop_haproxy
  start_haproxy "$repo/samples/notes/haproxy.cfg"
}
