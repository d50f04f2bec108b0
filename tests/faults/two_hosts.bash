# Sourced last, with --hosts: the world of the faults on two hosts. The appliance is two machines: `notes-web` on the lab's own host
# and `notes-app`, with the data, on a second one (tests/lab/right.bash). What strikes is the network between moult and that
# host's libvirt; production has another one.
# shellcheck shell=bash
. "$lab_dir_of_scripts/right.bash"
. "$faults/bridge.bash"
command_limit=400 place_limit=300

one=$case_dir/both.yaml
sed "s|^hosts:.*|hosts: {left: qemu:///system, right: \"$right_uri\"}|; s|web: {host: here|web: {host: left|; s|app: {host: here|app: {host: right|" \
  "$appliance" >"$one"
cat >>"$quick" <<YAML
  notes-help:
    machine: web
    level: {to: 1.1.0, scheme: semver}
    detect: {archive: /opt/notes-help/VERSION}
    update: {command: $becomes_current}
YAML

# there FUNCTION...: one of the tests' functions on the second host.
there() {
  on_right bash -c 'set -euo pipefail; . "$0/lab/lib.bash"; . "$0/e2e/inventory.bash"; . "$0/e2e/reset.bash"; . "$0/faults/bridge.bash"; "$@"' \
    "$repo/tests" "$@"
}

set_up_world() { start_right; fresh_appliance; }
fresh_appliance() {
  mend_link
  end_programs
  there clear_host
  reset_appliance
  move_to_right "$original"
  wait_for 60 "the appliance on both hosts" curl -fsS --max-time 2 "$entry_url/health"
}
take_down_world() { there clear_host; }
world_inventory() { inventory; echo "== the second host"; there inventory; }

wake() {
  on_right virsh --quiet list --name | grep -qx "$1" || on_right virsh --quiet start "$1"
  wait_for 120 "the agent of $1" on_right virsh --quiet qemu-agent-command "$1" '{"execute":"guest-ping"}' --timeout 5
}

one_side_at_most() {
  ! bridge_leads_to_both >&2 && ! there bridge_leads_to_both >&2 || wrong "both sides of a machine are on the production network"
}
watch_sides() {
  touch "$case_dir/watched"
  rm -f "$case_dir/looks".*
  look_while "$case_dir/watched" "$case_dir/looks.left" &
  there look_while "$case_dir/watched" "$case_dir/looks.right" &
}
judge_sides() {
  local host
  rm -f "$case_dir/watched"
  for host in left right; do
    ! grep -m 3 both "$case_dir/looks.$host" >&2 || wrong "both sides of a machine were on the production network of $host"
    [ "$(grep -c one "$case_dir/looks.$host")" -gt 40 ] || wrong "too few looks at the production network of $host"
  done
}

# The network is mended: what the last message told to do now works.
follow_remedy() {
  local word
  word=$(sed -n "/^moult: remedy: /s/.*\`moult \(abort\|resume\|rollback\|finish\) $(latest_run)\`.*/\1/p" "$case_dir/err")
  echo "$(cat "$case_dir/became"), told: ${word:-nothing}" >"$case_dir/became"
  [ -n "$word" ] || return 0
  moult "$word" "$(latest_run)"
  [ "$code" -eq 0 ] || wrong "it was told to ask for \`moult $word\`, which ended with $code:" "$(tail -n 3 "$case_dir/err")"
}

# Down: what is sent fails at once, and what was under way hangs. Silent: everything hangs.
strike_link-down() { ip link set mgmt0 down; }
strike_link-silent() { on_right sh -c 'iptables -I INPUT -i mgmt0 -j DROP && iptables -I OUTPUT -o mgmt0 -j DROP'; }
mend_link() {
  ip link set mgmt0 up
  on_right sh -c 'while iptables -D INPUT -i mgmt0 -j DROP; do :; done; while iptables -D OUTPUT -o mgmt0 -j DROP; do :; done' 2>/dev/null || true
}
mend_link-down() { mend_link; }
mend_link-silent() { mend_link; }
# The same, and over after three seconds, or after thirty, when connections count as dead.
strike_link-short() { strike_link-down; }
mend_link-short() { mend_link; }
strike_link-long() { strike_link-silent; sleep 27; }
mend_link-long() { mend_link; }
